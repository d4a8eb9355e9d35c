package topology

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong, or suspicious, in a topology file.
type Problem struct {
	File string `json:"file"`
	// Line and Column count from 1, as editors do; Column counts characters.
	Line   int `json:"line"`
	Column int `json:"column"`
	// Path names the field, such as "tikv_servers[2].port"; "" where the problem
	// is the file itself.
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	// Hint says what to do about it; "" when the message says it all.
	Hint string `json:"hint,omitempty"`
}

// String is "file:line:column: path: message", the form that editors and
// terminals turn into a link. The hint is left out.
func (p Problem) String() string {
	if p.Path == "" {
		return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", p.File, p.Line, p.Column, p.Path, p.Message)
}

// ParseError is everything that is wrong with a topology file, in the order of
// its lines.
type ParseError struct {
	// Problems is never empty.
	Problems []Problem
	// Conflicts is true when each entry could be read and the problems are only
	// that entries contradict each other (two instances on one port or directory).
	// Parse then returns the topology as well: it may be shown, as tiup's own
	// display does, but nothing may be changed on its word.
	Conflicts bool
}

// Error has one problem per line.
func (e *ParseError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Hint joins the hints of the problems, one per line; "" when there is none.
func (e *ParseError) Hint() string {
	var hints []string
	for _, p := range e.Problems {
		if p.Hint != "" && !slices.Contains(hints, p.Hint) {
			hints = append(hints, p.Hint)
		}
	}
	return strings.Join(hints, "\n")
}

func sortProblems(list []Problem) {
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}
