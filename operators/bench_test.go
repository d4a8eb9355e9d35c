package operators

import (
	"iter"
	"testing"
	"time"

	"ebb/cluster"
)

// BenchmarkScan judges the majority of every region of a stream, without the
// reading of it.
func BenchmarkScan(b *testing.B) {
	const stores, distinct = 20, 4096
	now := time.Unix(1_700_000_000, 0)
	snap := &cluster.Snapshot{ReadAt: now, Members: &cluster.Members{ClusterID: 1}}
	for id := range cluster.StoreID(stores) {
		snap.Stores = append(snap.Stores, cluster.Store{ID: id + 1, LastHeartbeat: now, StateName: cluster.StateUp})
	}
	scene, err := NewScene(SceneReading{Snapshot: snap})
	if err != nil {
		b.Fatal(err)
	}
	regions := make([]cluster.Region, distinct)
	for i := range regions {
		r := &regions[i]
		r.ID = cluster.RegionID(i + 1)
		for k := range 3 {
			r.Peers = append(r.Peers, cluster.Peer{ID: uint64(10*i + k), StoreID: cluster.StoreID((i+k*7)%stores + 1)})
		}
		r.Leader = r.Peers[0]
	}
	b.ReportAllocs()
	b.ResetTimer()
	_, tally, err := scene.Scan(repeat(regions, b.N), nil)
	if err != nil || tally.Majority != b.N {
		b.Fatal(tally, err)
	}
}

func repeat(regions []cluster.Region, n int) iter.Seq2[cluster.Region, error] {
	return func(yield func(cluster.Region, error) bool) {
		for i := range n {
			if !yield(regions[i%len(regions)], nil) {
				return
			}
		}
	}
}
