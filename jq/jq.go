// Package jq runs jq programs over JSON documents with gojq. Numbers keep all
// their digits: ids of regions and stores can exceed the 53 bits of a float.
package jq

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode"

	"github.com/itchyny/gojq"
)

// Program is a compiled jq program.
type Program struct{ code *gojq.Code }

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

// Compile reads a program. Errors are *SyntaxError. Programs see neither the
// environment nor other inputs.
func Compile(source string) (*Program, error) {
	query, err := gojq.Parse(source)
	if err != nil {
		offset := -1
		var parse *gojq.ParseError
		if errors.As(err, &parse) {
			offset = max(parse.Offset-len(parse.Token), 0)
		}
		return nil, &SyntaxError{source, offset, err}
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, &SyntaxError{source, -1, err}
	}
	return &Program{code}, nil
}

// Run feeds one JSON document to the program and returns its results as
// compact JSON. After an error nothing follows.
func (p *Program) Run(ctx context.Context, document []byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		decoder := json.NewDecoder(bytes.NewReader(document))
		decoder.UseNumber()
		var input any
		if err := decoder.Decode(&input); err != nil {
			yield(nil, fmt.Errorf("run jq program: read document: %w", err))
			return
		}
		results := p.code.RunWithContext(ctx, input)
		for {
			value, ok := results.Next()
			if !ok {
				return
			}
			if err, failed := value.(error); failed {
				var halt *gojq.HaltError
				if errors.As(err, &halt) && halt.Value() == nil {
					return
				}
				yield(nil, fmt.Errorf("run jq program: %w", err))
				return
			}
			out, err := gojq.Marshal(value)
			if !yield(out, err) || err != nil {
				return
			}
		}
	}
}
