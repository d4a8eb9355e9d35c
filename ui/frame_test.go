package ui

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// screen is as much of a terminal as a frame needs: text, line ends, and the
// four sequences that it moves and erases with.
type screen struct {
	width  int
	rows   []string
	row    int
	hidden bool
}

// show replays what was written.
func show(width int, written string) *screen {
	s := &screen{width: width, rows: []string{""}}
	for written != "" {
		switch n := 0; {
		case strings.HasPrefix(written, "\x1b[?25l"):
			s.hidden, written = true, written[6:]
		case strings.HasPrefix(written, "\x1b[?25h"):
			s.hidden, written = false, written[6:]
		case strings.HasPrefix(written, "\x1b[J"):
			s.rows, written = append(s.rows[:s.row:s.row], ""), written[3:]
		case strings.HasPrefix(written, "\x1b[K"):
			written = written[3:]
		case sscan(written, "\x1b[%dA", &n):
			s.row -= n
			written = written[strings.IndexByte(written, 'A')+1:]
		case written[0] == '\r':
			written = written[1:]
		case written[0] == '\n':
			s.row++
			if s.row == len(s.rows) {
				s.rows = append(s.rows, "")
			}
			written = written[1:]
		default:
			end := strings.IndexAny(written, "\x1b\r\n")
			if end < 0 {
				end = len(written)
			}
			s.rows[s.row], written = written[:end], written[end:]
		}
	}
	return s
}

func sscan(s, format string, n *int) bool {
	_, err := fmt.Sscanf(s, format, n)
	return err == nil
}

func (s *screen) String() string { return strings.Join(s.rows, "\n") }

func liveStreams() *TestStreams {
	s := Test("")
	s.SetTTY(true, true, true)
	s.SetSize(40, 10)
	s.DisableColor()
	return s
}

func TestFrameRewrites(t *testing.T) {
	s := liveStreams()
	f := s.NewFrame()
	f.Update("regions 100", "leaders 10")
	f.Line("store 4: %s", "leaders evicted")
	f.Update("regions 90", "leaders 0")
	got := show(40, s.ErrBuf.String())
	if want := "store 4: leaders evicted\nregions 90\nleaders 0\n"; got.String() != want {
		t.Errorf("screen:\n%s\nwant:\n%s", got, want)
	}
	if !got.hidden {
		t.Error("the cursor is visible while the frame is live")
	}
	f.Update("done")
	f.Close()
	f.Close()
	f.Update("too late")
	f.Line("after")
	got = show(40, s.ErrBuf.String())
	if want := "store 4: leaders evicted\ndone\nafter\n"; got.String() != want {
		t.Errorf("screen:\n%s\nwant:\n%s", got, want)
	}
	if got.hidden {
		t.Error("the cursor stayed hidden")
	}
}

func TestFrameErased(t *testing.T) {
	s := liveStreams()
	f := s.NewFrame()
	f.Update("one", "two")
	f.Update()
	f.Close()
	if got := show(40, s.ErrBuf.String()); got.String() != "" {
		t.Errorf("screen = %q, want nothing", got)
	}
}

func TestFrameCutsToTerminal(t *testing.T) {
	s := liveStreams()
	s.SetSize(10, 4)
	f := s.NewFrame()
	defer f.Close()
	f.Update("上海上海上海上海", "second\x1b[2J", "third", "fourth", "fifth")
	got := show(10, s.ErrBuf.String())
	if want := "上海上海…\nsecond\\x…\n… 3 more…\n"; got.String() != want {
		t.Errorf("screen:\n%s\nwant:\n%s", got, want)
	}
}

// Writes to the streams by code that knows nothing of the frame appear above
// it, whole lines at a time.
func TestFrameKeepsOtherWritesApart(t *testing.T) {
	s := liveStreams()
	f := s.NewFrame()
	f.Update("status")
	fmt.Fprint(s.Err, "warn")
	fmt.Fprint(s.Err, "ing\nsecond\nrest")
	if got := show(40, s.ErrBuf.String()); got.String() != "warning\nsecond\nstatus\n" {
		t.Errorf("screen = %q", got)
	}
	f.Close()
	if got := show(40, s.ErrBuf.String()); got.String() != "warning\nsecond\nstatus\nrest" {
		t.Errorf("screen after Close = %q", got)
	}
}

func TestFrameKeepsStdoutApart(t *testing.T) {
	s := liveStreams()
	s.Out.w = s.ErrBuf // both on one terminal
	f := s.NewFrame()
	f.Update("status")
	fmt.Fprintln(s.Out, "data")
	f.Close()
	if got := show(40, s.ErrBuf.String()); got.String() != "data\nstatus\n" {
		t.Errorf("screen = %q", got)
	}
}

func TestFrameOffTerminal(t *testing.T) {
	dumb := liveStreams()
	dumb.Setenv("TERM", "dumb")
	for name, s := range map[string]*TestStreams{"pipe": Test(""), "dumb": dumb} {
		f := s.NewFrame()
		if f.Live() {
			t.Errorf("%s: live", name)
		}
		f.Update("not shown")
		f.Line("store %d: offline\x1b[2J", 4)
		f.Close()
		if got := s.ErrBuf.String(); got != "store 4: offline\\x1b[2J\n" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestFrameWrappedAfterResize(t *testing.T) {
	for _, tt := range []struct {
		drawn []int
		width int
		want  int
	}{
		{nil, 80, 0},
		{[]int{0, 79}, 80, 2},
		{[]int{79, 10}, 40, 3},
		{[]int{79, 10}, 20, 5},
	} {
		if got := rowsOnScreen(tt.drawn, tt.width); got != tt.want {
			t.Errorf("rowsOnScreen(%v, %d) = %d, want %d", tt.drawn, tt.width, got, tt.want)
		}
	}
}

func TestFrameRestore(t *testing.T) {
	s := liveStreams()
	f := s.NewFrame()
	defer f.Close()
	f.Update("status")
	s.Restore() // as before an exit that runs no deferred calls
	if show(40, s.ErrBuf.String()).hidden {
		t.Error("the cursor stayed hidden")
	}
}

func TestFrameConcurrent(t *testing.T) {
	s := liveStreams()
	f := s.NewFrame()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 50 {
				f.Update(fmt.Sprint("frame ", i))
				f.Line("line %d.%d", i, j)
				fmt.Fprintln(s.Out, "data")
			}
		})
	}
	wg.Wait()
	f.Update()
	f.Close()
	got := show(40, s.ErrBuf.String()).String()
	if n := strings.Count(got, "line "); n != 200 {
		t.Errorf("%d lines, want 200", n)
	}
	if n := strings.Count(s.OutBuf.String(), "data\n"); n != 200 {
		t.Errorf("%d lines of data, want 200", n)
	}
}
