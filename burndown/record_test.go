package burndown

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }

// sample is a reading of store 4.
func sample(second, regions int, edits ...func(*Sample)) Record {
	s := &Sample{StoreID: 4, Address: "10.0.1.4:20160", Phase: Leaving, State: "Offline", Regions: regions, Every: 2}
	for _, edit := range edits {
		edit(s)
	}
	return Record{Schema: Schema, Kind: KindSample, Time: at(second), Watch: "w", Sample: s}
}

func stalled(s *Sample) { s.Stalled = true }

func phase(p Phase) func(*Sample) { return func(s *Sample) { s.Phase = p } }

func found(ids ...string) func(*Sample) {
	return func(s *Sample) {
		s.Looked = true
		for _, id := range ids {
			s.Causes = append(s.Causes, Cause{ID: id, Name: "name of " + id, Regions: len(id)})
		}
	}
}

func TestRecordsAreReadBack(t *testing.T) {
	stuck := 3
	written := []Record{
		{Schema: Schema, Kind: KindWatch, Time: at(0), Watch: "w", Cluster: "生产", PDVersion: "v8.5.0", Actor: "ops@db1"},
		sample(1, 1200, func(s *Sample) {
			s.StoreID, s.Node, s.PerSecond = 1<<63+5, "h:20160", 0.1
			s.Forecast = &Forecast{Low: 10, High: 20.5, Basis: "90 regions"}
		}),
		sample(3, 0, stalled, found("D03"), func(s *Sample) { s.Stuck = &stuck }),
	}
	var data []byte
	for i := range written {
		line, err := Encode(&written[i])
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, line...)
	}
	read, skipped := Decode(data)
	if diff := cmp.Diff(written, read); diff != "" || skipped != 0 {
		t.Errorf("skipped %d (-written +read):\n%s", skipped, diff)
	}
	// Cut anywhere, what is whole before the cut is read, and nothing else.
	for cut := range data {
		read, skipped := Decode(data[:cut])
		if whole := bytes.Count(data[:cut], []byte{'\n'}); len(read) < whole || len(read) > whole+1 || skipped > 1 {
			t.Fatalf("cut at %d: %d records and %d skipped of %d whole lines", cut, len(read), skipped, whole)
		}
	}
}

func TestDecodeSkips(t *testing.T) {
	good, err := Encode(&Record{Schema: Schema, Kind: KindWatch, Time: at(0)})
	if err != nil {
		t.Fatal(err)
	}
	line := func(old, with string) string {
		l, err := Encode(new4())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(l), old) {
			t.Fatalf("%s lacks %s", l, old)
		}
		return strings.Replace(string(l), old, with, 1)
	}
	for name, bad := range map[string]string{
		"torn": `{"schema":1,"ki`, "garbage": "\x00\xff", "another schema": line(`"schema":1`, `"schema":2`), "no kind": line(`"sample"`, `""`),
		"no store": line(`"store_id":4`, `"store_id":0`), "negative regions": line(`"regions":7`, `"regions":-1`), "too many regions": line(`"regions":7`, `"regions":9007199254740993`),
		"a time before all TiKV": line(`2026`, `1970`), "a time far ahead": line(`2026`, `9999`), "no sample": `{"schema":1,"kind":"sample","time":"2026-01-02T03:04:05Z"}`,
		"never again": line(`"every_seconds":2`, `"every_seconds":-2`), "huge": line(`10.0.1.4`, strings.Repeat("x", longestLine)), "an array": "[1]", "a fraction": line(`"regions":7`, `"regions":0.5`),
	} {
		records, skipped := Decode([]byte(string(good) + strings.TrimSuffix(bad, "\n") + "\n" + string(good)))
		if len(records) != 2 || skipped != 1 {
			t.Errorf("%s: %d records, %d skipped", name, len(records), skipped)
		}
	}
	records, skipped := Decode([]byte(line(`"every_seconds"`, `"forecast":{"low_seconds":5,"high_seconds":1},"every_seconds"`)))
	if len(records) != 1 || skipped != 0 || records[0].Forecast != nil {
		t.Errorf("an odd forecast: %d records, %d skipped", len(records), skipped)
	}
}

func new4() *Record {
	r := sample(0, 7)
	return &r
}

func TestEncodeRefusesHugeLines(t *testing.T) {
	r := sample(0, 7, func(s *Sample) { s.Address = strings.Repeat("x", longestLine) })
	if _, err := Encode(&r); err == nil {
		t.Error("a line that nobody would read was made")
	}
}

func FuzzReport(f *testing.F) {
	var seed []byte
	for _, r := range []Record{sample(0, 9), sample(2, 5, stalled, found("D01")), sample(1, 7), sample(400, 4), sample(402, 0, phase(Tombstone)), sample(900, 3)} {
		line, err := Encode(&r)
		if err != nil {
			f.Fatal(err)
		}
		seed = append(seed, line...)
	}
	f.Add(seed, int64(0), int64(500))
	f.Add(seed[:len(seed)-9], int64(-5), int64(3))
	f.Fuzz(func(t *testing.T, data []byte, starts, cancels int64) {
		records, skipped := Decode(data)
		if lines := bytes.Count(data, []byte{'\n'}) + 1; len(records)+skipped > lines {
			t.Fatalf("%d records and %d skipped of %d lines", len(records), skipped, lines)
		}
		starts, cancels = starts%1e6, cancels%1e6
		r := New(&Input{Records: records, Skipped: skipped, Made: at(1e6), Operations: []Operation{
			{ID: "a", Began: at(int(starts)), Steps: []Step{{Time: at(int(starts)), StoreID: 4, Starts: true}}},
			{ID: "b", Began: at(int(cancels)), Steps: []Step{{Time: at(int(cancels)), StoreID: 4, Cancels: true}}},
		}})
		for i := range r.Courses {
			checkCourse(t, &r.Courses[i])
		}
	})
}

// checkCourse is what holds for every course.
func checkCourse(t *testing.T, c *Course) {
	t.Helper()
	if c.Seconds < 0 || c.Mean < 0 || c.Peak < 0 || c.StalledSeconds < 0 || c.UnwatchedSeconds < 0 || c.UnwatchedSeconds > c.Seconds+1e-3 {
		t.Errorf("store %d: %g s, mean %g, peak %g, stalled %g, unwatched %g", c.StoreID, c.Seconds, c.Mean, c.Peak, c.StalledSeconds, c.UnwatchedSeconds)
	}
	if !slices.IsSortedFunc(c.Points, func(a, b Point) int { return a.Time.Compare(b.Time) }) {
		t.Errorf("store %d: points are out of order", c.StoreID)
	}
	for i := range c.Points {
		if r := c.Points[i].Rate; r != nil && *r > c.Peak {
			t.Errorf("store %d: rate %g over the peak %g", c.StoreID, *r, c.Peak)
		}
	}
	if a := c.Accuracy; a != nil && (a.Held > a.Forecasts || a.OpenEnded > a.Forecasts) {
		t.Errorf("store %d: %+v", c.StoreID, *a)
	}
}

func TestPace(t *testing.T) {
	kept := func(interval, length time.Duration) (n int, longest time.Duration) {
		var p Pace
		for d := time.Duration(0); d <= length; d += interval {
			every, due := p.Due(began.Add(d), false)
			if due {
				n++
			}
			longest = every
		}
		return n, longest
	}
	for _, tt := range []struct {
		interval, length time.Duration
		low, high        int
	}{
		{200 * time.Millisecond, 10 * time.Second, 6, 6},
		{2 * time.Second, 30 * time.Minute, 890, 910},
		{2 * time.Second, 30 * 24 * time.Hour, 8000, 16000},
		{time.Minute, time.Hour, 61, 61},
	} {
		if n, every := kept(tt.interval, tt.length); n < tt.low || n > tt.high {
			t.Errorf("every %s for %s: %d samples, at the end every %s", tt.interval, tt.length, n, every)
		}
	}
	var p Pace
	p.Due(at(100), false)
	if _, due := p.Due(at(101), false); due {
		t.Error("too early, and due")
	}
	if _, due := p.Due(at(101), true); !due {
		t.Error("a change was not due")
	}
	if _, due := p.Due(at(-4000), false); !due {
		t.Error("nothing is due any more after the clock was set back")
	}
}

func BenchmarkEncode(b *testing.B) {
	r := sample(1, 1200, func(s *Sample) {
		s.PerSecond, s.Forecast = 1.25, &Forecast{Low: 600, High: 900, Basis: "300 regions in the last 5m0s, and up to 10s until PD buries the store"}
	})
	n := 0
	for b.Loop() {
		line, err := Encode(&r)
		if err != nil {
			b.Fatal(err)
		}
		n = len(line)
	}
	b.ReportMetric(float64(n), "B/sample")
}
