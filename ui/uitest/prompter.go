// Package uitest provides a scripted prompter for tests of code that asks
// before it acts.
package uitest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"ebb/ui"
)

// Answer is one prompt that a test expects and how it is answered.
type Answer struct {
	kind     string
	contains string // part of the question, or of the "what" of a typed one
	expected string // what the code under test asks to type
	typed    string
	yes      bool
	choice   []string // parts of the options to mark
	err      error
}

// Confirm expects a yes-or-no question whose text contains the given part.
func Confirm(contains string, yes bool) Answer {
	return Answer{kind: "Confirm", contains: contains, yes: yes}
}

// Typed expects a question that wants the text expected, for an act whose
// description contains the given part; the operator types typed. The answer is
// yes only when both are equal.
func Typed(contains, expected, typed string) Answer {
	return Answer{kind: "TypedConfirm", contains: contains, expected: expected, typed: typed}
}

// Secret expects to be asked for a secret, and gives it.
func Secret(contains, secret string) Answer {
	return Answer{kind: "Secret", contains: contains, typed: secret}
}

// Choose expects to be offered options, and marks for each of the given parts
// the one option that contains it.
func Choose(contains string, parts ...string) Answer {
	return Answer{kind: "Choose", contains: contains, choice: parts}
}

// Fails expects a question of either kind that ends with err, for example
// [ui.ErrInterrupted].
func Fails(contains string, err error) Answer {
	return Answer{contains: contains, err: err}
}

// Prompter answers from a script, in order. It is strict: a question that is
// not the next of the script fails the test and is answered with no, and so do,
// at the end of the test, answers that nobody asked for.
type Prompter struct {
	t testing.TB

	mu     sync.Mutex
	script []Answer
	asked  []string
}

var _ ui.Prompter = (*Prompter)(nil)

// NewPrompter returns a prompter with the given script. Without answers it
// fails the test on any question.
func NewPrompter(t testing.TB, script ...Answer) *Prompter {
	t.Helper()
	p := &Prompter{t: t, script: script}
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, a := range p.script {
			t.Errorf("prompt was never asked: %s", a)
		}
	})
	return p
}

// Asked lists the questions so far, in order.
func (p *Prompter) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

// Confirm implements [ui.Prompter].
func (p *Prompter) Confirm(ctx context.Context, question string) (bool, error) {
	p.t.Helper()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	a, ok := p.next(Answer{kind: "Confirm", contains: question})
	return ok && a.yes, a.err
}

// TypedConfirm implements [ui.Prompter].
func (p *Prompter) TypedConfirm(ctx context.Context, what, expected string) (bool, error) {
	p.t.Helper()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	a, ok := p.next(Answer{kind: "TypedConfirm", contains: what, expected: expected})
	return ok && a.err == nil && a.typed == expected, a.err
}

// Choose implements [ui.Prompter].
func (p *Prompter) Choose(ctx context.Context, question string, options []string) ([]int, error) {
	p.t.Helper()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a, ok := p.next(Answer{kind: "Choose", contains: question})
	if !ok || a.err != nil {
		return nil, a.err
	}
	var chosen []int
	for _, part := range a.choice {
		fits := func(option string) bool { return strings.Contains(option, part) }
		i := slices.IndexFunc(options, fits)
		if i < 0 || slices.ContainsFunc(options[i+1:], fits) {
			p.t.Errorf("%q is in none or in several of the options %q", part, options)
			return nil, nil
		}
		chosen = append(chosen, i)
	}
	slices.Sort(chosen)
	return chosen, nil
}

// Secret implements [ui.Prompter].
func (p *Prompter) Secret(ctx context.Context, question string) (string, error) {
	p.t.Helper()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	a, _ := p.next(Answer{kind: "Secret", contains: question})
	return a.typed, a.err
}

// next takes the answer to asked from the script.
func (p *Prompter) next(asked Answer) (Answer, bool) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, asked.contains)
	if len(p.script) == 0 {
		p.t.Errorf("unexpected prompt: %s", asked)
		return Answer{}, false
	}
	a := p.script[0]
	if !a.matches(asked) {
		p.t.Errorf("unexpected prompt: %s\nthe script has: %s", asked, a)
		return Answer{}, false
	}
	p.script = p.script[1:]
	return a, true
}

func (a Answer) matches(asked Answer) bool {
	if !strings.Contains(asked.contains, a.contains) {
		return false
	}
	return a.err != nil || a.kind == asked.kind && a.expected == asked.expected
}

// String describes the prompt, for the messages of failed tests.
func (a Answer) String() string {
	kind := a.kind
	if kind == "" {
		kind = "any prompt"
	}
	if a.expected != "" {
		return fmt.Sprintf("%s %q, typing %q", kind, a.contains, a.expected)
	}
	return fmt.Sprintf("%s %q", kind, a.contains)
}
