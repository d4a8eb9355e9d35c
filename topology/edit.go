package topology

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"
)

// EditError is returned when a file cannot be edited in place without changing
// something else.
type EditError struct {
	ID           string // the instance
	Line, Column int    // where it stands
	Reason       string
	byHand       string // what Hint says
}

func (e *EditError) Error() string {
	return fmt.Sprintf("edit %s on line %d: %s", e.ID, e.Line, e.Reason)
}

// Hint says what to do by hand instead.
func (e *EditError) Hint() string { return e.byHand }

// SetOffline sets tiup's mark that a scale-in has begun, or clears it, on the
// instances with the given ids, in a topology.yaml or a meta.yaml. It returns
// the new text and the ids whose mark was not yet as asked; with none, edited
// equals data.
//
// Only the bytes of the mark change. Setting adds the line "offline: true" below
// the host (", offline: true" in a mapping with braces); clearing takes exactly
// that away again. Where the mark was written by hand in any other form, only
// its value changes. The mark is written in the instance's own mapping, never in
// one that it merges.
//
// Each change is proved by reading both texts: all values are equal except for
// this one. Where no such change can be found the error is an *EditError; an id
// that the file does not have is an *UnknownNodeError, a file that cannot be read
// a *ParseError. With an error, edited is nil.
func SetOffline(data []byte, ids []string, offline bool) (edited []byte, changed []string, err error) {
	for _, id := range ids {
		next, name, err := setOffline(data, id, offline)
		if err != nil {
			return nil, nil, err
		}
		if name != "" {
			data, changed = next, append(changed, name)
		}
	}
	return bytes.Clone(data), changed, nil
}

// setOffline changes one instance. name is "" when there is nothing to change.
func setOffline(data []byte, id string, offline bool) (edited []byte, name string, err error) {
	before, perr := parse("topology", data)
	if perr != nil && !perr.Conflicts {
		return nil, "", perr
	}
	index := slices.IndexFunc(before.topology.Instances, func(in Instance) bool {
		return normalAddress(in.ID) == normalAddress(id)
	})
	if index < 0 {
		return nil, "", before.topology.unknown(id)
	}
	s, in := before.specs[index], &before.topology.Instances[index]
	fail := &EditError{
		ID: in.ID, Line: in.Line, Column: in.Column,
		byHand: fmt.Sprintf("write \"offline: %t\" into the entry of %s by hand", offline, in.ID),
	}
	if !s.component.offline {
		fail.Reason = fmt.Sprintf("a %s cannot be marked offline", in.Role)
		return nil, "", fail
	}
	if s.flag("offline") == offline {
		return data, "", nil
	}
	text := newText(data)
	for _, c := range text.offlineSplices(s.value, offline) {
		next := text.apply(c)
		if provesOffline(before, index, next, offline) {
			return next, in.ID, nil
		}
	}
	switch {
	case s.value.alias != "":
		fail.Reason = fmt.Sprintf("the entry is the alias *%s, which others share", s.value.alias)
	case s.value.anchor != "":
		fail.Reason = fmt.Sprintf("others take the mark over through the anchor &%s", s.value.anchor)
	default:
		fail.Reason = "the form of the entry does not allow a change of this field alone"
	}
	return nil, "", fail
}

// text is the bytes of a file, addressed as yaml.v3 counts lines and columns.
type text struct {
	data  []byte
	lines []span
}

func newText(data []byte) *text {
	return &text{data: data, lines: splitLines(data)}
}

// splice replaces the bytes from start to end.
type splice struct {
	start, end int
	text       string
}

func (t *text) apply(s splice) []byte {
	return slices.Concat(t.data[:s.start], []byte(s.text), t.data[s.end:])
}

// offset is the byte at a line and column, the end of the file when they lie
// outside. A byte order mark takes no column.
func (t *text) offset(line, column int) int {
	if line < 1 || line > len(t.lines) {
		return len(t.data)
	}
	at := t.lines[line-1].start
	if line == 1 && bytes.HasPrefix(t.data, byteOrderMark) {
		at += len(byteOrderMark)
	}
	for ; column > 1 && at < len(t.data); column-- {
		_, n := utf8.DecodeRune(t.data[at:])
		at += n
	}
	return at
}

func (t *text) hasAt(at int, s string) bool { return bytes.HasPrefix(t.data[at:], []byte(s)) }

// provesOffline reports whether next means the same as the file before except
// that the mark of one instance is as wanted.
func provesOffline(before *decoder, index int, next []byte, offline bool) bool {
	after, err := parse("topology", next)
	if err != nil && !err.Conflicts || len(after.problems) != len(before.problems) || len(after.specs) != len(before.specs) {
		return false
	}
	s := after.specs[index]
	return s.path == before.specs[index].path && s.flag("offline") == offline &&
		sameMeaning(before.root, after.root, before.specs[index].value)
}

// sameMeaning compares two trees, leaving out the key "offline" of one mapping
// of the first, or nothing if except is nil.
func sameMeaning(a, b, except *value) bool {
	if a.kind != b.kind || a.tag != b.tag || a.text != b.text || len(a.items) != len(b.items) {
		return false
	}
	for i := range a.items {
		if !sameMeaning(a.items[i], b.items[i], except) {
			return false
		}
	}
	skipped := func(key string) bool { return a == except && key == "offline" }
	other := make(map[string]*value, len(b.entries))
	for _, e := range b.entries {
		if !skipped(e.key) {
			other[e.key] = e.value
		}
	}
	for _, e := range a.entries {
		if skipped(e.key) {
			continue
		}
		if v := other[e.key]; v == nil || !sameMeaning(e.value, v, except) {
			return false
		}
		delete(other, e.key)
	}
	return len(other) == 0
}
