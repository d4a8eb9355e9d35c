package ui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/AlecAivazis/survey/v2"
)

// What the list of options leaves of the terminal: survey's marks beside each
// option, and the question above them, which may take two lines.
const (
	pickMargin  = 8
	pickHead    = 4
	leastOption = 20
	leastPage   = 5
)

func init() {
	// Typing does not filter (see survey below), so it must not be offered.
	survey.MultiSelectQuestionTemplate = strings.Replace(survey.MultiSelectQuestionTemplate, " type to filter", " enter when done", 1)
}

// pickSome is a list of which any number may be marked. Its answer is the
// indices of those, with blanks between.
type pickSome struct {
	message string
	options []string
	page    int // options shown at once
}

func (q pickSome) survey(opt survey.AskOpt) (string, error) {
	var chosen []int
	err := survey.AskOne(&survey.MultiSelect{
		Message: q.message, Options: q.options, PageSize: q.page,
		// survey leaves the cursor on its row when what is typed filters the list,
		// so that another option comes to be under it, and options that are out of
		// sight stay marked. Nothing is filtered instead.
		Filter: func(string, string, int) bool { return true },
	}, &chosen, opt)
	if err != nil {
		return noAnswer, err
	}
	return joinIndices(chosen), nil
}

func (q pickSome) line() string {
	var b strings.Builder
	b.WriteString(q.message + "\n")
	for i, option := range q.options {
		fmt.Fprintf(&b, "%4d  %s\n", i+1, option)
	}
	b.WriteString("Numbers, with blanks or commas between: ")
	return b.String()
}

// parse takes all of the numbers or none: one that is not on the list may be a
// slip of another.
func (q pickSome) parse(typed string) string {
	var chosen []int
	for _, field := range strings.FieldsFunc(typed, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 || n > len(q.options) {
			return noAnswer
		}
		chosen = append(chosen, n-1)
	}
	return joinIndices(chosen)
}

// indices is the inverse of joinIndices, in rising order and each one once.
func (q pickSome) indices(answer string) []int {
	var chosen []int
	for _, field := range strings.Fields(answer) {
		if n, err := strconv.Atoi(field); err == nil {
			chosen = append(chosen, n)
		}
	}
	slices.Sort(chosen)
	return slices.Compact(chosen)
}

func joinIndices(chosen []int) string {
	fields := make([]string, len(chosen))
	for i, n := range chosen {
		fields[i] = strconv.Itoa(n)
	}
	return strings.Join(fields, " ")
}
