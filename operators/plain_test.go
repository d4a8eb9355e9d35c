package operators

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"ebb/cluster"
)

// Whatever is counted as plain is what the judges say that it is.
func TestPlainRegionsAreWhatTheJudgesSay(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	now := time.Unix(1_700_000_000, 0)
	plain, others := 0, 0
	for range 300_000 {
		scene := randomScene(random, now)
		r := randomPlainish(random)
		p := newPlainRegions(scene, nil)
		tally := Tally{Peers: make(map[cluster.StoreID]int)}
		if !p.take(r) {
			others++
			continue
		}
		plain++
		if v := cluster.JudgeLoss(r, scene.Stores, nil, now); v.Answer != cluster.Yes || v.Joint {
			t.Fatalf("%+v is taken for plain; the judge says %+v", r, v)
		}
		want := make(map[cluster.StoreID]int)
		for i := range r.Peers {
			id := r.Peers[i].StoreID
			want[id]++
			if scene.wanted(id, nil) {
				t.Fatalf("%+v is taken for plain; the peer on store %d is an orphan", r, id)
			}
		}
		if p.addTo(&tally); tally.Regions != 1 || tally.Majority != 1 || !maps.Equal(tally.Peers, want) {
			t.Fatalf("tally %+v of %+v", tally, r)
		}
	}
	if plain < 1000 || others < 1000 {
		t.Errorf("%d plain regions and %d others prove nothing", plain, others)
	}
}

func randomScene(random *rand.Rand, now time.Time) *Scene {
	s := &Scene{ReadAt: now, Stores: make(cluster.Stores), placement: new(placement)}
	for id := range cluster.StoreID(6) {
		store := &cluster.Store{ID: id, StateName: cluster.StateUp, LastHeartbeat: now.Add(-time.Duration(random.IntN(22)) * time.Second)}
		switch random.IntN(12) {
		case 0:
			store.State = cluster.Tombstone
		case 1:
			store.State = cluster.Offline
		case 2:
			store.PhysicallyDestroyed = true
		case 3:
			store.StateName = cluster.StateDown
		case 4:
			store.LastHeartbeat = time.Time{}
		case 5:
			continue
		}
		s.Stores[id] = store
	}
	return s
}

// randomPlainish is a region that is often plain.
func randomPlainish(random *rand.Rand) *cluster.Region {
	r := &cluster.Region{ID: 1}
	for i := range random.IntN(5) {
		p := cluster.Peer{ID: uint64(i + 1), StoreID: cluster.StoreID(random.IntN(6))}
		if random.IntN(6) == 0 {
			p.Role = cluster.PeerRole(random.IntN(5))
		}
		p.IsWitness = random.IntN(20) == 0
		r.Peers = append(r.Peers, p)
	}
	if len(r.Peers) > 0 && random.IntN(8) > 0 {
		r.Leader = r.Peers[random.IntN(len(r.Peers))]
	}
	if len(r.Peers) > 0 && random.IntN(12) == 0 {
		r.Down = []cluster.DownPeer{{Peer: r.Peers[0]}}
	}
	if len(r.Peers) > 0 && random.IntN(12) == 0 {
		r.Pending = []cluster.Peer{r.Peers[0]}
	}
	return r
}
