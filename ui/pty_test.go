package ui

import (
	"bytes"
	"context"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"
)

// fakeTerminal is the other end of a pseudo terminal: it shows what was
// written, types, and tells the position of the cursor when asked, as a real
// one does and as survey needs.
type fakeTerminal struct {
	t       *testing.T
	master  *os.File
	tty     *os.File
	screen  *Buffer
	streams *Streams
	mute    bool // does not answer questions about the cursor
	replies atomic.Int32
	stop    chan struct{}
	stopped chan struct{}
}

type terminalOption func(*fakeTerminal, map[string]string)

func muteTerminal(f *fakeTerminal, _ map[string]string)   { f.mute = true }
func dumbTerminal(_ *fakeTerminal, env map[string]string) { env["TERM"] = "dumb" }
func terminalSize(cols, rows uint16) terminalOption {
	return func(f *fakeTerminal, _ map[string]string) {
		if err := pty.Setsize(f.master, &pty.Winsize{Cols: cols, Rows: rows}); err != nil {
			f.t.Fatal(err)
		}
	}
}

func newFakeTerminal(t *testing.T, options ...terminalOption) *fakeTerminal {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo terminal: %v", err)
	}
	env := map[string]string{"TERM": "xterm"}
	f := &fakeTerminal{t: t, master: master, tty: tty, screen: &Buffer{}, stop: make(chan struct{}), stopped: make(chan struct{})}
	terminalSize(80, 24)(f, env)
	for _, option := range options {
		option(f, env)
	}
	getenv := func(key string) string { return env[key] }
	f.streams = &Streams{
		In: tty, inFd: int(tty.Fd()), inTTY: true, Getenv: getenv,
		Out: &Output{w: &Buffer{}, getenv: getenv}, Err: fileOutput(tty, getenv),
	}
	go f.serve()
	t.Cleanup(func() {
		f.hangUp()
		tty.Close()
	})
	return f
}

// hangUp closes the window: whoever reads from the terminal gets an error.
func (f *fakeTerminal) hangUp() {
	select {
	case <-f.stop:
	default:
		close(f.stop)
		<-f.stopped
		f.master.Close()
	}
}

func (f *fakeTerminal) serve() {
	defer close(f.stopped)
	input := newKeyboard(context.Background(), f.master)
	buf := make([]byte, 4096)
	for {
		select {
		case <-f.stop:
			return
		default:
		}
		if !input.ready(5 * time.Millisecond) {
			continue
		}
		n, err := f.master.Read(buf)
		if err != nil {
			return
		}
		f.screen.Write(buf[:n])
		if !f.mute {
			for range bytes.Count(buf[:n], []byte("\x1b[6n")) {
				f.tellPosition()
			}
		}
	}
}

// typeKeys sends keys as the keyboard would.
func (f *fakeTerminal) typeKeys(keys string) {
	f.t.Helper()
	if _, err := f.master.WriteString(keys); err != nil {
		f.t.Fatal(err)
	}
}

// waitFor waits until the screen has shown text n times and forgets nothing.
func (f *fakeTerminal) waitFor(text string, n int) {
	f.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if strings.Count(f.screen.String(), text) >= n {
			return
		}
	}
	f.t.Fatalf("%q was not shown %d times; the screen got %q", text, n, f.screen)
}

// tellPosition answers where the cursor is. survey asks twice in each prompt:
// in the bottom right corner, to learn the size, and where the answer begins.
func (f *fakeTerminal) tellPosition() {
	reply := "\x1b[24;80R"
	if f.replies.Load()%2 == 1 {
		reply = "\x1b[5;30R"
	}
	f.master.WriteString(reply)
	f.replies.Add(1)
}

// waitReady waits for the n-th prompt to read keys: survey has had both of its
// replies. It would lose keys typed before that.
func (f *fakeTerminal) waitReady(n int) {
	f.t.Helper()
	input := newKeyboard(f.t.Context(), f.tty)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if int(f.replies.Load()) >= 2*n && !input.ready(0) {
			return
		}
	}
	f.t.Fatalf("prompt %d is not ready after %d replies; the screen got %q", n, f.replies.Load(), f.screen)
}

func (f *fakeTerminal) mode() term.State {
	f.t.Helper()
	state, err := term.GetState(int(f.tty.Fd()))
	if err != nil {
		f.t.Fatal(err)
	}
	return *state
}
