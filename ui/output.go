package ui

import (
	"io"
	"os"
	"strconv"
	"sync"

	"golang.org/x/term"
)

// Sizes assumed for a terminal that does not tell its own.
const (
	defaultWidth  = 80
	defaultHeight = 24
)

// Output is stdout or stderr: a writer that knows whether a terminal is behind
// it. Writes while a [Frame] is live go above the frame, whole lines at a time,
// so that a log line never lands in the middle of a progress display.
type Output struct {
	w       io.Writer
	tty     bool
	noColor bool
	tables  TableOptions
	getenv  func(string) string
	size    func() (width, height int) // zeros when unknown

	mu     sync.Mutex
	frame  *Frame // the live frame on this terminal, nil when there is none
	hidden bool   // the cursor is hidden
}

func fileOutput(f *os.File, getenv func(string) string) *Output {
	fd := int(f.Fd())
	return &Output{
		w:      f,
		tty:    term.IsTerminal(fd),
		getenv: getenv,
		size: func() (int, int) {
			w, h, err := term.GetSize(fd)
			if err != nil {
				return 0, 0
			}
			return w, h
		},
	}
}

// Write implements [io.Writer].
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	frame := o.frame
	o.mu.Unlock()
	if frame != nil {
		return frame.writeAbove(o, p)
	}
	return o.w.Write(p)
}

// IsTerminal reports whether a terminal is behind this output.
func (o *Output) IsTerminal() bool { return o.tty }

// Color reports whether colour is wanted: on a terminal that is not "dumb",
// unless NO_COLOR is set (https://no-color.org) or --no-color was given.
func (o *Output) Color() bool {
	return o.CanRedraw() && !o.noColor && o.getenv("NO_COLOR") == ""
}

// Tables are the wishes of the user about tables, for those that are not printed
// by [Table.Write].
func (o *Output) Tables() TableOptions { return o.tables }

// CanRedraw reports whether the cursor can be moved: a terminal, and not one
// that calls itself dumb (serial consoles, editors' shells, some CI logs).
func (o *Output) CanRedraw() bool { return o.tty && o.getenv("TERM") != "dumb" }

// Width is the number of columns of the terminal, read anew on each call so
// that a resize is seen. It is 0 when there is no terminal: no limit.
func (o *Output) Width() int {
	if !o.tty {
		return 0
	}
	if w, _ := o.size(); w > 0 {
		return w
	}
	if w, err := strconv.Atoi(o.getenv("COLUMNS")); err == nil && w > 0 {
		return w
	}
	return defaultWidth
}

// Height is the number of rows of the terminal, 0 when there is none.
func (o *Output) Height() int {
	if !o.tty {
		return 0
	}
	if _, h := o.size(); h > 0 {
		return h
	}
	return defaultHeight
}

// Paint returns text in the given style, or unchanged where colour is off. It
// does not clean the text: see [Clean].
func (o *Output) Paint(style Style, text string) string {
	if !o.Color() {
		return text
	}
	return style.apply(text)
}

func (o *Output) setFrame(f *Frame) {
	o.mu.Lock()
	o.frame = f
	o.mu.Unlock()
}

func (o *Output) hideCursor() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.hidden {
		o.hidden = true
		_, _ = io.WriteString(o.w, "\x1b[?25l")
	}
}

func (o *Output) showCursor() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hidden {
		o.hidden = false
		_, _ = io.WriteString(o.w, "\x1b[?25h")
	}
}
