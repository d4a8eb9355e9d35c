package decommission

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
)

// region has voters on stores, of which the first leads.
func region(id cluster.RegionID, stores ...cluster.StoreID) cluster.Region {
	r := cluster.Region{ID: id, StartKey: []byte{byte(id)}, EndKey: []byte{byte(id + 1)}}
	for _, s := range stores {
		r.Peers = append(r.Peers, cluster.Peer{ID: uint64(id)*100 + uint64(s), StoreID: s})
	}
	r.Leader = r.Peers[0]
	return r
}

// forcePD serves the stores of a bench and regions, and deletes by force.
type forcePD struct {
	*fakePD
	bench   *fenceBench
	regions []cluster.Region
	readErr error
	onRead  func() // before a list of regions is read
}

func (p *forcePD) Snapshot(context.Context) (*cluster.Snapshot, error) {
	snap := *p.snap
	snap.Stores, snap.ReadAt = slices.Clone(p.bench.stores), p.bench.clock
	for i := range snap.Stores {
		if s := &snap.Stores[i]; s.StateName == cluster.StateUp { // it goes on sending heartbeats
			s.LastHeartbeat = p.bench.clock.Add(-time.Second)
		}
	}
	return &snap, nil
}

func (p *forcePD) RegionsOfStore(_ context.Context, id cluster.StoreID) iter.Seq2[cluster.Region, error] {
	return func(yield func(cluster.Region, error) bool) {
		if p.onRead != nil {
			p.onRead()
		}
		for _, r := range p.regions {
			if r.PeerOn(id) != nil && !yield(r, nil) {
				return
			}
		}
		if p.readErr != nil {
			yield(cluster.Region{}, p.readErr)
		}
	}
}

func (p *forcePD) ForceDeleteStore(_ context.Context, id cluster.StoreID) error {
	for i := range p.bench.stores {
		if s := &p.bench.stores[i]; s.ID == id && p.fail["force "+id.String()] == nil {
			s.State, s.StateName, s.PhysicallyDestroyed = cluster.Offline, cluster.StateOffline, true
		}
	}
	return p.write("force %d", id)
}

// forceBench is a fenceBench with a PD: stores 4 and 5 are dead, every region
// bears the loss of both.
type forceBench struct {
	*fenceBench
	pd   *forcePD
	req  ForceRemoveRequest
	typd map[cluster.StoreID]string
}

func newForceBench(t *testing.T, writes []string, script ...exchange) *forceBench {
	b := &forceBench{fenceBench: newFenceBench(t, script...), typd: map[cluster.StoreID]string{4: "10.0.0.4:20160", 5: "10.0.0.5:20160"}}
	b.stores = append(b.stores, tikv(5), tikv(6), tikv(7))
	b.pd = &forcePD{
		fakePD: newFakePD(t, snapshot(b.stores...), writes...), bench: b.fenceBench,
		regions: []cluster.Region{region(1, 1, 2, 4), region(2, 2, 3, 4), region(3, 1, 2, 3)},
	}
	b.deps.PD = b
	b.req = ForceRemoveRequest{Targets: []FenceTarget{b.target}, Topology: "topology.yaml", InTopology: []string{"10.0.0.4:20160"}, Window: DefaultFenceWindow}
	return b
}

// both also takes store 5, whose machine nobody can ask.
func (b *forceBench) both() {
	b.stores[4] = tikv(5, dead)
	b.req.Targets = append(b.req.Targets, FenceTarget{StoreID: 5, Address: "10.0.0.5:20160", Machine: "10.0.0.5", Dial: []string{"10.0.0.5:20160"}})
}

func (b *forceBench) plan() *ForceRemovePlan {
	b.t.Helper()
	snap, _ := b.pd.Snapshot(b.t.Context())
	look := b.deps
	look.Journal, look.Window = nil, 0
	reports, _, _ := Fence(b.t.Context(), b.req.Targets, look)
	ev := ForceRemoveEvidence{Snapshot: snap, Looks: make(map[cluster.StoreID]*FenceReport)}
	ev.Losses, _ = ReadLosses(b.t.Context(), b.pd, snap, targetStores(b.req.Targets))
	for i := range reports {
		ev.Looks[reports[i].StoreID] = &reports[i]
	}
	return PlanForceRemove(ev, b.req)
}

func targetStores(targets []FenceTarget) []cluster.StoreID {
	var ids []cluster.StoreID
	for i := range targets {
		ids = append(ids, targets[i].StoreID)
	}
	return ids
}

func (b *forceBench) apply(p *ForceRemovePlan) ([]StepOutcome, error) {
	b.t.Helper()
	return ApplyForceRemove(b.t.Context(), p, ForceRemoveDeps{
		PD: b.pd, Fence: b.deps, Confirmed: b.typd, OutcomeUnknown: func(err error) bool { return errors.Is(err, errLost) },
	})
}

// looks is what the first look asks a machine that answers, climbs the rest.
var (
	looks  = []exchange{showsRunning, showsRunning, noProcess, noListener}
	climbs = []exchange{showsRunning, showsRunning, stops, disables, masks, showsMasked, noProcess, noListener}
)

func TestForceRemove(t *testing.T) {
	b := newForceBench(t, []string{"force 4"}, slices.Concat(looks, climbs)...)
	p := b.plan()
	if err := Err(p.Verb, p.Findings); err != nil {
		t.Fatal(err)
	}
	if _, err := b.apply(p); err != nil {
		t.Fatal(err)
	}
	at := func(line string) int { return slices.Index(b.journal.lines, line) }
	masked, fenced, deleted := at("done mask-unit/4/"+tikvUnit), at("done fence/4"), at("intent force-delete-store/4")
	if at("intent fence/4") != 0 || masked < 0 || fenced < masked || deleted < fenced || at("done force-delete-store/4") < deleted {
		t.Errorf("journal %q", b.journal.lines)
	}
	remover := new(fakeRemover)
	if err := FinishForceRemove(t.Context(), p, remover, b.journal, func(StepOutcome) {}); err != nil || !slices.Equal(remover.removed, []string{"10.0.0.4:20160"}) {
		t.Errorf("FinishForceRemove() = %v, removed %v", err, remover.removed)
	}
}

func TestForceRemovePlanRefuses(t *testing.T) {
	var (
		refused *RefusedError
		unknown *UnknownError
	)
	is := func(target any) func(error) bool { return func(err error) bool { return errors.As(err, target) } }
	no, cannotTell := is(&refused), is(&unknown)
	tests := []struct {
		name   string
		change func(*forceBench)
		want   func(error) bool
		check  string
		says   string
	}{
		{"a live store", func(b *forceBench) { b.stores[3] = tikv(4) }, no, "store-state", "ebb scale-in"},
		{"a live store that is leaving", func(b *forceBench) { b.stores[3] = tikv(4, offline) }, no, "store-state", "ebb watch"},
		{"a Tombstone", func(b *forceBench) { b.stores[3] = tikv(4, dead, tombstone) }, no, "store-state", "ebb prune"},
		{"a store that was never heard", func(b *forceBench) { b.stores[3].LastHeartbeat = time.Time{} }, cannotTell, "store-state", "run the command again"},
		{"a region without majority", func(b *forceBench) { b.pd.regions = append(b.pd.regions, region(9, 1, 4)) }, no, "majority", "region 9: 1 of 2 voters left, keys [09, 0A)"},
		{"a region that another dead store matters to", func(b *forceBench) { dead(&b.stores[0]) }, no, "majority", "region 1"},
		{"a region without leader", func(b *forceBench) { b.pd.regions[1].Leader = cluster.Peer{} }, cannotTell, "majority", "leader"},
		{"regions that cannot be read", func(b *forceBench) { b.pd.readErr = errLost }, cannotTell, "majority", "reply lost"},
		{"a machine that does not answer", func(b *forceBench) { b.both() }, no, "fencing", "nobody can tell"},
		{"a port that answers", func(b *forceBench) {
			b.both()
			b.ports["10.0.0.5:20160"] = PortOpen
			b.req.Risks = []string{RiskUnfenced}
		}, no, "fencing", "may be alive"},
		{"a risk that is not there", func(b *forceBench) { b.req.Risks = []string{RiskUnfenced} }, no, "accept-risk", "leave it out"},
		{"a risk of another verb", func(b *forceBench) { b.both(); b.req.Risks = []string{RiskUnfenced, "low-space"} }, no, "accept-risk", "low-space"},
		{"a hook that would take others along", func(b *forceBench) {
			b.both()
			b.req.Hook, b.req.Targets[1].Neighbours = "hook", []string{"store 6 lives there"}
		}, no, "fencing", "store 6 lives there"},
		{"PD 4.0", func(b *forceBench) { b.pd.snap.PDVersion = "v4.0.16" }, no, "pd-version", "PD v4.0.16 leaves the regions"},
		{"an unsafe recovery", func(b *forceBench) { b.pd.snap.UnsafeRecovery = "running" }, no, "unsafe-recovery", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newForceBench(t, nil, looks...)
			tt.change(b)
			p := b.plan()
			err := Err(p.Verb, p.Findings)
			if !tt.want(err) {
				t.Fatalf("Err() = %v", err)
			}
			var text strings.Builder
			for _, f := range p.Findings {
				if f.Check == tt.check && (f.Result == Refused || f.Result == Unknown) {
					text.WriteString(f.Summary + f.Fix + strings.Join(f.Evidence, "\n"))
				}
			}
			if text.Len() == 0 || !strings.Contains(text.String(), tt.says) {
				t.Errorf("check %s says %q, want %q in it; all: %+v", tt.check, text.String(), tt.says, p.Findings)
			}
		})
	}
}

// That PD will not replace the peers is no reason to keep a dead one.
func TestForceRemoveWarns(t *testing.T) {
	b := newForceBench(t, nil, looks...)
	b.pd.snap.Schedule.HaltScheduling = true
	p := b.plan()
	if err := Err(p.Verb, p.Findings); err != nil {
		t.Fatal(err)
	}
	warned := slices.ContainsFunc(p.Findings, func(f Finding) bool {
		return f.Check == "scheduling" && f.Result == Warning && f.Risk == "" && strings.Contains(f.Summary, "may not be replaced")
	})
	if !warned {
		t.Errorf("findings %+v", p.Findings)
	}
}

func TestForceRemoveOffersAlternatives(t *testing.T) {
	b := newForceBench(t, nil, looks...)
	b.stores[5] = tikv(6, dead)
	b.pd.regions = append(b.pd.regions, region(9, 1, 4))
	p := b.plan()
	last := p.Instead[len(p.Instead)-1]
	if last.Command != "pd-ctl unsafe remove-failed-stores 4,6" || !strings.Contains(last.Costs, "ADMIN CHECK TABLE") {
		t.Errorf("alternatives %+v", p.Instead)
	}
	for version, want := range map[string]string{
		"v4.0.16": "tikv-ctl", "v5.4.3": "tikv-ctl", "v6.0.0": "tikv-ctl", "v6.1.0": "pd-ctl", "None": "pd-ctl",
	} {
		if list := p.Losses.alternatives(version, nil); !strings.HasPrefix(list[2].Command, want) {
			t.Errorf("PD %s: alternatives %+v", version, list)
		}
	}
}

// An unfenced store goes only when the plan has the risk, its address was typed,
// and PD was silent about it.
func TestForceRemoveUnfenced(t *testing.T) {
	accepted := func(writes ...string) *forceBench {
		b := newForceBench(t, writes)
		b.both()
		b.req.Targets = b.req.Targets[1:]
		b.req.Risks = []string{RiskUnfenced}
		b.pd.regions = []cluster.Region{region(1, 1, 2, 5)}
		return b
	}
	t.Run("accepted", func(t *testing.T) {
		b := accepted("force 5")
		p := b.plan()
		if err := Err(p.Verb, p.Findings); err != nil {
			t.Fatal(err)
		}
		if _, err := b.apply(p); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(b.journal.lines, "done accept-unfenced/5") {
			t.Errorf("journal %q", b.journal.lines)
		}
		if r, ok := b.journal.undo["accept-unfenced/5"].(*FenceReport); !ok || r.Verdict != NotFenced {
			t.Errorf("the journal has %+v", b.journal.undo["accept-unfenced/5"])
		}
	})
	t.Run("in case the hook fails", func(t *testing.T) {
		b := accepted("force 5")
		b.req.Hook, b.deps.Hook = "hook", &fakeHook{t: t, want: []string{"10.0.0.5"}, err: errors.New("exit status 1")}
		p := b.plan()
		if err := Err(p.Verb, p.Findings); err != nil {
			t.Fatal(err)
		}
		if _, err := b.apply(p); err != nil {
			t.Fatal(err)
		}
	})
	for name, change := range map[string]func(*forceBench, *ForceRemovePlan){
		"not typed":           func(b *forceBench, _ *ForceRemovePlan) { b.typd = nil },
		"another was typed":   func(b *forceBench, _ *ForceRemovePlan) { b.typd[5] = "10.0.0.4:20160" },
		"not in the plan":     func(_ *forceBench, p *ForceRemovePlan) { p.Unfenced = nil },
		"it turns out alive":  func(b *forceBench, _ *ForceRemovePlan) { b.ports["10.0.0.5:20160"] = PortOpen },
		"the watch was short": func(b *forceBench, _ *ForceRemovePlan) { b.deps.Window = time.Second },
		"a heartbeat": func(b *forceBench, _ *ForceRemovePlan) {
			b.events[25*time.Second] = func() { b.stores[4].LastHeartbeat = b.clock }
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := accepted()
			p := b.plan()
			change(b, p)
			outcomes, err := b.apply(p)
			var partial *PartialError
			if err == nil || errors.As(err, &partial) {
				t.Errorf("ApplyForceRemove() = %v", err)
			}
			if results := resultsOf(outcomes); !slices.Equal(results, []StepResult{StepFailed, StepLeft, StepLeft}) {
				t.Errorf("results %v", results)
			}
		})
	}
}

func resultsOf(outcomes []StepOutcome) []StepResult {
	var list []StepResult
	for _, o := range outcomes {
		list = append(list, o.Result)
	}
	return list
}

// What changes between the plan and the first delete stops all of them; what was
// masked by then makes it partly applied.
func TestForceRemoveLooksAgain(t *testing.T) {
	for name, change := range map[string]func(*forceBench){
		"another store died":       func(b *forceBench) { dead(&b.stores[1]) },
		"a region lost its leader": func(b *forceBench) { b.pd.regions[0].Leader = cluster.Peer{} },
		"a heartbeat at the last moment": func(b *forceBench) {
			b.stores[3].LastHeartbeat = b.stores[3].LastHeartbeat.Add(time.Second)
		},
		"a region came to the store": func(b *forceBench) { b.pd.regions = append(b.pd.regions, region(8, 7, 4)) },
		"it was deleted by somebody": func(b *forceBench) { offline(&b.stores[3]) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newForceBench(t, nil, slices.Concat(looks, climbs)...)
			p := b.plan()
			b.deps.Notify = func(_ *FenceTarget, f Finding) {
				if f.Check == rungPortsHere { // the last rung
					change(b)
				}
			}
			_, err := b.apply(p)
			if _, ok := errors.AsType[*PartialError](err); !ok {
				t.Errorf("ApplyForceRemove() = %v", err)
			}
		})
	}
}

func TestForceRemoveGoesOn(t *testing.T) {
	t.Run("where PD did the first of two", func(t *testing.T) {
		b := newForceBench(t, []string{"force 5"})
		b.both()
		b.pd.regions = []cluster.Region{region(1, 1, 2, 4), region(2, 1, 2, 3, 4, 5)}
		offline(&b.stores[3])
		b.stores[3].PhysicallyDestroyed = true
		b.req.Risks = []string{RiskUnfenced}
		snap, _ := b.pd.Snapshot(t.Context())
		ev := ForceRemoveEvidence{Snapshot: snap, Looks: make(map[cluster.StoreID]*FenceReport)}
		ev.Losses, _ = ReadLosses(t.Context(), b.pd, snap, []cluster.StoreID{4, 5})
		look := b.deps
		look.Journal, look.Window = nil, 0
		reports, _, _ := Fence(t.Context(), b.req.Targets[1:], look)
		ev.Looks[5] = &reports[0]
		p := PlanForceRemove(ev, b.req)
		if err := Err(p.Verb, p.Findings); err != nil {
			t.Fatalf("%v: %+v", err, p.Findings)
		}
		outcomes, err := b.apply(p)
		if err != nil {
			t.Fatal(err)
		}
		if got := resultsOf(outcomes); !slices.Equal(got, []StepResult{StepAlready, StepAlready, StepDone, StepDone}) {
			t.Errorf("results %v", got)
		}
	})
	t.Run("where only the topology is left", func(t *testing.T) {
		b := newForceBench(t, nil)
		tombstone(&b.stores[3])
		b.stores[3].PhysicallyDestroyed = true
		snap, _ := b.pd.Snapshot(t.Context())
		p := PlanForceRemove(ForceRemoveEvidence{Snapshot: snap}, b.req)
		if err := Err(p.Verb, p.Findings); err != nil || p.Changes() != 1 {
			t.Errorf("Err() = %v, %d changes", err, p.Changes())
		}
		if _, err := b.apply(p); err != nil {
			t.Error(err)
		}
	})
	t.Run("but never without a look at the regions", func(t *testing.T) {
		b := newForceBench(t, nil)
		snap, _ := b.pd.Snapshot(t.Context())
		p := PlanForceRemove(ForceRemoveEvidence{Snapshot: snap}, b.req)
		var unknown *UnknownError
		if err := Err(p.Verb, p.Findings); !errors.As(err, &unknown) {
			t.Errorf("Err() = %v", err)
		}
	})
}

func TestForceRemoveWithUnknownOutcome(t *testing.T) {
	b := newForceBench(t, []string{"force 4"}, slices.Concat(looks, climbs)...)
	p := b.plan()
	b.pd.fail["force 4"] = errLost
	_, err := b.apply(p)
	var partial *PartialError
	if !errors.As(err, &partial) || !slices.Contains(b.journal.lines, "unknown force-delete-store/4") {
		t.Errorf("ApplyForceRemove() = %v, journal %q", err, b.journal.lines)
	}
}

// The proofs are for exactly what they were made for.
func TestForceRemoveDemandsProofs(t *testing.T) {
	pd := &forcePD{fakePD: newFakePD(t, nil, "force 4"), bench: newFenceBench(t)}
	set := []cluster.StoreID{5, 4}
	survivable := Survivable{stores: []cluster.StoreID{4, 5}, proven: true}
	fenced := Fenced{store: 4, verdict: FencedByHost}
	for name, call := range map[string]func() error{
		"no clearance":       func() error { return ForceRemove(t.Context(), pd, 4, set, survivable, nil) },
		"of another store":   func() error { return ForceRemove(t.Context(), pd, 5, set, survivable, fenced) },
		"the zero clearance": func() error { return ForceRemove(t.Context(), pd, 4, set, survivable, AcceptedUnfenced{}) },
		"an alive store": func() error {
			return ForceRemove(t.Context(), pd, 4, set, survivable, Fenced{store: 4, verdict: Alive})
		},
		"the zero proof": func() error { return ForceRemove(t.Context(), pd, 4, set, Survivable{}, fenced) },
		"of another set": func() error { return ForceRemove(t.Context(), pd, 4, set[1:], survivable, fenced) },
		"not of the set": func() error {
			return ForceRemove(t.Context(), pd, 6, set, survivable, Fenced{store: 6, verdict: FencedByHost})
		},
	} {
		if call() == nil {
			t.Errorf("%s: it was deleted", name)
		}
	}
	if err := ForceRemove(t.Context(), pd, 4, set, survivable, fenced); err != nil {
		t.Error(err)
	}
}

func TestReadLosses(t *testing.T) {
	b := newForceBench(t, nil)
	b.both()
	flash := tiflash(8)
	b.stores = append(b.stores, flash)
	learner := region(7, 1, 2, 3)
	learner.Peers = append(learner.Peers, cluster.Peer{ID: 708, StoreID: 8, Role: cluster.Learner})
	b.pd.regions = []cluster.Region{region(1, 1, 2, 3, 4, 5), region(2, 1, 2, 4), region(3, 1, 4, 5), learner}
	for i := range 10 {
		b.pd.regions = append(b.pd.regions, region(cluster.RegionID(100+i), 2, 5))
	}
	snap, _ := b.pd.Snapshot(t.Context())
	l, proof := ReadLosses(t.Context(), b.pd, snap, []cluster.StoreID{8, 5, 4})
	if l.Regions != 14 || l.Bear != 3 || l.Lost != 11 || l.LastTiFlash.Count != 1 || proof.Without(l.Stores) {
		t.Errorf("losses %+v", l)
	}
	for _, g := range l.Groups {
		if g.Reason == cluster.LossNoMajority && (g.Count != 11 || len(g.Examples) != cluster.MaxExamples) {
			t.Errorf("group %+v", g)
		}
	}
	if l, proof = ReadLosses(t.Context(), b.pd, snap, []cluster.StoreID{8}); !proof.Without([]cluster.StoreID{8}) || proof.Without([]cluster.StoreID{8, 4}) {
		t.Errorf("losses %+v", l)
	}
	// What nobody can tell is no proof.
	leaderless := region(1, 1, 2, 4)
	leaderless.Leader = cluster.Peer{}
	b.pd.regions = []cluster.Region{leaderless}
	if l, proof = ReadLosses(t.Context(), b.pd, snap, []cluster.StoreID{4}); proof.Without([]cluster.StoreID{4}) || l.CannotTell != 1 {
		t.Errorf("losses %+v", l)
	}
	// A list that breaks off proves nothing, whatever came before.
	b.pd.regions, b.pd.readErr = nil, errLost
	if l, proof = ReadLosses(t.Context(), b.pd, snap, []cluster.StoreID{8}); proof.Without([]cluster.StoreID{8}) || l.Err == nil {
		t.Errorf("losses %+v", l)
	}
}

// The lists of two stores are not one snapshot: a region that is bad in the
// second only is not taken for counted.
func TestReadLossesOfChangingLists(t *testing.T) {
	b := newForceBench(t, nil)
	b.both()
	reads := 0
	b.pd.regions = []cluster.Region{region(1, 1, 2, 3, 4, 5)}
	b.pd.onRead = func() {
		if reads++; reads == 2 {
			b.pd.regions = []cluster.Region{region(1, 1, 4, 5)}
		}
	}
	snap, _ := b.pd.Snapshot(t.Context())
	if l, proof := ReadLosses(t.Context(), b.pd, snap, []cluster.StoreID{4, 5}); l.Lost != 1 || proof.Without(l.Stores) {
		t.Errorf("losses %+v", l)
	}
}
