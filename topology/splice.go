package topology

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// mostAttempts bounds how many places are tried for a new mark. The first one
// nearly always works.
const mostAttempts = 8

// offlineSplices proposes changes that set the mark of an instance, best first.
// They are guesses from the text around the known positions; whoever applies
// one proves it.
func (t *text) offlineSplices(instance *value, offline bool) []splice {
	own := instance.entry("offline")
	switch {
	case own == nil || own.merged:
		return t.insertions(instance, offline)
	case !offline:
		return append(t.removals(instance, own), t.replacements(own, offline)...)
	}
	return t.replacements(own, offline)
}

// replacements change only the value of a mark that is there.
func (t *text) replacements(own *entry, offline bool) []splice {
	word := fmt.Sprint(offline)
	at := t.offset(own.value.line, own.value.column)
	switch v := own.value; {
	case v.alias != "":
		if token := "*" + v.alias; t.hasAt(at, token) {
			return []splice{{at, at + len(token), word}}
		}
	case v.isNull() && v.text == "":
		key := t.offset(own.line, own.column)
		if colon := bytes.IndexByte(t.data[key:], ':'); own.plainKey && colon == len(own.key) {
			return []splice{{key + colon + 1, key + colon + 1, " " + word}}
		}
	case v.style == plain && !v.tagged && v.anchor == "" && t.hasAt(at, v.text):
		return []splice{{at, at + len(v.text), word}}
	}
	return nil
}

const offlineMark = "offline: true"

// removals take out a mark that is written as insertions writes it.
func (t *text) removals(instance *value, own *entry) []splice {
	at := t.offset(own.line, own.column)
	if !own.plainKey || !t.hasAt(at, offlineMark) {
		return nil
	}
	if instance.flow {
		if end := at + len(offlineMark); bytes.HasSuffix(t.data[:at], []byte(", ")) {
			return []splice{{at - len(", "), end, ""}}
		}
		return nil
	}
	line := t.lines[own.line-1]
	if string(t.data[line.start:line.end]) != strings.Repeat(" ", own.column-1)+offlineMark {
		return nil
	}
	if line.next == line.end && own.line > 1 {
		// The last line, without a line break: the break before it goes as well.
		return []splice{{t.lines[own.line-2].end, line.end, ""}}
	}
	return []splice{{line.start, line.next, ""}}
}

// insertions add a mark to a mapping that does not have one of its own.
func (t *text) insertions(instance *value, offline bool) []splice {
	mark := fmt.Sprintf("offline: %t", offline)
	var list []splice
	for _, e := range insertionOrder(instance) {
		if len(list) == mostAttempts {
			break
		}
		if instance.flow {
			if end := t.tokenEnd(e.value); end > 0 {
				list = append(list, splice{end, end, ", " + mark})
			}
			continue
		}
		if e.value.line != e.line || e.line > len(t.lines) {
			continue
		}
		line, indent := t.lines[e.line-1], strings.Repeat(" ", e.column-1)
		if eol := string(t.data[line.end:line.next]); eol != "" {
			list = append(list, splice{line.next, line.next, indent + mark + eol})
		} else {
			list = append(list, splice{line.end, line.end, t.lineBreak() + indent + mark})
		}
	}
	return list
}

// insertionOrder lists the keys to add a mark behind: the host of a block, which
// is a short value on a line of its own; the last one in braces.
func insertionOrder(instance *value) []entry {
	var hosts, others []entry
	for _, e := range instance.entries {
		switch {
		case e.merged:
		case e.key == "host" && !instance.flow:
			hosts = append(hosts, e)
		default:
			others = append(others, e)
		}
	}
	if instance.flow {
		slices.Reverse(others)
	}
	return append(hosts, others...)
}

// lineBreak is the one that the file uses.
func (t *text) lineBreak() string {
	if first := t.lines[0]; first.next > first.end {
		return string(t.data[first.end:first.next])
	}
	return "\n"
}

// tokenEnd is the byte after a scalar or alias, 0 when it is not written in a
// way that shows its end.
func (t *text) tokenEnd(v *value) int {
	at := t.offset(v.line, v.column)
	switch {
	case v.alias != "":
		if token := "*" + v.alias; t.hasAt(at, token) {
			return at + len(token)
		}
	case v.kind != scalarKind || v.tagged || v.anchor != "":
	case v.style == plain && v.text != "" && t.hasAt(at, v.text):
		return at + len(v.text)
	case v.style == singleQuoted && t.hasAt(at, "'"):
		return quoteEnd(t.data, at, '\'', '\'')
	case v.style == doubleQuoted && t.hasAt(at, `"`):
		return quoteEnd(t.data, at, '"', '\\')
	}
	return 0
}

// quoteEnd finds the byte after the closing quote. escape makes the byte after
// it part of the text (a single quote is escaped by doubling it).
func quoteEnd(data []byte, at int, quote, escape byte) int {
	for i := at + 1; i < len(data); i++ {
		switch {
		case data[i] == escape && (escape != quote || i+1 < len(data) && data[i+1] == quote):
			i++
		case data[i] == quote:
			return i + 1
		}
	}
	return 0
}
