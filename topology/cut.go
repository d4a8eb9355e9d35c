package topology

import (
	"bytes"
	"regexp"
	"strings"
)

// removalSplices proposes changes that take one entry out of a section, best
// first. They are guesses from the text around the known positions; whoever
// applies one proves it.
func (t *text) removalSplices(p place) []splice {
	if p.list.value.flow {
		return t.flowCuts(p)
	}
	first, ok := t.dashLine(p.list.value.items[p.index])
	if !ok {
		return nil
	}
	last := t.lastLine(p, first)
	lines := make([]int, 0, 2)
	if head := t.headLine(first, t.indent(first)); p.index > 0 && head < first {
		lines = append(lines, head)
	}
	var list []splice
	for _, line := range append(lines, first) {
		c := splice{start: t.lines[line].start, end: t.lines[last].next}
		if len(p.list.value.items) == 1 {
			if c, ok = t.emptied(p.list, c); !ok {
				continue
			}
		}
		list = append(list, c)
	}
	return list
}

// emptied extends a cut so that it also writes "[]" behind the key of a section
// (and behind an anchor or tag that stands there).
func (t *text) emptied(list *entry, cut splice) (splice, bool) {
	key := t.lines[list.line-1]
	end := t.commentStart(key)
	if written := t.data[key.start:end]; !bytes.ContainsRune(written, ':') || end > cut.start {
		return splice{}, false
	}
	return splice{start: end, end: cut.end, text: " []" + string(t.data[end:cut.start])}, true
}

// comment is where a comment begins on a line outside of quotes.
var comment = regexp.MustCompile(`(^|[ \t]+)#`)

// commentStart is the end of what a line says before its comment.
func (t *text) commentStart(line span) int {
	written := t.data[line.start:line.end]
	if at := comment.FindIndex(written); at != nil {
		written = written[:at[0]]
	}
	return line.start + len(bytes.TrimRight(written, " \t"))
}

// dashLine finds the line, counted from 0, on which the dash of an entry stands:
// that of its first key, or one above it where only a dash (and comments) stand.
func (t *text) dashLine(item *value) (line int, ok bool) {
	line = item.line - 1
	if line >= len(t.lines) {
		return 0, false
	}
	before := t.data[t.lines[line].start:t.offset(item.line, item.column)]
	for len(bytes.TrimSpace(before)) == 0 {
		if line--; line < 0 {
			return 0, false
		}
		before = t.data[t.lines[line].start:t.commentStart(t.lines[line])]
	}
	return line, string(bytes.TrimSpace(before)) == "-"
}

// lastLine is the last line of an entry that starts on line first: the last one
// before whatever follows that says something, and the comments directly below
// it that are indented as its fields are.
func (t *text) lastLine(p place, first int) int {
	end := t.endOfDocument(first)
	if p.next > 0 {
		end = min(end, p.next-1)
	}
	if items := p.list.value.items; p.index+1 < len(items) {
		if line, ok := t.dashLine(items[p.index+1]); ok {
			end = line
		}
	}
	last := t.lastTextLine(p.list.value.items[p.index], t.indent(first), first, end)
	for line := end - 1; line > last; line-- {
		if !t.isBlank(line) && !t.isComment(line) {
			last = line
		}
	}
	for last+1 < end && t.isComment(last+1) && t.indent(last+1) > t.indent(first) {
		last++
	}
	return last
}

// endOfDocument is the line of "..." or "---", or the end of the file.
func (t *text) endOfDocument(from int) int {
	for line := from + 1; line < len(t.lines); line++ {
		if s := t.content(line); strings.HasPrefix(s, "...") || strings.HasPrefix(s, "---") {
			return line
		}
	}
	return len(t.lines)
}

// lastTextLine is the last line that the multi-line texts of a value reach,
// where what looks like a comment is text; from when they reach no further. The
// lines of a block scalar are indented deeper than the mapping or list that it is
// in; a quoted text goes to its quote.
func (t *text) lastTextLine(v *value, indent, from, end int) int {
	switch {
	case v.alias != "":
		return from
	case v.style == blockText:
		last := max(from, v.line-1)
		for line := v.line; line < end && (t.isBlank(line) || t.indent(line) > indent); line++ {
			if !t.isBlank(line) {
				last = line
			}
		}
		return last
	case v.style == singleQuoted:
		return max(from, t.lineAt(t.quoted(v, '\'', '\'')-1))
	case v.style == doubleQuoted:
		return max(from, t.lineAt(t.quoted(v, '"', '\\')-1))
	}
	for _, item := range v.items {
		from = t.lastTextLine(item, v.column-1, from, end)
	}
	for _, e := range v.entries {
		if !e.merged {
			from = t.lastTextLine(e.value, e.column-1, from, end)
		}
	}
	return from
}

// quoted is the end of a quoted text, which may have an anchor or tag before it.
func (t *text) quoted(v *value, quote, escape byte) int {
	at := t.offset(v.line, v.column)
	return quoteEnd(t.data, at+max(0, bytes.IndexByte(t.data[at:], quote)), quote, escape)
}

// disabledEntry is an entry of a list that is commented out.
var disabledEntry = regexp.MustCompile(`^#+\s*-(\s|$)`)

// headLine is the first of the comment lines directly above an entry that are
// indented as it is. An entry that is commented out belongs to nobody else, and
// what stands with it cannot be told apart from it.
func (t *text) headLine(first, indent int) int {
	head := first
	for head > 0 && t.isComment(head-1) && t.indent(head-1) == indent {
		head--
		if disabledEntry.MatchString(strings.TrimSpace(t.content(head))) {
			return first
		}
	}
	return head
}

func (t *text) content(line int) string { return string(t.data[t.lines[line].start:t.lines[line].end]) }

func (t *text) isBlank(line int) bool { return strings.TrimSpace(t.content(line)) == "" }

func (t *text) isComment(line int) bool {
	return strings.HasPrefix(strings.TrimSpace(t.content(line)), "#")
}

func (t *text) indent(line int) int {
	s := t.content(line)
	return len(s) - len(strings.TrimLeft(s, " "))
}
