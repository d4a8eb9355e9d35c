package topology

import "bytes"

// span is a line of the text as half-open byte ranges: start to end is what is
// written, end to next the line break (empty on a last line without one).
type span struct{ start, end, next int }

// splitLines cuts the text where yaml.v3 counts lines: CRLF, CR, LF, and the
// Unicode breaks NEL, LS and PS.
func splitLines(text []byte) []span {
	var lines []span
	start := 0
	for i := 0; i < len(text); {
		n := breakLen(text[i:])
		if n == 0 {
			i++
			continue
		}
		lines = append(lines, span{start, i, i + n})
		i += n
		start = i
	}
	if start < len(text) {
		lines = append(lines, span{start, len(text), len(text)})
	}
	return lines
}

func breakLen(b []byte) int {
	switch {
	case bytes.HasPrefix(b, []byte("\r\n")):
		return 2
	case b[0] == '\n', b[0] == '\r':
		return 1
	case bytes.HasPrefix(b, []byte("\u0085")):
		return 2
	case bytes.HasPrefix(b, []byte("\u2028")), bytes.HasPrefix(b, []byte("\u2029")):
		return 3
	}
	return 0
}
