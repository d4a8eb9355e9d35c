package jq

import (
	"errors"
	"fmt"
)

// maxDepth is how deep values may lie in each other, as in encoding/json.
const maxDepth = 10000

var errEnd = errors.New("unexpected end of JSON")

type pair struct {
	key   string
	value any
}

// decoder makes values for gojq from JSON: int where a number is an integer
// that fits, json.Number otherwise, so that ids above 2^53 keep their digits.
// All of the JSON is checked, also what the mask leaves out.
//
// It is written by hand because decoding is half of the time of a run: the view
// of the procedure's filter takes 1.6 s of one core for a million regions, 0.9 s
// with reuse; with jsontext it takes 3.3 s, and all with encoding/json 9.6 s.
type decoder struct {
	data  []byte
	pos   int
	depth int
	pairs []pair
	items []any
	names [256]string
	// reuse says that no value of an element is looked at after the next element
	// has been asked for. Maps and slices then serve one element after the other.
	reuse bool
	maps  []map[string]any
	used  int
	slab  []any
}

// decode reads one value. Only what the mask shows is sure to be in it.
func (d *decoder) decode(data []byte, m *mask) (any, error) {
	d.data, d.pos, d.depth = data, 0, 0
	d.pairs, d.items = d.pairs[:0], d.items[:0]
	d.used, d.slab = 0, d.slab[:0]
	value, err := d.value(m)
	if err == nil && d.space() {
		err = d.unexpected("the end")
	}
	if err != nil {
		return nil, &InvalidError{Element: -1, Offset: d.pos, Err: err}
	}
	return value, nil
}

func (d *decoder) unexpected(want string) error {
	if d.pos >= len(d.data) {
		return errEnd
	}
	return fmt.Errorf("unexpected %q, want %s", d.data[d.pos:d.pos+1], want)
}

// space skips white space and says whether something follows. PD writes none
// where it writes much.
func (d *decoder) space() bool {
	if d.pos < len(d.data) && d.data[d.pos] > ' ' {
		return true
	}
	return d.skipSpace()
}

func (d *decoder) skipSpace() bool {
	for d.pos < len(d.data) {
		switch d.data[d.pos] {
		case ' ', '\t', '\n', '\r':
			d.pos++
		default:
			return true
		}
	}
	return false
}

func (d *decoder) value(m *mask) (any, error) {
	if !d.space() {
		return nil, errEnd
	}
	switch c := d.data[d.pos]; c {
	case '{':
		return d.object(m)
	case '[':
		return d.array(m)
	case '"':
		return d.text()
	case 't':
		return true, d.literal("true")
	case 'f':
		return false, d.literal("false")
	case 'n':
		return nil, d.literal("null")
	default:
		return d.number()
	}
}

func (d *decoder) literal(word string) error {
	if len(d.data)-d.pos < len(word) || string(d.data[d.pos:d.pos+len(word)]) != word {
		return d.unexpected(word)
	}
	d.pos += len(word)
	return nil
}

// open enters an object or array and says whether it is empty.
func (d *decoder) open(end byte) (empty bool, err error) {
	if d.depth++; d.depth > maxDepth {
		return false, errors.New("nested too deeply")
	}
	d.pos++
	if d.space() && d.data[d.pos] == end {
		d.close()
		return true, nil
	}
	return false, nil
}

func (d *decoder) close() {
	d.pos++
	d.depth--
}

// next goes on behind a value and says whether another one follows.
func (d *decoder) next(end byte) (more bool, err error) {
	if !d.space() {
		return false, errEnd
	}
	switch d.data[d.pos] {
	case ',':
		d.pos++
		return true, nil
	case end:
		d.close()
		return false, nil
	}
	return false, d.unexpected("a comma or the end of the list")
}

// key reads the key of a field and its colon, and returns what the key's
// string is in the JSON, without quotes.
func (d *decoder) key() (raw []byte, plain bool, err error) {
	if !d.space() || d.data[d.pos] != '"' {
		return nil, false, d.unexpected("a key")
	}
	raw, plain, err = d.raw()
	if err != nil {
		return nil, false, err
	}
	if !d.space() || d.data[d.pos] != ':' {
		return nil, false, d.unexpected("a colon")
	}
	d.pos++
	return raw, plain, nil
}

func (d *decoder) object(m *mask) (any, error) {
	m = m.forObject()
	base := len(d.pairs)
	empty, err := d.open('}')
	for more := !empty; more && err == nil; {
		var raw []byte
		var plain bool
		if raw, plain, err = d.key(); err != nil {
			return nil, err
		}
		var name string
		child := m
		if !m.all {
			if !plain {
				raw = []byte(unquote(raw))
			}
			name, child = m.field(raw)
		} else if name = d.intern(raw); !plain {
			name = unquote(raw)
		}
		if child == nil {
			err = d.skip()
		} else {
			var value any
			value, err = d.value(child)
			d.pairs = append(d.pairs, pair{name, value})
		}
		if err == nil {
			more, err = d.next('}')
		}
	}
	if err != nil {
		return nil, err
	}
	fields := d.newMap(d.pairs[base:])
	d.pairs = d.pairs[:base]
	return fields, nil
}

func (d *decoder) array(m *mask) (any, error) {
	child := m.forArray()
	base := len(d.items)
	empty, err := d.open(']')
	for more := !empty; more && err == nil; {
		if child == nil {
			err = d.skip()
		} else {
			var value any
			value, err = d.value(child)
			d.items = append(d.items, value)
		}
		if err == nil {
			more, err = d.next(']')
		}
	}
	if err != nil {
		return nil, err
	}
	items := d.newSlice(d.items[base:])
	d.items = d.items[:base]
	return items, nil
}
