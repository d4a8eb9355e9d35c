package bench

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"ebb/playground/bench/cost"
)

// The SOP's programs: which regions have a peer on the lost store, and pd-ctl's
// command for each.
var (
	sopFilter = fmt.Sprintf(".regions[] | {id: .id, peer_stores: [.peers[].store_id] | select(any(.==%d)) } | .id", lostStore)
	sopAwk    = fmt.Sprintf(`{if($0!=""){print "pd-ctl operator add remove-peer",$0,"%d"}}`, lostStore)
)

// sop is the best run of the pipeline so far; it is slow enough to be measured
// once in each benchmark.
var sop struct {
	best sample
	ids  []uint64
}

func runSOP(b *testing.B) {
	b.Helper()
	s, out := command(b, []int{0}, "sh", "-c", `"$0" "$1" "$2" | awk "$3"`,
		filepath.Join(lab.bin, "pdctl"), lab.url, sopFilter, sopAwk)
	var ids []uint64
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) != 6 {
			b.Fatalf("a line of the SOP: %q", line)
		}
		ids = append(ids, number(b, fields[4]))
	}
	slices.Sort(ids)
	wantIDs(b, "the SOP", ids, lostRegions())
	if sop.ids == nil || s.Wall < sop.best.Wall {
		sop.best, sop.ids = s, ids
	}
}

// lostRegions are those with a peer on the lost store, by what they are made of.
func lostRegions() (ids []uint64) {
	for i := range lab.regions {
		if fateOf(i) != whole {
			ids = append(ids, regionID(i))
		}
	}
	return ids
}

func number(b *testing.B, text string) uint64 {
	b.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func wantIDs(b *testing.B, who string, got, want []uint64) {
	b.Helper()
	if !slices.Equal(got, want) {
		b.Fatalf("%s finds %d regions, want %d: %.200s; %.200s", who, len(got), len(want), fmt.Sprint(got), fmt.Sprint(want))
	}
}

// contest is the table of a benchmark: each row the best of its runs.
type contest struct {
	rows []string
	best map[string]sample
	// work is the least CPU time of a row, of the program and of PD. It says more
	// than the wall when the machine has something else to do.
	work map[string]time.Duration
}

func (c *contest) add(row string, s sample) {
	if c.best == nil {
		c.best, c.work = make(map[string]sample), make(map[string]time.Duration)
	}
	before, ok := c.best[row]
	if !ok {
		c.rows = append(c.rows, row)
		before, c.work[row] = s, s.CPU+s.PD
	}
	c.work[row] = min(c.work[row], s.CPU+s.PD)
	best := before
	if s.Wall < before.Wall {
		best = s
	}
	best.PeakKiB = max(s.PeakKiB, before.PeakKiB)
	c.best[row] = best
}

// discard adds a run of a client in this process that throws away what it reads.
func (c *contest) discard(b *testing.B, row string, f func() (cost.Cost, error)) {
	b.Helper()
	s, err := watched(f)
	if err != nil {
		b.Fatal(err)
	}
	c.add(row, s)
}

// compare reports how much longer one row takes than another, by the wall and by
// the CPU time of both sides.
func (c *contest) compare(b *testing.B, row, by, unit string) {
	b.Helper()
	b.ReportMetric(c.best[row].Wall.Seconds()/c.best[by].Wall.Seconds(), unit)
	b.ReportMetric(c.work[row].Seconds()/c.work[by].Seconds(), unit+"-cpu")
}

func (c *contest) String() string {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "wall s\tCPU s\tPD CPU s\tleast sum\tpeak MiB\t ")
	for _, row := range c.rows {
		s := c.best[row]
		peak := ""
		if s.PeakKiB > 0 {
			peak = strconv.FormatInt(s.PeakKiB>>10, 10)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t  %s\n", seconds(s.Wall), seconds(s.CPU), seconds(s.PD), seconds(c.work[row]), peak, row)
	}
	w.Flush()
	return fmt.Sprintf("%d regions, best of each, with the highest peak:\n%s", lab.regions, strings.TrimRight(text.String(), "\n"))
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// BenchmarkSOP is the pipeline alone.
func BenchmarkSOP(b *testing.B) {
	open(b)
	var c contest
	for b.Loop() {
		runSOP(b)
		c.discard(b, "discard, /regions", func() (cost.Cost, error) { return discard("/regions") })
	}
	c.add("SOP", sop.best)
	b.Log(&c)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(sop.best.Wall.Seconds(), "s-wall")
	b.ReportMetric(float64(sop.best.PeakKiB)/1024, "MiB-rss")
}
