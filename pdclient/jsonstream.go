package pdclient

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// object reads an object and calls field with the name of each member, quotes
// included; field has to read the value. ok is false for null. The name is valid
// only until the value is read.
func (d *regionDecoder) object(field func(name []byte) error) (ok bool, err error) {
	if ok, err = d.open('{'); !ok {
		return false, err
	}
	for d.dec.PeekKind() != '}' {
		name, err := d.dec.ReadValue()
		if err != nil {
			return false, err
		}
		if err := field(name); err != nil {
			return false, err
		}
	}
	_, err = d.dec.ReadToken()
	return true, err
}

// array reads an array and calls element before each of its values. ok is false
// for null.
func (d *regionDecoder) array(element func() error) (ok bool, err error) {
	if ok, err = d.open('['); !ok {
		return false, err
	}
	for d.dec.PeekKind() != ']' {
		if err := element(); err != nil {
			return false, err
		}
	}
	_, err = d.dec.ReadToken()
	return true, err
}

func (d *regionDecoder) open(kind jsontext.Kind) (bool, error) {
	t, err := d.dec.ReadToken()
	switch {
	case err != nil:
		return false, err
	case t.Kind() == 'n':
		return false, nil
	case t.Kind() != kind:
		return false, fmt.Errorf("want %s, got %s", kind, t.Kind())
	}
	return true, nil
}

// uint reads a number that is not negative; null counts as 0.
func (d *regionDecoder) uint() (uint64, error) {
	v, err := d.dec.ReadValue()
	if err != nil || v.Kind() == 'n' {
		return 0, err
	}
	var n uint64
	for _, c := range v {
		digit := uint64(c - '0')
		if c < '0' || c > '9' || n > (1<<64-1-digit)/10 {
			return 0, fmt.Errorf("want a number, got %s", clip(string(v)))
		}
		n = n*10 + digit
	}
	return n, nil
}

// int reads a whole number; null counts as 0.
func (d *regionDecoder) int() (int64, error) {
	v, err := d.dec.ReadValue()
	if err != nil || v.Kind() == 'n' {
		return 0, err
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("want a number, got %s", clip(string(v)))
	}
	return n, nil
}

func (d *regionDecoder) bool() (bool, error) {
	t, err := d.dec.ReadToken()
	switch {
	case err != nil:
		return false, err
	case t.Kind() == 't':
		return true, nil
	case t.Kind() == 'f', t.Kind() == 'n':
		return false, nil
	}
	return false, fmt.Errorf("want a boolean, got %s", t.Kind())
}

// fail makes a *DecodeError of what stopped the decoder. Errors of the
// connection stay what they are, but for the one that says it ended too early.
func (d *regionDecoder) fail(method, url string, err error) error {
	var syntax *jsontext.SyntacticError
	e := &DecodeError{Method: method, URL: url, Offset: d.dec.InputOffset(), Err: err}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Err = errTruncated
	case errors.As(err, &syntax):
		e.Offset, e.Err = syntax.ByteOffset, syntax.Err
	case errors.Is(err, errStreamBroke):
		return fmt.Errorf("%s %s: %w", method, url, err)
	}
	return e
}
