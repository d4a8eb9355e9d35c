package bench

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"ebb/playground/bench/cost"
)

// orphansFound is what ebb orphans says of the lost store.
type orphansFound struct {
	Orphans []orphanFound `json:"orphans"`
}

type orphanFound struct {
	Region  uint64 `json:"region_id"`
	Store   uint64 `json:"store_id"`
	Verdict string `json:"verdict"`
}

// verdictOf is what has to be said of a region with such a fate. Scheduling is
// halted, so PD repairs nothing by itself.
var verdictOf = map[fate]string{majority: "safe", lostLearner: "safe", noMajority: "refuse", lastButOne: "refuse"}

// orphans runs ebb orphans and compares what it finds with the truth.
func orphans(b *testing.B, args ...string) sample {
	b.Helper()
	args = append([]string{filepath.Join(lab.bin, "ebb"), "orphans", "-u", lab.url, "-o", "json"}, args...)
	s, out := command(b, []int{0, 3}, args...)
	var found orphansFound
	if err := json.Unmarshal(out, &found); err != nil {
		b.Fatalf("%q: %v in %.500s", args, err, out)
	}
	var want []orphanFound
	for i := range lab.regions {
		if f := fateOf(i); f != whole {
			want = append(want, orphanFound{Region: regionID(i), Store: lostStore, Verdict: verdictOf[f]})
		}
	}
	slices.SortFunc(found.Orphans, func(a, b orphanFound) int { return int(a.Region) - int(b.Region) })
	if !slices.Equal(found.Orphans, want) {
		b.Fatalf("%q: %d orphans, want %d: %.200v; %.200v", args, len(found.Orphans), len(want), found.Orphans, want)
	}
	return s
}

const (
	byStats  = "ebb orphans"
	fullScan = "ebb orphans --full-scan"
	twoCalls = "discard, the answers behind ebb orphans"
)

// BenchmarkOrphans compares ebb orphans with the SOP, and its full scan with
// discarding what it reads.
func BenchmarkOrphans(b *testing.B) {
	open(b)
	var c contest
	for b.Loop() {
		for round := range 3 {
			c.add(byStats, orphans(b))
			if round == 0 {
				runSOP(b)
			}
			c.discard(b, twoCalls, discardStats)
			c.add(byStats, orphans(b))
			c.add(fullScan, orphans(b, "--full-scan"))
			c.discard(b, pages(4096), func() (cost.Cost, error) { return discardPages(4096) })
			c.discard(b, pages(10240), func() (cost.Cost, error) { return discardPages(10240) })
		}
	}
	c.add("SOP", sop.best)
	b.Log(&c)
	quick := c.best[byStats]
	b.ReportMetric(0, "ns/op")
	c.compare(b, "SOP", byStats, "x-faster-than-sop")
	b.ReportMetric(float64(quick.PeakKiB)/1024, "MiB-rss")
	b.ReportMetric(quick.PD.Seconds()/quick.Wall.Seconds(), "pd-share")
	c.compare(b, byStats, twoCalls, "x-discard")
	c.compare(b, fullScan, pages(4096), "x-discard-full-scan")
	b.ReportMetric(float64(c.best[fullScan].PeakKiB)/1024, "MiB-rss-full-scan")
}

// discardStats asks what ebb orphans cannot do without: where the last region
// begins, the counts up to there, and the regions of the store that they show.
func discardStats() (cost.Cost, error) {
	began := time.Now()
	var last bytes.Buffer
	if err := fetch(&last, "/regions/key", url.Values{"key": {"\xff\xff\xff"}, "limit": {"1"}}); err != nil {
		return cost.Cost{}, err
	}
	end := string(startKey(lab.regions-1, lab.regions))
	if err := fetch(io.Discard, "/stats/region", url.Values{"start_key": {""}, "end_key": {end}}); err != nil {
		return cost.Cost{}, err
	}
	err := fetch(io.Discard, "/regions/store/"+strconv.Itoa(lostStore), nil)
	return cost.Cost{Wall: time.Since(began)}, err
}
