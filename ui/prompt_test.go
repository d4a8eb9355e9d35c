package ui

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

type promptResult struct {
	yes bool
	err error
}

func start(ask func() (bool, error)) <-chan promptResult {
	done := make(chan promptResult, 1)
	go func() {
		yes, err := ask()
		done <- promptResult{yes, err}
	}()
	return done
}

func await(t *testing.T, done <-chan promptResult) promptResult {
	t.Helper()
	select {
	case r := <-done:
		return r
	case <-time.After(10 * time.Second):
		t.Fatal("the prompt did not end")
		return promptResult{}
	}
}

func TestConfirmOnTerminal(t *testing.T) {
	for _, tt := range []struct {
		name, keys string
		yes        bool
		err        error
	}{
		{"y", "y\r", true, nil},
		{"yes in capitals", "YES\r", true, nil},
		{"n", "n\r", false, nil},
		{"enter", "\r", false, nil},
		{"ctrl-d", "\x04", false, nil},
		{"ctrl-c", "\x03", false, ErrInterrupted},
		{"ctrl-c after y", "y\x03", false, ErrInterrupted},
		{"alt-x", "\x1bx", false, nil},
		{"corrected", "n\x7fy\r", true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeTerminal(t)
			before := f.mode()
			done := start(func() (bool, error) {
				return NewPrompter(f.streams).Confirm(t.Context(), "Take store 4 offline?")
			})
			f.waitReady(1)
			f.typeKeys(tt.keys)
			got := await(t, done)
			if got.yes != tt.yes || !errors.Is(got.err, tt.err) {
				t.Errorf("Confirm = %v, %v, want %v, %v", got.yes, got.err, tt.yes, tt.err)
			}
			if f.mode() != before {
				t.Error("the terminal was not restored")
			}
		})
	}
}

func TestTypedConfirmOnTerminal(t *testing.T) {
	const address = "10.0.1.7:20160"
	for _, tt := range []struct {
		name  string
		lines []string
		yes   bool
		err   error
	}{
		{"match", []string{address + "\r"}, true, nil},
		{"retyped", []string{"10.0.1.7\r", address + "\r"}, true, nil},
		{"wrong twice", []string{"10.0.1.8:20160\r", "y\r"}, false, nil},
		{"blank before", []string{" " + address + "\r", "\r"}, false, nil},
		{"ctrl-c", []string{address + "\x03"}, false, ErrInterrupted},
		{"ctrl-c at the second", []string{"y\r", "\x03"}, false, ErrInterrupted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeTerminal(t)
			done := start(func() (bool, error) {
				return NewPrompter(f.streams).TypedConfirm(t.Context(), "delete its data", address)
			})
			for i, line := range tt.lines {
				f.waitReady(i + 1)
				f.typeKeys(line)
			}
			got := await(t, done)
			if got.yes != tt.yes || !errors.Is(got.err, tt.err) {
				t.Errorf("TypedConfirm = %v, %v, want %v, %v\n%q", got.yes, got.err, tt.yes, tt.err, f.screen)
			}
		})
	}
}

func TestTypedConfirmRefusesWhatCannotBeTyped(t *testing.T) {
	f := newFakeTerminal(t)
	for _, expected := range []string{"", "a\nb", "\x1b[2J"} {
		if yes, err := NewPrompter(f.streams).TypedConfirm(t.Context(), "delete", expected); yes || err == nil {
			t.Errorf("expected %q: %v, %v, want an error", expected, yes, err)
		}
	}
}

// A cancelled context, which is what SIGTERM becomes, ends the prompt and
// leaves the terminal usable.
func TestConfirmCancelled(t *testing.T) {
	for _, options := range [][]terminalOption{nil, {muteTerminal}, {dumbTerminal}} {
		f := newFakeTerminal(t, options...)
		before := f.mode()
		ctx, cancel := context.WithCancel(t.Context())
		done := start(func() (bool, error) { return NewPrompter(f.streams).Confirm(ctx, "Go on?") })
		f.waitFor("(y/N)", 1)
		cancel()
		if got := await(t, done); got.yes || !errors.Is(got.err, context.Canceled) {
			t.Errorf("cancelled: %v, %v", got.yes, got.err)
		}
		if f.mode() != before {
			t.Error("the terminal was not restored")
		}
		if _, err := NewPrompter(f.streams).Confirm(ctx, "Again?"); !errors.Is(err, context.Canceled) {
			t.Errorf("asked under a cancelled context: %v", err)
		}
	}
}

// survey alone swallows Ctrl-C while it waits for the position of the cursor.
func TestConfirmOnMuteTerminal(t *testing.T) {
	f := newFakeTerminal(t, muteTerminal)
	done := start(func() (bool, error) { return NewPrompter(f.streams).Confirm(t.Context(), "Go on?") })
	f.waitFor("\x1b[6n", 1)
	f.typeKeys("\x03")
	if got := await(t, done); got.yes || !errors.Is(got.err, ErrInterrupted) {
		t.Errorf("Confirm = %v, %v", got.yes, got.err)
	}
}

func TestTypeAheadDoesNotConfirm(t *testing.T) {
	f := newFakeTerminal(t)
	f.typeKeys("y\ry\ry")
	time.Sleep(50 * time.Millisecond)
	done := start(func() (bool, error) { return NewPrompter(f.streams).Confirm(t.Context(), "Go on?") })
	f.waitReady(1)
	select {
	case got := <-done:
		t.Fatalf("answered by earlier keys: %v, %v", got.yes, got.err)
	default:
	}
	f.typeKeys("\r")
	if got := await(t, done); got.yes || got.err != nil {
		t.Errorf("Confirm = %v, %v", got.yes, got.err)
	}
}

func TestConfirmAfterHangup(t *testing.T) {
	f := newFakeTerminal(t)
	done := start(func() (bool, error) { return NewPrompter(f.streams).Confirm(t.Context(), "Go on?") })
	f.waitFor("(y/N)", 1)
	f.hangUp()
	if got := await(t, done); got.yes || got.err != nil {
		t.Errorf("Confirm = %v, %v", got.yes, got.err)
	}
}

func TestConfirmOnDumbTerminal(t *testing.T) {
	for keys, want := range map[string]bool{"y\n": true, "Yes\n": true, "\n": false, "no\n": false, "\x04": false} {
		f := newFakeTerminal(t, dumbTerminal)
		done := start(func() (bool, error) { return NewPrompter(f.streams).Confirm(t.Context(), "Go on?") })
		f.waitFor("(y/N)", 1)
		f.typeKeys(keys)
		if got := await(t, done); got.yes != want || got.err != nil {
			t.Errorf("%q: Confirm = %v, %v, want %v", keys, got.yes, got.err, want)
		}
		if strings.Contains(f.screen.String(), "\x1b") {
			t.Errorf("escape sequences on a dumb terminal: %q", f.screen)
		}
	}
}

func TestTypedConfirmOnDumbTerminal(t *testing.T) {
	f := newFakeTerminal(t, dumbTerminal)
	done := start(func() (bool, error) { return NewPrompter(f.streams).TypedConfirm(t.Context(), "delete", "a:1") })
	f.waitFor("Type a:1 to delete:", 1)
	f.typeKeys("a:2\n")
	f.waitFor("Type a:1 to delete:", 2)
	f.typeKeys("a:1\n")
	if got := await(t, done); !got.yes || got.err != nil {
		t.Errorf("TypedConfirm = %v, %v", got.yes, got.err)
	}
}

func TestNoPromptOffTerminal(t *testing.T) {
	f := newFakeTerminal(t)
	stdinPipe, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdinPipe.Close()
	defer w.Close()
	redirected := fileOutput(f.tty, f.streams.Getenv)
	redirected.tty = false

	noInput := &Streams{In: stdinPipe, Out: f.streams.Out, Err: f.streams.Err, Getenv: f.streams.Getenv}
	noError := &Streams{In: f.tty, inTTY: true, Out: f.streams.Out, Err: redirected, Getenv: f.streams.Getenv}
	buffers := Test("y\n")
	buffers.SetTTY(true, true, true)
	for name, s := range map[string]*Streams{"stdin": noInput, "stderr": noError, "buffers": buffers.Streams} {
		if yes, err := NewPrompter(s).Confirm(t.Context(), "Go on?"); yes || !errors.Is(err, ErrNotTerminal) {
			t.Errorf("%s is no terminal: %v, %v", name, yes, err)
		}
	}
	if got := f.screen.String(); got != "" {
		t.Errorf("something was written: %q", got)
	}
}

func TestQuestionIsCleaned(t *testing.T) {
	f := newFakeTerminal(t)
	done := start(func() (bool, error) {
		return NewPrompter(f.streams).Confirm(t.Context(), "Remove \x1b[2Jstore?")
	})
	f.waitReady(1)
	f.typeKeys("\r")
	await(t, done)
	f.waitFor(`Remove \x1b[2Jstore?`, 1)
}
