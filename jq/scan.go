package jq

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"ebb/internal/skim"
)

// What the bytes of a string mean to the scanner.
const (
	ordinary = iota
	special  // a quote, a backslash or a control character
	wide     // not ASCII
)

var class = func() (table [256]byte) {
	for i := range table {
		switch {
		case i < ' ', i == '"', i == '\\':
			table[i] = special
		case i >= 0x80:
			table[i] = wide
		}
	}
	return table
}()

// raw reads a string and returns what is between the quotes. Plain says that
// this is the string itself.
func (d *decoder) raw() (raw []byte, plain bool, err error) {
	data, start := d.data, d.pos+1
	if end := skim.PlainString(data, d.pos); end > 0 {
		d.pos = end
		return data[start : end-1], true, nil
	}
	plain = true
	hasWide := false
	for i := start; i < len(data); i++ {
		c := data[i]
		if class[c] == ordinary {
			continue
		}
		switch {
		case c == '"':
			d.pos = i + 1
			if hasWide && plain {
				plain = utf8.Valid(data[start:i])
			}
			return data[start:i], plain, nil
		case c == '\\':
			plain = false
			n := escape(data[i:])
			if n == 0 {
				d.pos = i
				return nil, false, errors.New("invalid escape in a string")
			}
			i += n - 1
		case class[c] == wide:
			hasWide = true
		default:
			d.pos = i
			return nil, false, fmt.Errorf("control character %q in a string", data[i:i+1])
		}
	}
	d.pos = len(data)
	return nil, false, errEnd
}

// escape returns the length of the escape in front of data; 0 if it is none.
func escape(data []byte) int {
	if len(data) < 2 {
		return 0
	}
	switch data[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(data) < 6 {
			return 0
		}
		for _, c := range data[2:6] {
			if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
				return 0
			}
		}
		return 6
	}
	return 0
}

// digits skips digits and says whether there were any.
func (d *decoder) digits() bool {
	start := d.pos
	for d.pos < len(d.data) && d.data[d.pos]-'0' <= 9 {
		d.pos++
	}
	return d.pos > start
}

// numeral skips a number and says whether it is an integer.
func (d *decoder) numeral() (integer bool, err error) {
	if d.pos < len(d.data) && d.data[d.pos] == '-' {
		d.pos++
	}
	zero := d.pos < len(d.data) && d.data[d.pos] == '0'
	if zero {
		d.pos++
	} else if !d.digits() {
		return false, d.unexpected("a value")
	}
	integer = true
	if d.pos < len(d.data) && d.data[d.pos] == '.' {
		integer = false
		if d.pos++; !d.digits() {
			return false, d.unexpected("a digit")
		}
	}
	if d.pos < len(d.data) && d.data[d.pos]|0x20 == 'e' {
		integer = false
		d.pos++
		if d.pos < len(d.data) && (d.data[d.pos] == '+' || d.data[d.pos] == '-') {
			d.pos++
		}
		if !d.digits() {
			return false, d.unexpected("a digit")
		}
	}
	return integer, nil
}

// intDigits is how many digits fit into an int for sure: 18, or 9 of 32 bits.
const intDigits = 9 * (strconv.IntSize / 32)

func (d *decoder) number() (any, error) {
	start := d.pos
	integer, err := d.numeral()
	if err != nil {
		return nil, err
	}
	text := d.data[start:d.pos]
	// -0 is not the integer 0.
	if !integer || len(text) > intDigits || text[0] == '-' && text[1] == '0' {
		return json.Number(text), nil
	}
	digits := text
	if text[0] == '-' {
		digits = text[1:]
	}
	n := 0
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	if text[0] == '-' {
		return -n, nil
	}
	if n < len(smallInts) {
		return smallInts[n], nil
	}
	return n, nil
}

// skip checks a value without making anything of it.
func (d *decoder) skip() error {
	if !d.space() {
		return errEnd
	}
	switch d.data[d.pos] {
	case '{':
		empty, err := d.open('}')
		for more := !empty; more && err == nil; {
			if _, _, err = d.key(); err == nil {
				err = d.skip()
			}
			if err == nil {
				more, err = d.next('}')
			}
		}
		return err
	case '[':
		empty, err := d.open(']')
		for more := !empty; more && err == nil; {
			if err = d.skip(); err == nil {
				more, err = d.next(']')
			}
		}
		return err
	case '"':
		_, _, err := d.raw()
		return err
	case 't':
		return d.literal("true")
	case 'f':
		return d.literal("false")
	case 'n':
		return d.literal("null")
	}
	_, err := d.numeral()
	return err
}
