package ui

import (
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// render lays the chosen columns out with tablewriter. Colour is applied after
// truncation: cutting coloured text would cut its colour codes.
func (t *Table) render(places []place, color bool) []string {
	if len(places) == 0 || t.NoHeaders && len(t.rows) == 0 {
		return nil
	}
	var b strings.Builder
	table := newPlainTable(&b, t.alignment(places))
	if !t.NoHeaders {
		names, rules := t.header(places)
		_ = table.Append(names) // writes to memory; Render reports what matters
		_ = table.Append(rules)
	}
	for _, row := range t.rows {
		for _, line := range t.rowLines(row, places, color) {
			_ = table.Append(line)
		}
	}
	if err := table.Render(); err != nil {
		panic("ui: " + err.Error()) // every row has one cell per column and memory takes all
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for i, line := range lines {
		lines[i] = tidy(line)
	}
	return lines
}

// newPlainTable configures tablewriter for columns separated by blanks: no
// lines, no wrapping, and text left as it is (its defaults rewrite headers and
// trim indented cells).
func newPlainTable(b *strings.Builder, align tw.Alignment) *tablewriter.Table {
	gap := tw.Padding{Right: strings.Repeat(" ", columnGap), Overwrite: true}
	return tablewriter.NewTable(
		b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Symbols: tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{
				Lines:      tw.LinesNone,
				Separators: tw.SeparatorsNone,
			},
		})),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoFormat(tw.Off),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithPadding(gap),
		tablewriter.WithAlignment(align),
		tablewriter.WithEastAsian(tw.Off), // otherwise LANG decides how wide "…" is
	)
}

func (t *Table) alignment(places []place) tw.Alignment {
	align := make(tw.Alignment, len(places))
	for i, p := range places {
		align[i] = tw.AlignLeft
		if t.columns[p.column].Align == Right {
			align[i] = tw.AlignRight
		}
	}
	return align
}

// header returns the names and, as tiup prints it, a rule of dashes as long as
// each name.
func (t *Table) header(places []place) (names, rules []string) {
	for _, p := range places {
		name := Truncate(Clean(t.columns[p.column].Name), p.width)
		names = append(names, name)
		rules = append(rules, strings.Repeat("-", Width(name)))
	}
	return names, rules
}

// rowLines are the lines of one row: one, unless a cell is wrapped.
func (t *Table) rowLines(row []Cell, places []place, color bool) [][]string {
	lines := [][]string{make([]string, len(places))}
	for i, p := range places {
		for n, text := range t.cell(row[p.column], p, color) {
			if n == len(lines) {
				lines = append(lines, make([]string, len(places)))
			}
			lines[n][i] = text
		}
	}
	return lines
}

func cellText(c Cell) string { return strings.TrimRight(Clean(c.Text), " ") }

// cell is a cell in as many lines as it takes.
func (t *Table) cell(c Cell, p place, color bool) []string {
	text := cellText(c)
	lines := []string{text}
	switch column := &t.columns[p.column]; {
	case column.Wrap && p.width >= leastWidth:
		lines = wrapTight(text, p.width)
	case column.CutStart:
		lines[0] = truncateStart(text, p.width)
	default:
		lines[0] = Truncate(text, p.width)
	}
	if color {
		for i := range lines {
			lines[i] = c.Style.apply(lines[i])
		}
	}
	return lines
}

// tidy removes the blanks at the end of a line and the colour resets that reset
// nothing: tablewriter adds one after the padding of every coloured cell.
func tidy(line string) string {
	var b strings.Builder
	colored := false
	for line != "" {
		n := colorLen(line)
		if n == 0 {
			n = max(strings.IndexByte(line, '\x1b'), 0)
			if n == 0 {
				n = len(line)
			}
			b.WriteString(line[:n])
		} else if reset := line[:n] == resetStyle; colored || !reset {
			b.WriteString(line[:n])
			colored = !reset
		}
		line = line[n:]
	}
	return strings.TrimRight(b.String(), " ")
}
