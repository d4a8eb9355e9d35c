package ui

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// words are what random cells are made of: wide, combining, hostile and long text.
var words = []string{
	"", "-", "a", "Up", "Pending Offline", "10.0.1.7:20160", "9007199254740993", "上海", "机架一 二号", "e\u0301",
	"👍", "👨\u200d👩\u200d👧", "❤\ufe0f", "🇨🇳", "한국", "한국", "ｆｕｌｌ", "…", "x\ty\nz", "\x1b[31mred", "\u202eover", "\xff\xfe", " edge ",
	"存储节点-十五.example:20160", "one two three four five six seven", strings.Repeat("w", 70),
}

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(4) {
		b.WriteString(words[r.IntN(len(words))])
		if r.IntN(3) == 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func randomTable(r *rand.Rand) *Table {
	columns := make([]Column, 1+r.IntN(9))
	for i := range columns {
		columns[i] = Column{
			Name: words[1+r.IntN(14)], Align: Align(r.IntN(2)), Drop: r.IntN(5), CutStart: r.IntN(5) == 0,
			Min: r.IntN(2) * (3 + r.IntN(20)), Optional: r.IntN(5) == 0,
		}
		columns[i].Wrap = columns[i].Min > 0 && r.IntN(2) == 0
	}
	t := NewTable(columns...)
	t.NoHeaders, t.Indent = r.IntN(4) == 0, strings.Repeat(" ", r.IntN(2)*2)
	for range r.IntN(8) {
		row := make([]Cell, r.IntN(len(columns)+1))
		for i := range row {
			row[i] = Cell{Text: randomText(r), Style: Style(r.IntN(8))}
			if r.IntN(2) == 0 {
				row[i].Raw = randomText(r)
			}
		}
		t.Row(row...)
	}
	return t
}

// Whatever is in a table: no line of a terminal is wider than it, every cell
// stands where its column does, and what is not cut is there in full.
func TestTableKeepsItsColumns(t *testing.T) {
	for seed := range uint64(1000) {
		r := rand.New(rand.NewPCG(seed, 7))
		table := randomTable(r)
		width := 3 + r.IntN(220)
		lines := table.Lines(width, r.IntN(2) == 0)
		for _, line := range lines {
			if w := Width(line); w > width {
				t.Fatalf("seed %d: %d columns on a terminal of %d: %q", seed, w, width, line)
			}
		}
		if problem := misplaced(table, width, lines); problem != "" {
			t.Fatalf("seed %d, width %d: %s\n%s", seed, width, problem, strings.Join(lines, "\n"))
		}
	}
}

// misplaced looks for a cell outside of its column, or with another text.
func misplaced(table *Table, width int, lines []string) string {
	places := table.fit(table.room(width))
	if len(places) == 0 || table.NoHeaders && len(table.rows) == 0 {
		if len(lines) > 0 {
			return "lines of nothing"
		}
		return ""
	}
	want := [][]string{}
	if !table.NoHeaders {
		names, rules := table.header(places)
		want = append(want, names, rules)
	}
	for _, row := range table.rows {
		want = append(want, table.rowLines(row, places, false)...)
	}
	if len(want) != len(lines) {
		return fmt.Sprintf("%d lines, want %d", len(lines), len(want))
	}
	// A cut before a wide character can leave a column narrower than it may be.
	widths := make([]int, len(places))
	for _, cells := range want {
		for i := range cells {
			widths[i] = max(widths[i], Width(cells[i]))
		}
	}
	for n, line := range lines {
		line = strings.TrimPrefix(line, table.Indent)
		from := 0
		for i, p := range places {
			cell := between(line, from, from+widths[i])
			blanks := strings.Repeat(" ", widths[i]-Width(want[n][i]))
			expected := want[n][i] + blanks
			if table.columns[p.column].Align == Right {
				expected = blanks + want[n][i]
			}
			if strings.TrimRight(cell, " ") != strings.TrimRight(expected, " ") {
				return fmt.Sprintf("line %d, column %d is %q, want %q", n, i, cell, expected)
			}
			if gap := between(line, from+widths[i], from+widths[i]+columnGap); strings.Trim(gap, " ") != "" {
				return fmt.Sprintf("line %d: %q between two columns", n, gap)
			}
			from += widths[i] + columnGap
		}
	}
	return wrongText(table, places)
}

// wrongText checks that cells which fit are whole, and that nothing of a sentence
// is lost where it is wrapped.
func wrongText(table *Table, places []place) string {
	squash := func(s string) string { return strings.Join(strings.Fields(s), "") }
	for _, row := range table.rows {
		for _, p := range places {
			clean := strings.TrimRight(Clean(row[p.column].Text), " ")
			shown := table.cell(row[p.column], p, false)
			wraps := table.columns[p.column].Wrap && p.width >= leastWidth
			switch text := strings.Join(shown, ""); {
			case wraps && squash(text) != squash(clean):
				return fmt.Sprintf("%q is wrapped as %q", clean, shown)
			case !wraps && Width(clean) <= p.width && text != clean:
				return fmt.Sprintf("%q is shown as %q in %d columns", clean, shown, p.width)
			}
		}
	}
	return ""
}

// between is the part of a line in the terminal columns from (included) to to; a
// wide character that stands on a border is not part of it.
func between(line string, from, to int) string {
	var b strings.Builder
	at := 0
	for line != "" {
		if n := colorLen(line); n > 0 {
			line = line[n:]
			continue
		}
		r := []rune(line)[0]
		w := Width(string(r))
		if at >= from && at+w <= to && (w > 0 || at > from) {
			b.WriteRune(r)
		}
		at += w
		line = line[len(string(r)):]
	}
	return b.String()
}

// A pipe gets exactly the cells, whatever is in them.
func TestTablePipeSplitsBack(t *testing.T) {
	for seed := range uint64(1000) {
		table := randomTable(rand.New(rand.NewPCG(seed, 11)))
		var b strings.Builder
		if err := table.WriteTSV(&b); err != nil {
			t.Fatal(err)
		}
		want := [][]string{}
		if !table.NoHeaders {
			names := []string{}
			for _, c := range table.columns {
				names = append(names, Clean(c.Name))
			}
			want = append(want, names)
		}
		for _, row := range table.rows {
			cells := []string{}
			for _, cell := range row {
				value := cell.Raw
				if value == "" {
					value = cell.Text
				}
				if value = Clean(value); value == "" {
					value = "-"
				}
				cells = append(cells, value)
			}
			want = append(want, cells)
		}
		got := [][]string{}
		for line := range strings.Lines(b.String()) {
			got = append(got, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		}
		if !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("seed %d: %q, want %q", seed, got, want)
		}
	}
}
