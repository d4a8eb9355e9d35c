package ui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// keyboard reads what is typed on a terminal, with two things that survey
// lacks: the end of a context ends the wait for a key, and Ctrl-C is seen even
// while survey waits for the terminal to tell where its cursor is.
type keyboard struct {
	ctx context.Context // of the one question that this keyboard is made for
	tty *os.File
	err error // once set, there is nothing more to read
}

// pollInterval is how long a cancelled context may go unnoticed.
const pollInterval = 50 * time.Millisecond

// ctrlC is what the key sends while a prompt has turned signals off.
const ctrlC = 0x03

func newKeyboard(ctx context.Context, tty *os.File) *keyboard {
	return &keyboard{ctx: ctx, tty: tty}
}

// Fd is what survey changes the terminal's mode through.
func (k *keyboard) Fd() uintptr { return k.tty.Fd() }

// Read implements [io.Reader].
func (k *keyboard) Read(p []byte) (int, error) {
	if k.err != nil {
		return 0, k.err
	}
	n, err := k.read(p)
	if err == nil && bytes.IndexByte(p[:n], ctrlC) >= 0 {
		err = ErrInterrupted
	}
	k.err = err
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (k *keyboard) read(p []byte) (int, error) {
	for {
		if err := k.ctx.Err(); err != nil {
			return 0, err
		}
		if k.ready(pollInterval) {
			break
		}
	}
	n, err := k.tty.Read(p)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// readLine reads a line from a terminal in line mode, one byte at a time, so
// that what follows is left for others.
func (k *keyboard) readLine() (string, error) {
	var line []byte
	for one := make([]byte, 1); ; {
		if _, err := k.Read(one); err != nil {
			return "", err
		}
		if one[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, one[0])
	}
}

// ready waits for input. A terminal that cannot be polled counts as ready: then
// Read blocks, and only the context is noticed late.
func (k *keyboard) ready(wait time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(k.tty.Fd()), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(wait/time.Millisecond))
	if errors.Is(err, unix.EINTR) {
		return false
	}
	return n != 0 || err != nil
}

// discardTypeAhead throws away what was typed before the question was on the
// screen: a key pressed for an earlier question, or in impatience, must not
// confirm this one.
func (k *keyboard) discardTypeAhead() {
	fd := int(k.tty.Fd())
	state, err := term.MakeRaw(fd) // in line mode an unfinished line is not readable
	if err != nil {
		return
	}
	defer func() { _ = term.Restore(fd, state) }() // saved once more by the caller
	for buf := make([]byte, 256); k.ready(0); {
		if n, err := k.tty.Read(buf); n == 0 || err != nil {
			return
		}
	}
}
