package render

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
	"ebb/tune"
	"ebb/ui"
)

// TuneOverview prints the settings to out, and to prose what limits now: nobody can
// take a table apart that has sentences below it.
func TuneOverview(out, prose *ui.Output, v *tune.Overview) error {
	return errors.Join(tuneSettings(v).Write(out), tuneLimits(prose, v))
}

// tuneSettings has a column for each profile. "For good" is what stays when a value
// that was set for a time has expired.
func tuneSettings(v *tune.Overview) *ui.Table {
	t := ui.NewTable(
		ui.Column{Name: "Setting"}, ui.Column{Name: "Of", Min: 16, Wrap: true}, ui.Column{Name: "Now", Align: ui.Right},
		ui.Column{Name: "For good", Align: ui.Right, Optional: true, Drop: 1}, ui.Column{Name: "Default", Align: ui.Right, Drop: 3},
		ui.Column{Name: "gentle", Align: ui.Right, Drop: 2}, ui.Column{Name: "fast", Align: ui.Right, Drop: 2}, ui.Column{Name: "max", Align: ui.Right, Drop: 2})
	for i := range v.Settings {
		r := &v.Settings[i]
		forGood := ui.Cell{Raw: string(r.Now)}
		if r.Works != r.Now {
			forGood = valueCell(r.Now)
		}
		row := []ui.Cell{settingCell(r.Setting), {Text: rowOf(r, ", "), Raw: rowOf(r, ",")}, valueCell(r.Works), forGood, valueCell(r.Default)}
		for _, p := range tune.Profiles() {
			row = append(row, valueCell(r.Profiles[p]))
		}
		t.Row(row...)
	}
	return t
}

func tuneLimits(o *ui.Output, v *tune.Overview) error {
	var errs []error
	if len(v.Leaving) == 0 {
		fmt.Fprintln(o, "\nno store is leaving")
	}
	for i, l := range v.Limits {
		if i == 0 {
			fmt.Fprintf(o, "\n%s\n", o.Paint(ui.Bold, "What limits the leaving"))
		}
		head := "         "
		if l.Binding {
			head = o.Paint(ui.Yellow, "now") + "      "
		}
		errs = append(errs, o.Hang("  "+head, ui.Clean(l.Text)))
	}
	if len(v.Held) > 0 {
		fmt.Fprintln(o)
		errs = append(errs, TuneHeld(o, v.Held))
	}
	if len(v.Notes) > 0 {
		fmt.Fprintln(o)
	}
	return errors.Join(append(errs, tuneNotes(o, v.Notes))...)
}

func rowOf(r *tune.Row, comma string) string {
	switch {
	case len(r.Stores) == 0:
		return "the cluster"
	case len(r.Stores) == 1:
		return fmt.Sprintf("%s store %s", r.Engine, r.Stores[0])
	}
	names := make([]string, 0, len(r.Stores))
	for _, id := range slices.Sorted(slices.Values(r.Stores)) {
		names = append(names, id.String())
	}
	return fmt.Sprintf("%d %s stores: %s", len(names), r.Engine, strings.Join(names, comma))
}

// TuneHeld prints what is still to be put back; stores of which the same is to be
// said share a line.
func TuneHeld(o *ui.Output, held []tune.Held) error {
	fmt.Fprintln(o, o.Paint(ui.Bold, "Still to be put back (ebb tune restore)"))
	var order []string
	stores := make(map[string][]cluster.StoreID)
	for i := range held {
		text := heldText(&held[i])
		key := string(held[i].Setting) + "\x00" + text
		if stores[key] == nil {
			order = append(order, key)
		}
		stores[key] = append(stores[key], held[i].StoreID)
	}
	var errs []error
	for _, key := range order {
		setting, text, _ := strings.Cut(key, "\x00")
		ids := stores[key]
		slices.Sort(ids)
		switch {
		case len(ids) > 1:
			setting += fmt.Sprintf(" of %s: %s", ui.Counted(len(ids), "store"), joinIDs(ids))
		case ids[0] != 0:
			setting += "/" + ids[0].String()
		}
		errs = append(errs, o.Hang("  ", setting+": "+text))
	}
	return errors.Join(errs...)
}

func heldText(h *tune.Held) string {
	text := fmt.Sprintf("%s, was %s; set by %s of %s", tuneValue(h.Set[len(h.Set)-1]), tuneValue(h.Old), ui.Clean(h.Operation), ui.Clean(h.Actor))
	if h.Unsure {
		text += "; cut off, so it may not have been set"
	}
	if !h.Permanent {
		text += "; expires by itself at " + h.Until.UTC().Format(time.RFC3339)
	}
	return text
}
