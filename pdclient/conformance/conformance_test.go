package conformance_test

import (
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient/conformance"
	"ebb/pdclient/pdtest"
)

func TestPDInMemory(t *testing.T) {
	for _, p := range pdtest.Profiles() {
		t.Run(p.String(), func(t *testing.T) {
			pd := pdtest.New(t, p)
			pd.AddStores(1, 2, 3, 4, 5)
			pd.SetStore(cluster.Store{ID: 6, State: cluster.Tombstone})
			pd.AddRegions(20, 1, 2, 3, 4)
			conformance.Run(t, func(*testing.T) conformance.Target {
				return conformance.Target{
					Profile: p, BaseURL: pd.URLs()[0], Victim: 4, Other: 2, Region: 1003, Tombstone: 6,
					Sleep: func(d time.Duration) { pd.Advance(d) },
				}
			})
			for id := range cluster.StoreID(5) {
				if s, _ := pd.Store(id + 1); s.State != cluster.Up || pd.Limit(id+1) != (cluster.StoreLimit{AddPeer: 15, RemovePeer: 15}) {
					t.Errorf("store %d was left %v with limits %+v", id+1, s.State, pd.Limit(id+1))
				}
			}
		})
	}
}
