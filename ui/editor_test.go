package ui

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

type lineResult struct {
	line string
	err  error
}

type lines []string

func (l lines) Len() int            { return len(l) }
func (l lines) At(index int) string { return l[index] }

func readLine(ctx context.Context, e *Editor) <-chan lineResult {
	done := make(chan lineResult, 1)
	go func() {
		line, err := e.ReadLine(ctx, "> ")
		done <- lineResult{line, err}
	}()
	return done
}

func awaitLine(t *testing.T, done <-chan lineResult) lineResult {
	t.Helper()
	select {
	case r := <-done:
		return r
	case <-time.After(10 * time.Second):
		t.Fatal("the line did not end")
		return lineResult{}
	}
}

func TestEditor(t *testing.T) {
	for _, tt := range []struct {
		name, keys, want string
		err              error
	}{
		{"a line", "display prod\r", "display prod", nil},
		{"corrected", "displax\x7fy\r", "display", nil},
		{"the latest of the history", "\x1b[A\r", "watch", nil},
		{"an earlier one", "\x1b[A\x1b[A\r", "display", nil},
		{"back to what was typed", "x\x1b[A\x1b[B\r", "x", nil},
		{"ctrl-c", "force-remove\x03", "", ErrInterrupted},
		{"ctrl-d on an empty line", "\x04", "", io.EOF},
		{"ctrl-d in a line deletes", "ab\x1b[D\x04\r", "a", nil},
		{"completed", "sca\t4\r", "scale-in 4", nil},
		{"nothing to complete", "zz\t\r", "zz", nil},
		{"wide characters", "北京\x7f\r", "北", nil},
		{"pasted", "\x1b[200~display\x1b[201~\r", "display", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeTerminal(t)
			before := f.mode()
			e := &Editor{Streams: f.streams, History: lines{"watch", "display"}, Complete: func(line string, pos int) (string, int, []string) {
				if line == "sca" && pos == 3 {
					return "scale-in ", 9, nil
				}
				return line, pos, nil
			}}
			done := readLine(t.Context(), e)
			f.waitFor("> ", 1)
			f.typeKeys(tt.keys)
			if got := awaitLine(t, done); got.line != tt.want || !errors.Is(got.err, tt.err) {
				t.Errorf("ReadLine = %q, %v, want %q, %v", got.line, got.err, tt.want, tt.err)
			}
			if f.mode() != before {
				t.Error("the terminal was not restored")
			}
		})
	}
}

// What stands behind the end of a line is for the next one.
func TestEditorKeepsTypeAhead(t *testing.T) {
	f := newFakeTerminal(t)
	e := &Editor{Streams: f.streams}
	done := readLine(t.Context(), e)
	f.waitFor("> ", 1)
	f.typeKeys("one\rtwo\rthree\r")
	for _, want := range []string{"one", "two", "three"} {
		if got := awaitLine(t, done); got.line != want || got.err != nil {
			t.Errorf("ReadLine = %q, %v, want %q", got.line, got.err, want)
		}
		if want != "three" {
			done = readLine(t.Context(), e)
		}
	}
}

func TestEditorShowsCandidates(t *testing.T) {
	f := newFakeTerminal(t, terminalSize(30, 24))
	many := []string{"4  10.0.1.4\x1b[2J", strings.Repeat("x", 40) + "END"}
	for range candidateLimit {
		many = append(many, "more")
	}
	e := &Editor{Streams: f.streams, Complete: func(line string, pos int) (string, int, []string) { return line, pos, many }}
	done := readLine(t.Context(), e)
	f.waitFor("> ", 1)
	f.typeKeys("s\t")
	f.waitFor("... and 2 more", 1)
	f.typeKeys("\r")
	if got := awaitLine(t, done); got.line != "s" {
		t.Errorf("ReadLine = %q, %v", got.line, got.err)
	}
	if shown := f.screen.String(); !strings.Contains(shown, `4  10.0.1.4\x1b[2J`) || strings.Contains(shown, "END") {
		t.Errorf("the screen got %q", shown)
	}
}

// A window that is resized is drawn in its new width from the next key on.
func TestEditorResize(t *testing.T) {
	f := newFakeTerminal(t)
	done := readLine(t.Context(), &Editor{Streams: f.streams})
	f.waitFor("> ", 1)
	if err := pty.Setsize(f.master, &pty.Winsize{Cols: 10, Rows: 24}); err != nil {
		t.Fatal(err)
	}
	f.typeKeys("123456789012\r")
	if got := awaitLine(t, done); got.line != "123456789012" {
		t.Errorf("ReadLine = %q, %v", got.line, got.err)
	}
	f.waitFor("12345678\r\n", 1)
}

func TestEditorCancelled(t *testing.T) {
	for _, options := range [][]terminalOption{nil, {dumbTerminal}} {
		f := newFakeTerminal(t, options...)
		before := f.mode()
		ctx, cancel := context.WithCancel(t.Context())
		done := readLine(ctx, &Editor{Streams: f.streams})
		f.waitFor("> ", 1)
		cancel()
		if got := awaitLine(t, done); !errors.Is(got.err, context.Canceled) {
			t.Errorf("ReadLine = %q, %v", got.line, got.err)
		}
		if f.mode() != before {
			t.Error("the terminal was not restored")
		}
		if got := awaitLine(t, readLine(ctx, &Editor{Streams: f.streams})); !errors.Is(got.err, context.Canceled) {
			t.Errorf("read under a cancelled context: %v", got.err)
		}
	}
}

func TestEditorOnADumbTerminal(t *testing.T) {
	f := newFakeTerminal(t, dumbTerminal)
	e := &Editor{Streams: f.streams}
	done := readLine(t.Context(), e)
	f.waitFor("> ", 1)
	f.typeKeys("display\r")
	if got := awaitLine(t, done); got.line != "display" || got.err != nil {
		t.Errorf("ReadLine = %q, %v", got.line, got.err)
	}
	done = readLine(t.Context(), e)
	f.waitFor("> ", 2)
	f.typeKeys("\x04")
	if got := awaitLine(t, done); !errors.Is(got.err, io.EOF) {
		t.Errorf("ReadLine = %q, %v", got.line, got.err)
	}
	if strings.Contains(f.screen.String(), "\x1b") {
		t.Errorf("control characters reached the terminal: %q", f.screen)
	}
}

func TestEditorNeedsATerminal(t *testing.T) {
	if _, err := (&Editor{Streams: Test("display\n").Streams}).ReadLine(t.Context(), "> "); !errors.Is(err, ErrNotTerminal) {
		t.Errorf("off a terminal: %v", err)
	}
}
