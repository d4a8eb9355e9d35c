package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/journal"
	"ebb/pdclient/pdtest"
	"ebb/ui"
	"ebb/ui/uitest"
)

// asked is a command that a host expects, its last words, and the answer.
type asked struct{ ends, out string }

// scriptedHosts are machines that want exactly the commands of their script, in
// order. A machine without script does not answer.
type scriptedHosts struct {
	t       *testing.T
	scripts map[string][]asked // by "host:port"
}

func (h *scriptedHosts) Host(_ context.Context, address string, sudo bool) (decommission.Host, error) {
	if _, known := h.scripts[address]; !known {
		return nil, errors.New("connect to " + address + ": no route to host")
	}
	if !sudo {
		h.t.Errorf("%s: without sudo", address)
	}
	return &scriptedMachine{h, address}, nil
}

func (h *scriptedHosts) Close() error { return nil }

type scriptedMachine struct {
	hosts   *scriptedHosts
	address string
}

func (m *scriptedMachine) Run(_ context.Context, c decommission.Command) (string, error) {
	line := strings.Join(c.Argv, " ")
	script := m.hosts.scripts[m.address]
	if len(script) == 0 || !strings.HasSuffix(line, script[0].ends) && !strings.HasPrefix(line, script[0].ends) {
		m.hosts.t.Errorf("%s: unexpected command %q, want %+v", m.address, line, script)
		return "", errors.New("unexpected")
	}
	m.hosts.scripts[m.address] = script[1:]
	return script[0].out, nil
}

const (
	unit4    = "tikv-20160.service"
	running4 = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nFragmentPath=/etc/systemd/system/" + unit4 + "\nExecStart=/bin/bash -c /tidb-deploy/tikv-20160/scripts/run_tikv.sh\nMainPID=7\n"
	masked4  = "LoadState=masked\nActiveState=inactive\nUnitFileState=masked\nFragmentPath=/etc/systemd/system/" + unit4 + "\nMainPID=0\n"
	show4    = "-- " + unit4
	noTCP    = "  sl  local_address rem_address   st\n"
	tcp      = "sh -c in4=/proc/net/tcp "
)

// afterFence is what a machine is asked after the window, before and during it.
func lookedAt() []asked {
	return []asked{{show4, running4}, {show4, running4}, {"sh -c dirs", "end\n"}, {tcp, noTCP}}
}

func climbed() []asked {
	return []asked{
		{show4, running4}, {show4, running4}, {"stop -- " + unit4, ""}, {"disable -- " + unit4, ""}, {"mask -- " + unit4, ""},
		{show4, masked4}, {"sh -c dirs", "end\n"}, {tcp, noTCP},
	}
}

const forceTopology = `global:
  deploy_dir: /tidb-deploy
  data_dir: /tidb-data
pd_servers:
  - host: 127.0.0.1
tikv_servers:
  - host: 10.0.1.1
  - host: 10.0.1.4
  - host: 10.0.1.5
`

// forceCommand runs the program in this process, against a PD in which stores 4
// and 5 have been dead for an hour and every region bears the loss of both.
type forceCommand struct {
	t        *testing.T
	pd       *pdtest.PD
	env      *Env
	streams  *ui.TestStreams
	hosts    *scriptedHosts
	topology string
	// asleep is called with the time that has passed.
	asleep func(time.Duration)
}

func newForceCommand(t *testing.T, answers ...uitest.Answer) *forceCommand {
	f := &forceCommand{t: t, pd: pdtest.New(t, pdtest.V8_5), streams: ui.Test(""), hosts: &scriptedHosts{t, make(map[string][]asked)}}
	f.pd.AddStores(1, 2, 3, 4, 5)
	for id, stores := range map[cluster.RegionID][]cluster.StoreID{1: {1, 2, 4}, 2: {2, 3, 5}, 3: {1, 2, 3}} {
		r := cluster.Region{ID: id, StartKey: []byte{byte(id)}, EndKey: []byte{byte(id + 1)}, Epoch: cluster.RegionEpoch{ConfVer: 1, Version: 1}}
		for _, s := range stores {
			r.Peers = append(r.Peers, cluster.Peer{ID: uint64(id)*10 + uint64(s), StoreID: s})
		}
		r.Leader = r.Peers[0]
		f.pd.AddRegion(r)
	}
	f.pd.Silence(4, time.Hour)
	f.pd.Silence(5, time.Hour)
	f.topology = filepath.Join(t.TempDir(), "topology.yaml")
	if err := os.WriteFile(f.topology, []byte(forceTopology), 0o600); err != nil {
		t.Fatal(err)
	}
	f.streams.Setenv("HOME", t.TempDir())
	f.streams.Setenv("NO_COLOR", "1")
	f.env = systemEnv(f.streams.Streams)
	watchJSON(t, f.env)
	f.env.Prompter = uitest.NewPrompter(t, answers...)
	if len(answers) > 0 {
		f.streams.SetTTY(true, false, true)
	}
	clock := time.Now()
	f.env.Now = func() time.Time { return clock }
	f.env.Sleep = func(ctx context.Context, d time.Duration) error {
		clock = clock.Add(d)
		f.pd.Advance(d)
		if f.asleep != nil {
			f.asleep(d)
		}
		return ctx.Err()
	}
	f.env.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	f.env.Hosts = func(*target, *sshOptions) (hostDialer, error) { return f.hosts, nil }
	return f
}

func (f *forceCommand) run(want ExitCode, args ...string) {
	f.t.Helper()
	args = append([]string{args[0], "-t", f.topology, "-u", f.pd.URLs()[0]}, args[1:]...)
	if code := run(f.t.Context(), f.env, args); code != want {
		f.t.Errorf("%v: exit code %d, want %d\n%s\n%s", args, code, want, f.streams.OutBuf.String(), f.streams.ErrBuf.String())
	}
	for address, left := range f.hosts.scripts {
		if len(left) > 0 {
			f.t.Errorf("%s was not asked %+v", address, left)
		}
	}
}

func (f *forceCommand) says(text string) {
	f.t.Helper()
	if all := f.streams.OutBuf.String() + f.streams.ErrBuf.String(); !strings.Contains(all, text) {
		f.t.Errorf("%q was not said:\n%s", text, all)
	}
}

// steps are what the journal has, as "KIND STEP RESULT".
func (f *forceCommand) steps() []string {
	f.t.Helper()
	records, _, err := f.env.journal(7034215976384921731).Read()
	if err != nil {
		f.t.Fatal(err)
	}
	var list []string
	for _, r := range records {
		if r.Kind == journal.Intent || r.Kind == journal.Outcome {
			list = append(list, strings.TrimSpace(string(r.Kind)+" "+r.Step+" "+r.Result))
		}
	}
	return list
}

// buries lets PD replace the peers of the stores once the waiting has begun.
func (f *forceCommand) buries(ids ...cluster.StoreID) {
	f.asleep = func(time.Duration) {
		for _, id := range ids {
			if s, known := f.pd.Store(id); known && s.PhysicallyDestroyed {
				f.pd.MoveRegions(id, s.RegionCount)
			}
		}
		f.pd.Bury()
	}
}

func TestForceRemoveFencedStore(t *testing.T) {
	f := newForceCommand(t, uitest.Typed("write off store 4", "10.0.1.4:20160", "10.0.1.4:20160"))
	f.hosts.scripts["10.0.1.4:22"] = slices.Concat(lookedAt(), climbed())
	f.buries(4)
	f.run(ExitDone, "force-remove", "-N", "10.0.1.4:20160")
	f.says("store 4 (10.0.1.4:20160): FENCED")
	f.says("is Tombstone, and no region names it")
	f.pd.ExpectWrites(t, "DELETE /store/4?force=true")
	if !slices.Equal(f.pd.Forced(), []cluster.StoreID{4}) {
		t.Errorf("forced %v", f.pd.Forced())
	}
	if data, _ := os.ReadFile(f.topology); strings.Contains(string(data), "10.0.1.4") || !strings.Contains(string(data), "10.0.1.5") {
		t.Errorf("topology:\n%s", data)
	}
	steps := f.steps()
	for _, want := range []string{"outcome mask-unit/4/" + unit4 + " done", "outcome fence/4 done", "outcome force-delete-store/4 done", "outcome remove-from-topology done"} {
		if !slices.Contains(steps, want) {
			t.Errorf("the journal has no %q: %q", want, steps)
		}
	}
	// Once more: the store is only in PD now, and everything is as asked.
	f.run(ExitDone, "force-remove", "-N", "4")
	f.says("nothing to change")
	f.pd.ExpectWrites(t, "DELETE /store/4?force=true")
}

// Both hosts are dead: the risk has to be named and every address typed.
func TestForceRemoveUnfencedStores(t *testing.T) {
	four := uitest.Typed("write off store 4", "10.0.1.4:20160", "10.0.1.4:20160")
	t.Run("the risk is not named", func(t *testing.T) {
		f := newForceCommand(t)
		f.streams.SetTTY(true, false, true)
		f.run(ExitNo, "force-remove", "-N", "4,5")
		f.says("--accept-risk=unfenced")
		f.pd.ExpectWrites(t)
	})
	t.Run("the second address is wrong", func(t *testing.T) {
		f := newForceCommand(t, four, uitest.Typed("write off store 5", "10.0.1.5:20160", "10.0.1.4:20160"))
		f.run(ExitDeclined, "force-remove", "-N", "4,5", "--accept-risk", "unfenced")
		f.pd.ExpectWrites(t)
	})
	t.Run("all is said", func(t *testing.T) {
		f := newForceCommand(t, four, uitest.Typed("write off store 5", "10.0.1.5:20160", "10.0.1.5:20160"))
		f.buries(4, 5)
		f.run(ExitDone, "force-remove", "-N", "4,5", "--accept-risk", "unfenced")
		f.says("UNREACHABLE-NOT-FENCED; the risk was accepted")
		f.pd.ExpectWrites(t, "DELETE /store/4?force=true", "DELETE /store/5?force=true")
		if !slices.Contains(f.steps(), "outcome accept-unfenced/5 done") {
			t.Errorf("journal %q", f.steps())
		}
	})
	t.Run("off a terminal", func(t *testing.T) {
		f := newForceCommand(t)
		f.buries(4)
		f.run(ExitDone, "force-remove", "-N", "4", "--accept-risk", "unfenced", "--yes", "--cluster-id", "7034215976384921731", "-o", "json")
		var types []string
		for line := range strings.Lines(f.streams.OutBuf.String()) {
			var e struct {
				Type  string
				Fence *decommission.FenceReport
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if e.Type == "fence" && e.Fence.Verdict != decommission.NotFenced {
				t.Errorf("event %+v", e.Fence)
			}
			types = append(types, e.Type)
		}
		if len(types) < 6 || !slices.Equal(types[:4], []string{"plan", "fence", "step", "step"}) || types[len(types)-1] != "summary" {
			t.Errorf("events %v", types)
		}
	})
}

// A store that wakes up while it is watched is left alone by everybody.
func TestForceRemoveOfAStoreThatWakesUp(t *testing.T) {
	f := newForceCommand(t)
	passed := time.Duration(0)
	f.asleep = func(d time.Duration) {
		if passed += d; passed >= 25*time.Second {
			f.pd.Revive(4)
		}
	}
	f.run(ExitNo, "force-remove", "-N", "4", "--accept-risk", "unfenced", "--yes", "--cluster-id", "7034215976384921731")
	f.says("ALIVE")
	f.pd.ExpectWrites(t)
}

// What happened to the regions meanwhile is seen; the unit is masked by then.
func TestForceRemoveJudgesAgain(t *testing.T) {
	f := newForceCommand(t)
	f.hosts.scripts["10.0.1.4:22"] = slices.Concat(lookedAt(), climbed())
	f.asleep = func(time.Duration) { f.pd.Silence(1, 10*time.Minute) }
	f.run(ExitPartly, "force-remove", "-N", "4", "--yes", "--cluster-id", "7034215976384921731")
	f.says("refused by majority")
	f.pd.ExpectWrites(t)
}

// Whatever step a run is cut off at, the same command goes on.
func TestForceRemoveGoesOnAfterACrash(t *testing.T) {
	f := newForceCommand(t)
	f.pd.Inject(pdtest.Fault{On: "DELETE /store/5", Status: 500, Body: `"no"`})
	args := []string{"force-remove", "-N", "4,5", "--accept-risk", "unfenced", "--yes", "--cluster-id", "7034215976384921731"}
	f.run(ExitPartly, args...)
	f.pd.ExpectWrites(t, "DELETE /store/4?force=true")
	f.run(ExitInProgress, append(args, "--timeout", "10s")...)
	f.says("already  fence store 4")
	f.says("run the same command again")
	f.pd.ExpectWrites(t, "DELETE /store/4?force=true", "DELETE /store/5?force=true")
	f.buries(4, 5)
	// All of them are written off: there is no machine to ask, and no risk to take.
	f.run(ExitDone, "force-remove", "-N", "4,5", "--yes", "--cluster-id", "7034215976384921731")
	f.pd.ExpectWrites(t, "DELETE /store/4?force=true", "DELETE /store/5?force=true")
	if data, _ := os.ReadFile(f.topology); strings.Contains(string(data), "10.0.1.4") {
		t.Errorf("topology:\n%s", data)
	}
}

// Ctrl-C while heartbeats are watched: nothing is deleted, and it is neither a
// yes nor a no.
func TestFencingInterrupted(t *testing.T) {
	for verb, args := range map[string][]string{
		"fence":        {"--fence-hook", "/bin/true"},
		"force-remove": {"--accept-risk", "unfenced", "--cluster-id", "7034215976384921731"},
	} {
		t.Run(verb, func(t *testing.T) {
			f := newForceCommand(t)
			ctx, cancel := context.WithCancel(t.Context())
			passed := 0
			f.asleep = func(time.Duration) {
				if passed++; passed == 5 {
					cancel()
				}
			}
			want := map[string]ExitCode{"fence": ExitPartly, "force-remove": ExitInterrupted}[verb]
			all := append([]string{verb, "-t", f.topology, "-u", f.pd.URLs()[0], "-N", "4", "--yes"}, args...)
			if code := run(ctx, f.env, all); code != want {
				t.Errorf("exit code %d, want %d\n%s", code, want, f.streams.ErrBuf.String())
			}
			f.pd.ExpectWrites(t)
		})
	}
}

func TestFenceCommand(t *testing.T) {
	t.Run("it is fenced", func(t *testing.T) {
		f := newForceCommand(t, uitest.Confirm("Fence 1 store?", true))
		f.hosts.scripts["10.0.1.4:22"] = slices.Concat(lookedAt(), climbed())
		f.run(ExitDone, "fence", "-N", "4")
		f.says("store 4 (10.0.1.4:20160): FENCED")
		f.says("systemctl unmask")
		f.pd.ExpectWrites(t)
	})
	t.Run("no is no", func(t *testing.T) {
		f := newForceCommand(t, uitest.Confirm("Fence", false))
		f.hosts.scripts["10.0.1.4:22"] = lookedAt()
		f.run(ExitDeclined, "fence", "-N", "4")
	})
	t.Run("a look at one that runs", func(t *testing.T) {
		f := newForceCommand(t)
		f.hosts.scripts["10.0.1.4:22"] = lookedAt()
		f.run(ExitNo, "fence", "-N", "4", "--dry-run")
		f.says("ALIVE")
		if steps := f.steps(); len(steps) > 0 {
			t.Errorf("journal %q", steps)
		}
	})
	t.Run("a machine that does not answer", func(t *testing.T) {
		f := newForceCommand(t)
		f.run(ExitCannotTell, "fence", "-N", "4", "--yes")
		f.says("no route to host")
	})
	t.Run("it runs on after it was stopped", func(t *testing.T) {
		f := newForceCommand(t)
		script := climbed()
		script[len(script)-2].out = "42\ttikv-server --data-dir /tidb-data/tikv-20160\nend\n"
		f.hosts.scripts["10.0.1.4:22"] = slices.Concat(lookedAt(), script)
		f.run(ExitPartly, "fence", "-N", "4", "--yes")
		f.says("42: tikv-server")
	})
}

// A hook is a program that reads key=value lines and says with its status
// whether the machine is off.
func TestFenceHook(t *testing.T) {
	hook := func(t *testing.T, body string) string {
		path := filepath.Join(t.TempDir(), "hook")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Run("off", func(t *testing.T) {
		f := newForceCommand(t)
		got := filepath.Join(t.TempDir(), "stdin")
		f.run(ExitDone, "fence", "-N", "4", "--yes", "--fence-hook", hook(t, "cat >"+got))
		f.says("FENCED-BY-HOOK")
		want := "action=off\nnodename=10.0.1.4\nport=10.0.1.4\nplug=10.0.1.4\nstore_id=4\nstore_address=10.0.1.4:20160\n"
		if data, _ := os.ReadFile(got); string(data) != want {
			t.Errorf("the hook got %q", data)
		}
		if !slices.Contains(f.steps(), "outcome fence-hook/4 done") {
			t.Errorf("journal %q", f.steps())
		}
	})
	t.Run("failed", func(t *testing.T) {
		f := newForceCommand(t)
		f.run(ExitPartly, "fence", "-N", "4", "--yes", "--fence-hook", hook(t, "echo ipmi says no >&2; exit 1"))
		f.says("ipmi says no")
		if !slices.Contains(f.steps(), "outcome fence-hook/4 failed") {
			t.Errorf("journal %q", f.steps())
		}
	})
	t.Run("never ends", func(t *testing.T) {
		f := newForceCommand(t)
		f.run(ExitPartly, "fence", "-N", "4", "--yes", "--fence-hook", hook(t, "exec sleep 60"), "--fence-hook-timeout", "100ms")
		f.says("not done after 100ms")
	})
	t.Run("a machine that others need", func(t *testing.T) {
		f := newForceCommand(t)
		f.pd.EditStore(5, func(s *cluster.Store) { s.Address = "10.0.1.4:20161" })
		f.pd.Revive(5)
		f.run(ExitCannotTell, "fence", "-N", "4", "--yes", "--fence-hook", hook(t, "exit 0"))
		f.says("store 5 (10.0.1.4:20161) is live on 10.0.1.4")
	})
}

func TestDialAddresses(t *testing.T) {
	for address, here := range map[string]bool{
		"10.0.1.4:20160": false, "tikv-4:20160": false, "[2001:db8::4]:20160": false,
		"0.0.0.0:20180": true, "127.0.0.1:20180": true, "localhost:20180": true, "[::]:20180": true, ":20180": true, "": true,
	} {
		if got := meansHere(address); got != here {
			t.Errorf("meansHere(%q) = %v", address, got)
		}
	}
}
