package bench

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ebb/playground/bench/cost"
)

// BenchmarkRegionJQ runs the SOP's jq program through ebb.
func BenchmarkRegionJQ(b *testing.B) {
	open(b)
	var c contest
	for b.Loop() {
		for round := range 3 {
			s, out := command(b, []int{0}, filepath.Join(lab.bin, "ebb"), "region", "-u", lab.url, "--jq", sopFilter)
			var ids []uint64
			for line := range strings.Lines(string(out)) {
				ids = append(ids, number(b, strings.TrimSpace(line)))
			}
			slices.Sort(ids)
			wantIDs(b, "ebb region --jq", ids, lostRegions())
			c.add("ebb region --jq", s)
			if round == 0 {
				runSOP(b)
			}
			for _, size := range []int{4096, 10240} {
				c.discard(b, pages(size), func() (cost.Cost, error) { return discardPages(size) })
			}
		}
	}
	c.add("SOP", sop.best)
	b.Log(&c)
	b.ReportMetric(0, "ns/op")
	c.compare(b, "SOP", "ebb region --jq", "x-faster-than-sop")
	c.compare(b, "ebb region --jq", pages(4096), "x-discard-4096")
	c.compare(b, "ebb region --jq", pages(10240), "x-discard-10240")
	b.ReportMetric(float64(c.best["ebb region --jq"].PeakKiB)/1024, "MiB-rss")
}
