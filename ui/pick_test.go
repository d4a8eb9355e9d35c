package ui

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

type picked struct {
	chosen []int
	err    error
}

func pick(t *testing.T, f *fakeTerminal, options []string, keys ...string) picked {
	t.Helper()
	before := f.mode()
	done := make(chan picked, 1)
	go func() {
		chosen, err := NewPrompter(f.streams).Choose(t.Context(), "Which stores?", options)
		done <- picked{chosen, err}
	}()
	for i, k := range keys {
		f.waitFor("Which stores?", i+1) // each key draws the list anew
		f.typeKeys(k)
	}
	select {
	case got := <-done:
		if f.mode() != before {
			t.Error("the terminal was not restored")
		}
		return got
	case <-time.After(10 * time.Second):
		t.Fatalf("the prompt did not end; the screen got %q", f.screen)
		return picked{}
	}
}

const (
	down  = "\x1b[B"
	right = "\x1b[C"
	left  = "\x1b[D"
)

func TestChoose(t *testing.T) {
	options := []string{"store 1", "store 4", "store 5"}
	for _, tt := range []struct {
		name string
		keys []string
		want []int
		err  error
	}{
		{"one", []string{" ", "\r"}, []int{0}, nil},
		{"two in another order", []string{down, down, " ", down, " ", "\r"}, []int{0, 2}, nil},
		{"marked and unmarked", []string{" ", " ", "\r"}, nil, nil},
		{"all", []string{right, "\r"}, []int{0, 1, 2}, nil},
		{"all and none", []string{right, left, "\r"}, nil, nil},
		{"none", []string{"\r"}, nil, nil},
		{"typing filters nothing", []string{down, down, "4", " ", "\r"}, []int{2}, nil},
		{"ctrl-c", []string{"\x03"}, nil, ErrInterrupted},
		{"ctrl-c after a mark", []string{" ", "\x03"}, nil, ErrInterrupted},
		{"unknown key", []string{" ", "\x1bx"}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeTerminal(t)
			got := pick(t, f, options, tt.keys...)
			if !slices.Equal(got.chosen, tt.want) || !errors.Is(got.err, tt.err) {
				t.Errorf("Choose = %v, %v, want %v, %v", got.chosen, got.err, tt.want, tt.err)
			}
			if strings.Contains(f.screen.String(), "type to filter") {
				t.Error("the screen offers to filter")
			}
		})
	}
}

func TestChooseOnADumbTerminal(t *testing.T) {
	options := []string{"store 1", "store 4", "store\x1b[2J 5"}
	for typed, want := range map[string][]int{
		"2\r": {1}, "3, 1\r": {0, 2}, "1 1\r": {0}, "\r": nil, "4\r": nil, "1 4\r": nil, "0\r": nil, "-1\r": nil, "store 4\r": nil,
	} {
		f := newFakeTerminal(t, dumbTerminal)
		done := make(chan picked, 1)
		go func() {
			chosen, err := NewPrompter(f.streams).Choose(t.Context(), "Which stores?", options)
			done <- picked{chosen, err}
		}()
		f.waitFor("commas between:", 1)
		f.typeKeys(typed)
		if got := <-done; !slices.Equal(got.chosen, want) || got.err != nil {
			t.Errorf("typed %q: %v, %v, want %v", typed, got.chosen, got.err, want)
		}
		if strings.Contains(f.screen.String(), "\x1b") {
			t.Errorf("control characters reached the terminal: %q", f.screen)
		}
	}
}

func TestChooseFitsTheTerminal(t *testing.T) {
	f := newFakeTerminal(t, terminalSize(40, 24))
	got := pick(t, f, []string{"store 1", strings.Repeat("long ", 20) + "END"}, right, "\r")
	if !slices.Equal(got.chosen, []int{0, 1}) {
		t.Errorf("Choose = %v, %v", got.chosen, got.err)
	}
	if strings.Contains(f.screen.String(), "END") {
		t.Errorf("the long option was not cut: %q", f.screen)
	}
}

func TestChooseAsksNobody(t *testing.T) {
	if _, err := NewPrompter(Test("").Streams).Choose(t.Context(), "Which?", []string{"a"}); !errors.Is(err, ErrNotTerminal) {
		t.Errorf("off a terminal: %v", err)
	}
	if _, err := NewPrompter(newFakeTerminal(t).streams).Choose(t.Context(), "Which?", nil); err == nil {
		t.Error("an empty list was offered")
	}
}
