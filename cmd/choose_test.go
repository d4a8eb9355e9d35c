package cmd

import (
	"context"
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
	"ebb/pdclient/pdtest"
	"ebb/ui"
	"ebb/ui/uitest"
)

// onStreams runs the program with a scripted operator.
func onStreams(t *testing.T, answers []uitest.Answer, args ...string) (ExitCode, *ui.TestStreams) {
	t.Helper()
	streams := ui.Test("")
	streams.SetTTY(true, true, true)
	streams.Setenv("XDG_STATE_HOME", t.TempDir())
	streams.Setenv("HOME", t.TempDir())
	streams.Setenv("TERM", "dumb")
	env := systemEnv(streams.Streams)
	watchJSON(t, env)
	env.Prompter = uitest.NewPrompter(t, answers...)
	env.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, syscall.EHOSTUNREACH }
	env.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return run(t.Context(), env, args), streams
}

func TestChooseNodes(t *testing.T) {
	const which = "Which stores shall"
	tests := []struct {
		name    string
		set     func(*pdtest.PD)
		verb    []string
		answers []uitest.Answer
		want    ExitCode
		writes  []string
		says    string
	}{
		{
			"scale-in", nil, []string{"scale-in"},
			[]uitest.Answer{uitest.Choose(which+" leave", "store 4"), uitest.Confirm("Set 1 store Offline?", true)},
			ExitDone, []string{"DELETE /store/4"}, "chosen: -N ",
		},
		{
			"two of them", func(pd *pdtest.PD) { pd.AddStores(6) }, []string{"scale-in"},
			[]uitest.Answer{uitest.Choose(which+" leave", "store 4", "store 6"), uitest.Confirm("Set 2 stores Offline?", true)},
			ExitDone, []string{"DELETE /store/4", "DELETE /store/6"}, "",
		},
		{
			"the plan is declined", nil, []string{"scale-in"},
			[]uitest.Answer{uitest.Choose(which, "store 4"), uitest.Confirm("Offline?", false)},
			ExitDeclined, nil, "declined; nothing was changed",
		},
		{"none chosen", nil, []string{"scale-in"}, []uitest.Answer{uitest.Choose(which)}, ExitDeclined, nil, "the space bar marks"},
		{"interrupted", nil, []string{"scale-in"}, []uitest.Answer{uitest.Fails(which, ui.ErrInterrupted)}, ExitInterrupted, nil, "interrupted; nothing was changed"},
		{"prompt fails", nil, []string{"scale-in"}, []uitest.Answer{uitest.Fails(which, errors.New("broken"))}, ExitFailed, nil, "broken"},
		{"dry run", nil, []string{"scale-in", "--dry-run"}, []uitest.Answer{uitest.Choose(which, "store 4")}, ExitDone, nil, "dry run"},
		{
			"leaving ones are not offered for leaving", offline(4), []string{"scale-in"},
			[]uitest.Answer{uitest.Choose(which, "store 3"), uitest.Confirm("Offline?", false)}, ExitDeclined, nil, "other store is leaving",
		},
		{"none is up", offline(1, 2, 3, 4, 5), []string{"scale-in"}, nil, ExitNo, nil, "none is Up"},
		{
			"cancel-offline", offline(4), []string{"cancel-offline"},
			[]uitest.Answer{uitest.Choose(which+" come back", "store 4"), uitest.Confirm("back to Up?", true)},
			ExitDone, []string{"POST /store/4/state?state=Up"}, "",
		},
		{"nothing to cancel", nil, []string{"cancel-offline"}, nil, ExitDone, nil, "no store is Offline"},
		{"nothing to fence", nil, []string{"fence"}, nil, ExitNo, nil, "PD hears every store"},
		{"nothing to write off", nil, []string{"force-remove"}, nil, ExitNo, nil, "ebb scale-in"},
		{
			"what is buried is not dead", func(pd *pdtest.PD) {
				pd.Silence(4, time.Hour)
				pd.EditStore(4, func(s *cluster.Store) { s.State = cluster.Tombstone })
			}, []string{"force-remove"}, nil, ExitNo, nil, "nothing to write off",
		},
		{
			"fence", func(pd *pdtest.PD) { pd.Silence(4, time.Hour) }, []string{"fence"},
			[]uitest.Answer{uitest.Choose(which+" be fenced", "store 4")}, ExitCannotTell, nil, "chosen: -N ",
		},
		{
			"force-remove", func(pd *pdtest.PD) { pd.Silence(4, time.Hour) }, []string{"force-remove", "--dry-run"},
			[]uitest.Answer{uitest.Choose(which+" be written off", "store 4")}, ExitNo, nil, "chosen: -N ",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pd := pdtest.New(t, pdtest.V8_5)
			pd.AddStores(1, 2, 3, 4, 5)
			if tt.set != nil {
				tt.set(pd)
			}
			code, streams := onStreams(t, tt.answers, append(tt.verb, "-u", pd.URLs()[0])...)
			if said := streams.OutBuf.String() + streams.ErrBuf.String(); code != tt.want || !strings.Contains(said, tt.says) {
				t.Errorf("exit code %d, want %d, saying %q\n%s", code, tt.want, tt.says, said)
			}
			pd.ExpectWrites(t, tt.writes...)
		})
	}
}

func offline(ids ...cluster.StoreID) func(*pdtest.PD) {
	return func(pd *pdtest.PD) {
		for _, id := range ids {
			pd.EditStore(id, func(s *cluster.Store) { s.State = cluster.Offline })
		}
	}
}

// What is chosen is judged by what PD says after the choice, not before it.
func TestChoiceIsReadAgain(t *testing.T) {
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 4)
	pd.Inject(pdtest.Fault{On: "GET /stores", Then: offline(4)})
	code, streams := onStreams(t, []uitest.Answer{uitest.Choose("leave", "store 4")}, "scale-in", "-u", pd.URLs()[0])
	if code != ExitDone || !strings.Contains(streams.OutBuf.String()+streams.ErrBuf.String(), "already") {
		t.Errorf("exit code %d\n%s%s", code, streams.OutBuf, streams.ErrBuf)
	}
	pd.ExpectWrites(t)
}

// Where a script may be at work nothing is offered, and PD is not asked.
func TestChooseOnlyForSomebody(t *testing.T) {
	for _, verb := range []string{"scale-in", "cancel-offline", "fence", "force-remove"} {
		for _, flags := range [][]string{{"--yes"}, {"-o", "json"}, {"--jq", "."}} {
			pd := pdtest.New(t, pdtest.V8_5)
			code, streams := onStreams(t, nil, append([]string{verb, "-u", pd.URLs()[0]}, flags...)...)
			if code != ExitUsage || !strings.Contains(streams.ErrBuf.String(), "no node given") {
				t.Errorf("%s %s: exit code %d: %s", verb, flags, code, streams.ErrBuf)
			}
			if calls := pd.Calls(); len(calls) > 0 {
				t.Errorf("%s %s: PD was asked: %v", verb, flags, calls)
			}
		}
	}
}

func TestOptionsShowState(t *testing.T) {
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3)
	pd.EditStore(1, func(s *cluster.Store) {
		s.RegionCount, s.RegionSizeMiB, s.Address = 1234, 2048, "tikv-long-name-1:20160"
	})
	pd.Silence(2, time.Hour)
	pd.AddStores(4)
	offline(4)(pd) // does not leave, because it is leaving
	streams := ui.Test("")
	streams.SetTTY(true, true, true)
	env := systemEnv(streams.Streams)
	watchJSON(t, env)
	var offered []string
	env.Prompter = chooser{func(options []string) { offered = options }}
	run(t.Context(), env, []string{"scale-in", "-u", pd.URLs()[0]})
	if len(offered) != 3 {
		t.Fatalf("offered %q", offered)
	}
	for i, want := range [][]string{{"tikv-long-name-1:20160", "store 1", "Up", "1,234 regions", "2.0GiB"}, {"Down", "silent for"}, {"store 3", "Up"}} {
		for _, part := range want {
			if !strings.Contains(strings.ReplaceAll(offered[i], "1234", "1,234"), part) {
				t.Errorf("option %q lacks %q", offered[i], part)
			}
		}
	}
	if at := func(i int) int { return strings.Index(offered[i], "store ") }; at(0) != at(1) || at(1) != at(2) {
		t.Errorf("the columns are not aligned: %q", offered)
	}
}

// chooser notes what is offered and chooses nothing.
type chooser struct{ see func([]string) }

func (c chooser) Choose(_ context.Context, _ string, options []string) ([]int, error) {
	c.see(slices.Clone(options))
	return nil, nil
}
func (chooser) Confirm(context.Context, string) (bool, error)              { return false, nil }
func (chooser) TypedConfirm(context.Context, string, string) (bool, error) { return false, nil }
func (chooser) Secret(context.Context, string) (string, error)             { return "", nil }

// On a real terminal: the list, the plan and the question follow each other.
func TestChooseOnATerminal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		keys   []string // to the list
		answer string   // to the question behind the plan, if it comes to that
		want   ExitCode
		writes []string
	}{
		{"the last one", []string{"\x1b[A", " ", "\r"}, "y\r", ExitDone, []string{"DELETE /store/4"}},
		{"declined", []string{"\x1b[A", " ", "\r"}, "\r", ExitDeclined, nil},
		{"Ctrl-C at the question", []string{"\x1b[A", " ", "\r"}, "\x03", ExitInterrupted, nil},
		{"none", []string{"\r"}, "", ExitDeclined, nil},
		{"Ctrl-C at the list", []string{" ", "\x03"}, "", ExitInterrupted, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pd := pdtest.New(t, pdtest.V8_5)
			pd.AddStores(1, 2, 3, 4)
			before := untouched(t)
			m := onTerminal(t, nil, "scale-in", "-u", pd.URLs()[0])
			for i, key := range tt.keys {
				m.waitForTimes("Which stores shall leave?", i+1) // each key draws the list anew
				m.master.WriteString(key)
			}
			if tt.answer != "" {
				m.press("Offline?", tt.answer)
			}
			m.end(tt.want, before)
			pd.ExpectWrites(t, tt.writes...)
		})
	}
}

// Without -N prune takes all there is; at a terminal it asks which of them.
func TestChooseTombstones(t *testing.T) {
	dir := t.TempDir()
	topologyFile := filepath.Join(dir, "topology.yaml")
	var b strings.Builder
	b.WriteString("pd_servers:\n  - host: 127.0.0.1\ntikv_servers:\n")
	for _, port := range []string{"20161", "20162", "20163", "20164", "20165"} {
		b.WriteString("  - host: 127.0.0.9\n    port: " + port + "\n    status_port: 3" + port[1:] + "\n    deploy_dir: /nowhere/" + port + "\n    data_dir: /nowhere/" + port + "/data\n")
	}
	if err := os.WriteFile(topologyFile, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 4, 5)
	for id := range cluster.StoreID(5) {
		pd.EditStore(id+1, func(s *cluster.Store) {
			s.Address = "127.0.0.9:2016" + s.ID.String()
			if s.ID > 3 {
				s.State = cluster.Tombstone
			}
		})
	}
	args := []string{"prune", "-u", pd.URLs()[0], "-t", topologyFile}
	code, streams := onStreams(t, []uitest.Answer{uitest.Choose("be pruned", "store 5")}, args...)
	said := streams.OutBuf.String() + streams.ErrBuf.String()
	// Nobody answers at that host, so the plan refuses; but it is about the one store.
	if code == ExitDone || !strings.Contains(said, "127.0.0.9:20165") || strings.Contains(said, "127.0.0.9:20164") {
		t.Errorf("exit code %d\n%s", code, said)
	}
	for _, answer := range []uitest.Answer{uitest.Choose("be pruned"), uitest.Fails("be pruned", ui.ErrInterrupted)} {
		if code, streams := onStreams(t, []uitest.Answer{answer}, args...); code != ExitDeclined && code != ExitInterrupted {
			t.Errorf("exit code %d: %s", code, streams.ErrBuf)
		}
	}
	for _, id := range []cluster.StoreID{4, 5} {
		pd.EditStore(id, func(s *cluster.Store) { s.State = cluster.Up })
	}
	if code, streams := onStreams(t, nil, args...); code != ExitDone || !strings.Contains(streams.ErrBuf.String(), "nothing to prune") {
		t.Errorf("exit code %d: %s", code, streams.ErrBuf)
	}
	pd.ExpectWrites(t)
}
