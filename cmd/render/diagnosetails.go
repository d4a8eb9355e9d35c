package render

import (
	"fmt"
	"strings"

	"ebb/diagnose"
	"ebb/ui"
)

func (p *printer) tails(r *diagnose.Report) {
	if len(r.Tails) == 0 {
		return
	}
	p.title("What is left")
	for i := range r.Tails {
		t := &r.Tails[i]
		var parts []string
		for j := range t.Classes {
			parts = append(parts, fmt.Sprintf("%s %s", ui.Count(int64(t.Classes[j].Count)), t.Classes[j].Class))
		}
		text := "no region"
		if len(parts) > 0 {
			text = strings.Join(parts, ", ")
		}
		if t.Err != "" {
			text += "; not read to the end: " + ui.Clean(t.Err)
		}
		p.hang(fmt.Sprintf("  store %d: ", t.Store), text)
		for j := range t.Classes {
			p.example(&t.Classes[j])
		}
	}
}

// example explains the first region of a class that is worth it.
func (p *printer) example(c *diagnose.TailCount) {
	if len(c.Examples) == 0 || c.Class == diagnose.TailWaiting || c.Class == diagnose.TailMoving {
		return
	}
	e := &c.Examples[0]
	where := ""
	if e.Table != "" {
		where = " of " + e.Table
	}
	p.hang(fmt.Sprintf("    %s: region %d%s: ", c.Class, e.Region, ui.Clean(where)), ui.Clean(e.Sentence))
}

func (p *printer) blind(r *diagnose.Report) {
	first := true
	for i := range r.Rules {
		j := &r.Rules[i]
		if j.Result != diagnose.CouldNotLook {
			continue
		}
		if first {
			p.title("Could not look")
			first = false
		}
		p.hang("  "+p.o.Paint(ui.Yellow, j.ID+" "+j.Name)+"  ", ui.Clean(j.Reason))
	}
}

func (p *printer) bugs(r *diagnose.Report) {
	if len(r.Bugs) == 0 {
		return
	}
	p.title("Known bugs of PD " + ui.Clean(r.PDVersion))
	for i := range r.Bugs {
		issue := r.Bugs[i].Issue
		if issue == "" {
			issue = "-"
		}
		p.hang(fmt.Sprintf("  %-9s ", issue), r.Bugs[i].Text)
	}
}

// rules ends with how many rules said what.
func (p *printer) rules(r *diagnose.Report, all bool) {
	if all {
		p.title("Rules")
		for i := range r.Rules {
			j := &r.Rules[i]
			text := j.Title
			if j.Reason != "" {
				text += ": " + j.Reason
			}
			p.hang(fmt.Sprintf("  %-14s %s  ", j.Result, j.ID), ui.Clean(text))
		}
	}
	count := make(map[diagnose.Result]int)
	for i := range r.Rules {
		count[r.Rules[i].Result]++
	}
	var parts []string
	for _, result := range []diagnose.Result{diagnose.Problem, diagnose.CouldNotLook, diagnose.Pace, diagnose.Note, diagnose.OK, diagnose.NotApplicable} {
		if count[result] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[result], result))
		}
	}
	text := fmt.Sprintf("%d rules: %s", len(r.Rules), strings.Join(parts, ", "))
	if !all {
		text += "; --rules shows them"
	}
	p.printf("\n")
	p.hang("", p.o.Paint(ui.Faint, text))
}
