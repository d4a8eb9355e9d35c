package uitest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"ebb/ui"
)

// recorder is a test that notes failures instead of failing.
type recorder struct {
	testing.TB
	errors   []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) finish() []string {
	for _, f := range r.cleanups {
		f()
	}
	return r.errors
}

func TestScript(t *testing.T) {
	p := NewPrompter(t,
		Confirm("store 4", true),
		Confirm("store 5", false),
		Typed("delete", "a:1", "a:1"),
		Typed("delete", "a:1", "a:2"),
		Fails("store 6", ui.ErrInterrupted),
	)
	ctx := t.Context()
	for i, ask := range []func() (bool, error){
		func() (bool, error) { return p.Confirm(ctx, "Take store 4 offline?") },
		func() (bool, error) { return p.Confirm(ctx, "Take store 5 offline?") },
		func() (bool, error) { return p.TypedConfirm(ctx, "delete the data", "a:1") },
		func() (bool, error) { return p.TypedConfirm(ctx, "delete the data", "a:1") },
	} {
		if yes, err := ask(); yes != (i%2 == 0) || err != nil {
			t.Errorf("question %d: %v, %v", i, yes, err)
		}
	}
	if yes, err := p.Confirm(ctx, "Take store 6 offline?"); yes || !errors.Is(err, ui.ErrInterrupted) {
		t.Errorf("interrupted question: %v, %v", yes, err)
	}
	if want := "Take store 5 offline?"; !slices.Contains(p.Asked(), want) {
		t.Errorf("asked %q, want %q among them", p.Asked(), want)
	}
}

func TestStrict(t *testing.T) {
	for name, tt := range map[string]struct {
		script []Answer
		ask    func(*Prompter) (bool, error)
		errors int
	}{
		"nothing scripted": {nil, func(p *Prompter) (bool, error) { return p.Confirm(t.Context(), "Go on?") }, 1},
		"other question": {
			[]Answer{Confirm("store 4", true)},
			func(p *Prompter) (bool, error) { return p.Confirm(t.Context(), "store 5?") }, 2,
		},
		"other kind": {
			[]Answer{Confirm("delete", true)},
			func(p *Prompter) (bool, error) { return p.TypedConfirm(t.Context(), "delete", "a:1") }, 2,
		},
		"other text to type": {
			[]Answer{Typed("delete", "a:1", "a:1")},
			func(p *Prompter) (bool, error) { return p.TypedConfirm(t.Context(), "delete", "b:1") }, 2,
		},
		"never asked": {
			[]Answer{Confirm("store 4", true), Confirm("store 5", true)},
			func(*Prompter) (bool, error) { return false, nil }, 2,
		},
	} {
		r := &recorder{TB: t}
		p := NewPrompter(r, tt.script...)
		if yes, err := tt.ask(p); yes || err != nil {
			t.Errorf("%s: %v, %v, want no", name, yes, err)
		}
		if got := r.finish(); len(got) != tt.errors {
			t.Errorf("%s: %d failures, want %d: %q", name, len(got), tt.errors, got)
		}
	}
}

func TestChoose(t *testing.T) {
	options := []string{"store 1", "store 4", "store 41"}
	for name, tt := range map[string]struct {
		answer Answer
		want   []int
		errors int
	}{
		"two":       {Choose("Which", "store 41", "store 1"), []int{0, 2}, 0},
		"none":      {Choose("Which"), nil, 0},
		"ambiguous": {Choose("Which", "store 4"), nil, 1},
		"unknown":   {Choose("Which", "store 5"), nil, 1},
		"other":     {Choose("Who", "store 1"), nil, 2},
	} {
		r := &recorder{TB: t}
		p := NewPrompter(r, tt.answer)
		got, err := p.Choose(t.Context(), "Which stores?", options)
		if !slices.Equal(got, tt.want) || err != nil {
			t.Errorf("%s: %v, %v, want %v", name, got, err, tt.want)
		}
		if got := r.finish(); len(got) != tt.errors {
			t.Errorf("%s: %d failures, want %d: %q", name, len(got), tt.errors, got)
		}
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := NewPrompter(t)
	if _, err := p.Confirm(ctx, "Go on?"); !errors.Is(err, context.Canceled) {
		t.Errorf("Confirm: %v", err)
	}
	if _, err := p.TypedConfirm(ctx, "delete", "a:1"); !errors.Is(err, context.Canceled) {
		t.Errorf("TypedConfirm: %v", err)
	}
}
