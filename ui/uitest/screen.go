package uitest

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"ebb/ui"
)

// Screen is what a terminal of a given size shows after a program has written to
// it: lines that are too long are broken, wide characters take two columns, and
// the sequences that the program moves and erases with are obeyed.
type Screen struct {
	width, height int
	rows          [][]square // what is on the screen, and above it what has scrolled off
	top           int        // the first row that the cursor can still reach
	row, col      int
	style         string
	// CursorHidden is set while the program hides the cursor.
	CursorHidden bool
}

// square is one column of one row. The right half of a wide character is empty.
type square struct{ text, style string }

// Show replays what was written to an empty terminal.
func Show(width, height int, written string) *Screen {
	s := &Screen{width: width, height: height, rows: [][]square{nil}}
	for written != "" {
		if n := s.control(written); n > 0 {
			written = written[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(written)
		s.put(string(r))
		written = written[n:]
	}
	return s
}

// control obeys a sequence at the start of text and returns its length, 0 when
// there is none.
func (s *Screen) control(text string) int {
	switch {
	case text[0] == '\r':
		s.col = 0
		return 1
	case text[0] == '\n':
		s.down()
		return 1
	case !strings.HasPrefix(text, "\x1b["):
		return 0
	}
	end := strings.IndexFunc(text[2:], func(r rune) bool { return r >= '@' && r <= '~' })
	if end < 0 {
		return len(text) // cut in the middle of a sequence
	}
	argument, n := text[2:2+end], end+3
	switch text[n-1] {
	case 'A':
		up, _ := strconv.Atoi(argument)
		s.row = max(s.row-up, s.top)
	case 'J':
		s.rows = s.rows[:s.row+1]
		s.cut()
	case 'K':
		s.cut()
	case 'm':
		s.style = argument
		if argument == "0" {
			s.style = ""
		}
	case 'h', 'l':
		s.CursorHidden = text[n-1] == 'l'
	}
	return n
}

func (s *Screen) cut() {
	if s.col < len(s.rows[s.row]) {
		s.rows[s.row] = s.rows[s.row][:s.col]
	}
}

func (s *Screen) down() {
	if s.row++; s.row == len(s.rows) {
		s.rows = append(s.rows, nil)
	}
	s.top = max(s.top, len(s.rows)-s.height)
}

func (s *Screen) put(char string) {
	w := ui.Width(char)
	if w == 0 && s.col > 0 {
		s.rows[s.row][s.col-1].text += char
		return
	}
	if s.col+w > s.width {
		s.col = 0
		s.down()
	}
	row := s.rows[s.row]
	for len(row) < s.col+w {
		row = append(row, square{" ", ""})
	}
	row[s.col] = square{char, s.style}
	for i := 1; i < w; i++ {
		row[s.col+i] = square{"", s.style}
	}
	s.rows[s.row] = row
	s.col += w
}

// String is the text on the screen and above it, without blanks at the ends.
func (s *Screen) String() string { return s.text(func(string) string { return "" }) }

// Styled is String with the colours as sequences.
func (s *Screen) Styled() string {
	return s.text(func(style string) string { return "\x1b[" + style + "m" })
}

func (s *Screen) text(turn func(style string) string) string {
	var lines []string
	for _, row := range s.rows {
		var b strings.Builder
		style := ""
		for _, q := range row {
			if q.style != style {
				style = q.style
				b.WriteString(turn(style))
			}
			b.WriteString(q.text)
		}
		if style != "" {
			b.WriteString(turn(""))
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}
