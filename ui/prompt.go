package ui

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Prompter asks the questions that stand before a change. An answer that is not
// a clear yes is a no; the errors below are the only ones besides those of the
// context.
type Prompter interface {
	// Confirm asks a yes-or-no question. Enter alone means no.
	Confirm(ctx context.Context, question string) (bool, error)
	// TypedConfirm asks the operator to type expected, exactly, in order to do
	// what ("delete the data of store 4"). One mistake may be corrected; the
	// second means no.
	TypedConfirm(ctx context.Context, what, expected string) (bool, error)
	// Choose lets the operator mark some of the options, none of which is marked
	// at first, and returns their indices in rising order. Empty means that
	// nothing was chosen.
	Choose(ctx context.Context, question string, options []string) ([]int, error)
	// Secret asks for a password or passphrase, which is not shown.
	Secret(ctx context.Context, question string) (string, error)
}

// ErrNotTerminal is returned instead of asking when stdin or stderr is no
// terminal. Commands check [Streams.CanPrompt] long before, where it is a usage
// error that names --yes.
var ErrNotTerminal = errors.New("cannot ask for confirmation: stdin and stderr must be terminals")

// ErrInterrupted is returned for Ctrl-C at a prompt. While a prompt is open the
// terminal sends no SIGINT, so the context does not see it.
var ErrInterrupted = errors.New("interrupted")

// NewPrompter returns the prompter for the terminal behind s. It reads from
// stdin and writes to stderr, and never asks when [Streams.CanPrompt] is false.
func NewPrompter(s *Streams) Prompter { return terminalPrompter{s} }

// terminalPrompter adds to a survey of the terminal what the questions mean.
type terminalPrompter struct{ streams *Streams }

func (p terminalPrompter) Confirm(ctx context.Context, question string) (bool, error) {
	answer, err := p.ask(ctx, yesNo(Clean(question)))
	return answer == yes, err
}

func (p terminalPrompter) TypedConfirm(ctx context.Context, what, expected string) (bool, error) {
	if expected == "" || Clean(expected) != expected {
		// Enter alone would match, or nothing that can be typed would.
		return false, fmt.Errorf("cannot ask to type %q", expected)
	}
	question := fmt.Sprintf("Type %s to %s:", expected, Clean(what))
	for range 2 {
		answer, err := p.ask(ctx, typeText(question))
		if err != nil || answer == noAnswer {
			return false, err
		}
		if answer == expected {
			return true, nil
		}
		fmt.Fprintf(p.streams.Err, "%q is not %q\n", Clean(answer), expected)
	}
	return false, nil
}

func (p terminalPrompter) Choose(ctx context.Context, question string, options []string) ([]int, error) {
	if len(options) == 0 {
		return nil, fmt.Errorf("cannot ask %q: there is nothing to choose from", question)
	}
	q := pickSome{message: Clean(question), options: make([]string, len(options))}
	width, height := p.streams.Err.Width(), p.streams.Err.Height()
	for i, option := range options {
		q.options[i] = Truncate(cleanLine(option), max(width-pickMargin, leastOption))
	}
	q.page = max(height-pickHead, leastPage)
	answer, err := p.ask(ctx, q)
	return q.indices(answer), err
}

// ask checks what must hold before any question and hands it to the terminal.
// noAnswer without an error means that the question could not be answered,
// which counts as a no.
func (p terminalPrompter) ask(ctx context.Context, q question) (string, error) {
	if err := ctx.Err(); err != nil {
		return noAnswer, err
	}
	tty, ok := p.streams.In.(*os.File)
	if !ok || !p.streams.CanPrompt() {
		return noAnswer, ErrNotTerminal
	}
	p.streams.saveTerminal()
	defer p.streams.Restore()
	in := newKeyboard(ctx, tty)
	in.discardTypeAhead()
	var answer string
	var err error
	if p.streams.Err.CanRedraw() {
		answer, err = askSurvey(p.streams, in, q)
	} else {
		answer, err = askLine(p.streams, in, q)
	}
	switch {
	case ctx.Err() != nil:
		return noAnswer, ctx.Err()
	case errors.Is(err, ErrInterrupted):
		return noAnswer, ErrInterrupted
	case err != nil:
		// survey fails on keys that it does not know (Alt-x) and at the end of
		// the input. Whatever it is, it is not a yes.
		fmt.Fprintf(p.streams.Err, "no answer (%s)\n", Clean(err.Error()))
		return noAnswer, nil
	}
	return answer, nil
}
