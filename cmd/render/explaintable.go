package render

import (
	"errors"
	"fmt"
	"strings"

	"ebb/cluster"
	"ebb/diagnose"
	"ebb/ui"
)

func ruleText(v *diagnose.RuleView) string {
	r := &v.Rule
	text := fmt.Sprintf("%s: %s, count %d", r.Name(), r.Role, r.Count)
	for i := range r.LabelConstraints {
		c := &r.LabelConstraints[i]
		text += ", " + strings.TrimRight(c.Key+" "+c.Op+" "+strings.Join(c.Values, ","), " ")
	}
	if r.IsolationLevel != "" {
		text += ", isolated by " + r.IsolationLevel
	}
	text += fmt.Sprintf("; has %d, on store %s", len(v.Peers), peerList(v.Peers))
	if len(v.WrongRole) > 0 {
		text += "; another role on store " + peerList(v.WrongRole)
	}
	if !v.Satisfied {
		text += "; not satisfied"
	}
	return text
}

func peerList(peers []cluster.Peer) string {
	if len(peers) == 0 {
		return "-"
	}
	parts := make([]string, 0, len(peers))
	for i := range peers {
		parts = append(parts, peers[i].StoreID.String())
	}
	return strings.Join(parts, ", ")
}

var outcomeStyles = map[diagnose.FilterOutcome]ui.Style{
	diagnose.FilterPass: ui.Faint, diagnose.FilterFail: ui.Red, diagnose.FilterUnknown: ui.Yellow,
}

var outcomeMarks = map[diagnose.FilterOutcome]string{
	diagnose.FilterPass: "ok", diagnose.FilterFail: "no", diagnose.FilterUnknown: "?",
}

// candidateTable has a line for every store and a column for every filter, which
// a narrow terminal leaves out: the reason stays.
func candidateTable(candidates []diagnose.Candidate) *ui.Table {
	columns := []ui.Column{
		{Name: "Store", Align: ui.Right}, {Name: "Address", Drop: 1}, {Name: "Eligible"}, {Name: "Because", Min: 40, Wrap: true},
	}
	filters := diagnose.Filters()
	for i, f := range filters {
		columns = append(columns, ui.Column{Name: f, Drop: 2 + i, Optional: true})
	}
	t := ui.NewTable(columns...)
	for i := range candidates {
		c := &candidates[i]
		row := []ui.Cell{
			ui.Text(c.Store.String()), ui.Text(orDash(c.Address)), ui.Styled(c.Eligible.String(), eligibleStyles[c.Eligible]), ui.Text(because(c)),
		}
		for _, name := range filters {
			row = append(row, filterCell(c, name))
		}
		t.Row(row...)
	}
	return t
}

var eligibleStyles = map[cluster.Answer]ui.Style{cluster.Yes: ui.Green, cluster.No: ui.Red, cluster.CannotTell: ui.Yellow}

func filterCell(c *diagnose.Candidate, name string) ui.Cell {
	for _, f := range c.Filters {
		if f.Filter == name {
			return ui.Cell{Text: outcomeMarks[f.Result], Raw: string(f.Result), Style: outcomeStyles[f.Result]}
		}
	}
	return ui.Text("-")
}

// because is the first filter that keeps the store out, or else what is not known.
func because(c *diagnose.Candidate) string {
	for _, want := range []diagnose.FilterOutcome{diagnose.FilterFail, diagnose.FilterUnknown} {
		for _, f := range c.Filters {
			if f.Result == want {
				return f.Filter + ": " + f.Sentence
			}
		}
	}
	return "every filter passes"
}

// operators prints the operator that runs, or else the last one.
func (p *printer) operators(e *Explain) {
	for i := range e.Explanations {
		if op := e.Explanations[i].Operator; op != nil {
			p.hang("operator ", ui.Clean("runs: "+operatorText(op)))
			return
		}
	}
	if e.LastOperator != nil {
		p.hang("operator ", ui.Clean("last: "+operatorText(e.LastOperator)))
	}
}

func operatorText(op *cluster.Operator) string {
	text := strings.TrimSpace(op.Status + " " + op.Desc + " " + op.Brief)
	if len(op.Steps) > 0 && op.CurrentStep < len(op.Steps) {
		text += fmt.Sprintf(", step %d of %d: %s", op.CurrentStep+1, len(op.Steps), op.Steps[op.CurrentStep])
	}
	if !op.CreatedAt.IsZero() {
		text += ", created at " + op.CreatedAt.Format("15:04:05")
	}
	return text
}

// Leftover is the JSON document of ebb explain --leftover.
type Leftover struct {
	SchemaVersion int             `json:"schema_version"`
	Type          string          `json:"type"` // "explain-leftover"
	Stores        []LeftoverStore `json:"stores"`
	Notes         []string        `json:"notes,omitempty"`
}

// LeftoverStore is what is left on one store.
type LeftoverStore struct {
	Store   cluster.StoreID `json:"store_id"`
	Address string          `json:"address"`
	State   string          `json:"state"`
	Regions int             `json:"regions"`
	// Classes are those that have regions, the ones that block first.
	Classes []LeftoverClass `json:"classes"`
}

// LeftoverClass is one class with a few of its regions.
type LeftoverClass struct {
	Class   diagnose.TailClass     `json:"class"`
	Blocks  cluster.Answer         `json:"blocks"`
	Count   int                    `json:"count"`
	Regions []diagnose.Explanation `json:"regions"`
}

// Write prints a line for each class, and under it the regions with their reasons.
func (l *Leftover) Write(o *ui.Output) error {
	if !o.IsTerminal() {
		return l.table().Write(o)
	}
	p := &printer{o: o}
	for i := range l.Stores {
		s := &l.Stores[i]
		p.printf("%s  %s %s, %s\n", o.Paint(ui.Bold, fmt.Sprintf("store %d", s.Store)), ui.Clean(s.Address), s.State, ui.Counted(s.Regions, "region"))
		for j := range s.Classes {
			c := &s.Classes[j]
			p.printf("  %s  %s\n", o.Paint(blockStyles[c.Blocks], string(c.Class)), ui.Counted(c.Count, "region"))
			for k := range c.Regions {
				e := &c.Regions[k]
				p.hang(fmt.Sprintf("    %d  ", e.Region), ui.Clean(e.Sentence))
			}
			if len(c.Regions) > 0 && c.Regions[0].Next != "" {
				p.hang("    "+o.Paint(ui.Cyan, "next:")+" ", ui.Clean(c.Regions[0].Next))
			}
		}
	}
	for _, n := range l.Notes {
		p.hang(o.Paint(ui.Yellow, "note: "), ui.Clean(n))
	}
	return errors.Join(p.errs...)
}

func (l *Leftover) table() *ui.Table {
	t := ui.NewTable(ui.Column{Name: "Store"}, ui.Column{Name: "Class"}, ui.Column{Name: "Count"}, ui.Column{Name: "Region"}, ui.Column{Name: "Because"})
	for i := range l.Stores {
		for _, c := range l.Stores[i].Classes {
			for j := range c.Regions {
				t.Row(ui.Text(l.Stores[i].Store.String()), ui.Text(string(c.Class)), ui.Number(int64(c.Count)), ui.Text(c.Regions[j].Region.String()), ui.Text(c.Regions[j].Sentence))
			}
		}
	}
	return t
}
