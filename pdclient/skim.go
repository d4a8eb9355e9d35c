package pdclient

import "errors"

// The skim functions find where a JSON value ends, in one pass and without
// building it. They accept what RFC 8259 does, but for strings that are not
// UTF-8, which are passed on. Each takes the index that the value starts at and
// returns the index behind it; with an error, the index of the mistake.

var (
	// errShort: the text ends inside the value.
	errShort     = errors.New("JSON ends inside a value")
	errMalformed = errors.New("malformed JSON")
	errTooDeep   = errors.New("JSON is nested too deeply")
)

// maxDepth is far above what PD nests, and far below what a stack holds.
const maxDepth = 1000

func isSpace(c byte) bool {
	return c <= ' ' && (c == ' ' || c == '\n' || c == '\t' || c == '\r')
}

// skimSpace returns the index of the next byte that is no white space.
func skimSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

func skimValue(b []byte, i, depth int) (int, error) {
	if i >= len(b) {
		return i, errShort
	}
	switch c := b[i]; {
	case c == '"':
		return skimString(b, i)
	case c == '{':
		return skimObject(b, i, depth, nil)
	case c == '[':
		return skimArray(b, i, depth, nil)
	case c == '-' || c >= '0' && c <= '9':
		return skimNumber(b, i)
	case c == 't':
		return skimWord(b, i, "true")
	case c == 'f':
		return skimWord(b, i, "false")
	case c == 'n':
		return skimWord(b, i, "null")
	}
	return i, errMalformed
}

// skimObject calls visit, unless it is nil, with each member: its name without
// quotes, escapes as they are, and the index of its value. visit returns the index
// behind the value.
func skimObject(b []byte, i, depth int, visit func(name []byte, i int) (int, error)) (int, error) {
	if depth >= maxDepth {
		return i, errTooDeep
	}
	i = skimSpace(b, i+1)
	if i < len(b) && b[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= len(b) {
			return i, errShort
		}
		if b[i] != '"' {
			return i, errMalformed
		}
		end, err := skimString(b, i)
		if err != nil {
			return end, err
		}
		name := b[i+1 : end-1]
		if i = skimSpace(b, end); i >= len(b) {
			return i, errShort
		}
		if b[i] != ':' {
			return i, errMalformed
		}
		if i = skimSpace(b, i+1); i >= len(b) {
			return i, errShort
		}
		if visit == nil {
			end, err = skimMember(b, i, depth+1)
		} else {
			end, err = visit(name, i)
		}
		if err != nil {
			return end, err
		}
		if i = skimSpace(b, end); i >= len(b) {
			return i, errShort
		}
		switch b[i] {
		case ',':
			i = skimSpace(b, i+1)
		case '}':
			return i + 1, nil
		default:
			return i, errMalformed
		}
	}
}

// skimMember is skimValue, faster for the plain numbers that most members are.
func skimMember(b []byte, i, depth int) (int, error) {
	if end := plainNumber(b, i); end > 0 {
		return end, nil
	}
	return skimValue(b, i, depth)
}

// skimArray calls visit, unless it is nil, with the index of each element; it
// returns the index behind the element.
func skimArray(b []byte, i, depth int, visit func(i int) (int, error)) (int, error) {
	if depth >= maxDepth {
		return i, errTooDeep
	}
	i = skimSpace(b, i+1)
	if i < len(b) && b[i] == ']' {
		return i + 1, nil
	}
	for {
		if i >= len(b) {
			return i, errShort
		}
		var end int
		var err error
		if visit == nil {
			end, err = skimValue(b, i, depth+1)
		} else {
			end, err = visit(i)
		}
		if err != nil {
			return end, err
		}
		if i = skimSpace(b, end); i >= len(b) {
			return i, errShort
		}
		switch b[i] {
		case ',':
			i = skimSpace(b, i+1)
		case ']':
			return i + 1, nil
		default:
			return i, errMalformed
		}
	}
}
