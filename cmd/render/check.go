package render

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/ui"
)

var answerStyles = map[cluster.Answer]ui.Style{cluster.Yes: ui.Green, cluster.No: ui.Red, cluster.CannotTell: ui.Red}

// Check prints both answers about a set of stores.
func Check(o *ui.Output, r *decommission.CheckReport) error {
	if err := heading(o, "check: ", readFrom(r.ClusterID, r.PDVersion, orDash(r.PDLeader), r.ReadAt)); err != nil {
		return err
	}
	errs := []error{
		planStores(r.Stores, r.ReadAt).Write(o),
		question(o, "May they leave?", r.Leave.Answer, r.Leave.Findings),
		budget(o, r.Leave.Budget),
		receivers(o, r.Leave.Receivers),
	}
	if e := r.Leave.Estimate; e != nil && r.Leave.Answer == cluster.Yes {
		errs = append(errs, o.Hang("  ", fmt.Sprintf("Takes at least %s: %s.", ui.Duration(e.AtLeast), e.Basis)))
	}
	errs = append(errs, question(o, "And if they were lost now, would every region go on?", r.Loss.Answer, r.Loss.Findings))
	return errors.Join(errs...)
}

// question prints a question, its answer, and what the checks found. Those that
// found nothing share a line.
func question(o *ui.Output, text string, answer cluster.Answer, findings []decommission.Finding) error {
	fmt.Fprintf(o, "\n%s %s\n", o.Paint(ui.Bold, text), o.Paint(answerStyles[answer], answer.String()))
	var fine []string
	var rest []decommission.Finding
	for _, f := range findings {
		f.Risk = "" // scale-in takes it, this does not
		// What is fine is not worth a line, but for answers to questions of its own.
		switch fineHere := f.Result == decommission.OK || f.Result == decommission.NotApplicable; {
		case f.Check == "failure-budget": // has a table
		case !fineHere || f.Check == "pd-delete" || f.Check == "majority":
			rest = append(rest, f)
		case !slices.Contains(fine, f.Check):
			fine = append(fine, f.Check)
		}
	}
	fine = slices.DeleteFunc(fine, func(check string) bool {
		return slices.ContainsFunc(rest, func(f decommission.Finding) bool { return f.Check == check })
	})
	if err := Findings(o, rest); err != nil || len(fine) == 0 {
		return err
	}
	return o.Hang("  "+o.Paint(ui.Green, "ok")+"       ", strings.Join(fine, ", "))
}

// budget prints, per kind of failure domain, what may be lost before and after.
func budget(o *ui.Output, b *decommission.Budget) error {
	if b == nil || len(b.Dimensions) == 0 {
		return nil
	}
	t := ui.NewTable(ui.Column{Name: "May be lost"}, ui.Column{Name: "Today", Min: 12, Wrap: true}, ui.Column{Name: "Afterwards", Min: 12, Wrap: true})
	t.Indent = "  "
	for i := range b.Dimensions {
		d := &b.Dimensions[i]
		style := ui.Plain
		if d.After.Any != cluster.Yes {
			style = ui.Yellow
		}
		t.Row(ui.Text("a "+d.Name), ui.Text(d.Before.Text()), ui.Styled(d.After.Text(), style))
	}
	fmt.Fprintln(o)
	if err := t.Write(o); err != nil {
		return err
	}
	for i := range b.Dimensions {
		if d := &b.Dimensions[i]; len(d.Unlabelled) > 0 {
			if err := o.Hang("  ", fmt.Sprintf("%s the label %s and may be anywhere.", cluster.Agree(len(d.Unlabelled), "store", "lacks", "lack"), ui.Clean(d.Name))); err != nil {
				return err
			}
		}
	}
	if slices.ContainsFunc(b.Dimensions, func(d decommission.BudgetDimension) bool {
		return d.Before.Any == cluster.CannotTell || d.After.Any == cluster.CannotTell
	}) {
		return o.Hang("  * ", "as long as PD can spread the regions: location labels do not force it to, an isolation level does")
	}
	return nil
}

// receivers prints who takes it all, and the one that is nearest to full.
func receivers(o *ui.Output, list []decommission.Receiver) error {
	var tightest *decommission.Receiver
	unknown := 0
	for i := range list {
		r := &list[i]
		switch {
		case r.Room == nil:
			unknown++
		case tightest == nil || fullness(r) > fullness(tightest):
			tightest = r
		}
	}
	if len(list) == 0 {
		return nil
	}
	text := cluster.Agree(len(list), "store", "receives", "receive")
	if tightest != nil {
		text += fmt.Sprintf("; nearest to full is store %d (%s): about %s, with room for %s",
			tightest.StoreID, tightest.Address, ui.Bytes(tightest.Receives), ui.Bytes(*tightest.Room))
	}
	if unknown > 0 {
		text += fmt.Sprintf("; %d report no capacity", unknown)
	}
	fmt.Fprintln(o)
	return o.Hang("  ", ui.Clean(text)+".")
}

// fullness is the part of the room that is used up.
func fullness(r *decommission.Receiver) float64 {
	if *r.Room == 0 {
		return 1
	}
	return float64(r.Receives) / float64(*r.Room)
}
