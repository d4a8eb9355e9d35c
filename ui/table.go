package ui

import (
	"fmt"
	"strconv"
	"time"
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
	// Min is the number of columns that cells may be shortened to on a narrow
	// terminal. 0: the cells are never shortened. A column that can be dropped is
	// shortened only when all that go before it are gone; one that always stays,
	// before anything is dropped.
	Min int
	// Drop says how early the column is left out on a narrow terminal: the
	// highest number goes first. 0: the column always stays.
	Drop int
	// CutStart truncates from the left, for paths.
	CutStart bool
	// Wrap breaks cells that are too long into several lines, for sentences. It
	// needs a Min.
	Wrap bool
	// Optional leaves the column out on a terminal while no cell says anything:
	// all are empty or "-". A pipe always has it, so that a script can count on its
	// place.
	Optional bool
}

// Cell is one value in both of its forms.
type Cell struct {
	Text  string // for people, on a terminal
	Raw   string // for programs, in a pipe; "" means the same as Text, and "-" where that is empty too
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

// Moment returns a cell for a point in time: "3h ago" or "in 2h" for people, RFC
// 3339 for programs. There is none for the zero time.
func Moment(at, now time.Time) Cell {
	if at.IsZero() {
		return Cell{Text: unknown}
	}
	text := Age(now.Sub(at)) + " ago"
	if at.After(now) {
		text = "in " + Age(at.Sub(now))
	}
	return Cell{Text: text, Raw: at.UTC().Format(time.RFC3339)}
}

// Table is a table under construction. On a terminal it has a header and an
// underline as tiup prints them, fits the width of the terminal and has
// colours; in a pipe it is tab-separated raw values, one line per row, nothing
// cut or left out, and "-" for what is empty. Cell text is cleaned (see [Clean]),
// so no cell holds a tab or a line end.
type Table struct {
	TableOptions
	// Indent stands before every line on a terminal.
	Indent string

	columns []Column
	rows    [][]Cell
}

// TableOptions are the wishes of the user about tables. Those of a command line
// reach every table through [Streams.SetTables].
type TableOptions struct {
	// NoHeaders leaves the header out, for scripts that read fixed columns.
	NoHeaders bool
	// Wide lets lines be longer than the terminal: nothing is cut or dropped.
	Wide bool
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
