package burndown

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ebb/cluster"
)

// falling are samples every two seconds, from one second to another, of a store
// that loses a region a second.
func falling(from, to, regions int) []Record {
	var records []Record
	for s := from; s <= to; s += 2 {
		records = append(records, sample(s, regions-(s-from)))
	}
	return records
}

func begins(second int) Operation {
	return Operation{ID: fmt.Sprint("s", second), Verb: "scale-in", Began: at(second), Ended: at(second + 1), Result: "done", Steps: []Step{{Time: at(second), Name: "delete-store/4", StoreID: 4, Result: "done", Starts: true}}}
}

func cancels(second int) Operation {
	return Operation{ID: fmt.Sprint("c", second), Verb: "cancel-offline", Began: at(second), Ended: at(second + 2), Result: "done", Steps: []Step{{Time: at(second), Name: "set-up/4", StoreID: 4, Result: "done", Cancels: true}}}
}

func reportOf(records []Record, operations ...Operation) *Report {
	return New(&Input{ClusterID: 7, Records: records, Operations: operations, Made: at(100_000)})
}

// A store can leave more than once; each time is a course of its own.
func TestCourses(t *testing.T) {
	type want struct {
		Began, Seen int
		Outcome     Phase
		Journaled   bool
		First, Last int
	}
	for _, tt := range []struct {
		name       string
		records    []Record
		operations []Operation
		want       []want
	}{
		{"to its end", append(falling(2, 20, 30), sample(31, 0, phase(Tombstone))), []Operation{begins(1)}, []want{{1, 31, Tombstone, true, 30, 0}}},
		{"no journal", append(falling(2, 20, 30), sample(31, 0, phase(Tombstone))), nil, []want{{2, 31, Tombstone, false, 30, 0}}},
		{"still leaving", falling(2, 20, 30), []Operation{begins(1)}, []want{{1, 20, Leaving, true, 30, 12}}},
		{"journal only", nil, []Operation{begins(1)}, []want{{1, 1, Leaving, true, 0, 0}}},
		{"taken back, and left again", append(falling(2, 20, 30), append(falling(102, 120, 30), sample(131, 0, phase(Tombstone)))...), []Operation{begins(1), cancels(50), begins(101)},
			[]want{{1, 52, CameBack, true, 30, 12}, {101, 131, Tombstone, true, 30, 0}}},
		{"a sample while it is taken back", append(falling(2, 20, 30), sample(51, 12), sample(53, 12, phase(CameBack))), []Operation{begins(1), cancels(50)}, []want{{1, 52, CameBack, true, 30, 12}}},
		{"taken back elsewhere", append(falling(2, 20, 30), sample(24, 12, phase(CameBack)), sample(60, 30)), nil, []want{{2, 24, CameBack, false, 30, 12}, {60, 60, Leaving, false, 30, 30}}},
		{"watched again after its end", append(falling(2, 20, 30), sample(31, 0, phase(Tombstone)), sample(90, 0, phase(Tombstone))), nil, []want{{2, 31, Tombstone, false, 30, 0}}},
		{"asked to leave twice", append(falling(2, 20, 30), sample(31, 0, phase(Tombstone))), []Operation{begins(1), begins(10)}, []want{{1, 31, Tombstone, true, 30, 0}}},
		{"other stores", falling(2, 20, 30), []Operation{{Steps: []Step{{Time: at(1), StoreID: 9}}}}, []want{{2, 20, Leaving, false, 30, 12}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := reportOf(tt.records, tt.operations...)
			var got []want
			for i := range r.Courses {
				c := &r.Courses[i]
				checkCourse(t, c)
				if !c.Began.Add(seconds(c.Seconds)).Equal(c.Seen) || (c.Outcome == Leaving) != c.Ended.IsZero() {
					t.Errorf("began %s, %g s, seen %s, ended %s, %s", c.Began, c.Seconds, c.Seen, c.Ended, c.Outcome)
				}
				got = append(got, want{int(c.Began.Sub(began).Seconds()), int(c.Seen.Sub(began).Seconds()), c.Outcome, c.Journaled, c.First, c.Last})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("courses (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRates(t *testing.T) {
	c := reportOf(append(falling(0, 300, 1000), sample(310, 700))).Courses[0]
	if c.Mean != 1 || c.Window != 10 || c.Peak != 1 {
		t.Errorf("mean %g, peak %g over %g s; want 1, 1, 10", c.Mean, c.Peak, c.Window)
	}
	if c.Points[0].Rate != nil || c.Points[6].Rate == nil || *c.Points[6].Rate != 1 {
		t.Errorf("rates %v and %v", c.Points[0].Rate, c.Points[6].Rate)
	}
	if last := c.Points[len(c.Points)-1].Rate; last == nil || *last != 0 {
		t.Errorf("rate at the end %v", last)
	}
	// Over a gap there is no rate, and the gap takes no part in any.
	c = reportOf(append(falling(0, 60, 1000), falling(600, 660, 400)...)).Courses[0]
	if n := len(c.Unwatched); n != 1 || c.UnwatchedSeconds != 540 || !c.Points[31].Gap || c.Points[31].Rate != nil || c.Peak != 1 {
		t.Errorf("%d gaps of %g s, peak %g, point %+v", n, c.UnwatchedSeconds, c.Peak, c.Points[31])
	}
	// Regions that come back are no rate.
	c = reportOf([]Record{sample(0, 10), sample(10, 20), sample(20, 30)}).Courses[0]
	if c.Mean != 0 || c.Peak != 0 {
		t.Errorf("mean %g, peak %g of a store that grows", c.Mean, c.Peak)
	}
}

// A watcher that reads seldom leaves no gaps between its samples.
func TestGapsFollowTheWatcher(t *testing.T) {
	seldom := func(s *Sample) { s.Every = 300 }
	c := reportOf([]Record{sample(0, 9, seldom), sample(300, 8, seldom), sample(600, 7, seldom), sample(2000, 6, seldom)}).Courses[0]
	if want := []Span{{at(600), at(2000)}}; !cmp.Equal(c.Unwatched, want) {
		t.Errorf("unwatched %v", c.Unwatched)
	}
	// Set Offline, watched an hour later, and last seen long before its end.
	c = reportOf(falling(3600, 3700, 500), begins(0), cancels(9000)).Courses[0]
	if want := []Span{{at(0), at(3600)}, {at(3700), at(9002)}}; !cmp.Equal(c.Unwatched, want) {
		t.Errorf("unwatched %v", c.Unwatched)
	}
	if c.Points[0].Gap {
		t.Error("there is no curve before the first sample")
	}
}

func TestStallsAndCauses(t *testing.T) {
	records := falling(0, 20, 100)
	for s := 22; s < 300; s += 2 {
		switch {
		case s < 140:
			records = append(records, sample(s, 80))
		case s == 142:
			records = append(records, sample(s, 80, stalled, found("D03", "D10")))
		case s == 202:
			records = append(records, sample(s, 80, stalled, found("D03"), func(s *Sample) { n := 5; s.Stuck = &n }))
		default:
			records = append(records, sample(s, 80, stalled))
		}
	}
	records = append(records, falling(300, 340, 79)...)
	c := reportOf(records).Courses[0]
	stuck := 5
	want := []Stall{{From: at(20), To: at(300), Over: true, Regions: 80, Stuck: &stuck, Causes: []string{"D03", "D10"}}}
	if diff := cmp.Diff(want, c.Stalls); diff != "" || c.StalledSeconds != 280 {
		t.Errorf("stalled %g s (-want +got):\n%s", c.StalledSeconds, diff)
	}
	wantCauses := []CauseTimes{
		{ID: "D03", Name: "name of D03", Times: []Span{{at(142), at(300)}}, Looks: 2, Most: 3},
		{ID: "D10", Name: "name of D10", Times: []Span{{at(142), at(202)}}, Looks: 1, Most: 3},
	}
	if diff := cmp.Diff(wantCauses, c.Causes); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	// What nobody saw the end of ends with the last look.
	c = reportOf(append(falling(0, 10, 9), sample(12, 9), sample(140, 9), sample(142, 9, stalled, found("D03")), sample(144, 9, stalled))).Courses[0]
	if s := c.Stalls[0]; s.Over || !s.To.Equal(at(144)) || !c.Causes[0].Times[0].To.Equal(at(144)) {
		t.Errorf("stall %+v, cause %+v", s, c.Causes[0])
	}
}

func TestAccuracy(t *testing.T) {
	say := func(low, high float64) func(*Sample) {
		return func(s *Sample) { s.Forecast = &Forecast{Low: low, High: high} }
	}
	records := []Record{
		sample(0, 100, say(50, 150)),  // the end is at 100: held, middle right
		sample(10, 90, say(50, 70)),   // too early, off by a third
		sample(20, 80, say(70, 0)),    // open, held
		sample(30, 70, say(80, 0)),    // open, but too late
		sample(40, 60, say(100, 140)), // too late, off by one
		sample(60, 40, say(20, 40)),   // until the very end: held, off by a quarter
		sample(100, 0, phase(Tombstone)),
	}
	third := 1.0 / 3
	want := &Accuracy{Forecasts: 6, Held: 3, OpenEnded: 2, MedianError: &third}
	if diff := cmp.Diff(want, reportOf(records).Courses[0].Accuracy); diff != "" {
		t.Errorf("accuracy (-want +got):\n%s", diff)
	}
	back := append(slices.Clone(records[:5]), sample(100, 60, phase(CameBack)))
	for what, records := range map[string][]Record{"a known end": records[:5], "leaving to the end": back} {
		if a := reportOf(records).Courses[0].Accuracy; a != nil {
			t.Errorf("accuracy %+v without %s", a, what)
		}
	}
}

// Two watchers of one store make one curve.
func TestTwoWatchers(t *testing.T) {
	records := falling(0, 100, 500)
	for _, r := range falling(0, 100, 500) {
		r.Watch, r.Time = "other", r.Time.Add(100*time.Millisecond)
		records = append(records, r)
	}
	if c := reportOf(records).Courses[0]; len(c.Points) != 51 || c.Mean != 1 || len(c.Unwatched) != 0 {
		t.Errorf("%d points, mean %g, unwatched %v", len(c.Points), c.Mean, c.Unwatched)
	}
}

func TestReportKeepsWhatBelongs(t *testing.T) {
	tuned := func(id string, second int, renews bool) Operation {
		return Operation{ID: id, Verb: "tune-apply", Began: at(second), Ended: at(second), Result: "done", Steps: []Step{{Time: at(second), Tunes: true, Renews: renews}}}
	}
	in := &Input{
		ClusterID: 7, Made: at(5000), Since: began, Skipped: 2,
		Records:    append([]Record{{Schema: 1, Kind: KindWatch, Time: at(0), Cluster: "prod", PDVersion: "v8.5.0"}}, append(falling(2, 20, 30), sample(31, 0, phase(Tombstone)))...),
		Operations: []Operation{tuned("late", 4000, false), tuned("back", 40, false), tuned("again", 20, true), tuned("up", 10, false), tuned("before", -50, false), begins(1)},
		Settings:   []Setting{{Name: "a", At: at(10), Operation: "up"}, {Name: "b", At: at(-50), Operation: "before", Restored: at(-10)}, {Name: "c", At: at(4000), Operation: "late"}},
	}
	r := New(in)
	var operations, settings []string
	for i, o := range r.Operations {
		operations = append(operations, o.ID)
		if o.Number != i+1 {
			t.Errorf("operation %s has number %d", o.ID, o.Number)
		}
	}
	for _, s := range r.Settings {
		settings = append(settings, s.Name)
	}
	if !slices.Equal(operations, []string{"s1", "up", "back"}) || !slices.Equal(settings, []string{"a"}) || r.Renewals != 1 {
		t.Errorf("operations %v, settings %v, %d renewals", operations, settings, r.Renewals)
	}
	if r.Cluster != "prod" || r.PDVersion != "v8.5.0" || !r.From.Equal(at(1)) || !r.To.Equal(at(31)) {
		t.Errorf("%s, PD %s, from %s to %s", r.Cluster, r.PDVersion, r.From, r.To)
	}
	if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "2 lines") {
		t.Errorf("notes %q", notes)
	}
	for _, edit := range []func(*Input){func(in *Input) { in.Since = at(32) }, func(in *Input) { in.Stores = []cluster.StoreID{9} }} {
		other := *in
		edit(&other)
		if r := New(&other); len(r.Courses) != 0 || r.Courses == nil {
			t.Errorf("%d courses, want none", len(r.Courses))
		}
	}
}

func TestClockSetBack(t *testing.T) {
	r := reportOf(append(falling(1000, 1100, 500), falling(1050, 1150, 399)...))
	checkCourse(t, &r.Courses[0])
	if notes := strings.Join(r.Notes, "\n"); !strings.Contains(notes, "set back") {
		t.Errorf("notes %q", notes)
	}
}
