package burndown

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
)

// Input is what a report is made from.
type Input struct {
	ClusterID uint64
	Records   []Record
	// Skipped is the number of lines that could not be read.
	Skipped    int
	Operations []Operation
	Settings   []Setting
	// Stores are those to report on; nil: all that left.
	Stores []cluster.StoreID
	// Since leaves out what was over before.
	Since time.Time
	// Made is when the report is made.
	Made time.Time
}

// Report is the course of a decommission.
type Report struct {
	ClusterID uint64    `json:"cluster_id"`
	Cluster   string    `json:"cluster,omitempty"`
	PDVersion string    `json:"pd_version,omitempty"`
	Made      time.Time `json:"made"`
	// From is when the first of the stores began to leave.
	From time.Time `json:"from"`
	// To is the latest end, or the last look.
	To time.Time `json:"to"`
	// Courses are the leavings by their beginning; a store can have several.
	Courses []Course `json:"leavings"`
	// Operations are those of the journal that belong to the leavings.
	Operations []Operation `json:"operations"`
	// Settings are the values that were changed for a while.
	Settings []Setting `json:"settings"`
	// Renewals is how often temporary values were set again to keep them alive.
	Renewals int `json:"setting_renewals"`
	// Notes are what a reader has to know of what is missing.
	Notes []string `json:"notes"`
}

// tuneMargin is how long after the end changes of the speed still belong to it:
// a wait puts its values back when the last store has left.
const tuneMargin = 10 * time.Minute

// New makes a report. It has no courses when nothing is known of the stores in
// the time that was asked for.
func New(in *Input) *Report {
	r := &Report{ClusterID: in.ClusterID, Made: in.Made, Courses: []Course{}, Operations: []Operation{}, Settings: []Setting{}, Notes: []string{}}
	for _, id := range storesIn(in) {
		for _, c := range courses(id, in.Records, in.Operations) {
			if c.Seen.Before(in.Since) {
				continue
			}
			c.measure()
			r.Courses = append(r.Courses, c)
		}
	}
	if len(r.Courses) == 0 {
		return r
	}
	slices.SortStableFunc(r.Courses, func(a, b Course) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.StoreID, b.StoreID))
	})
	r.From, r.To = r.Courses[0].Began, r.Courses[0].Seen
	for i := range r.Courses {
		if c := &r.Courses[i]; c.Seen.After(r.To) {
			r.To = c.Seen
		}
	}
	for i := range in.Records {
		if w := &in.Records[i]; w.Kind == KindWatch && !w.Time.After(r.To) {
			r.Cluster, r.PDVersion = cmp.Or(w.Cluster, r.Cluster), cmp.Or(w.PDVersion, r.PDVersion)
		}
	}
	r.journal(in)
	r.note(in)
	return r
}

// storesIn are the stores to report on, by id.
func storesIn(in *Input) []cluster.StoreID {
	if in.Stores != nil {
		return in.Stores
	}
	seen := make(map[cluster.StoreID]bool)
	for i := range in.Records {
		if s := in.Records[i].Sample; s != nil {
			seen[s.StoreID] = true
		}
	}
	for i := range in.Operations {
		for k := range in.Operations[i].Steps {
			if s := &in.Operations[i].Steps[k]; s.Starts {
				seen[s.StoreID] = true
			}
		}
	}
	ids := make([]cluster.StoreID, 0, len(seen))
	for id := range seen {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// journal keeps the operations and settings that belong to the courses.
func (r *Report) journal(in *Input) {
	stores := make(map[cluster.StoreID]bool)
	for i := range r.Courses {
		stores[r.Courses[i].StoreID] = true
	}
	operations := slices.Clone(in.Operations)
	slices.SortStableFunc(operations, func(a, b Operation) int { return a.Began.Compare(b.Began) })
	for _, o := range operations {
		tuning := o.tunes() && !o.Began.After(r.To.Add(tuneMargin))
		switch {
		case o.end().Before(r.From), !tuning && !o.about(stores):
		case o.renews():
			r.Renewals++
		default:
			o.Number = len(r.Operations) + 1
			r.Operations = append(r.Operations, o)
		}
	}
	for _, s := range in.Settings {
		over := !s.Restored.IsZero() && s.Restored.Before(r.From)
		if !over && !s.At.After(r.To.Add(tuneMargin)) && slices.ContainsFunc(r.Operations, func(o Operation) bool { return o.ID == s.Operation }) {
			r.Settings = append(r.Settings, s)
		}
	}
}

func (r *Report) note(in *Input) {
	say := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	for i := range r.Courses {
		c := &r.Courses[i]
		switch {
		case len(c.Points) == 0:
			say("store %d: nobody watched it, so there are no samples", c.StoreID)
		case len(c.Unwatched) > 0:
			say("store %d: nobody watched for %s of its %s", c.StoreID, seconds(c.UnwatchedSeconds).Round(time.Second), seconds(c.Seconds).Round(time.Second))
		}
		if !c.Journaled {
			say("store %d: the journal of this machine does not say when it began to leave; the report begins with the first sample", c.StoreID)
		}
	}
	if setBack(in.Records) {
		say("the clock of this machine was set back while somebody watched: times may be out of order")
	}
	if in.Skipped > 0 {
		say("%s of the samples could not be read; the rest is used", cluster.Plural(in.Skipped, "line"))
	}
}

// setBack reports whether a watcher's clock went back.
func setBack(records []Record) bool {
	last := make(map[string]time.Time)
	for i := range records {
		r := &records[i]
		if r.Time.Before(last[r.Watch]) {
			return true
		}
		last[r.Watch] = r.Time
	}
	return false
}
