package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// Secret reads a line without echo. Unlike the other questions it leaves Ctrl-C
// to the terminal, so an interrupt comes through the context. Nobody reads on
// when that ends: the next line may be a command.
func (p terminalPrompter) Secret(ctx context.Context, question string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	tty, ok := p.streams.In.(*os.File)
	if !ok || !p.streams.CanPrompt() {
		return "", ErrNotTerminal
	}
	p.streams.saveTerminal()
	defer p.streams.Restore()
	keys := newKeyboard(ctx, tty)
	keys.discardTypeAhead()
	if err := hideInput(p.streams.inFd); err != nil {
		return "", fmt.Errorf("read a secret from the terminal: %w", err)
	}
	fmt.Fprint(p.streams.Err, Clean(question)+": ")
	defer fmt.Fprintln(p.streams.Err)
	secret, err := keys.readLine()
	if errors.Is(err, io.EOF) {
		return "", ErrInterrupted // Ctrl-D: nothing was entered
	}
	return secret, err
}

// hideInput turns echo off and leaves editing and signals to the terminal.
func hideInput(fd int) error {
	state, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	state.Lflag &^= unix.ECHO
	state.Lflag |= unix.ICANON | unix.ISIG
	state.Iflag |= unix.ICRNL
	return unix.IoctlSetTermios(fd, setTermios, state)
}
