package skim

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

// flag marks the bytes that are a quote, a backslash or a control character. The
// lowest mark is exact for ASCII; those above it may be wrong, and bytes beyond
// ASCII may be marked, too.
func flag(x uint64) uint64 {
	return ((x ^ eachByte*'"') - eachByte) | ((x ^ eachByte*'\\') - eachByte) | (x - eachByte*' ')
}

// String looks at eight bytes at a time for what ends a string or is not
// plain text: a quote, a backslash, a control character.
func String(b []byte, i int) (int, error) {
	i++
	for {
		for rest := b[i:]; len(rest) >= 8; rest = rest[8:] {
			if found := flag(binary.LittleEndian.Uint64(rest)) & highBits; found != 0 {
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
			return i, ErrShort
		case b[i] == '"':
			return i + 1, nil
		case b[i] != '\\':
			return i, ErrMalformed
		}
		var err error
		if i, err = escape(b, i+1); err != nil {
			return i, err
		}
	}
}

// PlainString returns the index behind a string of ASCII without escapes and
// control characters; 0 when it is, or may be, another one.
func PlainString(b []byte, i int) int {
	i++
	for rest := b[i:]; len(rest) >= 8; rest = rest[8:] {
		x := binary.LittleEndian.Uint64(rest)
		if found := (flag(x) | x) & highBits; found != 0 {
			if i += bits.TrailingZeros64(found) >> 3; b[i] == '"' {
				return i + 1
			}
			return 0
		}
		i += 8
	}
	for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= ' ' && b[i] < 0x80 {
		i++
	}
	if i < len(b) && b[i] == '"' {
		return i + 1
	}
	return 0
}

// escape starts behind the backslash.
func escape(b []byte, i int) (int, error) {
	if i >= len(b) {
		return i, ErrShort
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1, nil
	case 'u':
		for n := range 4 {
			switch at := i + 1 + n; {
			case at >= len(b):
				return at, ErrShort
			case !isHex(b[at]):
				return at, ErrMalformed
			}
		}
		return i + 5, nil
	}
	return i, ErrMalformed
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// Number needs a byte behind the number to know that it has ended.
func Number(b []byte, i int) (int, error) {
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else {
		var err error
		if i, err = digits(b, i); err != nil {
			return i, err
		}
	}
	var err error
	if i < len(b) && b[i] == '.' {
		if i, err = digits(b, i+1); err != nil {
			return i, err
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if i, err = digits(b, i); err != nil {
			return i, err
		}
	}
	if i >= len(b) {
		return i, ErrShort
	}
	return i, nil
}

// digits wants one digit or more.
func digits(b []byte, i int) (int, error) {
	start := i
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	switch {
	case i >= len(b):
		return i, ErrShort
	case i == start:
		return i, ErrMalformed
	}
	return i, nil
}

// Word is true, false or null.
func Word(b []byte, i int, word string) (int, error) {
	for n := range len(word) {
		switch {
		case i+n >= len(b):
			return i + n, ErrShort
		case b[i+n] != word[n]:
			return i + n, ErrMalformed
		}
	}
	return i + len(word), nil
}
