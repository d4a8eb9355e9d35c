package render

import (
	"fmt"

	"ebb/diagnose"
	"ebb/ui"
)

// Causes are the likeliest of a report, for a place that has no room for all.
type Causes struct {
	Result   diagnose.Result  `json:"result"`
	Headline string           `json:"headline"`
	Causes   []diagnose.Cause `json:"causes"`
}

// Likeliest takes the first n causes of a report.
func Likeliest(r *diagnose.Report, n int) *Causes {
	return &Causes{r.Result, r.Headline, r.Causes[:min(n, len(r.Causes))]}
}

// Lines are the causes for a person, each with the next command.
func (c *Causes) Lines() []string {
	if len(c.Causes) == 0 {
		return []string{"  no cause found: " + ui.Clean(c.Headline)}
	}
	var lines []string
	for i := range c.Causes {
		cause := &c.Causes[i]
		lines = append(lines, fmt.Sprintf("  %d. %s %s: %s", i+1, cause.ID, cause.Name, ui.Clean(cause.Sentence)))
		if cause.Next != "" {
			lines = append(lines, "     next: "+ui.Clean(cause.Next))
		}
	}
	return lines
}
