package ui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func readSecret(ctx context.Context, f *fakeTerminal) <-chan lineResult {
	done := make(chan lineResult, 1)
	go func() {
		secret, err := NewPrompter(f.streams).Secret(ctx, "Passphrase")
		done <- lineResult{secret, err}
	}()
	return done
}

func TestSecret(t *testing.T) {
	for _, tt := range []struct {
		name, keys, want string
		err              error
	}{
		{"typed", "open sesame\r", "open sesame", nil},
		{"corrected by the terminal", "opem\x7fn\r", "open", nil},
		{"empty", "\r", "", nil},
		{"ctrl-d", "\x04", "", ErrInterrupted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeTerminal(t)
			before := f.mode()
			f.typeKeys("typed before\r")
			time.Sleep(50 * time.Millisecond)
			done := readSecret(t.Context(), f)
			f.waitFor("Passphrase: ", 1)
			shown := len(f.screen.String())
			f.typeKeys(tt.keys)
			if got := awaitLine(t, done); got.line != tt.want || !errors.Is(got.err, tt.err) {
				t.Errorf("Secret = %q, %v, want %q, %v", got.line, got.err, tt.want, tt.err)
			}
			if f.mode() != before {
				t.Error("the terminal was not restored")
			}
			if after := f.screen.String()[shown:]; strings.Trim(after, "\r\n") != "" {
				t.Errorf("the terminal showed %q", after)
			}
		})
	}
	if _, err := NewPrompter(Test("secret\n").Streams).Secret(t.Context(), "Passphrase"); !errors.Is(err, ErrNotTerminal) {
		t.Errorf("off a terminal: %v", err)
	}
}

// After an interrupt nobody waits for a line any more: it belongs to whoever
// reads next.
func TestSecretCancelled(t *testing.T) {
	f := newFakeTerminal(t)
	before := f.mode()
	ctx, cancel := context.WithCancel(t.Context())
	done := readSecret(ctx, f)
	f.waitFor("Passphrase: ", 1)
	cancel()
	if got := awaitLine(t, done); !errors.Is(got.err, context.Canceled) {
		t.Errorf("Secret = %q, %v", got.line, got.err)
	}
	if f.mode() != before {
		t.Error("the terminal was not restored")
	}
	next := readLine(t.Context(), &Editor{Streams: f.streams})
	f.waitFor("> ", 1)
	f.typeKeys("display\r")
	if got := awaitLine(t, next); got.line != "display" {
		t.Errorf("the next line is %q, %v", got.line, got.err)
	}
}
