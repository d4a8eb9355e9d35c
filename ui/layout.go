package ui

import (
	"cmp"
	"slices"
)

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
// how wide each is. It truncates before it drops: first the columns that may be
// truncated, those dropped earliest first; then it drops one column and starts
// over; and when only columns that must stay are left, the widest of them are
// squeezed, because a line that wraps is worse than a value that is cut.
func (t *Table) fit(width int) []place {
	natural := t.naturalWidths()
	places := make([]place, len(t.columns))
	for i := range t.columns {
		places[i] = place{i, natural[i]}
	}
	for width > 0 {
		excess := total(places) - width
		if excess <= 0 || t.shrink(places, excess) {
			return places
		}
		victim := t.dropNext(places)
		if victim < 0 {
			squeeze(places, excess)
			return places
		}
		places = slices.Delete(places, victim, victim+1)
		for i := range places {
			places[i].width = natural[places[i].column]
		}
	}
	return places
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
			widths[i] = max(widths[i], Width(Clean(cell.Text)))
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

// shrink takes excess from the columns that may be truncated. It changes
// nothing and reports false when they cannot give that much.
func (t *Table) shrink(places []place, excess int) bool {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(t.columns[places[b].column].Drop, t.columns[places[a].column].Drop)
	})
	take := make([]int, len(places))
	for _, i := range order {
		if least := t.columns[places[i].column].Min; least > 0 {
			take[i] = min(excess, max(places[i].width-least, 0))
			excess -= take[i]
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

// squeeze takes excess from the widest columns, one terminal column at a time
// so that they end up alike.
func squeeze(places []place, excess int) {
	for ; excess > 0; excess-- {
		widest := 0
		for i, p := range places {
			if p.width > places[widest].width {
				widest = i
			}
		}
		if len(places) == 0 || places[widest].width <= leastWidth {
			return
		}
		places[widest].width--
	}
}
