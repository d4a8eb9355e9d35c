// Package ui holds the terminal primitives of ebb: the three standard streams,
// prompts, tables, live progress and the formatting of sizes and times. It
// knows nothing of TiKV.
//
// The rules that everything here follows:
//
//   - stdout is data; progress, prompts and hints go to stderr.
//   - Nothing asks a question unless stdin and stderr are terminals.
//   - Off a terminal there is no colour and no cursor control, and tables are
//     tab-separated with raw values.
//   - Text that came from a cluster is cleaned of control characters before it
//     reaches a terminal (see [Clean]).
//
// The package is written for Unix terminals.
package ui

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"

	"golang.org/x/term"
)

// Streams are the standard streams of one run together with what is known about
// the terminals behind them. Tests get them from [Test], the program from
// [System]; nothing else touches os.Stdout.
type Streams struct {
	In  io.Reader
	Out *Output
	Err *Output
	// Getenv looks up an environment variable, "" when it is not set.
	Getenv func(string) string

	inTTY bool
	inFd  int // -1 when In is not a file
	saved savedTerminal
}

// savedTerminal is the state of the terminal before the first prompt, kept so
// that an exit in the middle of a prompt can put it back.
type savedTerminal struct {
	mu    sync.Mutex
	state *term.State
}

// System returns the streams of the process.
func System() *Streams {
	s := &Streams{
		In:     os.Stdin,
		Getenv: os.Getenv,
		inFd:   int(os.Stdin.Fd()),
		inTTY:  term.IsTerminal(int(os.Stdin.Fd())),
	}
	s.Out = fileOutput(os.Stdout, os.Getenv)
	s.Err = fileOutput(os.Stderr, os.Getenv)
	return s
}

// CanPrompt reports whether a question can be asked: stdin and stderr are both
// terminals. stdout may be redirected, because it carries only data.
func (s *Streams) CanPrompt() bool { return s.inTTY && s.Err.tty }

// IsInputTerminal reports whether stdin is a terminal.
func (s *Streams) IsInputTerminal() bool { return s.inTTY }

// DisableColor turns colour off on both outputs, as --no-color asks for.
func (s *Streams) DisableColor() {
	s.Out.noColor = true
	s.Err.noColor = true
}

// EnableColor takes DisableColor back.
func (s *Streams) EnableColor() {
	s.Out.noColor = false
	s.Err.noColor = false
}

// SetTables tells every table that is printed from now on what the user wants.
func (s *Streams) SetTables(options TableOptions) {
	s.Out.tables = options
	s.Err.tables = options
}

// Hint prints advice on stderr, on a line of its own that starts with "hint:".
// An error says what is wrong, a hint says what to do about it.
func (s *Streams) Hint(format string, args ...any) {
	label := s.Err.Paint(Cyan, "hint:")
	fmt.Fprintf(s.Err, "%s %s\n", label, cleanLine(fmt.Sprintf(format, args...)))
}

// Restore puts the terminal back as it was: echo and line mode on, cursor
// visible. It is for the exits that run no deferred calls, such as the second
// Ctrl-C; it may be called from any goroutine and more than once.
func (s *Streams) Restore() {
	s.Err.showCursor()
	s.saved.mu.Lock()
	defer s.saved.mu.Unlock()
	if s.saved.state != nil {
		_ = term.Restore(s.inFd, s.saved.state) // nothing is left to do if this fails
	}
}

// saveTerminal remembers the state of stdin before the first prompt changes it.
// Only the first one counts: a state read during a prompt would be the wrong
// one to return to.
func (s *Streams) saveTerminal() {
	s.saved.mu.Lock()
	defer s.saved.mu.Unlock()
	if s.saved.state == nil {
		if state, err := term.GetState(s.inFd); err == nil {
			s.saved.state = state
		}
	}
}

// Connect gives the streams themselves to a child process, so that it sees the
// same terminals. A frame must not be live meanwhile.
func (s *Streams) Connect(child *exec.Cmd) {
	child.Stdin, child.Stdout, child.Stderr = s.In, s.Out.w, s.Err.w
}
