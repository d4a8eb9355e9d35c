package ui

import "strings"

// Wrap breaks text into lines of at most width columns at spaces; a word that is
// longer keeps a line of its own. width 0 means no limit, as Output.Width says
// of a pipe.
func Wrap(text string, width int) []string {
	if width <= 0 || Width(text) <= width {
		return []string{text}
	}
	var lines []string
	var line strings.Builder
	used := 0
	for word := range strings.FieldsSeq(text) {
		w := Width(word)
		if used > 0 && used+1+w > width {
			lines = append(lines, line.String())
			line.Reset()
			used = 0
		}
		if used > 0 {
			line.WriteByte(' ')
			used++
		}
		line.WriteString(word)
		used += w
	}
	return append(lines, line.String())
}

// Hang prints text wrapped to the width of the output: the first line behind
// head, the others indented by as many columns.
func (o *Output) Hang(head, text string) error {
	indent := Width(head)
	width := 0
	if o.Width() > indent+minHang {
		width = o.Width() - indent
	}
	for i, line := range Wrap(text, width) {
		if i > 0 {
			head = strings.Repeat(" ", indent)
		}
		if _, err := o.Write([]byte(head + line + "\n")); err != nil {
			return err
		}
	}
	return nil
}

// minHang is the least number of columns that are worth wrapping into.
const minHang = 20
