package decommission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
)

// exchange is a command that a scripted host expects, and its answer.
type exchange struct {
	line string // the arguments, joined by blanks
	out  string
	err  error
}

// scriptedHost wants exactly the commands of its script, in order.
type scriptedHost struct {
	t      *testing.T
	script []exchange
}

func newScriptedHost(t *testing.T, script ...exchange) *scriptedHost {
	h := &scriptedHost{t: t, script: script}
	t.Cleanup(func() {
		for _, e := range h.script {
			t.Errorf("the host was not asked: %s", e.line)
		}
	})
	return h
}

func (h *scriptedHost) Run(_ context.Context, c Command) (string, error) {
	line := strings.Join(c.Argv, " ")
	switch {
	case c.Argv[0] != "sh":
	case c.Argv[2] == listListeners:
		line = "listeners"
	case c.Argv[2] == scanProcesses:
		line = "processes in " + strings.Join(strings.Fields(c.Stdin), " ")
	}
	if len(h.script) == 0 || h.script[0].line != line {
		h.t.Errorf("unexpected command %q, want the first of %d: %q", line, len(h.script), append(h.script, exchange{})[0].line)
		return "", hostExit(127)
	}
	e := h.script[0]
	h.script = h.script[1:]
	return e.out, e.err
}

const (
	tikvUnit   = "tikv-20160.service"
	unitFile   = "/etc/systemd/system/" + tikvUnit
	runsTiKV   = "{ path=/bin/bash ; argv[]=/bin/bash -c /deploy/tikv-20160/scripts/run_tikv.sh ; }"
	fencedFile = "[Unit]\n[Service]\nExecStart=/bin/bash -c '/deploy/tikv-20160/scripts/run_tikv.sh'\n"
)

func shows(load, active, file, fragment, execStart string) exchange {
	return exchange{
		line: "systemctl show --property=LoadState,ActiveState,UnitFileState,FragmentPath,ExecStart,MainPID -- " + tikvUnit,
		out:  fmt.Sprintf("LoadState=%s\nActiveState=%s\nUnitFileState=%s\nFragmentPath=%s\nExecStart=%s\nMainPID=0\n", load, active, file, fragment, execStart),
	}
}

var (
	showsRunning = shows("loaded", "active", "enabled", unitFile, runsTiKV)
	showsMasked  = shows("masked", "inactive", "masked", unitFile, "")
	readsFenced  = exchange{line: "cat -- " + unitFile + ".ebb-fenced", out: fencedFile}
	stops        = exchange{line: "systemctl stop -- " + tikvUnit}
	disables     = exchange{line: "systemctl disable -- " + tikvUnit}
	masks        = exchange{line: `sh -c { [ -L "$1" ] || [ ! -f "$1" ] || mv -T -- "$1" "$2"; } && shift 2 && exec "$@" sh ` + unitFile + " " + unitFile + ".ebb-fenced systemctl mask -- " + tikvUnit}
	noProcess    = exchange{line: "processes in /data/tikv-20160 /deploy/tikv-20160", out: "end\n"}
	noListener   = exchange{line: "listeners", out: "  sl  local_address rem_address   st\n"}
)

// fenceBench is a cluster with clocks in which store 4 has been silent for a
// minute, and what Fence needs to work on it.
type fenceBench struct {
	t       *testing.T
	clock   time.Time
	stores  []cluster.Store
	events  map[time.Duration]func() // by time since the start
	started time.Time
	journal *fakeJournal
	deps    FenceDeps
	ports   map[string]PortState
	target  FenceTarget
}

func newFenceBench(t *testing.T, script ...exchange) *fenceBench {
	b := &fenceBench{
		t: t, clock: now, started: now, events: make(map[time.Duration]func()), journal: new(fakeJournal),
		stores: []cluster.Store{tikv(1), tikv(2), tikv(3), tikv(4, dead)},
		ports:  map[string]PortState{"10.0.0.4:20160": PortClosed, "10.0.0.4:20180": PortClosed},
		target: FenceTarget{
			StoreID: 4, Address: "10.0.0.4:20160", DeployPath: "/deploy/tikv-20160/bin", Node: "10.0.0.4:20160", Host: "10.0.0.4:22", Machine: "10.0.0.4",
			Unit: tikvUnit, DeployDir: "/deploy/tikv-20160", Dirs: []string{"/data/tikv-20160", "/deploy/tikv-20160"},
			Ports: []int{20160, 20180}, Dial: []string{"10.0.0.4:20160", "10.0.0.4:20180"},
		},
	}
	var host Host
	if len(script) > 0 {
		host = newScriptedHost(t, script...)
	}
	b.deps = FenceDeps{
		PD: b, Journal: b.journal, Window: DefaultFenceWindow,
		Host: func(context.Context, *FenceTarget) (Host, error) {
			if host == nil {
				return nil, errors.New("connect to 10.0.0.4:22: no route to host")
			}
			return host, nil
		},
		Dial: func(_ context.Context, address string) PortState { return b.ports[address] },
		Now:  func() time.Time { return b.clock },
		Sleep: func(_ context.Context, d time.Duration) error {
			for end := b.clock.Add(d); b.clock.Before(end); {
				b.clock = b.clock.Add(time.Second)
				if event := b.events[b.clock.Sub(b.started)]; event != nil {
					event()
				}
			}
			return nil
		},
	}
	return b
}

func (b *fenceBench) Stores(context.Context) ([]cluster.Store, time.Time, error) {
	return slices.Clone(b.stores), b.clock, nil
}

func (b *fenceBench) fence(want FenceVerdict) FenceReport {
	b.t.Helper()
	reports, proofs, err := Fence(b.t.Context(), []FenceTarget{b.target}, b.deps)
	if err != nil || len(reports) != 1 {
		b.t.Fatalf("Fence() = %d reports, %v", len(reports), err)
	}
	r := reports[0]
	if r.Verdict != want {
		b.t.Errorf("verdict %s, want %s: %+v", r.Verdict, want, r.Checks)
	}
	fenced := want == FencedByHost || want == FencedByHook
	if proofs[4].Clears(4) != fenced {
		b.t.Errorf("there is a proof: %v", !fenced)
	}
	if proofs[4].Clears(0) || proofs[4].Clears(3) || (Fenced{}).Clears(0) {
		b.t.Error("the proof is one for another store")
	}
	if (r.Err() == nil) != (fenced || want == Fenceable) {
		b.t.Errorf("Err() = %v", r.Err())
	}
	return r
}

func TestFenceClimbsTheLadder(t *testing.T) {
	b := newFenceBench(t, showsRunning, showsRunning, stops, disables, masks, showsMasked, noProcess, noListener)
	r := b.fence(FencedByHost)
	if b.clock.Sub(b.started) < DefaultFenceWindow {
		t.Errorf("watched for %s only", b.clock.Sub(b.started))
	}
	var names []string
	for _, c := range r.Checks {
		names = append(names, c.Check)
	}
	if want := []string{"host-identity", "store-identity", "heartbeat", "unit", "processes", "ports-on-host", "ports-from-here"}; !slices.Equal(names, want) {
		t.Errorf("checks %v, want %v", names, want)
	}
	want := []string{
		"intent stop-unit/4/" + tikvUnit, "done stop-unit/4/" + tikvUnit, "intent disable-unit/4/" + tikvUnit, "done disable-unit/4/" + tikvUnit,
		"intent mask-unit/4/" + tikvUnit, "done mask-unit/4/" + tikvUnit,
	}
	if !slices.Equal(b.journal.lines, want) {
		t.Errorf("journal %q, want %q", b.journal.lines, want)
	}
	undo, _ := b.journal.undo["mask-unit/4/"+tikvUnit].(FenceUndo)
	if undo.MovedTo != unitFile+".ebb-fenced" || undo.Unit.File != "enabled" {
		t.Errorf("the way back is not recorded: %+v", undo)
	}
}

func TestFenceAgain(t *testing.T) {
	t.Run("masked by an earlier run", func(t *testing.T) {
		b := newFenceBench(t, showsMasked, readsFenced, showsMasked, showsMasked, noProcess, noListener)
		if b.fence(FencedByHost); len(b.journal.lines) > 0 {
			t.Errorf("journal %q", b.journal.lines)
		}
	})
	t.Run("cut off between moving the unit file and the mask", func(t *testing.T) {
		gone := shows("not-found", "inactive", "", "", "")
		mask := exchange{line: "systemctl mask -- " + tikvUnit}
		newFenceBench(t, gone, readsFenced, gone, mask, showsMasked, noProcess, noListener).fence(FencedByHost)
	})
	t.Run("a unit of the distribution is masked where it is", func(t *testing.T) {
		packaged := shows("loaded", "inactive", "disabled", "/usr/lib/systemd/system/"+tikvUnit, runsTiKV)
		newFenceBench(t, packaged, packaged, exchange{line: "systemctl mask -- " + tikvUnit}, showsMasked, noProcess, noListener).fence(FencedByHost)
	})
}

// A machine whose identity is in doubt is left alone, and proves nothing.
func TestFenceAnotherMachine(t *testing.T) {
	t.Run("the unit runs something else", func(t *testing.T) {
		newFenceBench(t, shows("loaded", "active", "enabled", unitFile, "/other/tikv-20160/scripts/run_tikv.sh")).fence(NotFenced)
	})
	t.Run("the unit is masked, and nobody knows what it was", func(t *testing.T) {
		newFenceBench(t, showsMasked, exchange{line: readsFenced.line, err: hostExit(1)}).fence(NotFenced)
	})
	t.Run("the unit file that was moved is of another store", func(t *testing.T) {
		newFenceBench(t, showsMasked, exchange{line: readsFenced.line, out: "ExecStart=/deploy/tikv-201600/scripts/run_tikv.sh\n"}).fence(NotFenced)
	})
	t.Run("PD knows the store from another directory", func(t *testing.T) {
		b := newFenceBench(t)
		b.deps.Host = func(context.Context, *FenceTarget) (Host, error) { return newScriptedHost(t), nil }
		b.target.DeployPath = "/deploy2/tikv-20160/bin"
		b.fence(NotFenced)
	})
	t.Run("something answers at the address of a machine that does not", func(t *testing.T) {
		b := newFenceBench(t)
		b.ports["10.0.0.4:20180"] = PortOpen
		b.fence(Alive)
	})
	t.Run("the topology does not have the store", func(t *testing.T) {
		b := newFenceBench(t)
		b.target.Host, b.deps.Host = "", nil
		b.fence(NotFenced)
	})
}

// What contradicts the fencing at the end counts, whatever went well before.
func TestFenceFindsSignsOfLife(t *testing.T) {
	before := []exchange{showsRunning, showsRunning, stops, disables, masks}
	with := func(script ...exchange) []exchange { return append(slices.Clone(before), script...) }
	listener := exchange{line: noListener.line, out: "  sl  local_address rem_address   st\n   0: 0400000A:4EC0 00000000:0000 0A\n"}
	broken := errors.New("connection lost")
	tests := []struct {
		name   string
		script []exchange
		change func(*fenceBench)
		want   FenceVerdict
	}{
		{"a heartbeat at second 29", with(showsMasked, noProcess, noListener), func(b *fenceBench) {
			b.events[29*time.Second] = func() { b.stores[3].LastHeartbeat = b.clock }
		}, Alive},
		{"a heartbeat at second 1", with(showsMasked, noProcess, noListener), func(b *fenceBench) {
			b.events[time.Second] = func() { b.stores[3].LastHeartbeat = b.clock }
		}, Alive},
		{"the unit runs again", with(showsRunning, noProcess, noListener), nil, Alive},
		{"the unit is stopping still", with(shows("masked", "deactivating", "masked", unitFile, ""), noProcess, noListener), nil, Alive},
		{"the unit was unmasked", with(shows("loaded", "inactive", "disabled", unitFile, runsTiKV), noProcess, noListener), nil, NotFenced},
		{"a process", with(showsMasked, exchange{line: noProcess.line, out: "42\ttikv-server --data-dir /data/tikv-20160\nend\n"}, noListener), nil, Alive},
		{"a listener", with(showsMasked, noProcess, listener), nil, Alive},
		{"a port that is open from here", with(showsMasked, noProcess, noListener), func(b *fenceBench) { b.ports["10.0.0.4:20160"] = PortOpen }, Alive},
		{"a port that is silent from here", with(showsMasked, noProcess, noListener), func(b *fenceBench) { b.ports["10.0.0.4:20160"] = PortUnknown }, NotFenced},
		{"nothing to dial", with(showsMasked, noProcess, noListener), func(b *fenceBench) { b.target.Dial = nil }, NotFenced},
		{"the processes cannot be listed", with(showsMasked, exchange{line: noProcess.line, err: broken}, noListener), nil, NotFenced},
		{"the listeners cannot be listed", with(showsMasked, noProcess, exchange{line: noListener.line, err: broken}), nil, NotFenced},
		{"the unit cannot be read at the end", with(exchange{line: showsRunning.line, err: broken}, noProcess, noListener), nil, NotFenced},
		{"PD forgot the store", with(showsMasked, noProcess, noListener), func(b *fenceBench) {
			b.events[10*time.Second] = func() { b.stores = b.stores[:3] }
		}, NotFenced},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newFenceBench(t, tt.script...)
			if tt.change != nil {
				tt.change(b)
			}
			b.fence(tt.want)
		})
	}
}

func TestFenceFailsToStop(t *testing.T) {
	b := newFenceBench(t, showsRunning, showsRunning, exchange{line: stops.line, err: hostExit(1)}, showsRunning, noProcess, noListener)
	if b.fence(Alive); !slices.Equal(b.journal.lines, []string{"intent stop-unit/4/" + tikvUnit, "failed stop-unit/4/" + tikvUnit}) {
		t.Errorf("journal %q", b.journal.lines)
	}
}

// Nothing is done to a store that PD hears, or of which it cannot tell.
func TestFenceLeavesHeardStoresAlone(t *testing.T) {
	onlyLooks := []exchange{showsRunning, showsRunning, noProcess, noListener}
	for name, tt := range map[string]struct {
		last   time.Time
		script []exchange
		want   FenceVerdict
	}{
		"heard just now":    {now.Add(-cluster.DisconnectedAfter), onlyLooks, Alive},
		"never heard":       {time.Time{}, onlyLooks, Alive},
		"by another clock":  {now.Add(time.Hour), onlyLooks, Alive},
		"unknown and quiet": {time.Time{}, []exchange{showsMasked, readsFenced, showsMasked, noProcess, noListener}, NotFenced},
		"silent for longer": {now.Add(-cluster.DisconnectedAfter - time.Second), []exchange{showsRunning, showsRunning, stops, disables, masks, showsMasked, noProcess, noListener}, FencedByHost},
	} {
		t.Run(name, func(t *testing.T) {
			b := newFenceBench(t, tt.script...)
			b.stores[3].LastHeartbeat, b.stores[3].StateName = tt.last, cluster.StateUp
			b.fence(tt.want)
		})
	}
}

// A new PD leader knows heartbeats as they were last saved: the window begins
// anew, and the older time is no heartbeat.
func TestFenceAcrossAPDElection(t *testing.T) {
	b := newFenceBench(t, showsMasked, readsFenced, showsMasked, showsMasked, noProcess, noListener)
	b.events[20*time.Second] = func() { b.stores[3].LastHeartbeat = b.stores[3].LastHeartbeat.Add(-4 * time.Minute) }
	b.fence(FencedByHost)
	if watched := b.clock.Sub(b.started); watched < 20*time.Second+DefaultFenceWindow {
		t.Errorf("watched for %s only", watched)
	}
}

// Without leave to change anything the ladder only looks.
func TestFenceLooks(t *testing.T) {
	look := func(script ...exchange) *fenceBench {
		b := newFenceBench(t, script...)
		b.deps.Journal = nil
		return b
	}
	t.Run("it runs", func(t *testing.T) {
		r := look(showsRunning, showsRunning, noProcess, noListener).fence(Alive)
		if !r.Running || !r.Identified || r.Changed {
			t.Errorf("report %+v", r)
		}
	})
	stopped := shows("loaded", "failed", "enabled", unitFile, runsTiKV)
	t.Run("it does not run, and may be started", func(t *testing.T) { look(stopped, stopped, noProcess, noListener).fence(Fenceable) })
	t.Run("it is fenced", func(t *testing.T) {
		look(showsMasked, readsFenced, showsMasked, noProcess, noListener).fence(FencedByHost)
	})
	t.Run("one look at heartbeats proves nothing", func(t *testing.T) {
		b := look(showsMasked, readsFenced, showsMasked, noProcess, noListener)
		b.deps.Window = 0
		b.fence(Fenceable)
	})
	t.Run("the hook is not called", func(t *testing.T) {
		b := look()
		b.deps.Hook = &fakeHook{t: t}
		b.fence(NotFenced)
	})
}

// fakeHook wants to be called once for every name of a machine.
type fakeHook struct {
	t    *testing.T
	want []string
	err  error
}

func (h *fakeHook) String() string { return "hook" }
func (h *fakeHook) Off(_ context.Context, t *FenceTarget) error {
	if len(h.want) == 0 || h.want[0] != t.Machine {
		h.t.Errorf("unexpected call for %s", t.Machine)
		return errors.New("unexpected")
	}
	h.want = h.want[1:]
	return h.err
}

func TestFenceByHook(t *testing.T) {
	tests := []struct {
		name   string
		change func(*fenceBench, *fakeHook)
		want   FenceVerdict
	}{
		{"it is off", func(*fenceBench, *fakeHook) {}, FencedByHook},
		{"nothing answers any more", func(b *fenceBench, _ *fakeHook) { b.ports = nil }, FencedByHook},
		{"the hook fails", func(_ *fenceBench, h *fakeHook) { h.err = errors.New("exit status 1") }, NotFenced},
		{"something answers still", func(b *fenceBench, _ *fakeHook) { b.ports["10.0.0.4:20160"] = PortOpen }, Alive},
		{"a heartbeat", func(b *fenceBench, _ *fakeHook) {
			b.events[15*time.Second] = func() { b.stores[3].LastHeartbeat = b.clock }
		}, Alive},
		{"it would take a live store along", func(b *fenceBench, h *fakeHook) { b.target.Neighbours, h.want = []string{"store 5"}, nil }, NotFenced},
		{"the window was too short", func(b *fenceBench, _ *fakeHook) { b.deps.Window = MinFenceWindow - time.Second }, NotFenced},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newFenceBench(t)
			h := &fakeHook{t: t, want: []string{"10.0.0.4"}}
			b.deps.Hook = h
			tt.change(b, h)
			b.fence(tt.want)
			if len(h.want) > 0 {
				t.Errorf("the hook was not called for %v", h.want)
			}
		})
	}
	t.Run("where the unit cannot be masked", func(t *testing.T) {
		b := newFenceBench(t, showsRunning, showsRunning, exchange{line: stops.line, err: errors.New("connection lost")})
		b.deps.Hook = &fakeHook{t: t, want: []string{"10.0.0.4"}}
		b.fence(FencedByHook)
	})
}

// Two stores on one machine are fenced with one watch.
func TestFenceTwoStores(t *testing.T) {
	b := newFenceBench(t, showsMasked, readsFenced, showsMasked, showsMasked, noProcess, noListener)
	b.stores = append(b.stores, tikv(5, dead))
	other := b.target
	other.StoreID, other.Address, other.Host = 5, "10.0.0.5:20160", ""
	reports, proofs, err := Fence(t.Context(), []FenceTarget{b.target, other}, b.deps)
	if err != nil || len(reports) != 2 || !proofs[4].Clears(4) || proofs[5].Clears(5) {
		t.Errorf("Fence() = %+v, %v, %v", reports, proofs, err)
	}
	if watched := b.clock.Sub(b.started); watched != DefaultFenceWindow {
		t.Errorf("watched for %s", watched)
	}
}
