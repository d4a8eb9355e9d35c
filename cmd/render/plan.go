package render

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/ui"
)

var resultStyles = map[decommission.Result]ui.Style{
	decommission.OK: ui.Green, decommission.NotApplicable: ui.Faint, decommission.Warning: ui.Yellow,
	decommission.Unknown: ui.Red, decommission.Refused: ui.Red,
}

// Plan prints what will be done, to what, and what the checks found.
func Plan(o *ui.Output, p *decommission.Plan) error {
	fmt.Fprintf(o, "%s cluster %d, PD %s, leader %s, read at %s\n\n",
		o.Paint(ui.Bold, p.Verb+":"), p.ClusterID, orDash(p.PDVersion), orDash(p.PDLeader), p.ReadAt.UTC().Format("2006-01-02 15:04:05Z"))
	// Aligned in a pipe as well: the plan is prose, for logs and for people.
	for _, line := range planStores(p).Lines(o.Width(), o.Color()) {
		fmt.Fprintln(o, line)
	}
	fmt.Fprintf(o, "\n%s\n", o.Paint(ui.Bold, "Checks"))
	if err := Findings(o, p.Findings); err != nil {
		return err
	}
	if decommission.Verdict(p.Findings) != decommission.OK {
		return nil // steps that nobody may take would only draw the eye
	}
	fmt.Fprintf(o, "\n%s\n", o.Paint(ui.Bold, "Steps"))
	for i := range p.Steps {
		if err := planStep(o, i+1, &p.Steps[i]); err != nil {
			return err
		}
	}
	if e := p.Estimate; e != nil {
		fmt.Fprintln(o)
		return o.Hang("", fmt.Sprintf("Takes at least %s: %s.", ui.Duration(e.AtLeast), e.Basis))
	}
	return nil
}

func planStep(o *ui.Output, number int, step *decommission.Step) error {
	text := ui.Clean(step.Text)
	if step.Done {
		text += " (already so)"
	}
	if err := o.Hang(fmt.Sprintf("  %d. ", number), text); err != nil || step.Done || step.Undo == "" {
		return err
	}
	return o.Hang("     ", "way back: "+step.Undo)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return ui.Clean(s)
}

// planStores leaves the node column out where it only repeats the addresses, as
// it does for TiKV.
func planStores(p *decommission.Plan) *ui.Table {
	nodes := slices.ContainsFunc(p.Stores, func(s decommission.PlannedStore) bool { return s.Node != "" && s.Node != s.Address })
	columns := []ui.Column{
		{Name: "Store ID", Align: ui.Right},
		{Name: "Address"},
		{Name: "Engine"},
		{Name: "State"},
		{Name: "Leaders", Align: ui.Right},
		{Name: "Regions", Align: ui.Right},
		{Name: "Used", Align: ui.Right, Drop: 1},
		{Name: "Started", Drop: 2},
	}
	if nodes {
		columns = slices.Insert(columns, 2, ui.Column{Name: "Node", Drop: 3})
	}
	t := ui.NewTable(columns...)
	for i := range p.Stores {
		s := &p.Stores[i]
		used, started := ui.Text("-"), ui.Text("-")
		if s.Used.Known {
			used = ui.Size(s.Used.Bytes)
		}
		if !s.StartTime.IsZero() {
			started = ui.Text(s.StartTime.UTC().Format(time.RFC3339))
		}
		row := []ui.Cell{
			ui.Text(s.ID.String()), ui.Text(s.Address), ui.Text(string(s.Engine)),
			ui.Styled(s.StateName, StatusStyle(s.StateName)), ui.Number(int64(s.Leaders)), ui.Number(int64(s.Regions)), used, started,
		}
		if nodes {
			row = slices.Insert(row, 2, ui.Text(orDash(s.Node)))
		}
		t.Row(row...)
	}
	return t
}

// Findings prints one line per finding, and under those that are not fine the
// evidence and what to do.
func Findings(o *ui.Output, findings []decommission.Finding) error {
	width := 0
	for i := range findings {
		width = max(width, len(findings[i].Check))
	}
	for i := range findings {
		f := &findings[i]
		head := fmt.Sprintf("  %s  %-*s  ", o.Paint(resultStyles[f.Result], fmt.Sprintf("%-7s", f.Result)), width, f.Check)
		if err := o.Hang(head, ui.Clean(f.Summary)+acceptedNote(f)); err != nil {
			return err
		}
		if f.Result == decommission.OK || f.Result == decommission.NotApplicable {
			continue
		}
		if err := details(o, f, strings.Repeat(" ", ui.Width(head))); err != nil {
			return err
		}
	}
	return nil
}

func details(o *ui.Output, f *decommission.Finding, indent string) error {
	var errs []error
	line := func(head, text string) { errs = append(errs, o.Hang(indent+head, ui.Clean(text))) }
	for _, e := range f.Evidence {
		line("", e)
	}
	if len(f.Regions) > 0 {
		line("", "regions "+regionIDs(f.Regions))
	}
	if f.Fix != "" {
		line(o.Paint(ui.Cyan, "fix:")+" ", f.Fix)
	}
	if f.Result == decommission.Refused && f.Risk != "" && !f.Accepted {
		line(o.Paint(ui.Cyan, "or:")+"  ", "go on all the same with --accept-risk="+f.Risk)
	}
	return errors.Join(errs...)
}

func acceptedNote(f *decommission.Finding) string {
	if f.Accepted {
		return " (risk accepted)"
	}
	return ""
}

func regionIDs(ids []cluster.RegionID) string {
	parts := make([]string, 0, len(ids))
	for _, id := range ids {
		parts = append(parts, id.String())
	}
	list := strings.Join(parts, ", ")
	if len(ids) >= cluster.MaxExamples {
		list += ", ..."
	}
	return list
}

// Outcome prints what came of one step.
func Outcome(o *ui.Output, outcome decommission.StepOutcome) error {
	text := ui.Clean(outcome.Step.Text)
	if outcome.Note != "" {
		text += " (" + ui.Clean(outcome.Note) + ")"
	}
	return o.Hang(fmt.Sprintf("%-8s ", outcome.Result), text)
}
