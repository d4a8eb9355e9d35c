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
	if err := heading(o, p.Verb+": ", readFrom(p.ClusterID, p.PDVersion, orDash(p.PDLeader), p.ReadAt)); err != nil {
		return err
	}
	if err := planStores(p.Stores, p.ReadAt).Write(o); err != nil {
		return err
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

// heading prints the first lines of a report.
func heading(o *ui.Output, head, text string) error {
	if err := o.Hang(o.Paint(ui.Bold, head), text); err != nil {
		return err
	}
	_, err := fmt.Fprintln(o)
	return err
}

// readFrom says which cluster something was read from, and when; leader is left
// out when it is empty.
func readFrom(clusterID uint64, pdVersion, leader string, at time.Time) string {
	if leader != "" {
		leader = ", leader " + leader
	}
	return fmt.Sprintf("cluster %d, PD %s%s, read at %s", clusterID, orDash(pdVersion), leader, at.UTC().Format(time.RFC3339))
}

// planStores lists stores as they were at a time. A terminal does not show the
// nodes where they only repeat the addresses, as they do for TiKV.
func planStores(stores []decommission.PlannedStore, at time.Time) *ui.Table {
	t := ui.NewTable(
		ui.Column{Name: "Store ID", Align: ui.Right},
		ui.Column{Name: "Address", Min: 12, Drop: 1},
		ui.Column{Name: "Node", Optional: true, Drop: 4},
		ui.Column{Name: "Engine", Drop: 6},
		ui.Column{Name: "State"},
		ui.Column{Name: "Leaders", Align: ui.Right, Drop: 2},
		ui.Column{Name: "Regions", Align: ui.Right},
		ui.Column{Name: "Used", Align: ui.Right, Drop: 3},
		ui.Column{Name: "Started", Align: ui.Right, Optional: true, Drop: 5},
	)
	nodes := slices.ContainsFunc(stores, func(s decommission.PlannedStore) bool { return s.Node != "" && s.Node != s.Address })
	for i := range stores {
		s := &stores[i]
		used, node := ui.Text("-"), ui.Cell{Raw: orDash(s.Node)}
		if s.Used.Known {
			used = ui.Size(s.Used.Bytes)
		}
		if nodes {
			node.Text = orDash(s.Node)
		}
		t.Row(ui.Text(s.ID.String()), ui.Text(s.Address), node, ui.Text(string(s.Engine)), ui.Styled(s.StateName, StatusStyle(s.StateName)),
			ui.Number(int64(s.Leaders)), ui.Number(int64(s.Regions)), used, ui.Moment(s.StartTime, at))
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
