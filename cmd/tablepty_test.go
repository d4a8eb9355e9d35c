package cmd

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"ebb/cluster"
	"ebb/internal/golden"
	"ebb/pdclient/pdtest"
	"ebb/ui"
	"ebb/ui/uitest"
)

// nightPD is a cluster at a bad moment: two stores leave, one of them slowly, one
// is silent, one waits for prune, and the labels are Chinese.
func nightPD(t *testing.T) *pdtest.PD {
	t.Helper()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.StopClock()
	pd.AddStores(1, 2, 3, 4, 5, 6, 9)
	for id := cluster.StoreID(1); id <= 6; id++ {
		pd.EditStore(id, func(s *cluster.Store) {
			s.Labels = append(s.Labels,
				cluster.Label{Key: "zone", Value: "北京" + string([]rune("一二三")[id%3]) + "区"},
				cluster.Label{Key: "host", Value: fmt.Sprintf("主机-%02d", id)})
			s.RegionCount, s.LeaderCount, s.RegionSizeMiB = 12345+int(id), 4115, 1_185_120
		})
	}
	pd.EditStore(9, func(s *cluster.Store) {
		s.Address = "10.0.1.9:3930"
		s.Labels = []cluster.Label{{Key: cluster.EngineLabel, Value: "tiflash"}}
	})
	pd.EditStore(5, func(s *cluster.Store) { s.Address, s.State = "存储节点-五.example:20160", cluster.Offline })
	pd.EditStore(4, func(s *cluster.Store) { s.State = cluster.Offline })
	pd.EditStore(6, func(s *cluster.Store) {
		s.State, s.RegionCount, s.LeaderCount, s.RegionSizeMiB = cluster.Tombstone, 0, 0, 0
	})
	pd.Silence(3, 10*time.Minute+30*time.Second)
	pd.RefreshProgress()
	pd.EditStore(4, func(s *cluster.Store) { s.RegionCount, s.RegionSizeMiB = 12_000, 1_175_120 })
	pd.EditStore(5, func(s *cluster.Store) { s.RegionSizeMiB -= 96 })
	pd.RefreshProgress()
	return pd
}

const nightTopology = `
tikv_servers:
  - {host: 10.0.1.1}
  - {host: 10.0.1.2}
  - {host: 10.0.1.3}
  - {host: 10.0.1.4, offline: true}
  - {host: 存储节点-五.example}
  - {host: 10.0.1.6}
tiflash_servers:
  - {host: 10.0.1.9}
pd_servers:
  - {host: 10.0.1.1}
`

// console is a terminal of a size on which the program runs.
type console struct {
	*terminal
	cols, rows int
}

func newConsole(t *testing.T, cols, rows int, environ []string, args ...string) *console {
	t.Helper()
	home := t.TempDir()
	if err := os.WriteFile(home+"/topology.yaml", []byte(nightTopology), 0o600); err != nil {
		t.Fatal(err)
	}
	return &console{onTerminalOf(t, cols, rows, home, environ, args...), cols, rows}
}

func (c *console) resize(cols, rows int) {
	c.t.Helper()
	c.cols, c.rows = cols, rows
	if err := pty.Setsize(c.master, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		c.t.Fatal(err)
	}
}

// shows waits until the screen shows what the condition wants, and returns it.
func (c *console) shows(what string, want func(string) bool) *uitest.Screen {
	c.t.Helper()
	var s *uitest.Screen
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		s = uitest.Show(c.screenWidth(), c.rows, c.screen.String())
		if want(s.String()) {
			return s
		}
	}
	c.t.Fatalf("%s was not shown; the screen is\n%s", what, s)
	return nil
}

// screenWidth: a pty of no width is taken for one of 80 columns.
func (c *console) screenWidth() int {
	if c.cols == 0 {
		return 80
	}
	return c.cols
}

// fleeting is what differs from run to run, and what stands for it; both are
// equally wide, for the sake of the columns.
var fleeting = []struct {
	what *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`), "2026-01-02T03:04:05Z"},
	{regexp.MustCompile(`\b\d{8}T\d{6}-[A-Z2-7]{6}`), "20260102T030405-ABCDEF"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d`), "03:04:05"},
	{regexp.MustCompile(`127\.0\.0\.1:\d{5}`), "127.0.0.1:12345"},
	{regexp.MustCompile(`\b[0-9]s\b`), "0s"},
	{regexp.MustCompile(`\b10m\d\ds\b`), "10m30s"},
	{regexp.MustCompile(`pid \d+`), "pid 4711"},
}

func steady(text string) []byte {
	for _, f := range fleeting {
		text = f.what.ReplaceAllString(text, f.as)
	}
	return []byte(strings.ReplaceAll(text, "\x1b", "␛") + "\n")
}

// checkWidth: a line that is as wide as the terminal is the widest that does not
// wrap.
func checkWidth(t *testing.T, written string, width int) {
	t.Helper()
	for line := range strings.SplitSeq(written, "\n") {
		if w := ui.Width(strings.TrimRight(line, "\r")); w > width {
			t.Errorf("%d columns on a terminal of %d: %q", w, width, line)
		}
	}
}

// TestDisplayOnATerminal is what an operator sees, at every width, with and
// without colour.
func TestDisplayOnATerminal(t *testing.T) {
	t.Parallel()
	pd := nightPD(t)
	for _, width := range []int{0, 40, 60, 80, 120, 200} {
		for _, colour := range []bool{true, false} {
			name, environ := fmt.Sprintf("display-%d", width), []string{"NO_COLOR=1"}
			if colour {
				name, environ = name+"-colour", nil
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := newConsole(t, width, 40, environ, "display", "-t", "topology.yaml", "-u", pd.URLs()[0], "--labels")
				c.end(ExitDone, untouched(t))
				s := c.shows("the last note", func(text string) bool {
					return strings.HasSuffix(text, "10.0.1.6:20160") && strings.Contains(text, "Total nodes")
				})
				if strings.Contains(c.screen.String(), "\x1b[") != colour {
					t.Errorf("colour %v: %q", colour, c.screen.String())
				}
				golden.Check(t, "tables/"+name+".txt", steady(s.Styled()))
				checkWidth(t, c.screen.String(), c.screenWidth())
			})
		}
	}
}

// TestWatchOnATerminal is the live picture at every width.
func TestWatchOnATerminal(t *testing.T) {
	t.Parallel()
	pd := nightPD(t)
	for _, width := range []int{0, 40, 60, 80, 120, 200} {
		for _, colour := range []bool{true, false} {
			name, environ := fmt.Sprintf("watch-%d", width), []string{"NO_COLOR=1"}
			if colour {
				name, environ = name+"-colour", nil
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := newConsole(t, width, 40, environ, "watch", "-u", pd.URLs()[0], "--interval", "50ms")
				s := c.shows("the picture", func(text string) bool {
					return strings.Contains(text, "regions left, over") || width == 40 && strings.Contains(text, "  all ")
				})
				golden.Check(t, "tables/"+name+".txt", steady(s.Styled()))
				c.interrupt()
			})
		}
	}
}

func (c *console) interrupt() {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil {
		c.t.Fatal(err)
	}
	c.end(ExitInProgress, untouched(c.t))
}

// TestWatchResized: the picture is laid out anew as soon as the window has another
// size, not at the next reading, which here never comes.
func TestWatchResized(t *testing.T) {
	t.Parallel()
	pd := nightPD(t)
	c := newConsole(t, 200, 40, []string{"NO_COLOR=1"}, "watch", "-u", pd.URLs()[0], "--interval", "1h")
	c.shows("a wide picture", func(text string) bool { return strings.Contains(text, "Leaders") })
	c.resize(60, 12)
	c.shows("a narrow picture", func(text string) bool {
		at := strings.LastIndex(text, "Store  ")
		return at >= 0 && !strings.Contains(text[at:], "Leaders") && strings.Contains(text[at:], "  ETA\n") && strings.Contains(text[at:], "  all")
	})
	c.resize(200, 40)
	c.shows("a wide picture again", func(text string) bool {
		at := strings.LastIndex(text, "Store  ")
		return at >= 0 && strings.Contains(text[at:], "Leaders") && strings.Contains(text[at:], "  all")
	})
	c.interrupt()
}

// TestManyStores: 500 stores on 24 lines. What is above and below the table stays
// on the screen, and so do the stores that somebody should look at.
func TestManyStores(t *testing.T) {
	t.Parallel()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.StopClock()
	for id := cluster.StoreID(1); id <= 500; id++ {
		pd.AddStores(id)
	}
	for id := cluster.StoreID(301); id <= 340; id++ {
		pd.EditStore(id, func(s *cluster.Store) { s.State, s.RegionCount = cluster.Offline, int(id) })
	}
	pd.Silence(444, 61*time.Minute+30*time.Second)
	t.Run("display", func(t *testing.T) {
		t.Parallel()
		c := newConsole(t, 80, 24, []string{"NO_COLOR=1"}, "display", "-w", "-u", pd.URLs()[0])
		s := c.shows("all of it", func(text string) bool {
			return strings.Contains(text, "Total nodes: 500\n") || strings.HasSuffix(text, "Total nodes: 500")
		})
		golden.Check(t, "tables/display-500.txt", steady(s.String()))
		if n := strings.Count(s.String(), "\n"); n > 23 {
			t.Errorf("%d lines on a screen of 24", n)
		}
		if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		c.end(ExitDone, untouched(t))
	})
	t.Run("watch", func(t *testing.T) {
		t.Parallel()
		c := newConsole(t, 80, 24, []string{"NO_COLOR=1"}, "watch", "-u", pd.URLs()[0], "--interval", "50ms")
		s := c.shows("the total", func(text string) bool { return strings.Contains(text, "\n  all ") })
		text := s.String()
		picture := text[strings.Index(text, "Store  "):]
		golden.Check(t, "tables/watch-500.txt", steady(picture))
		if n := strings.Count(picture, "\n"); n > 22 {
			t.Errorf("%d lines on a screen of 24", n)
		}
		c.interrupt()
	})
}
