package pdclient

import (
	"encoding/binary"
	"math/bits"
)

const (
	eachByte = 0x0101010101010101
	highBits = 0x8080808080808080
)

// plainNumber returns the index behind a number of digits only, as nearly all
// are; 0 when it is anything else.
func plainNumber(b []byte, i int) int {
	if b[i] == '0' {
		return 0
	}
	for n, c := range b[i:] {
		if c-'0' > 9 {
			if n > 0 && (c == ',' || c == '}') {
				return i + n
			}
			return 0
		}
	}
	return 0
}

// skimString looks at eight bytes at a time for what ends a string or is not
// plain text: a quote, a backslash, a control character.
func skimString(b []byte, i int) (int, error) {
	i++
	for {
		for i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			quote, slash := x^(eachByte*'"'), x^(eachByte*'\\')
			// The lowest bit set is exact; those above may be borrowed.
			found := ((quote-eachByte)&^quote | (slash-eachByte)&^slash | (x-eachByte*' ')&^x) & highBits
			if found != 0 {
				if i += bits.TrailingZeros64(found) >> 3; b[i] == '"' {
					return i + 1, nil
				}
				break
			}
			i += 8
		}
		for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' {
			i++
		}
		switch {
		case i >= len(b):
			return i, errShort
		case b[i] == '"':
			return i + 1, nil
		case b[i] != '\\':
			return i, errMalformed
		}
		var err error
		if i, err = skimEscape(b, i+1); err != nil {
			return i, err
		}
	}
}

// skimEscape starts behind the backslash.
func skimEscape(b []byte, i int) (int, error) {
	if i >= len(b) {
		return i, errShort
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1, nil
	case 'u':
		for n := range 4 {
			switch at := i + 1 + n; {
			case at >= len(b):
				return at, errShort
			case !isHex(b[at]):
				return at, errMalformed
			}
		}
		return i + 5, nil
	}
	return i, errMalformed
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// skimNumber needs a byte behind the number to know that it has ended.
func skimNumber(b []byte, i int) (int, error) {
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else {
		var err error
		if i, err = skimDigits(b, i); err != nil {
			return i, err
		}
	}
	var err error
	if i < len(b) && b[i] == '.' {
		if i, err = skimDigits(b, i+1); err != nil {
			return i, err
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if i, err = skimDigits(b, i); err != nil {
			return i, err
		}
	}
	if i >= len(b) {
		return i, errShort
	}
	return i, nil
}

// skimDigits wants one digit or more.
func skimDigits(b []byte, i int) (int, error) {
	start := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	switch {
	case i >= len(b):
		return i, errShort
	case i == start:
		return i, errMalformed
	}
	return i, nil
}

func skimWord(b []byte, i int, word string) (int, error) {
	for n := range len(word) {
		switch {
		case i+n >= len(b):
			return i + n, errShort
		case b[i+n] != word[n]:
			return i + n, errMalformed
		}
	}
	return i + len(word), nil
}
