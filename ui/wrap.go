package ui

import (
	"io"
	"strings"
)

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

// wrapTight is Wrap for a column of a table: a word that is longer than width is
// broken as well. The text holds no colours.
func wrapTight(text string, width int) []string {
	var lines []string
	for _, line := range Wrap(text, width) {
		for Width(line) > width {
			head := fitting(line, width)
			lines = append(lines, line[:head])
			line = line[head:]
		}
		lines = append(lines, line)
	}
	return lines
}

// fitting is the length of the longest start of s that takes at most width
// columns, and at least one character.
func fitting(s string, width int) int {
	used := 0
	for i, r := range s {
		if used += Width(string(r)); used > width && i > 0 {
			return i
		}
	}
	return len(s)
}

// Hang prints text wrapped to the width of the output: the first line behind
// head, the others indented by as many columns.
func (o *Output) Hang(head, text string) error {
	for _, line := range HangLines(head, text, o.Width()) {
		if _, err := io.WriteString(o, line+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// HangLines are the lines of Hang for a width, 0 for no limit.
func HangLines(head, text string, width int) []string {
	indent := Width(head)
	room := 0
	if width > indent+minHang {
		room = width - indent
	}
	lines := Wrap(text, room)
	for i := range lines {
		lines[i] = head + lines[i]
		head = strings.Repeat(" ", indent)
	}
	return lines
}

// minHang is the least number of columns that are worth wrapping into.
const minHang = 20
