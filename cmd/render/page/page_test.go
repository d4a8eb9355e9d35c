package page

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/burndown"
	"ebb/cluster"
	"ebb/internal/golden"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(seconds float64) time.Time {
	return began.Add(time.Duration(seconds * float64(time.Second)))
}

// drain makes the samples of a store that loses regions as left says, until it
// has none.
func drain(id cluster.StoreID, address string, end float64, left func(second float64) int) []burndown.Record {
	var records []burndown.Record
	for second := 1.0; second < end; second += 4 {
		s := &burndown.Sample{StoreID: id, Address: address, Phase: burndown.Leaving, State: "Offline", Regions: left(second), Every: 4}
		s.Leaders, s.SizeMiB = s.Regions/3, int64(s.Regions)*96
		if second > 30 {
			truth := end - second
			spread := 0.1 + 0.25*math.Abs(math.Sin(second/90))
			s.Forecast = &burndown.Forecast{Low: truth * (1 - spread), High: truth * (1.1 + spread)}
			if second < 50 {
				s.Forecast.High = 0
			}
		}
		records = append(records, burndown.Record{Schema: 1, Kind: burndown.KindSample, Time: at(second), Watch: "w", Sample: s})
	}
	return append(records, burndown.Record{Schema: 1, Kind: burndown.KindSample, Time: at(end), Watch: "w", Sample: &burndown.Sample{
		StoreID: id, Address: address, Phase: burndown.Tombstone, State: "Tombstone", Every: 4,
	}})
}

// fixture is a decommission of two stores with everything in it: a stall, a gap, a
// speed that was raised, and names that nobody should trust.
func fixture() *burndown.Report {
	records := []burndown.Record{{
		Schema: 1, Kind: burndown.KindWatch, Time: at(0), Watch: "w", Cluster: "生产集群 <script>alert(1)</script>", PDVersion: "v8.5.0", Actor: "ops@db1",
	}}
	records = append(records, drain(4, "10.0.1.4:20160", 900, func(s float64) int { return int(1200 * math.Max(0, 1-s/880)) })...)
	flat := func(s float64) int {
		switch {
		case s > 560:
			s -= 220
		case s > 340:
			s = 340
		}
		return int(1500 * math.Max(0, 1-s/700))
	}
	for _, r := range drain(1<<63+5, `10.0.1.5:20160"><img src=x onerror=alert(2)>`, 930, flat) {
		second := r.Time.Sub(began).Seconds()
		if second > 660 && second < 740 {
			continue // nobody watched
		}
		if second > 460 && second < 561 {
			stuck := 37
			r.Stalled, r.Stuck, r.Forecast = true, &stuck, nil
			if int(second)%60 < 4 {
				r.Looked = true
				r.Causes = []burndown.Cause{{ID: "D03", Name: "store-limit", Regions: 37, Sentence: "the receivers take 15 regions a minute </svg><script>x()</script>"}}
				if second > 500 {
					r.Causes = append(r.Causes, burndown.Cause{ID: "D10", Name: "low-space", Regions: 12, Sentence: "3 stores are low on space"})
				}
			}
		}
		records = append(records, r)
	}
	slices.SortStableFunc(records, func(a, b burndown.Record) int { return a.Time.Compare(b.Time) })
	step := func(second float64, name string, id cluster.StoreID) burndown.Step {
		return burndown.Step{Time: at(second), Name: name, StoreID: id, Result: "done", Starts: id != 0}
	}
	return burndown.New(&burndown.Input{
		ClusterID: 7034215976384921731, Records: records, Skipped: 1, Made: at(4000), Since: began.Add(-time.Hour),
		Operations: []burndown.Operation{
			{ID: "20260102T030405-AAAAAA", Verb: "scale-in", Actor: "ops@db1", Command: "ebb scale-in prod -N 4,5 --wait --tune fast", Began: at(-0.3), Ended: at(0.7), Result: "done",
				Steps: []burndown.Step{step(-0.2, "delete-store/4", 4), step(0.2, "delete-store/9223372036854775813", 1<<63+5), step(0.4, "mark-offline", 0)}},
			{ID: "20260102T031205-BBBBBB", Verb: "tune-apply", Actor: "ops@db1", Command: "ebb tune apply prod --profile fast </script>", Began: at(545), Ended: at(546), Result: "done",
				Steps: []burndown.Step{{Time: at(545.2), Name: "tune-set/add-peer/1", Result: "done", Tunes: true}}},
			{ID: "20260102T031935-CCCCCC", Verb: "tune-restore", Actor: "ops@db1", Command: "ebb scale-in prod -N 4,5 --wait --tune fast", Began: at(931), Ended: at(931.4), Result: "failed", Error: "set add-peer/1: PD says 500 <b>no</b>",
				Steps: []burndown.Step{{Time: at(931), Name: "tune-restore/add-peer/1", Result: "failed", Tunes: true}}},
		},
		Settings: []burndown.Setting{{Name: "add-peer/1", Before: "15", Set: "100", At: at(545.2), Operation: "20260102T031205-BBBBBB"}},
	})
}

func write(t testing.TB, r *burndown.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r, Options{Location: time.UTC, Version: "test"}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPage(t *testing.T) { golden.Check(t, "page.html", []byte(write(t, fixture()))) }

// The page loads nothing and runs nothing, whatever the names in it are.
func TestPageStandsAlone(t *testing.T) {
	text := write(t, fixture())
	if !strings.Contains(text, Mark) || strings.Index(text, Mark) > 1024 {
		t.Error("the mark is not in the head")
	}
	for what, pattern := range map[string]string{
		"a script": `(?i)<script`, "a handler": `(?i)<[^>]*\son[a-z]+=`, "a link": `(?i)<(a|link|img|iframe|object|embed|base|form|image|use)[\s>]`,
		"an address": `(?i)<[^>]*\s(src|href)\s*=`, "an import": `(?i)@import|url\(\s*['"]?[^#'"]`, "a style attribute": `(?i)<[^>]*\sstyle=`,
		"what html/template gave up on": `ZgotmplZ`,
	} {
		if found := regexp.MustCompile(pattern).FindString(text); found != "" {
			t.Errorf("%s: %q", what, found)
		}
	}
	policy := regexp.MustCompile(`content="(default-src[^"]*)"`).FindStringSubmatch(text)
	if policy == nil || !strings.Contains(policy[1], "default-src &#39;none&#39;") && !strings.Contains(policy[1], "default-src 'none'") || strings.Contains(policy[1], "unsafe") {
		t.Errorf("policy %q", policy)
	}
	for _, want := range []string{"生产集群 &lt;script&gt;", "9223372036854775813", "7034215976384921731"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// A gap lifts the pen, and a stall is drawn over the curve.
func TestCurvesHaveGaps(t *testing.T) {
	v := newView(fixture(), Options{Location: time.UTC})
	lines := map[string]shape{}
	for _, l := range v.BurnDown[0].Lines {
		lines[l.Title] = l
	}
	if n := strings.Count(lines["store 4"].Path, "M"); n != 1 {
		t.Errorf("the curve that was watched without a break has %d pieces", n)
	}
	if n := strings.Count(lines["store 9223372036854775813"].Path, "M"); n != 2 {
		t.Errorf("the curve with a gap has %d pieces", n)
	}
	if _, has := lines["store 9223372036854775813 stalled"]; !has {
		t.Errorf("no stall among %d lines", len(lines))
	}
	if n := len(v.unwatched); n != 1 {
		t.Errorf("%d times without samples", n)
	}
}

// Nothing is drawn outside of its drawing, for the oddest reports as well.
func TestDrawingsStayInside(t *testing.T) {
	odd := map[string]*burndown.Report{"full": fixture()}
	one := func(records ...burndown.Record) *burndown.Report {
		return burndown.New(&burndown.Input{Records: records, Made: at(100)})
	}
	odd["one sample"] = one(burndown.Record{Schema: 1, Kind: burndown.KindSample, Time: at(0), Sample: &burndown.Sample{StoreID: 1, Phase: burndown.Leaving, Regions: 5}})
	odd["no region"] = one(drain(1, "", 20, func(float64) int { return 0 })...)
	odd["rising"] = one(drain(1, "", 300, func(s float64) int { return int(s) })...)
	odd["journal only"] = burndown.New(&burndown.Input{Made: at(10), Operations: []burndown.Operation{{Verb: "scale-in", Began: at(0), Steps: []burndown.Step{{Time: at(0), StoreID: 4, Starts: true}}}}})
	var many []burndown.Record
	for id := range 20 {
		many = append(many, drain(cluster.StoreID(id+1), fmt.Sprintf("10.0.1.%d:20160", id), 400, func(s float64) int { return max(1000000-int(s*float64(2000+100*id)), 0) })...)
	}
	odd["many"] = one(many...)
	for name, r := range odd {
		t.Run(name, func(t *testing.T) {
			v := newView(r, Options{Location: time.UTC})
			charts := append(append(append([]*chart{}, v.BurnDown...), v.Rates...), v.Lanes...)
			for _, f := range v.Forecasts {
				charts = append(charts, f.Charts...)
			}
			for _, c := range charts {
				inside(t, c)
			}
			if text := write(t, r); strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
				t.Error("the page has a number that is none")
			}
		})
	}
}

// Whatever the files of samples hold, there is a page of it.
func FuzzPage(f *testing.F) {
	var seed []byte
	for _, r := range drain(4, "10.0.1.4:20160", 60, func(s float64) int { return 100 - int(s) }) {
		line, err := burndown.Encode(&r)
		if err != nil {
			f.Fatal(err)
		}
		seed = append(seed, line...)
	}
	f.Add(seed, int64(1<<40))
	f.Add([]byte(strings.ReplaceAll(string(seed[len(seed)/2:]), "2026", "2199")+string(seed)), int64(0))
	f.Fuzz(func(t *testing.T, data []byte, made int64) {
		records, skipped := burndown.Decode(data)
		r := burndown.New(&burndown.Input{Records: records, Skipped: skipped, Made: time.Unix(made%(1<<33), 0)})
		if len(r.Courses) == 0 {
			return
		}
		if text := write(t, r); strings.Contains(text, "NaN") || strings.Contains(text, "Inf") || strings.Contains(text, "ZgotmplZ") {
			t.Error("the page has something that nobody should see")
		}
		v := newView(r, Options{Location: time.UTC})
		for _, c := range append(append([]*chart{}, v.BurnDown...), v.Rates...) {
			inside(t, c)
		}
	})
}

var coordinates = regexp.MustCompile(`[ML](-?[0-9.]+) (-?[0-9.]+)`)

func inside(t *testing.T, c *chart) {
	t.Helper()
	check := func(what string, x, y number) {
		if x < 0 || x > c.Width || y < 0 || y > c.Height || math.IsNaN(float64(x+y)) {
			t.Errorf("%s (%s): %s at %s, %s of %s x %s", c.Title, c.Size, what, x, y, c.Width, c.Height)
		}
	}
	for _, l := range c.Lines {
		for _, p := range coordinates.FindAllStringSubmatch(l.Path, -1) {
			var x, y float64
			fmt.Sscan(p[1], &x)
			fmt.Sscan(p[2], &y)
			if c.Clipped() {
				y = float64(c.Top)
			}
			check("line", number(x), number(y))
		}
	}
	for _, b := range c.Bands {
		check("band", b.X, c.Top)
		check("band", b.X+b.W-1, c.Top)
	}
	for _, l := range c.Labels {
		check("label "+l.Text, l.X, l.Y)
	}
	for _, k := range append(c.XTicks[:len(c.XTicks):len(c.XTicks)], c.YTicks...) {
		if k.Label == "" {
			t.Errorf("%s: a tick without label", c.Title)
		}
	}
	if len(c.XTicks) < 2 {
		t.Errorf("%s (%s): %d ticks of time", c.Title, c.Size, len(c.XTicks))
	}
}

func TestTicks(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err) // no time zones here
	}
	for _, tt := range []struct {
		span  time.Duration
		n     int
		zone  *time.Location
		first string
		last  string
	}{
		{30 * time.Second, 6, time.UTC, "03:04:05", "03:04:35"},
		{15 * time.Minute, 8, time.UTC, "03:06", "03:18"},
		{3 * time.Hour, 8, shanghai, "11:30", "14:00"},
		{48 * time.Hour, 9, shanghai, "12:00", "06:00"},
		{30 * 24 * time.Hour, 8, time.UTC, "Jan 6", "Jan 30"},
		{120 * 24 * time.Hour, 4, berlin, "Jan 30", "Apr 24"}, // the clocks change between
	} {
		ticks := timeTicks(began, began.Add(tt.span), tt.n, tt.zone)
		if len(ticks) == 0 || len(ticks) > tt.n+1 {
			t.Errorf("%s: %d ticks", tt.span, len(ticks))
			continue
		}
		labels := timeLabels(ticks, tt.zone)
		first, last := labels[0], labels[len(labels)-1]
		if first != tt.first || last != tt.last {
			t.Errorf("%s: ticks from %s to %s, want %s to %s", tt.span, first, last, tt.first, tt.last)
		}
	}
	for _, tt := range []struct {
		highest float64
		whole   bool
		want    string
	}{{1200, true, "[0 500 1000 1500]"}, {1, true, "[0 1]"}, {3, true, "[0 1 2 3]"}, {0.13, false, "[0 0.05 0.1 0.15000000000000002]"}, {0, true, "[0 1]"}, {math.NaN(), false, "[0 1]"}} {
		if got := fmt.Sprint(countTicks(tt.highest, 5, tt.whole)); got != tt.want {
			t.Errorf("ticks to %g: %s, want %s", tt.highest, got, tt.want)
		}
	}
	for v, want := range map[float64]string{950: "950", 9999: "9999", 12000: "12k", 1.5e6: "1.5M", 0.05: "0.05"} {
		if got := compact(v); got != want {
			t.Errorf("compact(%g) = %s", v, got)
		}
	}
}
