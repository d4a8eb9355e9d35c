package ui

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Align says which edge of a column its cells keep to.
type Align int

// Text goes left, numbers go right.
const (
	Left Align = iota
	Right
)

// Column describes one column of a [Table].
type Column struct {
	Name  string
	Align Align
	// Min is the number of columns that cells may be truncated to on a narrow
	// terminal. 0: the cells are never truncated.
	Min int
	// Drop says how early the column is left out on a narrow terminal: the
	// highest number goes first. 0: the column always stays.
	Drop int
	// CutStart truncates from the left, for paths.
	CutStart bool
}

// Cell is one value in both of its forms.
type Cell struct {
	Text  string // for people, on a terminal
	Raw   string // for programs, in a pipe; "" means the same as Text
	Style Style  // on a terminal with colour
}

// Text returns a cell that reads the same everywhere.
func Text(s string) Cell { return Cell{Text: s} }

// Styled returns a cell that reads the same everywhere and has a colour.
func Styled(s string, style Style) Cell { return Cell{Text: s, Style: style} }

// Size returns a cell for a number of bytes: "953.4GiB" for people, the plain
// number for programs.
func Size(bytes uint64) Cell {
	return Cell{Text: Bytes(bytes), Raw: strconv.FormatUint(bytes, 10)}
}

// Number returns a cell for a count: "12,345" for people, "12345" for programs.
func Number(n int64) Cell {
	return Cell{Text: Count(n), Raw: strconv.FormatInt(n, 10)}
}

// Table is a table under construction. On a terminal it has a header and an
// underline as tiup prints them, fits the width of the terminal and has
// colours; in a pipe it is tab-separated raw values, one line per row, nothing
// cut or left out. Cell text is cleaned (see [Clean]).
type Table struct {
	// NoHeaders leaves the header out, for scripts that read fixed columns.
	NoHeaders bool
	// Wide lets lines be longer than the terminal: nothing is cut or dropped.
	Wide bool

	columns []Column
	rows    [][]Cell
}

// NewTable returns an empty table with the given columns.
func NewTable(columns ...Column) *Table { return &Table{columns: columns} }

// Row adds a row. Missing cells at the end are empty; a row with more cells
// than columns is a mistake in the program and panics.
func (t *Table) Row(cells ...Cell) {
	if len(cells) > len(t.columns) {
		panic(fmt.Sprintf("ui: row of %d cells in a table of %d columns", len(cells), len(t.columns)))
	}
	row := make([]Cell, len(t.columns))
	copy(row, cells)
	t.rows = append(t.rows, row)
}

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// Write prints the table in the form that suits the output.
func (t *Table) Write(o *Output) error {
	if !o.IsTerminal() {
		return t.WriteTSV(o)
	}
	for _, line := range t.Lines(o.Width(), o.Color()) {
		if _, err := io.WriteString(o, line+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// WriteTSV prints the raw values separated by tabs.
func (t *Table) WriteTSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	if !t.NoHeaders {
		names := make([]string, len(t.columns))
		for i, c := range t.columns {
			names[i] = Clean(c.Name)
		}
		b.WriteString(strings.Join(names, "\t") + "\n")
	}
	for _, row := range t.rows {
		for i, cell := range row {
			if i > 0 {
				b.WriteByte('\t')
			}
			value := cell.Raw
			if value == "" {
				value = cell.Text
			}
			b.WriteString(Clean(value))
		}
		b.WriteByte('\n')
	}
	return b.Flush() // a bufio.Writer keeps its first error until here
}

// Lines renders the table for a terminal of the given width (0: no limit),
// without line ends and without trailing blanks, as a [Frame] wants it.
func (t *Table) Lines(width int, color bool) []string {
	if t.Wide {
		width = 0
	}
	return t.render(t.fit(width), color)
}

// Hidden names the columns that do not fit the given width, so that a caller
// can tell the reader what is missing and how to see it.
func (t *Table) Hidden(width int) []string {
	if t.Wide {
		return nil
	}
	shown := make(map[int]bool)
	for _, p := range t.fit(width) {
		shown[p.column] = true
	}
	var hidden []string
	for i, c := range t.columns {
		if !shown[i] {
			hidden = append(hidden, c.Name)
		}
	}
	return hidden
}
