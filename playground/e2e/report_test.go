package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// reported is what ebb report says, by the names that scripts rely on.
type reported struct {
	Type     string `json:"type"`
	Leavings []struct {
		StoreID   uint64    `json:"store_id"`
		Outcome   string    `json:"outcome"`
		Began     time.Time `json:"began"`
		Ended     time.Time `json:"ended"`
		Journaled bool      `json:"began_journaled"`
		Seconds   float64   `json:"duration_seconds"`
		First     int       `json:"regions_first"`
		Last      int       `json:"regions_last"`
		Mean      float64   `json:"mean_regions_per_second"`
		Stalls    []struct {
			From   time.Time `json:"from"`
			To     time.Time `json:"to"`
			Over   bool      `json:"over"`
			Causes []string  `json:"causes"`
		} `json:"stalls"`
		Causes []struct {
			ID string `json:"id"`
		} `json:"causes"`
		Accuracy *struct {
			Forecasts int `json:"forecasts"`
			Held      int `json:"held"`
		} `json:"forecast_accuracy"`
		Points []struct {
			Regions int `json:"regions"`
		} `json:"points"`
	} `json:"leavings"`
	Operations []struct {
		Verb   string `json:"verb"`
		Result string `json:"result"`
	} `json:"operations"`
}

// report is what ebb report says, which asks no PD, and the page that it writes.
func (b *bench) report() (r reported, page string) {
	b.Helper()
	page = filepath.Join(b.TempDir(), "report.html")
	res := b.runRaw("report", "--html", page, "-o", "json")
	b.wantCode(res, 0)
	b.must(json.Unmarshal([]byte(res.out), &r))
	return r, page
}

// changes are when the journal says that stores were told to leave, by store.
func (b *bench) changes() map[uint64][]time.Time {
	b.Helper()
	paths, err := filepath.Glob(filepath.Join(b.state, "ebb", "journal", "*.jsonl"))
	b.must(err)
	if len(paths) != 1 {
		b.Fatalf("journals: %v", paths)
	}
	text, err := os.ReadFile(paths[0])
	b.must(err)
	found := make(map[uint64][]time.Time)
	for line := range strings.Lines(string(text)) {
		var record struct {
			Time time.Time `json:"time"`
			Kind string    `json:"kind"`
			Step string    `json:"step"`
		}
		b.must(json.Unmarshal([]byte(line), &record))
		var id uint64
		if n, _ := fmt.Sscanf(record.Step, "delete-store/%d", &id); n == 1 && record.Kind == "intent" {
			found[id] = append(found[id], record.Time)
		}
	}
	return found
}

// spanText is a time span as pages have it, below an hour.
func spanText(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s < 60 {
		return fmt.Sprintf("%ds", s)
	}
	return fmt.Sprintf("%dm%02ds", s/60, s%60)
}

// wantPage checks what a browser shows at a width: nothing sticks out, the text is
// large enough to be read, and the first curve is where it should be. It returns
// the text.
func (b *browser) wantPage(page string, width, charts int) (text string) {
	b.t.Helper()
	l := b.measure(page, width)
	if l.Wide > width || len(l.Clipped) > 0 {
		b.t.Errorf("at width %d the page needs %d; clipped: %q", width, l.Wide, l.Clipped)
	}
	if l.Charts != charts || l.FontSize < 9 {
		b.t.Errorf("at width %d: %d charts, want %d; the smallest text has %.1f pixels", width, l.Charts, charts, l.FontSize)
	}
	if l.Page == "rgba(0, 0, 0, 0)" {
		b.t.Fatal("the page has no style: its own policy keeps it out")
	}
	img := b.screenshot(page, width, l.Height)
	if size := img.Bounds().Size(); size.X != width {
		b.t.Fatalf("a picture of %v", size)
	}
	drawn := 0
	for _, p := range l.Curve {
		if near(img, p.X, p.Y, rgb(b.t, l.Color)) {
			drawn++
		}
	}
	if len(l.Curve) < 10 || drawn < len(l.Curve)*9/10 {
		b.t.Errorf("at width %d the curve (%s) is at %d of %d places", width, l.Color, drawn, len(l.Curve))
	}
	if first, last := l.Curve[0], l.Curve[len(l.Curve)-1]; last.X <= first.X || last.Y <= first.Y {
		b.t.Errorf("at width %d the curve goes from %v to %v, not down", width, first, last)
	}
	paper := 0
	for y := range l.Height {
		if alike(img.At(1, y), rgb(b.t, l.Page)) && alike(img.At(width-2, y), rgb(b.t, l.Page)) {
			paper++
		}
	}
	if paper < l.Height*99/100 {
		b.t.Errorf("at width %d something touches the edges: %d of %d rows are clear", width, paper, l.Height)
	}
	return l.Text
}

// The page that the tests of package page hold on to has everything in it: names
// that try to be more than text, a stall, a gap, an error.
func TestPageInABrowser(t *testing.T) {
	browser := newBrowser(t)
	t.Parallel()
	page, err := filepath.Abs(filepath.Join("..", "..", "cmd", "render", "page", "testdata", "page.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, width := range []int{1280, 768, 400} {
		if text := browser.wantPage(page, width, 5); !strings.Contains(text, "生产集群 <script>alert(1)</script>") {
			t.Errorf("the page does not show the name:\n%s", text)
		}
	}
}

func TestReportInABrowser(t *testing.T) {
	browser := newBrowser(t)
	b := newBench(t, setup{tikv: 5, regions: 240, limit: 300})
	leaver := b.tikv()[1]
	run := b.run("scale-in", "-N", leaver.Address, "--wait", "--interval", "200ms", "--yes")
	b.wantCode(run, 0)
	buried := run.of("tombstone")[0].Time

	r, page := b.report()
	took := buried.Sub(b.changes()[leaver.ID][0])
	if len(r.Leavings) != 1 {
		t.Fatalf("%d leavings", len(r.Leavings))
	}
	l := r.Leavings[0]
	if l.StoreID != leaver.ID || l.Outcome != "tombstone" || !l.Journaled || l.Last != 0 || l.First < 100 || l.Mean <= 0 || len(l.Points) < 4 {
		t.Errorf("leaving %+v", l)
	}
	if off := time.Duration(l.Seconds*float64(time.Second)) - took; off.Abs() > 2*time.Millisecond {
		t.Errorf("it took %g s, by journal and events %s", l.Seconds, took)
	}
	text := browser.wantPage(page, 1280, 2)
	for _, want := range []string{"store " + fmt.Sprint(leaver.ID), leaver.Address, "Tombstone after " + spanText(took), "scale-in", fmt.Sprintf("delete-store/%d", leaver.ID), "Burn-down", "Timeline"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
}

// A stall, its cause, a way back and another try: all of it is in the report.
func TestReportOfAStall(t *testing.T) {
	full(t)
	browser := newBrowser(t)
	b := newBench(t, setup{tikv: 5, regions: 400, limit: 40, direct: true})
	leaver := b.tikv()[1]
	first := b.start("scale-in", "-N", leaver.Address, "--wait", "--yes")
	first.await("a part to leave", func(e event) bool {
		return e.Type == "progress" && e.Store.Regions < e.Store.Initial*9/10
	})
	b.config(map[string]any{"schedule.replica-schedule-limit": 0})
	stalled := first.awaitWithin(5*time.Minute, "a stall", func(e event) bool { return e.Type == "stalled" })
	first.awaitType("diagnosis")
	first.awaitType("progress")
	first.signal(os.Interrupt)
	b.wantCode(first.wait(), 7)
	b.wantCode(b.run("cancel-offline", "-N", leaver.Address, "--yes"), 0)
	b.config(map[string]any{"schedule.replica-schedule-limit": 64})
	b.tell("POST", "/stores/limit", map[string]any{"rate": 300, "type": "add-peer"})
	second := b.start("scale-in", "-N", leaver.Address, "--wait", "--interval", "1s", "--yes")
	b.wantCode(second.wait(), 0)

	r, page := b.report()
	if len(r.Leavings) != 2 || r.Leavings[0].Outcome != "came-back" || r.Leavings[1].Outcome != "tombstone" {
		t.Fatalf("leavings %+v", r.Leavings)
	}
	l := r.Leavings[0]
	if len(l.Stalls) != 1 || len(l.Stalls[0].Causes) == 0 || l.Stalls[0].To.Before(stalled.Time.Truncate(time.Millisecond)) || stalled.Time.Sub(l.Stalls[0].From) < 100*time.Second {
		t.Errorf("stalls %+v; said at %s", l.Stalls, stalled.Time)
	}
	if a := r.Leavings[1].Accuracy; a != nil && a.Held > a.Forecasts {
		t.Errorf("accuracy %+v", *a)
	}
	var verbs []string
	for _, o := range r.Operations {
		verbs = append(verbs, o.Verb)
	}
	if !slices.Equal(verbs, []string{"scale-in", "cancel-offline", "scale-in"}) {
		t.Errorf("operations %v", verbs)
	}
	text := ""
	for _, width := range []int{1280, 400} {
		l := browser.measure(page, width)
		if l.Wide > width || len(l.Clipped) > 0 {
			t.Errorf("at width %d the page needs %d; clipped: %q", width, l.Wide, l.Clipped)
		}
		text = l.Text
	}
	for _, want := range append([]string{"taken back", "Tombstone", "Causes over time", "stalled"}, l.Stalls[0].Causes...) {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if keep := os.Getenv("EBB_KEEP_REPORT"); keep != "" {
		data, err := os.ReadFile(page)
		b.must(err)
		b.must(os.WriteFile(keep, data, 0o600))
	}
}
