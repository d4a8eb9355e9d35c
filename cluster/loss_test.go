package cluster

import (
	"testing"
	"time"
)

func TestJudgeLoss(t *testing.T) {
	// peer i+1 is on store i+1; stores 1 to 9 are live unless listed as dead.
	region := func(leader StoreID, roles ...PeerRole) *Region {
		r := &Region{ID: 1}
		for i, role := range roles {
			r.Peers = append(r.Peers, Peer{ID: uint64(i + 11), StoreID: StoreID(i + 1), Role: role})
		}
		if p := r.PeerOn(leader); p != nil {
			r.Leader = *p
		}
		return r
	}
	edit := func(r *Region, change func(*Region)) *Region {
		change(r)
		return r
	}
	witness := func(ids ...StoreID) func(*Region) {
		return func(r *Region) {
			for _, id := range ids {
				r.PeerOn(id).IsWitness = true
			}
		}
	}
	const V, L, I, D = Voter, Learner, IncomingVoter, DemotingVoter
	tests := []struct {
		name   string
		region *Region
		lost   []StoreID
		dead   []StoreID
		want   Answer
		reason LossReason
	}{
		{"1 of 3", region(1, V, V, V), []StoreID{3}, nil, Yes, LossKeepsMajority},
		{"2 of 3", region(1, V, V, V), []StoreID{2, 3}, nil, No, LossNoMajority},
		{"1 of 3 while another is dead", region(1, V, V, V), []StoreID{3}, []StoreID{2}, No, LossNoMajority},
		{"1 of 2", region(1, V, V), []StoreID{2}, nil, No, LossNoMajority},
		{"2 of 4", region(1, V, V, V, V), []StoreID{3, 4}, nil, No, LossNoMajority},
		{"2 of 5", region(1, V, V, V, V, V), []StoreID{4, 5}, nil, Yes, LossKeepsMajority},
		{"the one copy", region(1, V), []StoreID{1}, nil, No, LossNoMajority},
		{"a learner", region(1, V, V, V, L), []StoreID{4}, nil, Yes, LossLearnersOnly},
		{"a learner of a region without majority", region(1, V, V, V, L), []StoreID{4}, []StoreID{2, 3}, No, LossNoMajority},
		{"a down peer does not count", edit(region(1, V, V, V), func(r *Region) { r.Down = []DownPeer{{Peer: r.Peers[1]}} }), []StoreID{3}, nil, No, LossNoMajority},
		{"a pending peer does not count", edit(region(1, V, V, V), func(r *Region) { r.Pending = []Peer{r.Peers[1]} }), []StoreID{3}, nil, No, LossNoMajority},
		{"the leader", region(3, V, V, V), []StoreID{3}, nil, CannotTell, LossLeaderGone},
		{"no leader", region(0, V, V, V), []StoreID{3}, nil, CannotTell, LossLeaderGone},
		{"the leader is on another dead store", region(2, V, V, V, V, V), []StoreID{3}, []StoreID{2}, CannotTell, LossLeaderGone},
		{"a witness is said to lead", edit(region(2, V, V, V), witness(2)), []StoreID{3}, nil, CannotTell, LossLeaderGone},
		{"a learner is said to lead", region(4, V, V, V, L), []StoreID{3}, nil, CannotTell, LossLeaderGone},
		{"the leader is none of the peers", edit(region(1, V, V, V), func(r *Region) { r.Leader.StoreID = 9 }), []StoreID{3}, nil, CannotTell, LossLeaderGone},
		{"only witnesses", edit(region(3, V, V, V), witness(1, 2)), []StoreID{3}, nil, No, LossOnlyWitnesses},
		{"joint, old half", region(1, V, I, I, D, D), []StoreID{4, 5}, nil, No, LossNoOldMajority},
		{"joint, new half", region(1, V, I, I, D, D), []StoreID{2, 3}, nil, No, LossNoNewMajority},
		{"joint, both halves hold", region(1, V, V, I, D), []StoreID{4}, nil, Yes, LossKeepsMajority},
		{"no peers", &Region{ID: 1}, []StoreID{3}, nil, CannotTell, LossMalformed},
		{"two peers on one store", edit(region(1, V, V, V), func(r *Region) { r.Peers[1].StoreID = 1 }), []StoreID{3}, nil, CannotTell, LossMalformed},
		{"an unknown role", region(1, V, V, V, PeerRole(7)), []StoreID{3}, nil, CannotTell, LossMalformed},
		{"a store that PD has no record of", edit(region(1, V, V, V), func(r *Region) { r.Peers[1].StoreID = 77 }), []StoreID{3}, nil, No, LossNoMajority},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stores, lost := liveStores(1, 2, 3, 4, 5, 6, 7, 8, 9), make(map[StoreID]bool)
			for _, id := range tt.lost {
				lost[id] = true
			}
			for _, id := range append(tt.dead, tt.lost...) {
				stores[id].LastHeartbeat = testNow.Add(-time.Minute)
			}
			if v := JudgeLoss(tt.region, stores, lost, testNow); v.Answer != tt.want || v.Reason != tt.reason {
				t.Errorf("JudgeLoss() = %v, %s, want %v, %s", v.Answer, v.Reason, tt.want, tt.reason)
			}
		})
	}
}

// Where it depends on stores that were not heard yet, nobody can tell; where it
// does not, their silence does not matter.
func TestJudgeLossBeforeStoresWereHeard(t *testing.T) {
	r := &Region{ID: 1, Peers: []Peer{{ID: 11, StoreID: 1}, {ID: 12, StoreID: 2}, {ID: 13, StoreID: 3}}, Leader: Peer{ID: 11, StoreID: 1}}
	stores := liveStores(1, 2, 3)
	*stores[2] = Store{ID: 2, StateName: StateDown}
	if v := JudgeLoss(r, stores, map[StoreID]bool{3: true}, testNow); v.Answer != CannotTell || v.Reason != LossNotHeard {
		t.Errorf("one unheard: %v, %s", v.Answer, v.Reason)
	}
	stores[2].State = Tombstone
	if v := JudgeLoss(r, stores, map[StoreID]bool{3: true}, testNow); v.Answer != No {
		t.Errorf("a Tombstone is no store that may turn up: %v, %s", v.Answer, v.Reason)
	}
}

func TestJudgeLossOfTiFlash(t *testing.T) {
	stores := liveStores(1, 2, 3, 4, 5)
	for _, id := range []StoreID{4, 5} {
		stores[id].Labels = []Label{{Key: EngineLabel, Value: "tiflash"}}
	}
	r := &Region{ID: 1, Leader: Peer{ID: 1, StoreID: 1}}
	for id := StoreID(1); id <= 5; id++ {
		r.Peers = append(r.Peers, Peer{ID: uint64(id), StoreID: id})
	}
	r.Peers[3].Role, r.Peers[4].Role = Learner, Learner
	lose := func(ids ...StoreID) bool {
		lost := make(map[StoreID]bool)
		for _, id := range ids {
			lost[id] = true
		}
		v := JudgeLoss(r, stores, lost, testNow)
		if v.Answer != Yes {
			t.Errorf("without %v: %v, %s", ids, v.Answer, v.Reason)
		}
		return v.LastTiFlash
	}
	if lose(4) || lose(3) {
		t.Error("a replica is left")
	}
	if !lose(4, 5) {
		t.Error("no replica is left")
	}
	r.Pending = []Peer{r.Peers[4]}
	if !lose(4) {
		t.Error("the replica that is left has no data yet")
	}
}
