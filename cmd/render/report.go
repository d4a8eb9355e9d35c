package render

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ebb/burndown"
	"ebb/ui"
)

// Outcomes of a leaving, in words.
var outcomeWords = map[burndown.Phase]string{
	burndown.Leaving: "leaving", burndown.Tombstone: "Tombstone", burndown.BuriedEarly: "Tombstone too early",
	burndown.CameBack: "taken back", burndown.Gone: "record gone",
}

// OutcomeWord says how a leaving ended.
func OutcomeWord(p burndown.Phase) string {
	if word, ok := outcomeWords[p]; ok {
		return word
	}
	return string(p)
}

// Report prints the course of a decommission: a row for each leaving to o, and to
// prose, which is the same on a terminal, what they waited for, what was changed,
// and what is missing.
func Report(o, prose *ui.Output, r *burndown.Report) error {
	head := "report:"
	if r.Cluster != "" {
		head = fmt.Sprintf("report of %s:", ui.Clean(r.Cluster))
	}
	errs := []error{prose.Hang("", fmt.Sprintf("%s cluster %d, PD %s", prose.Paint(ui.Bold, head), r.ClusterID, orDash(r.PDVersion)))}
	fmt.Fprintf(prose, "%s to %s (%s)\n\n", r.From.UTC().Format("2006-01-02 15:04:05Z"), r.To.UTC().Format("2006-01-02 15:04:05Z"), ui.Duration(r.To.Sub(r.From)))
	errs = append(errs, reportLeavings(o, r), reportStalls(prose, r), reportOperations(prose, r), reportSettings(prose, r))
	if len(r.Notes) > 0 {
		fmt.Fprintln(prose)
	}
	for _, note := range r.Notes {
		errs = append(errs, prose.Hang(prose.Paint(ui.Yellow, "note:")+" ", ui.Clean(note)))
	}
	return errors.Join(errs...)
}

// clockCell is a time of the day for people, and a whole one for programs.
func clockCell(at time.Time) ui.Cell {
	if at.IsZero() {
		return ui.Text("-")
	}
	return ui.Cell{Text: at.UTC().Format("15:04:05Z"), Raw: at.UTC().Format(time.RFC3339)}
}

func outcomeStyle(p burndown.Phase) ui.Style {
	switch p {
	case burndown.Tombstone, burndown.Gone:
		return ui.Green
	case burndown.BuriedEarly:
		return ui.Red
	}
	return ui.Yellow
}

func reportLeavings(o *ui.Output, r *burndown.Report) error {
	t := ui.NewTable(
		ui.Column{Name: "Store", Align: ui.Right}, ui.Column{Name: "Address", Min: 12, Drop: 1}, ui.Column{Name: "Began", Drop: 2},
		ui.Column{Name: "Took", Align: ui.Right}, ui.Column{Name: "Outcome"}, ui.Column{Name: "Regions", Align: ui.Right}, ui.Column{Name: "Left", Align: ui.Right},
		ui.Column{Name: "Rate", Align: ui.Right}, ui.Column{Name: "Peak", Align: ui.Right, Drop: 3}, ui.Column{Name: "Stalled", Align: ui.Right, Optional: true},
		ui.Column{Name: "Forecast", Drop: 4, Optional: true})
	for i := range r.Courses {
		c := &r.Courses[i]
		t.Row(ui.Text(c.StoreID.String()), ui.Text(orDash(c.Address)), clockCell(c.Began),
			spanCell(c.Seconds), ui.Styled(OutcomeWord(c.Outcome), outcomeStyle(c.Outcome)), ui.Number(int64(c.First)), ui.Number(int64(c.Last)),
			reportRate(c.Mean), reportRate(c.Peak), spanCell(c.StalledSeconds), ui.Text(AccuracyWord(c.Accuracy)))
	}
	return t.Write(o)
}

func spanCell(seconds float64) ui.Cell {
	if seconds == 0 {
		return ui.Cell{Text: "-", Raw: "0"}
	}
	return ui.Cell{Text: ui.Duration(time.Duration(seconds * float64(time.Second))), Raw: strconv.FormatFloat(seconds, 'f', 3, 64)}
}

func reportRate(perSecond float64) ui.Cell {
	return ui.Cell{Text: ui.Rate(perSecond), Raw: strconv.FormatFloat(perSecond, 'f', 4, 64)}
}

// AccuracyWord says how good the forecasts were, "-" when nobody can tell.
func AccuracyWord(a *burndown.Accuracy) string {
	if a == nil {
		return "-"
	}
	text := fmt.Sprintf("%d of %d held", a.Held, a.Forecasts)
	if a.MedianError != nil {
		text += fmt.Sprintf(", off %.0f%%", *a.MedianError*100)
	}
	return text
}

// section begins another table of a report.
func section(o *ui.Output, title string) { fmt.Fprintf(o, "\n%s\n", o.Paint(ui.Bold, title)) }

func reportStalls(o *ui.Output, r *burndown.Report) error {
	t := ui.NewTable(
		ui.Column{Name: "Store", Align: ui.Right}, ui.Column{Name: "From"}, ui.Column{Name: "For", Align: ui.Right},
		ui.Column{Name: "Regions", Align: ui.Right}, ui.Column{Name: "Stuck", Align: ui.Right}, ui.Column{Name: "Causes", Min: 20, Wrap: true})
	for i := range r.Courses {
		c := &r.Courses[i]
		for k := range c.Stalls {
			s := &c.Stalls[k]
			stuck := ui.Text("-")
			if s.Stuck != nil {
				stuck = ui.Number(int64(*s.Stuck))
			}
			t.Row(ui.Text(c.StoreID.String()), clockCell(s.From), spanCell(s.To.Sub(s.From).Seconds()),
				ui.Number(int64(s.Regions)), stuck, ui.Text(causeNames(c, s.Causes)))
		}
	}
	if t.Len() == 0 {
		return nil
	}
	section(o, "Stalls")
	return t.Write(o)
}

func causeNames(c *burndown.Course, ids []string) string {
	var names []string
	for _, id := range ids {
		for i := range c.Causes {
			if c.Causes[i].ID == id {
				names = append(names, id+" "+c.Causes[i].Name)
			}
		}
	}
	return orDash(strings.Join(names, ", "))
}

func reportOperations(o *ui.Output, r *burndown.Report) error {
	if len(r.Operations) == 0 {
		return nil
	}
	section(o, "Operations")
	t := ui.NewTable(
		ui.Column{Name: "#", Align: ui.Right}, ui.Column{Name: "Began"}, ui.Column{Name: "Verb"}, ui.Column{Name: "Result"},
		ui.Column{Name: "Took", Align: ui.Right, Drop: 1}, ui.Column{Name: "Steps", Align: ui.Right}, ui.Column{Name: "ID", Drop: 2}, ui.Column{Name: "Actor", Drop: 3})
	for i := range r.Operations {
		op := &r.Operations[i]
		took := ui.Cell{Text: "-", Raw: "0"}
		if !op.Ended.IsZero() {
			took = spanCell(op.Ended.Sub(op.Began).Seconds())
		}
		t.Row(ui.Number(int64(op.Number)), clockCell(op.Began), ui.Text(op.Verb), ui.Styled(op.Result, resultStyle(op.Result)),
			took, ui.Number(int64(len(op.Steps))), ui.Text(op.ID), ui.Text(op.Actor))
	}
	return t.Write(o)
}

func resultStyle(result string) ui.Style {
	if result == "done" || result == "already" {
		return ui.Green
	}
	return ui.Yellow
}

func reportSettings(o *ui.Output, r *burndown.Report) error {
	if len(r.Settings) == 0 {
		return nil
	}
	section(o, "Settings changed")
	t := ui.NewTable(
		ui.Column{Name: "Setting"}, ui.Column{Name: "Before", Align: ui.Right}, ui.Column{Name: "Set", Align: ui.Right},
		ui.Column{Name: "At"}, ui.Column{Name: "Put back"})
	for i := range r.Settings {
		s := &r.Settings[i]
		t.Row(ui.Text(s.Name), ui.Text(orDash(s.Before)), ui.Text(s.Set), clockCell(s.At), ui.Text(putBack(s)))
	}
	return t.Write(o)
}

func putBack(s *burndown.Setting) string {
	switch {
	case !s.Restored.IsZero():
		return s.Restored.UTC().Format("15:04:05Z")
	case !s.Expires.IsZero():
		return "expires " + s.Expires.UTC().Format("15:04:05Z")
	}
	return "no"
}
