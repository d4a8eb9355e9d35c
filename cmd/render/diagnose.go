package render

import (
	"errors"
	"fmt"

	"ebb/diagnose"
	"ebb/ui"
)

// Diagnosis is a report as a document.
type Diagnosis struct {
	SchemaVersion int    `json:"schema_version"`
	Type          string `json:"type"` // "diagnose"
	*diagnose.Report
}

// NewDiagnosis makes a document of a report.
func NewDiagnosis(schemaVersion int, r *diagnose.Report) *Diagnosis {
	return &Diagnosis{schemaVersion, "diagnose", r}
}

// RuleList is the list of rules as a document.
type RuleList struct {
	SchemaVersion int             `json:"schema_version"`
	Type          string          `json:"type"` // "diagnose-rules"
	Rules         []diagnose.Rule `json:"rules"`
}

// NewRuleList makes a document of the rules.
func NewRuleList(schemaVersion int, rules []diagnose.Rule) *RuleList {
	return &RuleList{schemaVersion, "diagnose-rules", rules}
}

// headlineStyles colour the answer.
var headlineStyles = map[diagnose.Result]ui.Style{
	diagnose.OK: ui.Green, diagnose.Problem: ui.Red, diagnose.CouldNotLook: ui.Yellow,
}

// fullCauses is how many problems are shown with all that is known of them; the
// report is for one screen.
const fullCauses = 4

// Diagnose prints a report for one screen. With all it also lists what every rule
// said.
func Diagnose(o *ui.Output, r *diagnose.Report, all bool) error {
	p := &printer{o: o}
	p.keep(heading(o, "diagnose: ", readFrom(r.ClusterID, r.PDVersion, "", r.ReadAt)))
	p.stores(r)
	p.hang("", o.Paint(headlineStyles[r.Result], ui.Clean(r.Headline)))
	p.problems(r)
	p.lesser(r, diagnose.Pace, "Sets the pace")
	p.lesser(r, diagnose.Note, "Worth knowing")
	p.tails(r)
	p.blind(r)
	p.bugs(r)
	p.rules(r, all)
	return errors.Join(p.errs...)
}

// printer keeps the first errors of writing until the end.
type printer struct {
	o    *ui.Output
	errs []error
}

func (p *printer) printf(format string, args ...any) { fmt.Fprintf(p.o, format, args...) }

func (p *printer) hang(head, text string) { p.keep(p.o.Hang(head, text)) }

func (p *printer) keep(err error) {
	if err != nil && len(p.errs) == 0 {
		p.errs = append(p.errs, err)
	}
}

func (p *printer) title(text string) { p.printf("\n%s\n", p.o.Paint(ui.Bold, text)) }

func (p *printer) stores(r *diagnose.Report) {
	if len(r.Stores) == 0 {
		return
	}
	t := ui.NewTable(
		ui.Column{Name: "Store ID", Align: ui.Right}, ui.Column{Name: "Address", Min: 12, Drop: 1}, ui.Column{Name: "Engine", Drop: 4}, ui.Column{Name: "State"},
		ui.Column{Name: "Leaders", Align: ui.Right, Drop: 2}, ui.Column{Name: "Regions", Align: ui.Right}, ui.Column{Name: "Size", Align: ui.Right, Drop: 3},
	)
	for i := range r.Stores {
		s := &r.Stores[i]
		t.Row(ui.Text(s.ID.String()), ui.Text(s.Address), ui.Text(string(s.Engine)), ui.Styled(s.State, StatusStyle(s.State)),
			ui.Number(int64(s.Leaders)), ui.Number(int64(s.Regions)), ui.Size(uint64(max(s.SizeMiB, 0))<<20))
	}
	p.table(t)
	p.printf("\n")
}

func causesOf(r *diagnose.Report, severity diagnose.Result) []*diagnose.Cause {
	var list []*diagnose.Cause
	for i := range r.Causes {
		if r.Causes[i].Severity == severity {
			list = append(list, &r.Causes[i])
		}
	}
	return list
}

func (p *printer) problems(r *diagnose.Report) {
	problems := causesOf(r, diagnose.Problem)
	if len(problems) > 0 {
		p.title("Problems")
	}
	for i, c := range problems {
		blocks := ""
		if c.Blocked > 0 {
			blocks = fmt.Sprintf(", keeps %s regions", ui.Count(int64(c.Blocked)))
			if c.Blocked == 1 {
				blocks = ", keeps 1 region"
			}
		}
		p.printf("  %d. %s %s\n", i+1, p.o.Paint(ui.Red, c.ID+" "+c.Name), p.o.Paint(ui.Faint, "("+c.Certainty.String()+blocks+")"))
		p.hang("     ", ui.Clean(c.Sentence))
		if i < fullCauses {
			p.facts(c)
		}
		p.next(c)
	}
}

func (p *printer) facts(c *diagnose.Cause) {
	for _, line := range c.Evidence {
		p.hang("     - ", ui.Clean(line))
	}
	if len(c.Regions) > 0 {
		p.hang("     - ", "regions "+regionIDs(c.Regions))
	}
}

func (p *printer) next(c *diagnose.Cause) {
	if c.Next != "" {
		p.hang("     "+p.o.Paint(ui.Cyan, "next:")+" ", ui.Clean(c.Next))
	}
	if c.Risk != "" && c.Next != "" {
		p.hang("     "+p.o.Paint(ui.Cyan, "risk:")+" ", ui.Clean(c.Risk))
	}
	p.hang("     "+p.o.Paint(ui.Cyan, "more:")+" ", c.Doc)
}

// lesser prints causes that are no problem: one line each, and for the first what
// to do.
func (p *printer) lesser(r *diagnose.Report, severity diagnose.Result, title string) {
	list := causesOf(r, severity)
	if len(list) == 0 {
		return
	}
	p.title(title)
	for _, c := range list {
		p.hang("  "+c.ID+"  ", ui.Clean(c.Sentence))
		if c.Next != "" {
			p.hang("       "+p.o.Paint(ui.Cyan, "next:")+" ", ui.Clean(c.Next))
		}
	}
}
