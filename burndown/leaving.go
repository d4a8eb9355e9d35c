package burndown

import (
	"cmp"
	"slices"
	"time"

	"ebb/cluster"
)

// Course is one leaving of one store, from being set Offline to its end or the
// last look.
type Course struct {
	StoreID cluster.StoreID `json:"store_id"`
	Address string          `json:"address"`
	Node    string          `json:"node,omitempty"`
	// Began is when the store was set Offline, or the first sample.
	Began time.Time `json:"began"`
	// Journaled is false when the journal does not say when the store was set
	// Offline, and Began is the first sample.
	Journaled bool `json:"began_journaled"`
	// Outcome is how it ended, "leaving" while the end is not known.
	Outcome Phase `json:"outcome"`
	// Ended is missing while the end is not known.
	Ended time.Time `json:"ended,omitzero"`
	// Seen is the last sample, or the end.
	Seen time.Time `json:"last_seen"`
	// Seconds is the time from Began to Seen.
	Seconds float64 `json:"duration_seconds"`
	// First is the count in the first sample.
	First int `json:"regions_first"`
	// Last is the count in the last sample.
	Last int `json:"regions_last"`
	// Mean is the rate from the first sample until the count was lowest, 0 when no
	// region left.
	Mean float64 `json:"mean_regions_per_second"`
	// Peak is the highest rate over the window, at least Mean.
	Peak float64 `json:"peak_regions_per_second"`
	// Window is what rates are measured over.
	Window float64 `json:"rate_window_seconds"`

	Stalls         []Stall      `json:"stalls"`
	StalledSeconds float64      `json:"stalled_seconds"`
	Causes         []CauseTimes `json:"causes"`
	// Unwatched are the times in which nobody took samples, from Began to Seen.
	Unwatched        []Span    `json:"unwatched"`
	UnwatchedSeconds float64   `json:"unwatched_seconds"`
	Accuracy         *Accuracy `json:"forecast_accuracy,omitempty"` // nil without forecasts, or an end
	Points           []Point   `json:"points"`

	samples []timedSample
}

// Span is a time from one moment to another.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

func (s Span) seconds() float64 { return s.To.Sub(s.From).Seconds() }

// Point is one sample on a curve.
type Point struct {
	Time    time.Time `json:"time"`
	Regions int       `json:"regions"`
	Leaders int       `json:"leaders"`
	SizeMiB int64     `json:"region_size_mib"`
	// Rate is in regions a second over the window of the course; nil where too
	// little of the window was watched.
	Rate *float64 `json:"regions_per_second,omitempty"`
	// Earliest is when the store was forecast to be gone at the earliest; missing
	// without a forecast.
	Earliest time.Time `json:"forecast_earliest,omitzero"`
	// Latest is the upper end of the forecast, missing where there was none.
	Latest  time.Time `json:"forecast_latest,omitzero"`
	Stalled bool      `json:"stalled,omitempty"`
	// Gap is set when nobody watched between the point before and this one.
	Gap bool `json:"gap_before,omitempty"`
}

type timedSample struct {
	at time.Time
	*Sample
}

// turn is what can begin or end a leaving: a step of the journal or a sample.
type turn struct {
	at             time.Time
	sample         *Sample
	starts, cancel bool
}

// courses cuts what is known of one store into leavings, in order of time.
func courses(id cluster.StoreID, records []Record, operations []Operation) []Course {
	var list []Course
	open := func() *Course {
		if len(list) > 0 && list[len(list)-1].Ended.IsZero() {
			return &list[len(list)-1]
		}
		return nil
	}
	for _, t := range turns(id, records, operations) {
		c := open()
		switch {
		case t.starts && c == nil:
			list = append(list, Course{StoreID: id, Began: t.at, Seen: t.at, Journaled: true, Outcome: Leaving})
		case t.cancel && c != nil:
			c.end(t.at, CameBack)
		case t.sample == nil:
		case c == nil && t.sample.Phase != Leaving: // watched again after its end
		case c == nil && len(list) > 0 && !t.at.After(list[len(list)-1].Ended):
		default:
			if c == nil {
				list = append(list, Course{StoreID: id, Began: t.at, Outcome: Leaving})
				c = &list[len(list)-1]
			}
			c.take(t.at, t.sample)
		}
	}
	return list
}

func turns(id cluster.StoreID, records []Record, operations []Operation) []turn {
	var all []turn
	for i := range operations {
		o := &operations[i]
		for k := range o.Steps {
			switch s := &o.Steps[k]; {
			case s.StoreID != id:
			case s.Starts:
				all = append(all, turn{at: s.Time, starts: true})
			case s.Cancels:
				// PD makes the change between the intent and the end; a sample of the
				// time between belongs to the leaving before.
				all = append(all, turn{at: o.end(), cancel: true})
			}
		}
	}
	for i := range records {
		if r := &records[i]; r.Sample != nil && r.StoreID == id {
			all = append(all, turn{at: r.Time, sample: r.Sample})
		}
	}
	slices.SortStableFunc(all, func(a, b turn) int { return a.at.Compare(b.at) })
	return all
}

// take adds a sample. Of two at the same time, as two watchers can make them, the
// first is kept, unless the second tells of the end or of causes.
func (c *Course) take(at time.Time, s *Sample) {
	c.Address, c.Node = cmp.Or(s.Address, c.Address), cmp.Or(s.Node, c.Node)
	if n := len(c.samples); n > 0 && s.Phase == Leaving && !s.Looked && at.Sub(c.samples[n-1].at) < densest/2 && s.Stalled == c.samples[n-1].Stalled {
		return
	}
	c.samples = append(c.samples, timedSample{at, s})
	c.Seen = at
	if s.Phase != Leaving {
		c.end(at, s.Phase)
	}
}

func (c *Course) end(at time.Time, outcome Phase) { c.Ended, c.Seen, c.Outcome = at, at, outcome }
