package render

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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
		ui.Column{Name: "Setting"}, ui.Column{Name: "Store", Min: 22, Wrap: true}, ui.Column{Name: "Now", Align: ui.Right}, ui.Column{Name: "New", Align: ui.Right},
		ui.Column{Name: back, Optional: true}, ui.Column{Name: "Why", Min: 36, Drop: 1, Wrap: true})
	for _, group := range groupChanges(p.Changes, o.IsTerminal()) {
		c := group[0]
		// A terminal says it once for all that come back in the same way.
		undo := ui.Cell{Raw: undoOf(c)}
		t.Row(settingCell(c.Setting), ui.Cell{Text: storesOf(group), Raw: rawStore(c.StoreID)}, valueCell(c.Now), valueCell(c.New), undo, ui.Text(c.Why))
	}
	errs := []error{t.Write(o)}
	if o.IsTerminal() {
		errs = append(errs, waysBack(o, back, p.Changes))
	}
	return errors.Join(append(errs, tuneNotes(o, p.Notes))...)
}

// groupChanges puts the stores together for which the same is done, for people.
func groupChanges(changes []tune.Change, together bool) [][]*tune.Change {
	type key struct {
		setting  tune.Setting
		now, new tune.Value
		undo     string
		why      string
	}
	at := make(map[key]int)
	var groups [][]*tune.Change
	for i := range changes {
		c := &changes[i]
		k := key{c.Setting, c.Now, c.New, undoOf(c), c.Why}
		if n, known := at[k]; known && together && c.StoreID != 0 {
			groups[n] = append(groups[n], c)
			continue
		}
		at[k] = len(groups)
		groups = append(groups, []*tune.Change{c})
	}
	return groups
}

func storesOf(group []*tune.Change) string {
	if len(group) == 1 {
		return storeOf(group[0].StoreID, group[0].Address)
	}
	ids := make([]cluster.StoreID, 0, len(group))
	for _, c := range group {
		ids = append(ids, c.StoreID)
	}
	slices.Sort(ids)
	return ui.Counted(len(ids), "store") + ": " + joinIDs(ids)
}

func rawStore(id cluster.StoreID) string {
	if id == 0 {
		return "-"
	}
	return id.String()
}

// settingCell leaves the section out for people: it is the same for all, and
// pd-ctl does not want it.
func settingCell(s tune.Setting) ui.Cell {
	return ui.Cell{Text: strings.TrimPrefix(string(s), "schedule."), Raw: string(s)}
}

// waysBack says how the settings come back, together those that do it alike.
func waysBack(o *ui.Output, title string, changes []tune.Change) error {
	var order []string
	settings := make(map[string][]string)
	for i := range changes {
		undo, setting := undoOf(&changes[i]), settingCell(changes[i].Setting).Text
		if settings[undo] == nil {
			order = append(order, undo)
		}
		if !slices.Contains(settings[undo], setting) {
			settings[undo] = append(settings[undo], setting)
		}
	}
	fmt.Fprintf(o, "\n%s\n", o.Paint(ui.Bold, title))
	var errs []error
	for _, undo := range order {
		errs = append(errs, o.Hang("  ", strings.Join(settings[undo], ", ")+": "+ui.Clean(undo)))
	}
	return errors.Join(errs...)
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
