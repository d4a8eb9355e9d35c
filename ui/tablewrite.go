package ui

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Write prints the table in the form that suits the output, and on a terminal
// below it what did not fit.
func (t *Table) Write(o *Output) error {
	t = t.with(o.tables)
	if !o.IsTerminal() {
		return t.WriteTSV(o)
	}
	for _, line := range t.Lines(o.Width(), o.Color()) {
		if _, err := io.WriteString(o, line+"\n"); err != nil {
			return err
		}
	}
	for _, line := range Wrap(t.Narrow(o.Width()), t.room(o.Width())) {
		if line == "" {
			continue
		}
		if _, err := io.WriteString(o, t.Indent+o.Paint(Faint, line)+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// with is the table as the user wants it.
func (t *Table) with(options TableOptions) *Table {
	wanted := *t
	wanted.NoHeaders = t.NoHeaders || options.NoHeaders
	wanted.Wide = t.Wide || options.Wide
	return &wanted
}

// WriteTSV prints the raw values separated by tabs.
func (t *Table) WriteTSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	if !t.NoHeaders {
		for i, c := range t.columns {
			writeField(b, i, c.Name)
		}
		b.WriteByte('\n')
	}
	for _, row := range t.rows {
		for i, cell := range row {
			value := cell.Raw
			if value == "" {
				value = cell.Text
			}
			writeField(b, i, value)
		}
		b.WriteByte('\n')
	}
	return b.Flush() // a bufio.Writer keeps its first error until here
}

func writeField(b *bufio.Writer, i int, value string) {
	if i > 0 {
		b.WriteByte('\t')
	}
	if value == "" {
		value = unknown
	}
	b.WriteString(Clean(value))
}

// Lines renders the table for a terminal of the given width (0: no limit),
// without line ends and without trailing blanks, as a [Frame] wants it.
func (t *Table) Lines(width int, color bool) []string {
	lines := t.render(t.fit(t.room(width)), color)
	for i := range lines {
		lines[i] = t.Indent + lines[i]
	}
	return lines
}

// room is what is left of the width beside the indentation, 0 for no limit.
func (t *Table) room(width int) int {
	if t.Wide || width <= 0 {
		return 0
	}
	return max(width-Width(t.Indent), 1)
}

// Hidden names the columns that do not fit the given width.
func (t *Table) Hidden(width int) []string {
	shown := make(map[int]bool)
	for _, p := range t.fit(t.room(width)) {
		shown[p.column] = true
	}
	var hidden []string
	for _, p := range t.visible() {
		if !shown[p.column] {
			hidden = append(hidden, t.columns[p.column].Name)
		}
	}
	return hidden
}

// cut names the columns in which a cell is shortened at the given width.
func (t *Table) cut(width int) []string {
	natural := t.naturalWidths()
	var names []string
	for _, p := range t.fit(t.room(width)) {
		if c := &t.columns[p.column]; p.width < natural[p.column] && !c.Wrap {
			names = append(names, c.Name)
		}
	}
	return names
}

// Narrow says which columns are cut or missing at the given width, and how to see
// them; "" when all is there.
func (t *Table) Narrow(width int) string {
	if len(t.rows) == 0 {
		return ""
	}
	var parts []string
	if cut := t.cut(width); len(cut) > 0 {
		parts = append(parts, "cut for width: "+someNames(cut))
	}
	if hidden := t.Hidden(width); len(hidden) > 0 {
		parts = append(parts, "left out for width: "+someNames(hidden))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, "; ") + " (--wide shows all)"
}

// someNames lists names, not all of many.
func someNames(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), len(names)-most+1)
}
