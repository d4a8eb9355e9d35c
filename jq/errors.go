package jq

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// SyntaxError is a program that cannot be compiled.
type SyntaxError struct {
	Source string
	// Offset is where in Source, in bytes; -1 when it is not known.
	Offset int
	Err    error
}

// Error shows the line of the program with a caret under the spot.
func (e *SyntaxError) Error() string {
	message := fmt.Sprintf("compile jq program: %v", e.Err)
	if e.Offset < 0 || e.Offset > len(e.Source) {
		return message
	}
	start := strings.LastIndexByte(e.Source[:e.Offset], '\n') + 1
	if line := strings.Count(e.Source[:start], "\n") + 1; line > 1 {
		message = fmt.Sprintf("compile jq program: line %d: %v", line, e.Err)
	}
	line, _, _ := strings.Cut(e.Source[start:], "\n")
	// A tab has no width of its own that a caret could be placed by.
	line = strings.ReplaceAll(line, "\t", " ")
	return fmt.Sprintf("%s\n  %s\n  %s^", message, line, strings.Repeat(" ", columns(e.Source[start:e.Offset])))
}

// columns is how many columns of a terminal the text takes.
func columns(text string) int {
	n := 0
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana), r >= 0x3000 && r <= 0x303e, r >= 0xff01 && r <= 0xff60:
			n += 2
		default:
			n++
		}
	}
	return n
}

func (e *SyntaxError) Unwrap() error { return e.Err }

// ArgumentError is an argument whose name no jq variable can have.
type ArgumentError struct{ Name string }

func (e *ArgumentError) Error() string {
	return fmt.Sprintf("compile jq program: argument %q cannot be the name of a variable: use letters, digits and _", e.Name)
}

// RunError is an error that the program itself ran into or raised. Results in
// front of it have been given out.
type RunError struct {
	// Element counts the elements of the array from 0: the one the program was
	// at; -1 when it is not known, or is not that of one element.
	Element int
	// Value is what error or halt_error was given; nil for errors of jq's own,
	// which have none.
	Value any
	Err   error
}

func (e *RunError) Error() string {
	if e.Element < 0 {
		return fmt.Sprintf("run jq program: %v", e.Err)
	}
	return fmt.Sprintf("run jq program: element %d of the array: %v", e.Element, e.Err)
}

func (e *RunError) Unwrap() error { return e.Err }

// InvalidError is JSON that cannot be read.
type InvalidError struct {
	// Element counts the elements of the array from 0; -1 in a whole document.
	Element int
	// Offset counts the bytes in front of the mistake, in the element or document.
	Offset int
	Err    error
}

func (e *InvalidError) Error() string {
	if e.Element < 0 {
		return fmt.Sprintf("run jq program: read document: byte %d: %v", e.Offset, e.Err)
	}
	return fmt.Sprintf("run jq program: read element %d of the array: byte %d: %v", e.Element, e.Offset, e.Err)
}

func (e *InvalidError) Unwrap() error { return e.Err }

// WholeDocumentError is a program that cannot run element by element.
type WholeDocumentError struct{ Why string }

func (e *WholeDocumentError) Error() string {
	return "run jq program: it needs the whole document: " + e.Why
}

// ErrNull ends the elements of a document whose array is null or missing. PD
// says null where it has no region. The program then sees what it would see in
// the whole document: null cannot be iterated over, but .regions[]? can.
var ErrNull = errors.New("the array is null")
