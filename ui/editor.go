package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// History is what the arrow keys go back to. Index 0 is the latest line.
type History interface {
	Len() int
	At(index int) string
}

// Completer completes the word at pos, a byte offset of line. It returns the
// line with what is certain filled in, the new position, and the candidates to
// show when nothing more is certain.
type Completer func(line string, pos int) (newLine string, newPos int, candidates []string)

// Editor reads lines at a terminal, which can be edited, completed with the
// tabulator and taken from a history. What it writes goes to stderr. On a
// terminal that cannot redraw it reads plain lines.
type Editor struct {
	Streams  *Streams
	History  History   // nil: none
	Complete Completer // nil: none
}

// ReadLine reads one line. [ErrInterrupted] stands for Ctrl-C, which drops the
// line, and [io.EOF] for Ctrl-D on an empty one; [ErrNotTerminal] says that
// stdin or stderr is none. Otherwise the error is that of the context.
func (e *Editor) ReadLine(ctx context.Context, prompt string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s := e.Streams
	tty, ok := s.In.(*os.File)
	if !ok || !s.CanPrompt() {
		return "", ErrNotTerminal
	}
	keys := newKeyboard(ctx, tty)
	if !s.Err.CanRedraw() {
		return e.readPlain(keys, prompt)
	}
	s.saveTerminal()
	if _, err := term.MakeRaw(s.inFd); err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	defer s.Restore()
	screen := &editorScreen{keys: keys, out: s.Err}
	screen.Terminal = term.NewTerminal(screen, Clean(prompt))
	screen.fit()
	screen.History = recall{e.History}
	if e.Complete != nil {
		screen.AutoCompleteCallback = e.onKey(screen.Terminal)
	}
	line, err := screen.ReadLine()
	switch {
	case err == nil || errors.Is(err, term.ErrPasteIndicator):
		return line, nil
	case errors.Is(err, ErrInterrupted):
		fmt.Fprint(s.Err, "^C\r\n")
	default:
		fmt.Fprint(s.Err, "\r\n")
	}
	return "", err
}

// readPlain leaves echo and editing to the terminal.
func (e *Editor) readPlain(keys *keyboard, prompt string) (string, error) {
	fmt.Fprint(e.Streams.Err, Clean(prompt))
	line, err := keys.readLine()
	if err != nil {
		fmt.Fprintln(e.Streams.Err)
	}
	return line, err
}

// candidateLimit is how many candidates are shown at most.
const candidateLimit = 60

// onKey completes on the tabulator and leaves the other keys alone.
func (e *Editor) onKey(t *term.Terminal) func(string, int, rune) (string, int, bool) {
	return func(line string, pos int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		newLine, newPos, candidates := e.Complete(line, pos)
		if newLine == line && len(candidates) > 0 {
			var b strings.Builder
			for i, c := range candidates {
				if i == candidateLimit {
					fmt.Fprintf(&b, "... and %d more\n", len(candidates)-i)
					break
				}
				b.WriteString(Truncate(cleanLine(c), max(e.Streams.Err.Width()-1, leastOption)) + "\n")
			}
			// Above the line that is being edited. What fails here fails again when
			// the line is drawn.
			_, _ = t.Write([]byte(b.String()))
		}
		return newLine, newPos, true
	}
}

// editorScreen is the terminal that a term.Terminal works on. It hands on one
// byte at a time: what was typed ahead, or pasted behind the end of the line, is
// still there for the next line or for the program that the line starts.
type editorScreen struct {
	*term.Terminal
	keys          *keyboard
	out           *Output
	width, height int
}

// Read implements [io.Reader], and sees to it that a resized window is noticed
// with the next key.
func (s *editorScreen) Read(p []byte) (int, error) {
	s.fit()
	return s.keys.Read(p[:min(len(p), 1)])
}

// fit adapts to the size of the window. SetSize draws the line again, so it is
// called for a change only.
func (s *editorScreen) fit() {
	if w, h := s.out.Width(), s.out.Height(); w != s.width || h != s.height {
		s.width, s.height = w, h
		_ = s.SetSize(w, h) // fails with the output only, which shows soon enough
	}
}

// Write implements [io.Writer]; it is what term.Terminal draws with.
func (s *editorScreen) Write(p []byte) (int, error) { return s.out.Write(p) }

// recall adapts a History. The lines are added by whoever reads them: several
// of the terminal may be one, and not all are to be kept.
type recall struct{ History }

func (r recall) Add(string) {}

func (r recall) Len() int {
	if r.History == nil {
		return 0
	}
	return r.History.Len()
}

var _ io.ReadWriter = (*editorScreen)(nil)
