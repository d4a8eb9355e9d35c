package page

import (
	"fmt"
	"slices"
	"time"

	"ebb/burndown"
	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/ui"
)

// cards are the numbers that are asked for first.
func (v *view) cards() []card {
	r := v.report
	moved, peak, stalled, stalls := 0, 0.0, 0.0, 0
	outcomes := make(map[cluster.StoreID]bool) // the latest counts
	forecasts, held := 0, 0
	for i := range r.Courses {
		c := &r.Courses[i]
		outcomes[c.StoreID] = c.Outcome == burndown.Tombstone || c.Outcome == burndown.Gone
		moved += c.First - c.Last
		peak = max(peak, c.Peak)
		stalled += c.StalledSeconds
		stalls += len(c.Stalls)
		if c.Accuracy != nil {
			forecasts, held = forecasts+c.Accuracy.Forecasts, held+c.Accuracy.Held
		}
	}
	took := r.To.Sub(r.From)
	gone, class := 0, "busy"
	for _, is := range outcomes {
		if is {
			gone++
		}
	}
	if gone == len(outcomes) {
		class = "good"
	}
	list := []card{
		{Name: "Gone", Value: fmt.Sprintf("%d of %d", gone, len(outcomes)), Detail: ui.Counted(len(outcomes), "store") + ", " + ui.Counted(len(r.Courses), "leaving"), Class: class},
		{Name: "Took", Value: ui.Duration(took), Detail: v.stamp(r.From) + " – " + v.stamp(r.To)},
		{Name: "Regions moved", Value: ui.Count(int64(moved)), Detail: "net, while watched"},
	}
	if len(r.Courses) == 1 {
		list = append(list, card{Name: "Mean rate", Value: ui.Rate(r.Courses[0].Mean), Detail: "peak " + ui.Rate(peak)})
	} else if took > 0 {
		list = append(list, card{Name: "Mean rate", Value: ui.Rate(max(float64(moved), 0) / took.Seconds()), Detail: "all; peak of one " + ui.Rate(peak)})
	}
	stall := card{Name: "Stalled", Value: "never", Detail: "no stall was seen"}
	if stalls > 0 {
		stall = card{Name: "Stalled", Value: duration(stalled), Detail: ui.Counted(stalls, "stall") + map[bool]string{true: ", added up"}[stalls > 1], Class: "warn"}
	}
	list = append(list, stall)
	forecast := card{Name: "Forecasts", Value: "–", Detail: "no forecast with a known end"}
	if forecasts > 0 {
		forecast = card{Name: "Forecasts", Value: fmt.Sprintf("%d%%", held*100/forecasts), Detail: fmt.Sprintf("held the end, of %d", forecasts)}
	}
	return append(list, forecast)
}

func (v *view) causeRows() []causeRow {
	var rows []causeRow
	for i := range v.report.Courses {
		for _, cause := range v.report.Courses[i].Causes {
			held := time.Duration(0)
			for _, s := range cause.Times {
				held += s.To.Sub(s.From)
			}
			row := causeRow{
				ID: ui.Clean(cause.ID), Name: ui.Clean(cause.Name), Sentence: ui.Clean(cause.Sentence), Store: v.courses[i].Name, Class: v.courses[i].Class,
				Held: ui.Duration(held), Looks: ui.Count(int64(cause.Looks)), Most: "–",
			}
			if cause.Most > 0 {
				row.Most = ui.Count(int64(cause.Most))
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// entry is one thing that happened: an operation, or the end of a leaving.
type entry struct {
	Number                       int // 0 for an end
	Time, Title, Result, Badge   string
	Command, Actor, Error, Class string
	Took                         string
	Steps                        []stepRow
	Open                         bool

	at time.Time
}

type stepRow struct{ Time, Name, Result, Badge, Error string }

// openSteps is how many steps an operation may have to be shown unfolded.
const openSteps = 6

var resultBadges = map[string]string{"done": "good", "already": "good", "failed": "bad", "unknown": "bad"}

func badgeOf(result string) string {
	if b, ok := resultBadges[result]; ok {
		return b
	}
	return "warn"
}

func (v *view) timeline() []entry {
	var list []entry
	for i := range v.report.Operations {
		o := &v.report.Operations[i]
		e := entry{
			Number: o.Number, at: o.Began, Time: v.stamp(o.Began), Title: ui.Clean(o.Verb), Result: ui.Clean(o.Result), Badge: badgeOf(o.Result),
			Command: ui.Clean(o.Command), Actor: ui.Clean(o.Actor), Error: ui.Clean(o.Error), Open: len(o.Steps) <= openSteps, Took: "no end recorded",
		}
		if !o.Ended.IsZero() {
			e.Took = took(o.Ended.Sub(o.Began))
		}
		for _, s := range o.Steps {
			e.Steps = append(e.Steps, stepRow{v.clock(s.Time), ui.Clean(s.Name), ui.Clean(s.Result), badgeOf(s.Result), ui.Clean(s.Error)})
		}
		list = append(list, e)
	}
	for i := range v.report.Courses {
		if c := &v.report.Courses[i]; !c.Ended.IsZero() {
			list = append(list, entry{
				at: c.Ended, Time: v.stamp(c.Ended), Title: v.courses[i].Name, Result: render.OutcomeWord(c.Outcome),
				Badge: v.courses[i].Badge, Class: v.courses[i].Class, Took: "after " + duration(c.Seconds),
			})
		}
	}
	slices.SortStableFunc(list, func(a, b entry) int { return a.at.Compare(b.at) })
	return list
}

// took is the time of an operation, most of which take less than a second.
func took(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("took %.1fs", d.Seconds())
	}
	return "took " + ui.Duration(d)
}

type settingRow struct{ Name, Before, Set, At, Back, Badge string }

func (v *view) settings() []settingRow {
	var rows []settingRow
	for _, s := range v.report.Settings {
		row := settingRow{ui.Clean(s.Name), ui.Clean(s.Before), ui.Clean(s.Set), v.stamp(s.At), "not put back", "bad"}
		switch {
		case !s.Restored.IsZero():
			row.Back, row.Badge = v.stamp(s.Restored), "good"
		case !s.Expires.IsZero() && s.Expires.Before(v.report.Made):
			row.Back, row.Badge = "expired "+v.stamp(s.Expires), "good"
		case !s.Expires.IsZero():
			row.Back, row.Badge = "expires "+v.stamp(s.Expires), "warn"
		}
		if s.Unsure {
			row.Back += " (nobody knows whether it was set)"
		}
		rows = append(rows, row)
	}
	return rows
}
