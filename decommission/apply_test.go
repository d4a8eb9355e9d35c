package decommission

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"ebb/cluster"
)

func scaleInPlan(snap *cluster.Snapshot, ids ...cluster.StoreID) *Plan {
	req := request(ids...)
	req.EvictLeader = true
	req.Topology = "topology.yaml"
	for i := range req.Targets {
		req.Targets[i].Node = snap.Store(req.Targets[i].StoreID).Address
	}
	return PlanScaleIn(surveyed(snap, ids...), req)
}

func TestApplyInOrder(t *testing.T) {
	snap := snapshot(tikv(1), tikv(2), tikv(3), tikv(4), tikv(5))
	pd := newFakePD(t, snap, "delete 4", "delete 5", "evict 4", "evict 5")
	j, m := new(fakeJournal), new(fakeMarker)
	outcomes, err := Apply(t.Context(), scaleInPlan(snap, 4, 5), deps(pd, j, m))
	if err != nil || len(outcomes) != 5 {
		t.Fatalf("Apply() = %d outcomes, %v", len(outcomes), err)
	}
	want := []string{
		"intent delete-store/4", "done delete-store/4", "intent delete-store/5", "done delete-store/5",
		"intent evict-leader/4", "done evict-leader/4", "intent evict-leader/5", "done evict-leader/5",
		"intent mark-offline", "done mark-offline",
	}
	if !slices.Equal(j.lines, want) {
		t.Errorf("journal:\n got %q\nwant %q", j.lines, want)
	}
	undo, ok := j.undo["delete-store/4"].(UndoRecord)
	if !ok || undo.Limit == nil || *undo.Limit != (cluster.StoreLimit{AddPeer: 15, RemovePeer: 15}) {
		t.Errorf("old limits are not recorded before the delete: %+v", j.undo)
	}
	if !slices.Equal(m.calls, []string{"[10.0.0.4:20160 10.0.0.5:20160] true"}) {
		t.Errorf("topology edits: %q", m.calls)
	}
}

// A second run after a crash finds part of the work done and makes the rest.
func TestApplyAgain(t *testing.T) {
	snap := snapshot(tikv(1), tikv(2), tikv(3), tikv(4, offline))
	pd := newFakePD(t, snap, "evict 4")
	outcomes, err := Apply(t.Context(), scaleInPlan(snap, 4), deps(pd, new(fakeJournal), new(fakeMarker)))
	if err != nil || outcomes[0].Result != StepAlready {
		t.Errorf("Apply() = %+v, %v", outcomes, err)
	}
}

func TestApplyRefusesWhenTheWorldMoved(t *testing.T) {
	tests := map[string]func(*cluster.Snapshot){
		"state":                    func(s *cluster.Snapshot) { offline(&s.Stores[3]) },
		"another store leaves too": func(s *cluster.Snapshot) { offline(&s.Stores[0]) },
		"a receiver died":          func(s *cluster.Snapshot) { dead(&s.Stores[0]) },
		"a receiver is gone":       func(s *cluster.Snapshot) { s.Stores = s.Stores[1:] },
		"restarted":                func(s *cluster.Snapshot) { s.Stores[3].StartTime = now },
		"address":                  func(s *cluster.Snapshot) { s.Stores[3].Address = "10.9.9.9:20160" },
		"gone":                     func(s *cluster.Snapshot) { s.Stores = s.Stores[:3] },
		"cluster":                  func(s *cluster.Snapshot) { s.Members.ClusterID = 8 },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			plan := scaleInPlan(fourStores(), 4)
			later := fourStores()
			change(later)
			j := new(fakeJournal)
			_, err := Apply(t.Context(), plan, deps(newFakePD(t, later), j, new(fakeMarker)))
			var moved *MovedError
			if !errors.As(err, &moved) || len(j.lines) != 0 {
				t.Errorf("Apply() = %v, journal %q", err, j.lines)
			}
		})
	}
}

// Who cannot read the members does not know whether this is still the cluster.
func TestApplyCannotTell(t *testing.T) {
	plan := scaleInPlan(fourStores(), 4)
	later := fourStores()
	later.Members, later.Unread = nil, cluster.Unread{cluster.FieldMembers: errLost}
	_, err := Apply(t.Context(), plan, deps(newFakePD(t, later), new(fakeJournal), new(fakeMarker)))
	if _, ok := errors.AsType[*UnknownError](err); !ok {
		t.Errorf("Apply() = %v", err)
	}
}

func TestApplyStopsAtAFailure(t *testing.T) {
	snap := snapshot(tikv(1), tikv(2), tikv(3), tikv(4), tikv(5))
	no := errors.New("PD said no")
	t.Run("of the first step: nothing changed", func(t *testing.T) {
		pd := newFakePD(t, snap, "delete 4")
		pd.fail["delete 4"] = no
		_, err := Apply(t.Context(), scaleInPlan(snap, 4, 5), deps(pd, new(fakeJournal), new(fakeMarker)))
		var partial *PartialError
		if !errors.Is(err, no) || errors.As(err, &partial) {
			t.Errorf("Apply() = %v", err)
		}
	})
	t.Run("of the second step: partly applied", func(t *testing.T) {
		pd := newFakePD(t, snap, "delete 4", "delete 5")
		pd.fail["delete 5"] = no
		outcomes, err := Apply(t.Context(), scaleInPlan(snap, 4, 5), deps(pd, new(fakeJournal), new(fakeMarker)))
		var partial *PartialError
		if !errors.Is(err, no) || !errors.As(err, &partial) {
			t.Fatalf("Apply() = %v", err)
		}
		var results []StepResult
		for _, o := range outcomes {
			results = append(results, o.Result)
		}
		if want := []StepResult{StepDone, StepFailed, StepLeft, StepLeft, StepLeft}; !slices.Equal(results, want) {
			t.Errorf("results %v, want %v", results, want)
		}
	})
	t.Run("with an unknown outcome: partly applied, never sent again", func(t *testing.T) {
		pd := newFakePD(t, snap, "delete 4")
		pd.fail["delete 4"] = errLost
		j := new(fakeJournal)
		_, err := Apply(t.Context(), scaleInPlan(snap, 4, 5), deps(pd, j, new(fakeMarker)))
		var partial *PartialError
		if !errors.As(err, &partial) || !slices.Contains(j.lines, "unknown delete-store/4") {
			t.Errorf("Apply() = %v, journal %q", err, j.lines)
		}
	})
	t.Run("of the journal: PD is not asked", func(t *testing.T) {
		pd := newFakePD(t, snap)
		if _, err := Apply(t.Context(), scaleInPlan(snap, 4), deps(pd, &fakeJournal{fail: no}, new(fakeMarker))); !errors.Is(err, no) {
			t.Errorf("Apply() = %v", err)
		}
	})
}

// An interrupt lets the step that has begun end, and no other begin.
func TestApplyInterrupted(t *testing.T) {
	snap := snapshot(tikv(1), tikv(2), tikv(3), tikv(4), tikv(5))
	pd := newFakePD(t, snap, "delete 4")
	ctx, cancel := context.WithCancel(t.Context())
	d := deps(pd, new(fakeJournal), new(fakeMarker))
	d.Notify = func(StepOutcome) { cancel() }
	_, err := Apply(ctx, scaleInPlan(snap, 4, 5), d)
	var partial *PartialError
	if !errors.As(err, &partial) || !errors.Is(err, context.Canceled) {
		t.Errorf("Apply() = %v", err)
	}
}

func TestCancel(t *testing.T) {
	unlimited := cluster.StoreLimit{AddPeer: 15, RemovePeer: cluster.LimitUnlimited}
	leaving := func() *cluster.Snapshot {
		snap := snapshot(tikv(1), tikv(2), tikv(3), tikv(4, offline))
		snap.Limits[4] = unlimited
		return snap
	}
	recorded := func(evict bool) History {
		return func(cluster.StoreID) (UndoRecord, bool) {
			return UndoRecord{StoreID: 4, Limit: &cluster.StoreLimit{AddPeer: 20, RemovePeer: 25}, EvictLeader: evict}, true
		}
	}
	none := func(cluster.StoreID) (UndoRecord, bool) { return UndoRecord{}, false }
	tests := []struct {
		name    string
		snap    *cluster.Snapshot
		history History
		writes  []string
	}{
		{"limits as recorded", leaving(), recorded(false), []string{"up 4", "limit 4 add-peer 20", "limit 4 remove-peer 25"}},
		{"no record: only what PD left unlimited, as the others have", leaving(), none, []string{"up 4", "limit 4 remove-peer 15"}},
		{"no record: a limit of its own that PD kept stays", func() *cluster.Snapshot {
			s := leaving()
			s.Limits[4] = cluster.StoreLimit{AddPeer: 40, RemovePeer: cluster.LimitUnlimited}
			return s
		}(), none, []string{"up 4", "limit 4 remove-peer 15"}},
		{"no record, and no store like it: PD's default", func() *cluster.Snapshot {
			s := leaving()
			s.Stores[3].Labels = []cluster.Label{{Key: cluster.EngineLabel, Value: "tiflash"}}
			return s
		}(), none, []string{"up 4", "limit 4 remove-peer 30"}},
		{"evict-leader goes", func() *cluster.Snapshot {
			s := leaving()
			s.EvictLeader = []cluster.StoreID{4}
			return s
		}(), none, []string{"up 4", "limit 4 remove-peer 15", "unevict 4"}},
		{"evict-leader of before stays", func() *cluster.Snapshot {
			s := leaving()
			s.EvictLeader = []cluster.StoreID{4}
			return s
		}(), recorded(true), []string{"up 4", "limit 4 add-peer 20", "limit 4 remove-peer 25"}},
		{"a cancel that was cut short goes on", func() *cluster.Snapshot {
			s := fourStores()
			s.Limits[4] = unlimited
			return s
		}(), recorded(false), []string{"limit 4 add-peer 20", "limit 4 remove-peer 25"}},
		{"nothing left to do", fourStores(), none, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plan := PlanCancel(tt.snap, request(4), tt.history)
			if err := Err(plan.Verb, plan.Findings); err != nil {
				t.Fatal(err)
			}
			if _, err := Apply(t.Context(), plan, deps(newFakePD(t, tt.snap, tt.writes...), new(fakeJournal), new(fakeMarker))); err != nil {
				t.Error(err)
			}
		})
	}
}

// In the seconds after a change of its leader PD calls healthy members
// unhealthy. That must not keep anybody from taking a store back.
func TestCancelInSpiteOfUnhealthyMembers(t *testing.T) {
	snap := snapshot(tikv(1), tikv(4, offline))
	snap.Health = []cluster.MemberHealth{{Name: "pd-1", ID: 1, Healthy: true}, {Name: "pd-2", ID: 2}, {Name: "pd-3", ID: 3}}
	none := func(cluster.StoreID) (UndoRecord, bool) { return UndoRecord{}, false }
	if err := Err(VerbCancelOffline, PlanCancel(snap, request(4), none).Findings); err != nil {
		t.Errorf("with a leader: %v", err)
	}
	snap.Members.Leader = cluster.Member{}
	if err := Err(VerbCancelOffline, PlanCancel(snap, request(4), none).Findings); err == nil {
		t.Error("without a leader: no refusal")
	}
}

func TestCancelRefuses(t *testing.T) {
	destroyed := func(s *cluster.Store) { offline(s); s.PhysicallyDestroyed = true }
	none := func(cluster.StoreID) (UndoRecord, bool) { return UndoRecord{}, false }
	for name, change := range map[string]func(*cluster.Store){"Tombstone": tombstone, "physically destroyed": destroyed} {
		t.Run(name, func(t *testing.T) {
			plan := PlanCancel(snapshot(tikv(1), tikv(4, change)), request(4), none)
			var refused *RefusedError
			if err := Err(plan.Verb, plan.Findings); !errors.As(err, &refused) || refused.Hint() == "" {
				t.Errorf("Err() = %v", err)
			}
		})
	}
}

func TestEstimate(t *testing.T) {
	snap := fourStores()
	plan := PlanScaleIn(surveyed(snap, 4), request(4))
	// 300 regions, three receivers with 15 a minute each.
	if want := 6*time.Minute + 40*time.Second; plan.Estimate == nil || plan.Estimate.AtLeast != want {
		t.Errorf("estimate %+v, want %s", plan.Estimate, want)
	}
}
