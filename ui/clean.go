package ui

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from outside safe to print on a terminal. A store's labels,
// addresses and versions are whatever the machine that registered them said, so
// an escape sequence in one could rewrite what the operator reads just before
// confirming. Control characters become visible escapes (\n, \x1b), text
// direction overrides and invalid UTF-8 likewise; the result is one line.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		writeClean(&b, r, s[i:i+n])
		i += n
	}
	return b.String()
}

func isClean(s string) bool {
	for _, r := range s {
		if r == utf8.RuneError || unsafeRune(r) {
			return false
		}
	}
	return true
}

func writeClean(b *strings.Builder, r rune, raw string) {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		fmt.Fprintf(b, `\x%02x`, raw[0])
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\t':
		b.WriteString(`\t`)
	case r == '\r':
		b.WriteString(`\r`)
	case unsafeRune(r) && r < 0xa0:
		fmt.Fprintf(b, `\x%02x`, r)
	case unsafeRune(r) && r > 0xffff:
		fmt.Fprintf(b, `\U%08x`, r)
	case unsafeRune(r):
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		b.WriteString(raw)
	}
}

// unsafeRune reports characters that move the cursor, change the state of the
// terminal, break a line, reorder or hide their neighbours, or cannot be seen
// themselves: two labels that differ must look different. Among those are the
// joiners and selectors of emoji, which also take another width on every terminal.
func unsafeRune(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0: // C0, DEL, C1
		return true
	case r < 0xa0:
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// cleanLine is Clean for a line composed by the program itself, which may hold
// colours: sequences of the form ESC [ digits ; digits m stay.
func cleanLine(s string) string {
	if !strings.Contains(s, "\x1b") {
		return Clean(s)
	}
	var b strings.Builder
	for s != "" {
		start := strings.IndexByte(s, '\x1b')
		if start < 0 {
			b.WriteString(Clean(s))
			break
		}
		b.WriteString(Clean(s[:start]))
		n := colorLen(s[start:])
		if n == 0 {
			b.WriteString(`\x1b`)
			n = 1
		} else {
			b.WriteString(s[start : start+n])
		}
		s = s[start+n:]
	}
	return b.String()
}

// colorLen is the length of the colour sequence that s starts with, or 0.
func colorLen(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}
