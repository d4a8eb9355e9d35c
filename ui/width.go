package ui

import (
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// ellipsis marks text that was cut. It is one column wide.
const ellipsis = "…"

// Width is the number of terminal columns that s takes: a Chinese character
// takes two, a combining mark none, a colour sequence none. It adds up single
// characters, as tablewriter does, so that both agree on every cell.
func Width(s string) int {
	width := 0
	for s != "" {
		if n := colorLen(s); n > 0 {
			s = s[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		width += displaywidth.Rune(r)
		s = s[n:]
	}
	return width
}

// Truncate shortens s to at most width columns; what was cut is marked by a
// final "…". A colour that was on at the cut is switched off.
func Truncate(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	if width <= 0 {
		return ""
	}
	var b strings.Builder
	used, colored := 0, false
	for s != "" {
		if n := colorLen(s); n > 0 {
			b.WriteString(s[:n])
			colored = s[:n] != resetStyle
			s = s[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(s)
		w := displaywidth.Rune(r)
		if used+w > width-1 {
			break
		}
		used += w
		b.WriteString(s[:n])
		s = s[n:]
	}
	b.WriteString(ellipsis)
	if colored {
		b.WriteString(resetStyle)
	}
	return b.String()
}

// truncateStart shortens s, which holds no colours, to at most width columns
// from the left: for values whose end tells them apart, such as paths.
func truncateStart(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	if width <= 0 {
		return ""
	}
	from, used := len(s), 0
	for from > 0 {
		r, n := utf8.DecodeLastRuneInString(s[:from])
		w := displaywidth.Rune(r)
		if used+w > width-1 {
			break
		}
		used += w
		from -= n
	}
	return ellipsis + s[from:]
}
