package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Secret reads a line without echo. Unlike the other questions it leaves Ctrl-C
// to the terminal, so an interrupt comes through the context.
func (p terminalPrompter) Secret(ctx context.Context, question string) (string, error) {
	tty, ok := p.streams.In.(*os.File)
	if !ok || !p.streams.CanPrompt() {
		return "", ErrNotTerminal
	}
	p.streams.saveTerminal()
	defer p.streams.Restore()
	fmt.Fprint(p.streams.Err, Clean(question)+": ")
	defer fmt.Fprintln(p.streams.Err)
	type answer struct {
		secret []byte
		err    error
	}
	answers := make(chan answer, 1)
	go func() { // ends with the line, or with the process
		secret, err := term.ReadPassword(int(tty.Fd()))
		answers <- answer{secret, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-answers:
		if errors.Is(a.err, io.EOF) {
			return "", ErrInterrupted // Ctrl-D: nothing was entered
		}
		return string(a.secret), a.err
	}
}
