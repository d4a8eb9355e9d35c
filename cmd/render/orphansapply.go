package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ebb/operators"
	"ebb/ui"
)

// OrphanPlan prints which orphans will be removed, and how many stay.
func OrphanPlan(o *ui.Output, p *operators.Plan, gone []operators.GoneStore) error {
	if err := o.Hang(o.Paint(ui.Bold, p.Verb+": "), readFrom(p.ClusterID, p.PDVersion, "", p.ReadAt)); err != nil {
		return err
	}
	if len(p.Removals) > 0 {
		fmt.Fprintf(o, "\nwill remove %s:\n", ui.Counted(len(p.Removals), "peer"))
		shown := p.Removals[:min(len(p.Removals), shownOrphans)]
		if err := orphanTable(shown).Write(o); err != nil {
			return err
		}
		if hidden := len(p.Removals) - len(shown); hidden > 0 {
			fmt.Fprintf(o, "and %s more; --dry-run -o json has all of them\n", ui.Count(int64(hidden)))
		}
		if err := o.Hang("way back: ", "none; PD gives these regions another copy as soon as it has a store for it"); err != nil {
			return err
		}
	}
	if err := unlocated(o, gone); err != nil {
		return err
	}
	if len(p.Left) == 0 {
		return nil
	}
	fmt.Fprintf(o, "\nwill leave %s alone:\n", ui.Counted(len(p.Left), "peer"))
	return reasonTable(operators.Summarize(p.Left).Reasons).Write(o)
}

// unlocated says whose process nobody could look for.
func unlocated(o *ui.Output, gone []operators.GoneStore) error {
	var ids []string
	for i := range gone {
		if g := &gone[i]; g.State == operators.StateUnknown && g.Answers == "" && !g.Probed {
			ids = append(ids, g.ID.String())
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return o.Hang("note: ", "nobody knows where the process of store "+strings.Join(ids, ", ")+
		" is, so it was not looked whether it still runs; its vote is not counted on")
}

// Removal prints what came of one removal, the n-th of total.
func Removal(o *ui.Output, out operators.Outcome, n, total int) error {
	style := ui.Yellow
	if out.Gone() {
		style = ui.Green
	}
	head := fmt.Sprintf("%d/%d  region %d, store %d: ", n, total, out.RegionID, out.StoreID)
	text := o.Paint(style, string(out.Result))
	if out.Note != "" {
		text += "; " + ui.Clean(out.Note)
	}
	return o.Hang(head, text)
}

// urgency is the order in which a reader needs what is left.
func urgency(r operators.Remaining) int {
	switch {
	case r.Result == operators.InFlight:
		return 0
	case r.Result == operators.Failed:
		return 1
	case r.Result == operators.NotTried && r.Reason == "":
		return 3
	}
	return 2
}

// Remaining lists the orphans that an apply has left, and why: first those that PD
// may still work on.
func Remaining(o *ui.Output, list []operators.Remaining) error {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b operators.Remaining) int { return cmp.Compare(urgency(a), urgency(b)) })
	fmt.Fprintln(o, "remaining:")
	for _, r := range list[:min(len(list), shownOrphans)] {
		word := string(r.Result)
		if word == "" {
			word = strings.ToUpper(r.Verdict.String())
		}
		head := fmt.Sprintf("  region %d, store %d: %s", r.RegionID, r.StoreID, word)
		if r.Reason != "" {
			head += "; "
		}
		if err := o.Hang(head, ui.Clean(r.Reason)); err != nil {
			return err
		}
	}
	if hidden := len(list) - shownOrphans; hidden > 0 {
		fmt.Fprintf(o, "  and %s more\n", ui.Count(int64(hidden)))
	}
	return nil
}
