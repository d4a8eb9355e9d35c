package ui

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Frame is a block of lines at the bottom of the terminal that is rewritten in
// place: progress, or a table that refreshes. Everything else that is written
// to the streams while it is live appears above it. Where the cursor cannot be
// moved (a pipe, a dumb terminal) a frame draws nothing; what should be seen
// there goes through [Frame.Line].
//
// Always close a frame, by defer: it hides the cursor.
type Frame struct {
	streams *Streams
	live    bool
	stop    func()

	mu      sync.Mutex
	render  func(width, height int) []string // what to draw, for a size
	drawn   []int                            // width of each line that is on the screen now
	partial map[*Output][]byte
	closed  bool
}

// NewFrame returns a frame on stderr.
func (s *Streams) NewFrame() *Frame {
	f := &Frame{streams: s, live: s.Err.CanRedraw(), partial: map[*Output][]byte{}, stop: func() {}}
	if !f.live {
		return f
	}
	s.Err.hideCursor()
	for _, o := range f.outputs() {
		o.setFrame(f)
	}
	f.watchResize()
	return f
}

// outputs are those that share the terminal with the frame.
func (f *Frame) outputs() []*Output {
	if f.streams.Out.IsTerminal() {
		return []*Output{f.streams.Out, f.streams.Err}
	}
	return []*Output{f.streams.Err}
}

// Live reports whether Update draws anything.
func (f *Frame) Live() bool { return f.live }

// Update replaces the lines of the frame. They are cut to the width of the
// terminal, and to its height. Colours made by [Output.Paint] are kept, other
// control characters are made visible. No lines at all erase the frame.
func (f *Frame) Update(lines ...string) {
	kept := slices.Clone(lines)
	f.Show(func(int, int) []string { return kept })
}

// Show replaces the lines of the frame by what render makes for the room that
// there is, in columns and rows. It is called again, from another goroutine, when
// the terminal changes its size or a line is written above; it must not write.
func (f *Frame) Show(render func(width, height int) []string) {
	if !f.live {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.render = render
	f.redraw(nil)
}

// Line prints text that stays: above the frame on a terminal, wrapped behind the
// blanks that it begins with, and plainly on one line elsewhere.
func (f *Frame) Line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	rest := strings.TrimLeft(text, " ")
	f.Hang(text[:len(text)-len(rest)], rest)
}

// Hang is Line for text that is wrapped behind head.
func (f *Frame) Hang(head, text string) {
	lines := HangLines(cleanLine(head), cleanLine(text), f.streams.Err.Width())
	fmt.Fprintln(f.streams.Err, strings.Join(lines, "\n"))
}

// Close leaves the last lines on the screen and shows the cursor again. It may
// be called more than once.
func (f *Frame) Close() {
	f.mu.Lock()
	if f.closed || !f.live {
		f.mu.Unlock()
		return
	}
	f.closed = true
	f.mu.Unlock()
	f.stop()
	for _, o := range f.outputs() {
		o.setFrame(nil)
	}
	for o, rest := range f.partial {
		if len(rest) > 0 {
			_, _ = o.w.Write(rest)
		}
	}
	f.streams.Err.showCursor()
}

// writeAbove puts whole lines of p above the frame and keeps the rest for later.
func (f *Frame) writeAbove(o *Output, p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return o.w.Write(p)
	}
	pending := append(f.partial[o], p...)
	end := bytes.LastIndexByte(pending, '\n') + 1
	f.partial[o] = append([]byte(nil), pending[end:]...)
	if end == 0 {
		return len(p), nil
	}
	f.redraw(func() error {
		_, err := o.w.Write(pending[:end])
		return err
	})
	return len(p), nil
}

// redraw erases the frame, lets above write what stays, and draws the frame
// again, each in one write so that the terminal does not flicker.
func (f *Frame) redraw(above func() error) {
	w := f.streams.Err.w
	width, height := f.streams.Err.Width(), f.streams.Err.Height()
	var b strings.Builder
	if n := rowsOnScreen(f.drawn, width); n > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA", n)
	}
	if above != nil {
		b.WriteString("\x1b[J")
		_, _ = io.WriteString(w, b.String())
		b.Reset()
		_ = above()
	}
	f.drawn = f.drawn[:0]
	for _, line := range f.visible(width, height) {
		b.WriteString(line + "\x1b[K\n")
		f.drawn = append(f.drawn, Width(line))
	}
	b.WriteString("\x1b[J")
	_, _ = io.WriteString(w, b.String())
}

// visible renders the lines and cuts them to the terminal. One row is left for the
// cursor and one column for terminals that wrap as soon as a line is full.
func (f *Frame) visible(width, height int) []string {
	if f.render == nil {
		return nil
	}
	columns, rows := max(width-1, 1), max(height-1, 1)
	lines := slices.Clone(f.render(columns, rows))
	if len(lines) > rows {
		lines = append(lines[:rows-1], fmt.Sprintf("%s %d more lines", ellipsis, len(lines)-rows+1))
	}
	for i, line := range lines {
		lines[i] = Truncate(cleanLine(line), columns)
	}
	return lines
}

// rowsOnScreen is how many rows the lines drawn earlier take now: a terminal
// that became narrower has wrapped those that no longer fit.
func rowsOnScreen(drawn []int, width int) int {
	rows := 0
	for _, w := range drawn {
		rows += max((w+width-1)/width, 1)
	}
	return rows
}

// watchResize redraws as soon as the terminal changes its size.
func (f *Frame) watchResize() {
	resized := make(chan os.Signal, 1)
	done := make(chan struct{})
	finished := make(chan struct{})
	signal.Notify(resized, syscall.SIGWINCH)
	f.stop = func() {
		signal.Stop(resized)
		close(done)
		<-finished
	}
	go func() {
		defer close(finished)
		for {
			select {
			case <-done:
				return
			case <-resized:
				f.mu.Lock()
				if !f.closed {
					f.redraw(nil)
				}
				f.mu.Unlock()
			}
		}
	}()
}
