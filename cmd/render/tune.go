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

var tuneResultStyles = map[tune.Result]ui.Style{
	tune.Done: ui.Green, tune.Already: ui.Green, tune.Kept: ui.Yellow, tune.Failed: ui.Red, tune.Unsure: ui.Red, tune.Left: ui.Yellow,
}

// TunePlan prints which values are to be changed, why, and how they come back.
func TunePlan(o *ui.Output, p *tune.Plan) error {
	head := p.Verb + ":"
	if p.Profile != tune.None {
		head = fmt.Sprintf("%s %s:", p.Verb, p.Profile)
	}
	if err := heading(o, head+" ", readFrom(p.ClusterID, p.PDVersion, "", p.ReadAt)); err != nil {
		return err
	}
	return tuneChanges(o, p, "Way back")
}

// TuneSection prints the speed as a part of another plan.
func TuneSection(o *ui.Output, p *tune.Plan) error {
	fmt.Fprintf(o, "\n%s, until the stores have left: %s\n", o.Paint(ui.Bold, "Speed"), p.Profile)
	return tuneChanges(o, p, "After a crash")
}

func tuneChanges(o *ui.Output, p *tune.Plan, back string) error {
	if len(p.Changes) == 0 {
		return tuneNotes(o, p.Notes)
	}
	t := ui.NewTable(
		ui.Column{Name: "Setting"}, ui.Column{Name: "Store", Min: 12}, ui.Column{Name: "Now", Align: ui.Right}, ui.Column{Name: "New", Align: ui.Right},
		ui.Column{Name: back, Min: 20, Drop: 1, Wrap: true, Optional: true}, ui.Column{Name: "Why", Min: 20, Drop: 2, Wrap: true})
	// A terminal says it once where the way back is the same for all.
	same := undoOf(&p.Changes[0])
	for i := range p.Changes {
		if undoOf(&p.Changes[i]) != same {
			same = ""
		}
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		undo := ui.Text(undoOf(c))
		if same != "" {
			undo = ui.Cell{Raw: same}
		}
		t.Row(ui.Text(string(c.Setting)), ui.Text(storeOf(c.StoreID, c.Address)), valueCell(c.Now), valueCell(c.New), undo, ui.Text(c.Why))
	}
	errs := []error{t.Write(o)}
	if same != "" && o.IsTerminal() {
		errs = append(errs, o.Hang(back+": ", ui.Clean(same)))
	}
	return errors.Join(append(errs, tuneNotes(o, p.Notes))...)
}

func undoOf(c *tune.Change) string {
	if c.Kind == tune.Restore {
		return "put back, unless somebody has changed it"
	}
	return c.Undo
}

func tuneNotes(o *ui.Output, list []string) error {
	var errs []error
	for _, note := range list {
		errs = append(errs, o.Hang(o.Paint(ui.Yellow, "note:")+" ", ui.Clean(note)))
	}
	return errors.Join(errs...)
}

func storeOf(id cluster.StoreID, address string) string {
	switch {
	case id == 0:
		return "-"
	case address == "":
		return id.String()
	}
	return fmt.Sprintf("%s (%s)", id, ui.Clean(address))
}

// valueCell is a value in words for people, and as PD has it for programs.
func valueCell(v tune.Value) ui.Cell { return ui.Cell{Text: tuneValue(v), Raw: string(v)} }

// tuneValue says what PD's number for no limit means.
func tuneValue(v tune.Value) string {
	switch v {
	case "":
		return "-"
	case unlimited:
		return "unlimited"
	}
	return ui.Clean(string(v))
}

// unlimited is cluster.LimitUnlimited as PD takes it.
const unlimited = "100000000"

// TuneOutcome prints what came of one value.
func TuneOutcome(o *ui.Output, out tune.Outcome) error {
	c := &out.Change
	text := string(c.Setting)
	if c.StoreID != 0 {
		text += " of store " + storeOf(c.StoreID, c.Address)
	}
	if c.Kind == tune.Restore {
		text += " back"
	}
	text += " to " + tuneValue(c.New)
	if out.Note != "" {
		text += " (" + ui.Clean(out.Note) + ")"
	}
	if out.Err != nil {
		text += ": " + ui.Clean(out.Err.Error())
	}
	return o.Hang(o.Paint(tuneResultStyles[out.Result], fmt.Sprintf("%-7s", out.Result))+"  ", text)
}

// TuneOverview prints the settings to out, and to prose what limits now: nobody can
// take a table apart that has sentences below it.
func TuneOverview(out, prose *ui.Output, v *tune.Overview) error {
	return errors.Join(tuneSettings(v).Write(out), tuneLimits(prose, v))
}

// tuneSettings has a column for each profile. "For good" is what stays when a value
// that was set for a time has expired.
func tuneSettings(v *tune.Overview) *ui.Table {
	t := ui.NewTable(
		ui.Column{Name: "Setting"}, ui.Column{Name: "Of", Min: 12, Drop: 1}, ui.Column{Name: "Now", Align: ui.Right},
		ui.Column{Name: "For good", Align: ui.Right, Optional: true}, ui.Column{Name: "Default", Align: ui.Right, Drop: 2},
		ui.Column{Name: "gentle", Align: ui.Right, Drop: 3}, ui.Column{Name: "fast", Align: ui.Right, Drop: 3}, ui.Column{Name: "max", Align: ui.Right, Drop: 3})
	for i := range v.Settings {
		r := &v.Settings[i]
		forGood := ui.Cell{Raw: string(r.Now)}
		if r.Works != r.Now {
			forGood = valueCell(r.Now)
		}
		row := []ui.Cell{ui.Text(string(r.Setting)), ui.Text(rowOf(r)), valueCell(r.Works), forGood, valueCell(r.Default)}
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

func rowOf(r *tune.Row) string {
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
	return fmt.Sprintf("%d %s stores: %s", len(names), r.Engine, strings.Join(names, ","))
}

// TuneHeld prints what is still to be put back.
func TuneHeld(o *ui.Output, held []tune.Held) error {
	fmt.Fprintln(o, o.Paint(ui.Bold, "Still to be put back (ebb tune restore)"))
	var errs []error
	for i := range held {
		h := &held[i]
		text := fmt.Sprintf("%s: %s, was %s; set by %s of %s", h.Item, tuneValue(h.Set[len(h.Set)-1]), tuneValue(h.Old), ui.Clean(h.Operation), ui.Clean(h.Actor))
		if h.Unsure {
			text += "; cut off, so it may not have been set"
		}
		if !h.Permanent {
			text += "; expires by itself at " + h.Until.UTC().Format(time.RFC3339)
		}
		errs = append(errs, o.Hang("  ", text))
	}
	return errors.Join(errs...)
}
