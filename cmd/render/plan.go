package render

import (
	"fmt"
	"io"
	"strings"

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
	if err := planStores(p).Write(o); err != nil {
		return err
	}
	fmt.Fprintf(o, "\n%s\n", o.Paint(ui.Bold, "Checks"))
	Findings(o, p.Findings)
	if decommission.Verdict(p.Findings) != decommission.OK {
		return nil // steps that nobody may take would only draw the eye
	}
	fmt.Fprintf(o, "\n%s\n", o.Paint(ui.Bold, "Steps"))
	for i := range p.Steps {
		step := &p.Steps[i]
		fmt.Fprintf(o, "  %d. %s%s\n", i+1, ui.Clean(step.Text), stepNote(step))
	}
	if e := p.Estimate; e != nil {
		fmt.Fprintf(o, "\nTakes at least %s: %s.\n", ui.Duration(e.AtLeast), e.Basis)
	}
	return nil
}

func stepNote(step *decommission.Step) string {
	switch {
	case step.Done:
		return " (already so)"
	case step.Undo != "":
		return " (way back: " + step.Undo + ")"
	}
	return ""
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return ui.Clean(s)
}

func planStores(p *decommission.Plan) *ui.Table {
	t := ui.NewTable(
		ui.Column{Name: "Store ID", Align: ui.Right},
		ui.Column{Name: "Address", Min: 14, CutStart: true},
		ui.Column{Name: "Node", Min: 14, CutStart: true, Drop: 3},
		ui.Column{Name: "Engine"},
		ui.Column{Name: "State"},
		ui.Column{Name: "Leaders", Align: ui.Right},
		ui.Column{Name: "Regions", Align: ui.Right},
		ui.Column{Name: "Used", Align: ui.Right, Drop: 1},
		ui.Column{Name: "Started", Drop: 2},
	)
	for i := range p.Stores {
		s := &p.Stores[i]
		used := ui.Cell{Text: "-"}
		if s.Used.Known {
			used = ui.Size(s.Used.Bytes)
		}
		started := ui.Cell{Text: "-"}
		if !s.StartTime.IsZero() {
			started = ui.Text(s.StartTime.UTC().Format("2006-01-02T15:04:05Z"))
		}
		t.Row(ui.Text(s.ID.String()), ui.Text(s.Address), ui.Text(orDash(s.Node)), ui.Text(string(s.Engine)),
			ui.Styled(s.StateName, StatusStyle(s.StateName)), ui.Number(int64(s.Leaders)), ui.Number(int64(s.Regions)), used, started)
	}
	return t
}

// Findings prints one line per finding, and under those that are not fine the
// evidence and what to do.
func Findings(o *ui.Output, findings []decommission.Finding) {
	width := 0
	for i := range findings {
		width = max(width, len(findings[i].Check))
	}
	for i := range findings {
		f := &findings[i]
		fmt.Fprintf(o, "  %s  %-*s  %s%s\n", o.Paint(resultStyles[f.Result], fmt.Sprintf("%-7s", f.Result)), width, f.Check, ui.Clean(f.Summary), acceptedNote(f))
		if f.Result == decommission.OK || f.Result == decommission.NotApplicable {
			continue
		}
		indent := strings.Repeat(" ", 2+7+2+width+2)
		for _, e := range f.Evidence {
			fmt.Fprintf(o, "%s%s\n", indent, ui.Clean(e))
		}
		if len(f.Regions) > 0 {
			fmt.Fprintf(o, "%sregions: %s\n", indent, regionIDs(f.Regions))
		}
		if f.Fix != "" {
			fmt.Fprintf(o, "%s%s %s\n", indent, o.Paint(ui.Cyan, "fix:"), ui.Clean(f.Fix))
		}
		if f.Result == decommission.Refused && f.Risk != "" && !f.Accepted {
			fmt.Fprintf(o, "%s%s go on all the same with --accept-risk=%s\n", indent, o.Paint(ui.Cyan, "or: "), f.Risk)
		}
	}
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
	return strings.Join(parts, ", ") + ", ..."
}

// Outcome prints what came of one step.
func Outcome(w io.Writer, o decommission.StepOutcome) {
	line := fmt.Sprintf("%-8s %s", o.Result, ui.Clean(o.Step.Text))
	if o.Note != "" {
		line += " (" + ui.Clean(o.Note) + ")"
	}
	fmt.Fprintln(w, line)
}
