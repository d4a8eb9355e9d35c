package decommission

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ebb/cluster"
)

// modelHost is a machine with units, directories, processes and mounts. It knows
// the commands that prune runs, and fails the test for any other.
type modelHost struct {
	t *testing.T

	mu      sync.Mutex
	units   map[string]*Unit
	dirs    map[string]uint64 // size in KiB
	links   map[string]string
	mounts  []string
	running map[string]string // command line by unit; ends with its unit
	stray   string            // command line of a process of no unit
	changed []string          // what was done, in order
	fail    map[string]error  // by the text of what was to be done
}

type hostExit int

func (e hostExit) Error() string   { return fmt.Sprintf("exit status %d", int(e)) }
func (e hostExit) ExitStatus() int { return int(e) }

func newModelHost(t *testing.T) *modelHost {
	return &modelHost{
		t: t,
		units: map[string]*Unit{"tikv-20160.service": {
			Load: "loaded", Active: "active", File: "enabled",
			FragmentPath: "/etc/systemd/system/tikv-20160.service", ExecStart: "/deploy/tikv-20160/scripts/run_tikv.sh",
		}},
		dirs:    map[string]uint64{"/data/tikv-20160": 1 << 20, "/deploy/tikv-20160": 1024},
		links:   make(map[string]string),
		mounts:  []string{"/", "/proc"},
		running: map[string]string{"tikv-20160.service": "tikv-server --data-dir /data/tikv-20160"},
		fail:    make(map[string]error),
	}
}

func (h *modelHost) do(what string) error {
	h.changed = append(h.changed, what)
	return h.fail[what]
}

func (h *modelHost) Run(_ context.Context, c Command) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	line := strings.Join(c.Argv, " ")
	switch {
	case line == "cat /proc/self/mountinfo":
		var b strings.Builder
		for _, m := range h.mounts {
			fmt.Fprintf(&b, "1 1 8:1 / %s rw - ext4 /dev/sda rw\n", m)
		}
		return b.String(), nil
	case c.Argv[0] == "systemctl":
		return h.systemctl(c.Argv[1:])
	case c.Argv[0] == "sh" && c.Argv[1] == "-c":
		return h.script(c)
	}
	h.t.Errorf("unexpected command %q", c.Argv)
	return "", hostExit(127)
}

func (h *modelHost) listeners() string {
	out := "  sl  local_address rem_address   st\n"
	if len(h.running) > 0 {
		out += "   0: 00000000:4EC0 00000000:0000 0A\n" // 20160
	}
	return out
}

func (h *modelHost) systemctl(args []string) (string, error) {
	name := args[len(args)-1]
	u := h.units[name]
	switch args[0] {
	case "show":
		if u == nil {
			return "LoadState=not-found\nActiveState=inactive\nMainPID=0\n", nil
		}
		return fmt.Sprintf("LoadState=%s\nActiveState=%s\nUnitFileState=%s\nFragmentPath=%s\nExecStart=%s\nMainPID=7\n", u.Load, u.Active, u.File, u.FragmentPath, u.ExecStart), nil
	case "stop":
		u.Active = "inactive"
		delete(h.running, name)
		return "", h.do("stop " + name)
	case "disable":
		u.File = "disabled"
		return "", h.do("disable " + name)
	case "daemon-reload":
		return "", h.do("daemon-reload")
	}
	h.t.Errorf("unexpected systemctl %q", args)
	return "", hostExit(1)
}

func (h *modelHost) script(c Command) (string, error) {
	script, args := c.Argv[2], c.Argv[3:]
	if len(args) > 0 {
		args = args[1:]
	}
	var b strings.Builder
	switch {
	case script == listListeners:
		return h.listeners(), nil
	case script == scanProcesses:
		for _, command := range append(slices.Collect(mapsValues(h.running)), h.stray) {
			for dir := range strings.Lines(c.Stdin) {
				if command != "" && strings.Contains(command, strings.TrimSpace(dir)) {
					fmt.Fprintf(&b, "7\t%s\n", command)
				}
			}
		}
		return b.String() + "end\n", nil
	case script == measureDirs:
		for _, p := range args {
			size, ok := h.dirs[p]
			switch target, linked := h.links[p]; {
			case !ok:
				b.WriteString("missing\t\t0\n")
			case linked:
				fmt.Fprintf(&b, "present\t%s\t%d\n", target, size)
			default:
				fmt.Fprintf(&b, "present\t%s\t%d\n", p, size)
			}
		}
		return b.String(), nil
	case script == resolvePaths:
		for _, p := range args {
			if target, linked := h.links[p]; linked {
				p = target
			}
			b.WriteString(p + "\n")
		}
		return b.String(), nil
	case strings.Contains(script, "rm -f"):
		for name, u := range h.units {
			if u.FragmentPath == args[0] {
				delete(h.units, name)
			}
		}
		return "", h.do("rm " + args[0])
	case strings.Contains(script, "rm -rf"), strings.Contains(script, "find"):
		if len(h.running) > 0 {
			h.t.Errorf("%s deleted while the store runs", args[0])
		}
		err := h.do("delete " + args[0])
		if err == nil {
			delete(h.dirs, args[0])
		}
		return "", err
	case strings.Contains(script, "mv -T"):
		delete(h.dirs, args[0])
		return "", h.do("rename " + args[0] + " to " + args[1])
	}
	h.t.Errorf("unexpected script %q", script)
	return "", hostExit(127)
}

func mapsValues(m map[string]string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// prunePD is a PD in which store 4 is Tombstone and no region names it.
type prunePD struct {
	*fakePD
	stats *cluster.RegionStats
}

func newPrunePD(t *testing.T, expect ...string) *prunePD {
	return &prunePD{
		fakePD: newFakePD(t, snapshot(tikv(1), tikv(2), tikv(3), tikv(4, tombstone)), expect...),
		stats: &cluster.RegionStats{
			Regions: 10, PeerCount: map[cluster.StoreID]int{1: 10, 2: 10, 3: 10}, LeaderCount: map[cluster.StoreID]int{1: 4, 2: 3, 3: 3},
		},
	}
}

func (p *prunePD) Stores(context.Context) ([]cluster.Store, time.Time, error) {
	return p.snap.Stores, now, nil
}
func (p *prunePD) RegionStats(context.Context) (*cluster.RegionStats, error) { return p.stats, nil }
func (p *prunePD) RemoveTombstones(context.Context) error                    { return p.write("remove-tombstone") }

type fakeRemover struct{ removed []string }

func (r *fakeRemover) RemoveNodes(_ context.Context, nodes []string) ([]string, string, error) {
	r.removed = append(r.removed, nodes...)
	return nodes, "backup.yaml", nil
}

func pruneTarget4() PruneTarget {
	return PruneTarget{
		StoreID: 4, Address: "10.0.0.4:20160", Node: "10.0.0.4:20160", Host: "10.0.0.4:22", Listen: []string{"10.0.0.4"}, Ports: []int{20160, 20180},
		Unit: "tikv-20160.service", DeployDir: "/deploy/tikv-20160",
		Dirs: []PruneDir{{"/data/tikv-20160", "data"}, {"/deploy/tikv-20160", "deploy"}},
	}
}

// planned inspects the host and plans as the command does.
func planned(t *testing.T, pd *prunePD, h Host, req PruneRequest) *PrunePlan {
	t.Helper()
	ev := PruneEvidence{Snapshot: pd.snap, Drained: make(map[cluster.StoreID][]Finding), Hosts: make(map[cluster.StoreID]*HostEvidence)}
	for i := range req.Targets {
		target := &req.Targets[i]
		_, ev.Drained[target.StoreID] = ProveDrained(t.Context(), pd, target.StoreID)
		ev.Hosts[target.StoreID] = InspectHost(t.Context(), h, target)
	}
	return PlanPrune(ev, req)
}

func pruneDeps(pd *prunePD, h Host, j *fakeJournal, topo *fakeRemover) PruneDeps {
	return PruneDeps{
		PD: pd, Topology: topo, Journal: j, Concurrency: 4,
		Host:           func(context.Context, *PruneTarget) (Host, error) { return h, nil },
		OutcomeUnknown: func(err error) bool { return errors.Is(err, errLost) },
		Sleep:          func(context.Context, time.Duration) error { return nil },
	}
}

func TestPrune(t *testing.T) {
	pd, h, topo := newPrunePD(t, "remove-tombstone"), newModelHost(t), new(fakeRemover)
	plan := planned(t, pd, h, PruneRequest{Targets: []PruneTarget{pruneTarget4()}, Topology: "topology.yaml"})
	if err := Err(VerbPrune, plan.Findings); err != nil {
		t.Fatalf("%v: %+v", err, plan.Findings)
	}
	if len(h.changed) != 0 {
		t.Fatalf("planning changed the host: %q", h.changed)
	}
	if _, err := ApplyPrune(t.Context(), plan, pruneDeps(pd, h, new(fakeJournal), topo)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"stop tikv-20160.service", "disable tikv-20160.service", "rm /etc/systemd/system/tikv-20160.service", "daemon-reload",
		"delete /data/tikv-20160", "delete /deploy/tikv-20160",
	}
	if !slices.Equal(h.changed, want) {
		t.Errorf("on the host:\n got %q\nwant %q", h.changed, want)
	}
	if !slices.Equal(topo.removed, []string{"10.0.0.4:20160"}) {
		t.Errorf("removed from the topology: %q", topo.removed)
	}
}

// Stopped at every point, the second run ends in the same state and deletes
// nothing that the first plan did not list.
func TestPruneResumes(t *testing.T) {
	steps := []string{
		"stop tikv-20160.service", "disable tikv-20160.service", "rm /etc/systemd/system/tikv-20160.service", "daemon-reload",
		"delete /data/tikv-20160", "delete /deploy/tikv-20160",
	}
	for _, at := range steps {
		t.Run(at, func(t *testing.T) {
			pd, h, topo := newPrunePD(t, "remove-tombstone"), newModelHost(t), new(fakeRemover)
			req := PruneRequest{Targets: []PruneTarget{pruneTarget4()}, Topology: "topology.yaml"}
			h.fail[at] = errLost
			_, err := ApplyPrune(t.Context(), planned(t, pd, h, req), pruneDeps(pd, h, new(fakeJournal), topo))
			if err == nil || len(topo.removed) != 0 || len(pd.made) != 0 {
				t.Fatalf("first run: %v, topology %q, PD %q", err, topo.removed, pd.made)
			}
			h.fail = nil
			if _, err := ApplyPrune(t.Context(), planned(t, pd, h, req), pruneDeps(pd, h, new(fakeJournal), topo)); err != nil {
				t.Fatalf("second run: %v", err)
			}
			if len(h.units) != 0 || len(h.dirs) != 0 || len(topo.removed) != 1 {
				t.Errorf("left: units %v, dirs %v; topology %q", h.units, h.dirs, topo.removed)
			}
		})
	}
}

func TestPruneRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*prunePD, *modelHost, *PruneTarget)
		check  string
		want   Result
	}{
		{"the store is still Offline", func(p *prunePD, _ *modelHost, _ *PruneTarget) { offline(&p.snap.Stores[3]) }, "drained", Refused},
		{"regions still name it", func(p *prunePD, _ *modelHost, _ *PruneTarget) {
			p.regions = map[cluster.StoreID][]cluster.Region{4: {{ID: 9}}}
		}, "drained", Refused},
		{"PD counts peers on it", func(p *prunePD, _ *modelHost, _ *PruneTarget) { p.stats.PeerCount[4] = 1 }, "drained", Refused},
		{"PD's leader is fresh", func(p *prunePD, _ *modelHost, _ *PruneTarget) { p.stats.LeaderCount = nil }, "drained", Unknown},
		{"PD knows of no region", func(p *prunePD, _ *modelHost, _ *PruneTarget) { p.stats = &cluster.RegionStats{} }, "drained", Unknown},
		{"a unit of that name runs something else", func(_ *prunePD, h *modelHost, _ *PruneTarget) {
			h.units["tikv-20160.service"].ExecStart = "/other/scripts/run_tikv.sh"
		}, "identity", Refused},
		{"the unit file lies elsewhere", func(_ *prunePD, h *modelHost, _ *PruneTarget) {
			h.units["tikv-20160.service"].FragmentPath = "/usr/lib/systemd/system/tikv-20160.service"
		}, "identity", Refused},
		{"a stray process uses the data", func(_ *prunePD, h *modelHost, _ *PruneTarget) {
			h.units["tikv-20160.service"].Active = "inactive"
			h.running, h.stray = nil, "tikv-server --data-dir /data/tikv-20160"
		}, "identity", Refused},
		{"the data directory is a link", func(_ *prunePD, h *modelHost, _ *PruneTarget) { h.links["/data/tikv-20160"] = "/home/x" }, "paths", Refused},
		{"something is mounted below", func(_ *prunePD, h *modelHost, _ *PruneTarget) {
			h.mounts = append(h.mounts, "/data/tikv-20160/raft")
		}, "paths", Refused},
		{"another instance's link leads into it", func(_ *prunePD, h *modelHost, t *PruneTarget) {
			t.Others = []string{"/data2"}
			h.links["/data2"] = "/data/tikv-20160/db"
		}, "paths", Refused},
		{"the topology objects", func(_ *prunePD, _ *modelHost, t *PruneTarget) { t.Objections = []string{"/data is a system path"} }, "paths", Refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pd, h, target := newPrunePD(t), newModelHost(t), pruneTarget4()
			tt.change(pd, h, &target)
			plan := planned(t, pd, h, PruneRequest{Targets: []PruneTarget{target}})
			if got := Verdict(plan.Findings); got != tt.want {
				t.Errorf("verdict %v, want %v", got, tt.want)
			}
			if !slices.ContainsFunc(plan.Findings, func(f Finding) bool { return f.Check == tt.check && f.Result == tt.want }) {
				t.Errorf("no finding %q: %+v", tt.check, plan.Findings)
			}
		})
	}
}

// What holds when the plan is made may not hold when it is carried out.
func TestPruneTakesItsSecondOpinionAgain(t *testing.T) {
	pd, h, topo := newPrunePD(t), newModelHost(t), new(fakeRemover)
	plan := planned(t, pd, h, PruneRequest{Targets: []PruneTarget{pruneTarget4()}, Topology: "topology.yaml"})
	pd.stats.PeerCount[4] = 1
	var refused *RefusedError
	if _, err := ApplyPrune(t.Context(), plan, pruneDeps(pd, h, new(fakeJournal), topo)); !errors.As(err, &refused) {
		t.Errorf("ApplyPrune() = %v", err)
	}
	if len(h.changed) != 0 || len(topo.removed) != 0 {
		t.Errorf("changed: %q, topology %q", h.changed, topo.removed)
	}
}

func TestPruneUnreachable(t *testing.T) {
	pd, target := newPrunePD(t), pruneTarget4() // PD's record stays: it keeps the store from coming back
	ev := PruneEvidence{
		Snapshot: pd.snap, Drained: make(map[cluster.StoreID][]Finding),
		Hosts: map[cluster.StoreID]*HostEvidence{4: {Err: errors.New("connection refused"), Unreachable: true}},
	}
	req := PruneRequest{Targets: []PruneTarget{target}, Topology: "topology.yaml"}
	if got := Verdict(PlanPrune(ev, req).Findings); got != Unknown {
		t.Errorf("verdict %v without --skip-unreachable", got)
	}
	req.SkipUnreachable = true
	ev.Hosts[4].Unreachable = false
	if got := Verdict(PlanPrune(ev, req).Findings); got != Unknown {
		t.Errorf("verdict %v for a host that answers, but wrongly", got)
	}
	ev.Hosts[4].Unreachable = true
	plan := PlanPrune(ev, req)
	if err := Err(VerbPrune, plan.Findings); err != nil {
		t.Fatal(err)
	}
	j, topo := new(fakeJournal), new(fakeRemover)
	if _, err := ApplyPrune(t.Context(), plan, pruneDeps(pd, nil, j, topo)); err != nil {
		t.Fatal(err)
	}
	if left, ok := j.undo["clean-later/4"].(PruneTarget); !ok || left.Unit != target.Unit {
		t.Errorf("the journal does not know what is left to clean: %+v", j.undo)
	}
	if slices.ContainsFunc(j.lines, func(l string) bool { return strings.Contains(l, "cleaned") }) {
		t.Errorf("the journal says that the host is clean: %q", j.lines)
	}
	if len(topo.removed) != 1 {
		t.Errorf("removed from the topology: %q", topo.removed)
	}
}

func TestPruneKeepsData(t *testing.T) {
	pd, h := newPrunePD(t, "remove-tombstone"), newModelHost(t)
	plan := planned(t, pd, h, PruneRequest{Targets: []PruneTarget{pruneTarget4()}, KeepData: true, Now: now})
	if _, err := ApplyPrune(t.Context(), plan, pruneDeps(pd, h, new(fakeJournal), nil)); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(h.changed, func(c string) bool { return strings.HasPrefix(c, "rename /data/tikv-20160 to /data/tikv-20160.ebb-") }) ||
		slices.ContainsFunc(h.changed, func(c string) bool { return strings.HasPrefix(c, "delete") }) {
		t.Errorf("on the host: %q", h.changed)
	}
}

// PD removes all Tombstone records at once, so a record of somebody else keeps
// them all.
func TestPruneLeavesRecordsOfOthers(t *testing.T) {
	pd, h := newPrunePD(t), newModelHost(t)
	pd.snap.Stores = append(pd.snap.Stores, tikv(9, tombstone))
	plan := planned(t, pd, h, PruneRequest{Targets: []PruneTarget{pruneTarget4()}})
	if _, err := ApplyPrune(t.Context(), plan, pruneDeps(pd, h, new(fakeJournal), nil)); err != nil {
		t.Fatal(err)
	}
	if plan := planned(t, pd, h, PruneRequest{Targets: []PruneTarget{pruneTarget4()}, Cleaned: map[cluster.StoreID]bool{9: true}}); plan.Steps[len(plan.Steps)-1].Kind != StepRemoveTombstone {
		t.Error("a record that an earlier run left still keeps the others")
	}
}
