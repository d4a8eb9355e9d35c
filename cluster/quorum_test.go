package cluster

import (
	"testing"
	"time"
)

var testNow = time.Unix(1_790_000_000, 0)

func liveStores(ids ...StoreID) Stores {
	m := make(Stores)
	for _, id := range ids {
		m[id] = &Store{ID: id, LastHeartbeat: testNow}
	}
	return m
}

func TestStoreLive(t *testing.T) {
	ago := func(d time.Duration) time.Time { return testNow.Add(-d) }
	tests := []struct {
		name  string
		store *Store
		want  bool
	}{
		{"unknown to PD", nil, false},
		{"fresh", &Store{LastHeartbeat: ago(time.Second)}, true},
		{"at the edge", &Store{LastHeartbeat: ago(20 * time.Second)}, true},
		{"disconnected", &Store{LastHeartbeat: ago(21 * time.Second)}, false},
		{"PD knows better", &Store{StateName: StateDisconnected, LastHeartbeat: ago(20 * time.Second)}, false},
		{"PD says down", &Store{StateName: StateDown, LastHeartbeat: ago(20 * time.Second)}, false},
		{"never sent a heartbeat", &Store{}, false},
		{"offline still serves", &Store{State: Offline, LastHeartbeat: testNow}, true},
		{"offline and dead", &Store{State: Offline, StateName: StateOffline, LastHeartbeat: ago(time.Hour)}, false},
		{"tombstone", &Store{State: Tombstone, LastHeartbeat: testNow}, false},
		{"physically destroyed", &Store{State: Offline, PhysicallyDestroyed: true, LastHeartbeat: testNow}, false},
		{"PD's clock has whole seconds", &Store{LastHeartbeat: testNow.Add(900 * time.Millisecond)}, true},
		{"a heartbeat from the future is no evidence", &Store{LastHeartbeat: testNow.Add(time.Minute)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.store.Live(testNow); got != tt.want {
				t.Errorf("Live() = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestHasQuorum(t *testing.T) {
	region := func(roles ...PeerRole) *Region {
		r := &Region{ID: 1}
		for i, role := range roles {
			r.Peers = append(r.Peers, Peer{ID: uint64(i + 11), StoreID: StoreID(i + 1), Role: role})
		}
		return r
	}
	witness := region(Voter, Voter, Voter)
	witness.Peers[1].IsWitness, witness.Peers[2].IsWitness = true, true
	down := region(Voter, Voter, Voter)
	down.Down = []DownPeer{{Peer: down.Peers[1]}}
	pending := region(Voter, Voter, Voter)
	pending.Pending = []Peer{pending.Peers[1]}
	lose := func(ids ...StoreID) map[StoreID]bool {
		m := make(map[StoreID]bool)
		for _, id := range ids {
			m[id] = true
		}
		return m
	}
	tests := []struct {
		name   string
		region *Region
		live   Stores
		lost   map[StoreID]bool
		want   bool
	}{
		{"3 of 3", region(Voter, Voter, Voter), liveStores(1, 2, 3), nil, true},
		{"2 of 3", region(Voter, Voter, Voter), liveStores(1, 2), nil, true},
		{"1 of 3", region(Voter, Voter, Voter), liveStores(1), nil, false},
		{"2 of 4 is no majority", region(Voter, Voter, Voter, Voter), liveStores(1, 2), nil, false},
		{"losing one of two", region(Voter, Voter), liveStores(1, 2), lose(2), false},
		{"learners do not vote", region(Voter, Voter, Voter, Learner, Learner), liveStores(1, 4, 5), nil, false},
		{"a lost learner costs nothing", region(Voter, Voter, Voter, Learner), liveStores(1, 2, 3, 4), lose(4), true},
		{"a down peer does not vote", down, liveStores(1, 2), nil, false},
		{"a pending peer does not vote", pending, liveStores(1, 2), nil, false},
		{"joint: the new half fails", region(Voter, IncomingVoter, IncomingVoter, DemotingVoter, DemotingVoter), liveStores(1, 4, 5), nil, false},
		{"joint: the old half fails", region(Voter, IncomingVoter, IncomingVoter, DemotingVoter, DemotingVoter), liveStores(1, 2, 3), nil, false},
		{"joint: both halves hold", region(Voter, Voter, IncomingVoter, DemotingVoter), liveStores(1, 2), nil, true},
		{"witnesses alone cannot lead", witness, liveStores(2, 3), nil, false},
		{"no voters", region(Learner), liveStores(1), nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := HasQuorum(tt.region, tt.live, tt.lost, testNow); got != tt.want {
				t.Errorf("HasQuorum() = %v, want %v", got, tt.want)
			}
		})
	}
}
