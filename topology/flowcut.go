package topology

import (
	"bytes"
	"sort"
	"strings"
)

// flowCuts are the removals from a list in brackets: whole lines where the entry
// has lines of its own, or else the entry with the comma behind it or, for the
// last one, before it.
func (t *text) flowCuts(p place) []splice {
	items := p.list.value.items
	start := t.offset(items[p.index].line, items[p.index].column)
	end := t.flowEnd(start)
	if end <= start {
		return nil
	}
	rest := bytes.TrimLeft(t.data[end:], " \t")
	comma := bytes.HasPrefix(rest, []byte(","))
	if comma {
		end = len(t.data) - len(rest) + 1
	}
	var list []splice
	if len(items) > 1 {
		if lines, ok := t.ownLines(start, end, p.index); ok {
			list = append(list, lines)
		}
	}
	if comma {
		blank := t.data[end:]
		return append(list, splice{start: start, end: end + len(blank) - len(bytes.TrimLeft(blank, " "))})
	}
	before := bytes.TrimRight(t.data[:start], " \t\r\n")
	if bytes.HasSuffix(before, []byte(",")) {
		start = len(before) - 1
	}
	return append(list, splice{start: start, end: end})
}

// ownLines is the cut of the whole lines from start to end and of the comments
// that belong to them, if nothing else stands on those lines.
func (t *text) ownLines(start, end, index int) (splice, bool) {
	first, last := t.lineAt(start), t.lineAt(end-1)
	if len(bytes.TrimSpace(t.data[t.lines[first].start:start])) > 0 {
		return splice{}, false
	}
	if rest := strings.TrimSpace(string(t.data[end:t.lines[last].end])); rest != "" && rest[0] != '#' {
		return splice{}, false
	}
	if index > 0 {
		first = t.headLine(first, t.indent(first))
	}
	return splice{start: t.lines[first].start, end: t.lines[last].next}, true
}

// lineAt is the line, counted from 0, that a byte stands on.
func (t *text) lineAt(at int) int {
	return sort.Search(len(t.lines)-1, func(i int) bool { return at < t.lines[i].next })
}

// flowEnd is the end of the entry in brackets that starts at a byte: before the
// comma or bracket that ends it, and before blanks and comments above that.
// 0 when there is no end.
func (t *text) flowEnd(start int) int {
	depth, end := 0, 0
	for i := start; i < len(t.data); i++ {
		token := i == start || strings.IndexByte(" \t\r\n,:{[", t.data[i-1]) >= 0
		switch c := t.data[i]; {
		case c == '#' && token:
			i = t.lines[t.lineAt(i)].end - 1
			continue
		case c == '"' && token:
			i = quoteEnd(t.data, i, c, '\\') - 1
		case c == '\'' && token:
			i = quoteEnd(t.data, i, c, c) - 1
		case c == '{' || c == '[':
			depth++
		case depth == 0 && (c == ',' || c == '}' || c == ']'):
			return end
		case c == '}' || c == ']':
			depth--
		case c <= ' ':
			continue
		}
		if i < start {
			return 0 // a quote that does not end
		}
		end = i + 1
	}
	return 0
}
