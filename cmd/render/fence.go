package render

import (
	"errors"
	"fmt"

	"ebb/decommission"
	"ebb/ui"
)

var verdictStyles = map[decommission.FenceVerdict]ui.Style{
	decommission.FencedByHost: ui.Green, decommission.FencedByHook: ui.Green, decommission.Fenceable: ui.Yellow,
	decommission.Alive: ui.Red, decommission.NotFenced: ui.Red,
}

// Fence prints how the fencing of one store ended, and every piece of evidence.
func Fence(o *ui.Output, r *decommission.FenceReport) error {
	fmt.Fprintf(o, "store %d (%s): %s\n", r.StoreID, ui.Clean(r.Address), o.Paint(verdictStyles[r.Verdict], string(r.Verdict)))
	return Findings(o, r.Checks)
}

// Alternatives prints what a person can do where force-remove refuses.
func Alternatives(o *ui.Output, list []decommission.Alternative) error {
	if len(list) == 0 {
		return nil
	}
	fmt.Fprintf(o, "\n%s\n", o.Paint(ui.Bold, "What you can do instead"))
	var errs []error
	for i := range list {
		a := &list[i]
		errs = append(errs, o.Hang(fmt.Sprintf("  %d. ", i+1), ui.Clean(a.Title)+": "+ui.Clean(a.How)))
		if a.Command != "" {
			errs = append(errs, o.Hang("     "+o.Paint(ui.Cyan, "command:")+" ", ui.Clean(a.Command)))
		}
		errs = append(errs, o.Hang("     "+o.Paint(ui.Cyan, "cost:")+" ", ui.Clean(a.Costs)))
	}
	return errors.Join(errs...)
}
