package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"
)

// lineWriter writes whole lines, many at a time, but none later than a moment
// after it came: an interrupt leaves no half of a line, and a slow stream shows
// what there is.
type lineWriter struct {
	w io.Writer

	mu      sync.Mutex
	buf     []byte
	pending bool // a flush will come by itself
	err     error
}

const (
	lineBuffer = 64 << 10
	lineDelay  = 50 * time.Millisecond
)

func newLineWriter(w io.Writer) *lineWriter { return &lineWriter{w: w} }

// line writes a line, which may be used again by the caller.
func (l *lineWriter) line(text []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(append(l.buf, text...), '\n')
	switch {
	case len(l.buf) >= lineBuffer:
		l.flush()
	case !l.pending:
		l.pending = true
		time.AfterFunc(lineDelay, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.pending = false
			l.flush()
		})
	}
	return l.err
}

// close writes what is left and returns the first error.
func (l *lineWriter) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	return l.err
}

func (l *lineWriter) flush() {
	if len(l.buf) == 0 || l.err != nil {
		return
	}
	if _, err := l.w.Write(l.buf); err != nil {
		l.err = fmt.Errorf("write output: %w", err)
	}
	l.buf = l.buf[:0]
}

// writeList writes the document itself: for eyes as pd-ctl lays it out, else
// with an element on each line. The count comes last, because nobody knows it
// before. An error leaves the document without its end, so that no reader takes
// it for whole.
func writeList(ctx context.Context, out *lineWriter, array string, batches iter.Seq2[[][]byte, error], wide bool) error {
	margin, head := "", fmt.Appendf(nil, "{%q:[", array)
	if wide {
		margin, head = "    ", fmt.Appendf(nil, "{\n  %q: [", array)
	}
	var last []byte // held back, because a comma may have to follow
	n := 0
	for batch, err := range batches {
		if err != nil {
			return err
		}
		for _, element := range batch {
			if n++; n == 1 {
				if err := out.line(head); err != nil {
					return err
				}
			} else if err := out.line(append(last, ',')); err != nil {
				return err
			}
			last = append(append(last[:0], margin...), layOut(element, margin, wide)...)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if n == 0 {
		return out.line(fmt.Appendf(nil, `{%q:[],"count":0}`, array))
	}
	if err := out.line(last); err != nil {
		return err
	}
	if wide {
		return out.line(fmt.Appendf(nil, "  ],\n  \"count\": %d\n}", n))
	}
	return out.line(fmt.Appendf(nil, `],"count":%d}`, n))
}

// layOut spreads an object over lines, or puts it on one; margin is in front of
// all lines but the first.
func layOut(object []byte, margin string, wide bool) []byte {
	var b bytes.Buffer
	var err error
	switch {
	case wide:
		err = json.Indent(&b, object, margin, "  ")
	case bytes.IndexByte(object, '\n') < 0:
		return object // as PD prints them since it has a fast way to
	default:
		err = json.Compact(&b, object)
	}
	if err != nil {
		return object // not reached: what comes here was found to be valid
	}
	return b.Bytes()
}
