package diagnose

import (
	"testing"

	"ebb/cluster"
)

// zoned gives a store a zone.
func zoned(s cluster.Store, zone string) cluster.Store {
	s.Labels = append(s.Labels, cluster.Label{Key: "zone", Value: zone})
	return s
}

// role changes the role of the peer on a store.
func role(r *cluster.Region, store cluster.StoreID, to cluster.PeerRole) *cluster.Region {
	r.PeerOn(store).Role = to
	return r
}

// TestStep asks which operator PD creates next, for which peer, and where to.
func TestStep(t *testing.T) {
	type snap = *cluster.Snapshot
	down := func(r *cluster.Region, stores ...cluster.StoreID) *cluster.Region {
		for _, id := range stores {
			r.Down = append(r.Down, cluster.DownPeer{Peer: *r.PeerOn(id)})
		}
		return r
	}
	pending := func(r *cluster.Region, store cluster.StoreID) *cluster.Region {
		r.Pending = append(r.Pending, *r.PeerOn(store))
		return r
	}
	byZone := func(s snap) { s.Rules[0].LocationLabels = []string{"zone"} }
	twoRules := func(role2 cluster.RuleRole, constraint ...cluster.LabelConstraint) func(snap) {
		return func(s snap) {
			s.Rules[0].Count = 2
			s.Rules = append(s.Rules, cluster.Rule{GroupID: "pd", ID: "second", Index: 1, Role: role2, Count: 1, LabelConstraints: constraint})
		}
	}
	inZone2 := cluster.LabelConstraint{Key: "zone", Op: "in", Values: []string{"z2"}}
	onDisk := cluster.LabelConstraint{Key: "disk", Op: "exists"}
	shortOfTwo := func(s snap) { twoRules(cluster.RoleVoter, onDisk)(s); s.Rules[1].Count = 2 }
	noRules := func(s snap) { s.Replication.EnablePlacementRules = false }
	silent := func(id cluster.StoreID) cluster.Store {
		s := upStore(id)
		s.StateName = cluster.StateDown
		return s
	}
	for name, c := range map[string]struct {
		stores []cluster.Store
		region *cluster.Region
		change func(snap)
		ask    cluster.StoreID // 4
		want   string          // operator
		goes   cluster.StoreID
		class  TailClass
		places []cluster.StoreID
	}{
		"an orphan goes once all is well": {
			stores: []cluster.Store{upStore(1), upStore(2), upStore(3), leavingStore(4)}, region: testRegion(1, 2, 3, 4),
			want: stepRemoveOrphan, goes: 4, class: TailWaiting,
		},
		"the sick one is the orphan": {
			stores: []cluster.Store{upStore(1), upStore(2), upStore(3), upStore(4)}, region: down(testRegion(1, 2, 3, 4), 2), ask: 2,
			want: stepRemoveOrphan, goes: 2, class: TailWaiting,
		},
		"the orphan is the one in the same zone": {
			stores: []cluster.Store{zoned(upStore(1), "z1"), zoned(upStore(2), "z1"), zoned(upStore(3), "z2"), zoned(upStore(4), "z3")},
			region: testRegion(1, 2, 3, 4), change: byZone, ask: 2, want: stepRemoveOrphan, goes: 2, class: TailWaiting,
		},
		"a down store is replaced": {
			stores: []cluster.Store{upStore(1), upStore(2), upStore(3), silent(4)}, region: down(testRegion(1, 2, 4), 4),
			want: stepReplaceDown, goes: 4, class: TailWaiting, places: []cluster.StoreID{3},
		},
		"a down peer on a store that is up stays": {
			stores: []cluster.Store{upStore(1), upStore(2), upStore(3), upStore(4)}, region: down(testRegion(1, 2, 4), 4),
			want: stepReplaceOffline, goes: 4, class: TailNotLeaving, places: []cluster.StoreID{3},
		},
		"a peer too few comes first": {
			stores: []cluster.Store{upStore(1), upStore(2), upStore(3), leavingStore(4)}, region: testRegion(1, 4),
			want: stepAdd, class: TailWaiting, places: []cluster.StoreID{2, 3},
		},
		"an earlier peer without target holds up the rule": {
			stores: []cluster.Store{zoned(upStore(1), "z1"), zoned(leavingStore(2), "z2"), zoned(leavingStore(4), "z4"), zoned(upStore(5), "z4")},
			region: testRegion(1, 2, 4), change: func(s snap) { byZone(s); s.Rules[0].IsolationLevel = "zone" },
			want: stepReplaceOffline, goes: 2, class: TailNoTarget,
		},
		"a peer makes room for another rule": {
			stores: []cluster.Store{zoned(upStore(1), "z2"), upStore(2), upStore(3), zoned(leavingStore(4), "z2")}, region: role(testRegion(1, 2, 4), 4, cluster.Learner),
			change: func(s snap) { twoRules(cluster.RoleLearner, inZone2)(s); s.Rules[1].Count = 2 },
			want:   stepSwap, goes: 1, class: TailWaiting, places: []cluster.StoreID{3},
		},
		"only the first peer is tried for room": {
			stores: []cluster.Store{zoned(upStore(1), "z2"), zoned(upStore(2), "z2"), zoned(upStore(3), "z3"), zoned(leavingStore(4), "z2")},
			region: role(testRegion(1, 2, 4), 4, cluster.Learner),
			change: func(s snap) {
				twoRules(cluster.RoleLearner, inZone2)(s)
				s.Rules[1].Count = 2
				// Two rules of one peer each; of the first one only z2 will do.
				s.Rules[0].Count, s.Rules[0].LabelConstraints = 1, []cluster.LabelConstraint{inZone2}
				s.Rules = append(s.Rules[:1:1], cluster.Rule{GroupID: "pd", ID: "free", Role: cluster.RoleVoter, Count: 1}, s.Rules[1])
			},
			want: stepAdd, class: TailLearnerRule,
		},
		"no room from a rule that is short itself": {
			stores: []cluster.Store{zoned(upStore(1), "z2"), upStore(2), upStore(3), leavingStore(4)}, region: testRegion(1, 4), ask: 4,
			change: func(s snap) { twoRules(cluster.RoleLearner, inZone2)(s); s.Rules[0].Count = 3 },
			want:   stepAdd, class: TailWaiting, places: []cluster.StoreID{2, 3},
		},
		"an orphan stands in for a silent store": {
			stores: []cluster.Store{upStore(1), upStore(2), silent(3), leavingStore(4)}, region: role(testRegion(1, 2, 3, 4), 4, cluster.Learner),
			want: stepUseOrphan, goes: 3, class: TailWaiting,
		},
		"not in a worse place": {
			stores: []cluster.Store{zoned(upStore(1), "z1"), zoned(upStore(2), "z2"), zoned(silent(3), "z3"), zoned(leavingStore(4), "z1")},
			region: role(testRegion(1, 2, 3, 4), 4, cluster.Learner), change: byZone, class: TailDownReplica,
		},
		"a sick orphan goes although a rule is short": {
			stores: []cluster.Store{upStore(1), upStore(2), leavingStore(4), leavingStore(5)}, ask: 5,
			region: pending(role(role(testRegion(1, 2, 4, 5), 4, cluster.Learner), 5, cluster.Learner), 5),
			change: shortOfTwo, want: stepRemoveOrphan, goes: 5, class: TailWaiting,
		},
		"healthy orphans stay as long as there are no more peers than the rules ask for": {
			stores: []cluster.Store{upStore(1), upStore(2), leavingStore(4), leavingStore(5)}, ask: 5,
			region: role(role(testRegion(1, 2, 4, 5), 4, cluster.Learner), 5, cluster.Learner),
			change: shortOfTwo, want: stepAdd, class: TailNoTarget,
		},
		"of too many orphans the silent one goes": {
			stores: []cluster.Store{upStore(1), upStore(2), upStore(4), upStore(5), silent(6)}, ask: 6,
			region: role(role(role(testRegion(1, 2, 4, 5, 6), 4, cluster.Learner), 5, cluster.Learner), 6, cluster.Learner),
			change: twoRules(cluster.RoleVoter, onDisk), want: stepRemoveOrphan, goes: 6, class: TailWaiting,
		},
		"an orphan that stands in may lead": {
			stores: []cluster.Store{upStore(1), upStore(2), silent(3), upStore(4)}, region: role(testRegion(3, 1, 2, 4), 4, cluster.Learner), ask: 3,
			change: func(s snap) { s.EvictLeader = []cluster.StoreID{1, 2} }, want: stepUseOrphan, goes: 3, class: TailNoLeader,
		},
		"no room from a rule with a wrong role": {
			stores: []cluster.Store{zoned(upStore(1), "z2"), upStore(2), upStore(3), zoned(leavingStore(4), "z2")},
			region: role(role(testRegion(2, 1, 4), 1, cluster.Learner), 4, cluster.Learner),
			change: func(s snap) { twoRules(cluster.RoleLearner, inZone2)(s); s.Rules[1].Count = 2 },
			want:   stepAdd, class: TailLearnerRule,
		},
		"no rules, a peer too many": {
			stores: []cluster.Store{upStore(1), upStore(2), upStore(3), leavingStore(4)}, region: testRegion(1, 2, 3, 4), change: noRules,
			want: stepRemoveExtra, goes: 4, class: TailWaiting,
		},
		"no rules, a learner is promoted first": {
			stores: []cluster.Store{upStore(1), upStore(2), upStore(3), leavingStore(4)}, region: role(testRegion(1, 2, 3, 4), 3, cluster.Learner), change: noRules,
			want: stepPromote, class: TailWaiting,
		},
		"no rules, a sick learner": {
			stores: []cluster.Store{upStore(1), upStore(2), upStore(3), leavingStore(4)}, change: noRules,
			region: pending(role(testRegion(1, 2, 3, 4), 3, cluster.Learner), 3), class: TailPendingReplica,
		},
		"no rules, a down peer without target does not hold up": {
			stores: []cluster.Store{silent(1), zoned(upStore(2), "z2"), zoned(upStore(3), "z3"), zoned(leavingStore(4), "z4"), zoned(upStore(5), "z4")},
			region: down(testRegion(2, 1, 3, 4), 1),
			change: func(s snap) {
				noRules(s)
				s.Replication.MaxReplicas, s.Replication.LocationLabels, s.Replication.IsolationLevel = 4, []string{"zone"}, "zone"
			},
			want: stepReplica, goes: 4, class: TailWaiting, places: []cluster.StoreID{5},
		},
		"only some places may lead": {
			stores: []cluster.Store{upStore(1), upStore(2), upStore(3), leavingStore(4), upStore(5)}, region: testRegion(4, 1, 2),
			change: func(s snap) { s.EvictLeader = []cluster.StoreID{1, 2, 3} },
			want:   stepReplaceOffline, goes: 4, class: TailUnknown, places: []cluster.StoreID{3, 5},
		},
	} {
		t.Run(name, func(t *testing.T) {
			snap := testSnapshot(c.stores...)
			if c.change != nil {
				c.change(snap)
			}
			ask := c.ask
			if ask == 0 {
				ask = 4
			}
			e := NewWorld(snap, nil).Explain(c.region, ask)
			var got Step
			if e.Step != nil {
				got = *e.Step
			}
			if e.Class != c.class || got.Operator != c.want || got.Removes != c.goes {
				t.Errorf("class %s, step %+v, want %s of store %d: %s", e.Class, got, c.want, c.goes, e.Sentence)
			}
			if places := e.Eligible(); len(places) != len(c.places) || len(places) > 0 && (places[0] != c.places[0] || places[len(places)-1] != c.places[len(places)-1]) {
				t.Errorf("places %v, want %v: %s", places, c.places, e.Sentence)
			}
			t.Log(e.Sentence)
		})
	}
}

// A later rule gets the peer that only it can use.
func TestFitLeavesRoom(t *testing.T) {
	snap := testSnapshot(zoned(upStore(1), "z2"), upStore(2))
	snap.Rules[0].Count = 1
	snap.Rules = append(snap.Rules, cluster.Rule{GroupID: "pd", ID: "second", Role: cluster.RoleVoter, Count: 1,
		LabelConstraints: []cluster.LabelConstraint{{Key: "zone", Op: "in", Values: []string{"z2"}}}})
	e := NewWorld(snap, nil).Explain(testRegion(1, 2), 1)
	if len(e.Rules) != 2 || e.Rules[0].Peers[0].StoreID != 2 || e.Rules[1].Peers[0].StoreID != 1 || len(e.Orphans) > 0 {
		t.Errorf("%+v", e.Rules)
	}
}
