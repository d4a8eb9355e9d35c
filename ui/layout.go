package ui

import "slices"

// columnGap is the number of blanks between two columns.
const columnGap = 2

// leastWidth is how narrow a column may become when nothing else helps.
const leastWidth = 3

// place is a column that is shown, and the width that it got.
type place struct {
	column int
	width  int
}

// fit chooses the columns to show in width terminal columns (0: no limit) and
// how wide each is. What matters less gives way first and to the end: it is
// shortened, as far as it may be, and then dropped before anything that matters
// more is touched. When only columns that must stay are left, the widest of them
// are squeezed, because a line that wraps is worse than a value that is cut.
func (t *Table) fit(width int) []place {
	places := t.visible()
	natural := make(map[int]int, len(places))
	for _, p := range places {
		natural[p.column] = p.width
	}
	for width > 0 {
		excess := total(places) - width
		if excess <= 0 || t.shrink(places, excess) {
			return places
		}
		victim := t.dropNext(places)
		if victim < 0 {
			return squeeze(places, width)
		}
		places = slices.Delete(places, victim, victim+1)
		for i := range places {
			places[i].width = natural[places[i].column]
		}
	}
	return places
}

// visible are the columns of a terminal that is wide enough, each as wide as its
// cells.
func (t *Table) visible() []place {
	natural := t.naturalWidths()
	places := make([]place, 0, len(t.columns))
	for i, c := range t.columns {
		if !c.Optional || t.says(i) {
			places = append(places, place{i, natural[i]})
		}
	}
	return places
}

// says reports whether some cell of the column has something in it.
func (t *Table) says(column int) bool {
	return slices.ContainsFunc(t.rows, func(row []Cell) bool {
		return row[column].Text != "" && row[column].Text != unknown
	})
}

func (t *Table) naturalWidths() []int {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		if !t.NoHeaders {
			widths[i] = Width(Clean(c.Name))
		}
	}
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], Width(cellText(cell)))
		}
	}
	return widths
}

func total(places []place) int {
	sum := columnGap * max(len(places)-1, 0)
	for _, p := range places {
		sum += p.width
	}
	return sum
}

// shrink takes excess from the columns that may be shortened now: those that
// always stay, and the one that would be dropped next, which is first. It changes
// nothing and reports false when they cannot give that much.
func (t *Table) shrink(places []place, excess int) bool {
	highest := 0
	for _, p := range places {
		highest = max(highest, t.columns[p.column].Drop)
	}
	take := make([]int, len(places))
	for _, drop := range []int{highest, 0} {
		for i, p := range places {
			if c := &t.columns[p.column]; c.Drop == drop && c.Min > 0 && take[i] == 0 {
				take[i] = min(excess, max(p.width-c.Min, 0))
				excess -= take[i]
			}
		}
	}
	if excess > 0 {
		return false
	}
	for i := range places {
		places[i].width -= take[i]
	}
	return true
}

// dropNext is the index of the column to leave out next, -1 when all must stay.
// Among equals the rightmost goes first.
func (t *Table) dropNext(places []place) int {
	victim, highest := -1, 0
	for i, p := range places {
		if d := t.columns[p.column].Drop; d > 0 && d >= highest {
			victim, highest = i, d
		}
	}
	return victim
}

// squeeze makes the widest columns narrower, one terminal column at a time so
// that they end up alike. On a terminal of a few columns only the first of the
// table's are left.
func squeeze(places []place, width int) []place {
	for excess := total(places) - width; excess > 0; excess-- {
		widest := 0
		for i, p := range places {
			if p.width > places[widest].width {
				widest = i
			}
		}
		if places[widest].width <= leastWidth {
			break
		}
		places[widest].width--
	}
	for len(places) > 1 && total(places) > width {
		places = places[:len(places)-1]
	}
	if total(places) > width {
		places[0].width = width
	}
	return places
}
