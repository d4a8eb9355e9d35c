package diagnose

import "testing"

// BenchmarkTally counts one region of a leaving store; the tally stays as it is
// however many there are.
func BenchmarkTally(b *testing.B) {
	f := healthy(20, 1000)
	ev := f.collect(b, 0)
	v := newView(ev)
	c := counter{store: 20, world: NewWorld(v.snap, nil), stores: v.stores, now: v.now, tally: new(Tally)}
	b.ReportAllocs()
	for i := range b.N {
		c.add(&f.regions[i%len(f.regions)])
	}
}
