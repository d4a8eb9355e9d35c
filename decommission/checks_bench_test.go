package decommission

import (
	"context"
	"iter"
	"testing"

	"ebb/cluster"
)

// manyRegions streams n regions of a store over 20 stores.
type manyRegions struct{ n int }

func (m manyRegions) RegionsOfStore(_ context.Context, id cluster.StoreID) iter.Seq2[cluster.Region, error] {
	return func(yield func(cluster.Region, error) bool) {
		for i := range m.n {
			a, b := cluster.StoreID(i%19+1), cluster.StoreID(i/19%19+1)
			if a == b {
				b = b%19 + 1
			}
			if !yield(regionOn(uint64(i), id, a, b), nil) {
				return
			}
		}
	}
}

// BenchmarkReadLeaving is what judging adds to reading the regions of one store;
// making the regions is part of it.
func BenchmarkReadLeaving(b *testing.B) {
	var stores []cluster.Store
	for id := range cluster.StoreID(20) {
		stores = append(stores, tikv(id+1))
	}
	snap := snapshot(stores...)
	const regions = 100_000
	for b.Loop() {
		ReadLeaving(b.Context(), manyRegions{regions}, snap, []cluster.StoreID{20})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/regions, "ns/region")
}
