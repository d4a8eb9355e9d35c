package cluster

import (
	"testing"
	"time"
)

func TestJudgeSuddenLoss(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	store := func(id StoreID, age time.Duration) *Store {
		return &Store{ID: id, StateName: StateUp, LastHeartbeat: now.Add(-age)}
	}
	stores := Stores{1: store(1, 0), 2: store(2, 0), 3: store(3, 0), 4: store(4, time.Minute)}
	region := func(leader StoreID, change func(*Region), ids ...StoreID) *Region {
		r := &Region{ID: 1}
		for _, id := range ids {
			r.Peers = append(r.Peers, Peer{ID: uint64(id) + 10, StoreID: id})
		}
		if p := r.PeerOn(leader); p != nil {
			r.Leader = *p
		}
		if change != nil {
			change(r)
		}
		return r
	}
	tests := []struct {
		name   string
		region *Region
		lost   []StoreID
		answer Answer
		reason LossReason
	}{
		{"a follower", region(1, nil, 1, 2, 3), []StoreID{2}, Yes, LossKeepsMajority},
		{"the leader", region(1, nil, 1, 2, 3), []StoreID{1}, Yes, LossElects},
		{"two of three", region(1, nil, 1, 2, 3), []StoreID{1, 2}, No, LossNoMajority},
		{"the leader, and another is dead already", region(1, nil, 1, 2, 4), []StoreID{1}, No, LossNoMajority},
		{"a store that is dead was the leader", region(4, nil, 4, 2, 3), []StoreID{4}, CannotTell, LossLeaderGone},
		{"no leader", region(0, nil, 1, 2, 3), []StoreID{1}, CannotTell, LossLeaderGone},
		{"the leader is another, and dead", region(4, nil, 1, 2, 3, 4), []StoreID{1}, No, LossNoMajority},
		{"the leader, with a witness", region(1, func(r *Region) { r.Peers[2].IsWitness = true }, 1, 2, 3), []StoreID{1}, CannotTell, LossLeaderGone},
		{"the leader, and one that stays is pending", region(1, func(r *Region) { r.Pending = r.Peers[2:] }, 1, 2, 3), []StoreID{1}, No, LossNoMajority},
		{"the leader is said to be down", region(1, func(r *Region) { r.Down = []DownPeer{{Peer: r.Peers[0]}} }, 1, 2, 3), []StoreID{1}, CannotTell, LossLeaderGone},
		{"the leader is a learner", region(1, func(r *Region) { r.Peers[0].Role = Learner }, 1, 2, 3), []StoreID{1}, CannotTell, LossLeaderGone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lost := make(map[StoreID]bool)
			for _, id := range tt.lost {
				lost[id] = true
			}
			if v := JudgeSuddenLoss(tt.region, stores, lost, now); v.Answer != tt.answer || v.Reason != tt.reason {
				t.Errorf("%v (%s), want %v (%s)", v.Answer, v.Reason, tt.answer, tt.reason)
			}
		})
	}
}
