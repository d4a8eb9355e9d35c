package page

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"ebb/burndown"
	"ebb/cmd/render"
	"ebb/ui"
)

// courseView is how a leaving is named and coloured.
type courseView struct {
	Name, Short, Address, Class, Outcome, Badge    string
	Began, Took, Regions, Rate, Stalled, Forecasts string

	course *burndown.Course
}

var badges = map[burndown.Phase]string{
	burndown.Tombstone: "good", burndown.Gone: "good", burndown.BuriedEarly: "bad", burndown.CameBack: "warn", burndown.Leaving: "busy",
}

func (v *view) course(i int) courseView {
	c := &v.report.Courses[i]
	again := 0
	for k := range i {
		if v.report.Courses[k].StoreID == c.StoreID {
			again++
		}
	}
	out := courseView{
		course: c,
		Name:   "store " + c.StoreID.String(), Short: c.StoreID.String(), Address: ui.Clean(c.Address), Class: seriesClass(i),
		Outcome: render.OutcomeWord(c.Outcome), Badge: cmp.Or(badges[c.Outcome], "warn"),
		Began: v.stamp(c.Began), Took: duration(c.Seconds), Rate: ui.Rate(c.Mean), Stalled: "–", Forecasts: "–",
		Regions: fmt.Sprintf("%s → %s", ui.Count(int64(c.First)), ui.Count(int64(c.Last))),
	}
	if again > 0 {
		out.Name += fmt.Sprintf(" (%d)", again+1)
	}
	if c.StalledSeconds > 0 {
		out.Stalled = duration(c.StalledSeconds)
	}
	if c.Accuracy != nil {
		out.Forecasts = render.AccuracyWord(c.Accuracy)
	}
	if len(c.Points) == 0 {
		out.Regions, out.Rate = "not watched", "–"
	}
	return out
}

func duration(seconds float64) string {
	return ui.Duration(time.Duration(seconds * float64(time.Second)))
}

// merged are the times in which nobody watched, of all courses, without overlap.
func merged(courses []burndown.Course) []burndown.Span {
	var all, out []burndown.Span
	for i := range courses {
		all = append(all, courses[i].Unwatched...)
	}
	slices.SortFunc(all, func(a, b burndown.Span) int { return a.From.Compare(b.From) })
	for _, s := range all {
		if n := len(out); n > 0 && !s.From.After(out[n-1].To) {
			out[n-1].To = later(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}
