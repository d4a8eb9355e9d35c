// Package skim finds where a JSON value ends, in one pass and without building
// it. It accepts what RFC 8259 does, but for strings that are not UTF-8, which
// are passed on.
//
// Each function takes the text and the index that the value starts at, which
// must be inside of it but for Space and Value. It returns the index
// behind the value; with an error, the index of the mistake. Errors are the
// three of this package.
package skim

import "errors"

var (
	// ErrShort says that the text ends inside the value.
	ErrShort = errors.New("JSON ends inside a value")
	// ErrMalformed says that it is not JSON.
	ErrMalformed = errors.New("malformed JSON")
	// ErrTooDeep says that values lie in each other more than MaxDepth times.
	ErrTooDeep = errors.New("JSON is nested too deeply")
)

// MaxDepth is far above what PD nests, and far below what a stack holds.
const MaxDepth = 1000

func isSpace(c byte) bool {
	return c <= ' ' && (c == ' ' || c == '\n' || c == '\t' || c == '\r')
}

// Space returns the index of the next byte that is no white space.
func Space(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// Value finds the end of any value that lies in depth others.
func Value(b []byte, i, depth int) (int, error) {
	if i >= len(b) {
		return i, ErrShort
	}
	switch c := b[i]; {
	case c == '"':
		return String(b, i)
	case c == '{':
		return Object(b, i, depth, nil)
	case c == '[':
		return Array(b, i, depth, nil)
	case c == '-' || c >= '0' && c <= '9':
		return Number(b, i)
	case c == 't':
		return Word(b, i, "true")
	case c == 'f':
		return Word(b, i, "false")
	case c == 'n':
		return Word(b, i, "null")
	}
	return i, ErrMalformed
}

// Object calls visit, unless it is nil, with each member: its name without
// quotes, escapes as they are, and the index of its value. visit returns the index
// behind the value.
func Object(b []byte, i, depth int, visit func(name []byte, i int) (int, error)) (int, error) {
	if depth >= MaxDepth {
		return i, ErrTooDeep
	}
	i = Space(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= len(b) {
			return i, ErrShort
		}
		if b[i] != '"' {
			return i, ErrMalformed
		}
		end, err := String(b, i)
		if err != nil {
			return end, err
		}
		name := b[i+1 : end-1]
		if i = Space(b, end); i >= len(b) {
			return i, ErrShort
		}
		if b[i] != ':' {
			return i, ErrMalformed
		}
		if i = Space(b, i+1); i >= len(b) {
			return i, ErrShort
		}
		if visit == nil {
			end, err = Member(b, i, depth+1)
		} else {
			end, err = visit(name, i)
		}
		if err != nil {
			return end, err
		}
		if i = Space(b, end); i >= len(b) {
			return i, ErrShort
		}
		switch b[i] {
		case ',':
			i = Space(b, i+1)
		case '}':
			return i + 1, nil
		default:
			return i, ErrMalformed
		}
	}
}

// Member is Value, faster for the plain numbers that most members are.
func Member(b []byte, i, depth int) (int, error) {
	if end := plainNumber(b, i); end > 0 {
		return end, nil
	}
	return Value(b, i, depth)
}

// Array calls visit, unless it is nil, with the index of each element; it
// returns the index behind the element.
func Array(b []byte, i, depth int, visit func(i int) (int, error)) (int, error) {
	if depth >= MaxDepth {
		return i, ErrTooDeep
	}
	i = Space(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1, nil
	}
	for {
		if i >= len(b) {
			return i, ErrShort
		}
		var end int
		var err error
		if visit == nil {
			end, err = Value(b, i, depth+1)
		} else {
			end, err = visit(i)
		}
		if err != nil {
			return end, err
		}
		if i = Space(b, end); i >= len(b) {
			return i, ErrShort
		}
		switch b[i] {
		case ',':
			i = Space(b, i+1)
		case ']':
			return i + 1, nil
		default:
			return i, ErrMalformed
		}
	}
}
