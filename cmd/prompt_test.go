package cmd

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"ebb/pdclient/pdtest"
	"ebb/ui"
)

// terminal is the other end of a pseudo terminal on which the program runs. It
// tells where the cursor is when asked, as a real one does and survey needs.
type terminal struct {
	t      *testing.T
	master *os.File
	tty    *os.File
	screen ui.Buffer
	cmd    *exec.Cmd
	done   chan error
}

// onTerminal starts the program as the leader of a session whose terminal this
// is, so that a Ctrl-C that is typed reaches it as a signal when it should.
func onTerminal(t *testing.T, environ []string, args ...string) *terminal {
	t.Helper()
	return onTerminalOf(t, 120, 40, t.TempDir(), environ, args...)
}

// onTerminalOf is onTerminal with a size, and a home in which the program runs.
func onTerminalOf(t *testing.T, cols, rows int, home string, environ []string, args ...string) *terminal {
	t.Helper()
	path, err := exec.LookPath("ebb")
	if err != nil {
		t.Fatal(err)
	}
	master, tty := openTerminal(t, cols, rows)
	m := &terminal{t: t, master: master, tty: tty, done: make(chan error, 1)}
	m.cmd = exec.Command(path, args...)
	m.cmd.Dir = home
	m.cmd.Env = append([]string{"HOME=" + home, "XDG_STATE_HOME=" + home, "TERM=xterm", "GORACE=atexit_sleep_ms=0", "PATH=" + os.Getenv("PATH")}, environ...)
	m.cmd.Stdin, m.cmd.Stdout, m.cmd.Stderr = tty, tty, tty
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { m.done <- m.cmd.Wait() }()
	go m.serve()
	t.Cleanup(func() {
		m.cmd.Process.Kill()
		tty.Close()
		master.Close()
	})
	return m
}

// openTerminal opens both ends of a terminal of a size.
func openTerminal(t *testing.T, cols, rows int) (master, tty *os.File) {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo terminal: %v", err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		t.Fatal(err)
	}
	return master, tty
}

// serve shows what is written and answers questions about the cursor: survey
// asks in the bottom right corner first, then where the answer begins.
func (m *terminal) serve() {
	buf := make([]byte, 4096)
	asked := 0
	for {
		n, err := m.master.Read(buf)
		if err != nil {
			return
		}
		for range bytes.Count(buf[:n], []byte("\x1b[6n")) {
			reply := "\x1b[40;120R"
			if asked++; asked%2 == 0 {
				reply = "\x1b[30;30R"
			}
			m.master.WriteString(reply)
		}
		m.screen.Write(buf[:n])
	}
}

func (m *terminal) waitFor(text string) {
	m.t.Helper()
	m.waitForTimes(text, 1)
}

func (m *terminal) waitForTimes(text string, times int) {
	m.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if strings.Count(m.screen.String(), text) >= times {
			return
		}
	}
	m.t.Fatalf("%q was not shown %d times; the screen got %q", text, times, m.screen.String())
}

// press types keys once the prompt is up. survey is ready for them when it has
// had both replies, a moment after its second question.
func (m *terminal) press(prompt, keys string) {
	m.t.Helper()
	m.waitFor(prompt)
	for deadline := time.Now().Add(patience); strings.Count(m.screen.String(), "\x1b[6n") < 2 && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(150 * time.Millisecond)
	m.master.WriteString(keys)
}

// end waits for the program and checks its exit code, and that it left the
// terminal as it found it.
func (m *terminal) end(want ExitCode, before *term.State) {
	m.t.Helper()
	select {
	case err := <-m.done:
		var exit *exec.ExitError
		got := 0
		if errors.As(err, &exit) {
			got = exit.ExitCode()
		}
		if got != int(want) {
			m.t.Errorf("exit code %d, want %d; the screen got %q", got, want, m.screen.String())
		}
	case <-time.After(patience):
		m.t.Fatalf("the program did not end; the screen got %q", m.screen.String())
	}
	after, err := term.GetState(int(m.tty.Fd()))
	if err != nil {
		m.t.Fatal(err)
	}
	if *after != *before {
		m.t.Errorf("the terminal is in another mode than before: %+v, was %+v", after, before)
	}
	for deadline := time.Now().Add(patience); !m.cursorVisible(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			m.t.Fatalf("the cursor is hidden: %q", m.screen.String())
		}
	}
}

// cursorVisible may be late: what the program wrote last is still on its way
// when it has ended.
func (m *terminal) cursorVisible() bool {
	shown := m.screen.String()
	return strings.LastIndex(shown, "\x1b[?25l") <= strings.LastIndex(shown, "\x1b[?25h")
}

func (m *terminal) mode() *term.State {
	m.t.Helper()
	state, err := term.GetState(int(m.tty.Fd()))
	if err != nil {
		m.t.Fatal(err)
	}
	return state
}

// untouched is the mode of a terminal on which nothing has run.
func untouched(t *testing.T) *term.State {
	t.Helper()
	master, tty := openTerminal(t, 120, 40)
	defer master.Close()
	defer tty.Close()
	return (&terminal{t: t, tty: tty}).mode()
}

func TestConfirmOnATerminal(t *testing.T) {
	t.Parallel()
	const question = "Offline?"
	tests := []struct {
		name   string
		env    []string
		keys   string
		want   ExitCode
		writes []string
		says   string
	}{
		{"yes", nil, "y\r", ExitDone, []string{"DELETE /store/4"}, "done"},
		{"no", nil, "n\r", ExitDeclined, nil, "declined; nothing was changed"},
		{"Enter alone", nil, "\r", ExitDeclined, nil, "declined; nothing was changed"},
		{"Ctrl-C", nil, "\x03", ExitInterrupted, nil, "interrupted"},
		{"a dumb terminal says yes", []string{"TERM=dumb"}, "y\r", ExitDone, []string{"DELETE /store/4"}, "done"},
		{"a dumb terminal interrupts", []string{"TERM=dumb"}, "\x03", ExitInterrupted, nil, "ebb: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pd := pdtest.New(t, pdtest.V8_5)
			pd.AddStores(1, 2, 3, 4)
			before := untouched(t)
			m := onTerminal(t, tt.env, "scale-in", "-u", pd.URLs()[0], "-N", "4")
			if len(tt.env) > 0 {
				m.waitFor(question)
				time.Sleep(100 * time.Millisecond)
				m.master.WriteString(tt.keys)
			} else {
				m.press(question, tt.keys)
			}
			m.end(tt.want, before)
			pd.ExpectWrites(t, tt.writes...)
			m.waitFor(tt.says)
		})
	}
}

// What was typed before the question is no answer to it.
func TestTypeAheadIsNoAnswer(t *testing.T) {
	t.Parallel()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 4)
	pd.Inject(pdtest.Fault{On: "GET /regions/store/4", Delay: 300 * time.Millisecond})
	m := onTerminal(t, nil, "scale-in", "-u", pd.URLs()[0], "-N", "4")
	m.master.WriteString("y\r")
	m.press("Offline?", "\r")
	m.end(ExitDeclined, untouched(t))
	pd.ExpectWrites(t)
}

// On a terminal there are progress lines that are redrawn; Ctrl-C leaves the
// terminal in order.
func TestWaitingOnATerminal(t *testing.T) {
	t.Parallel()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 4)
	pd.AddRegions(10, 1, 2, 3, 4)
	before := untouched(t)
	m := onTerminal(t, nil, "scale-in", "-u", pd.URLs()[0], "-N", "4", "--yes", "--wait", "--interval", "20ms")
	m.waitFor("Offline: 7 regions")
	pd.MoveRegions(4, 3)
	m.waitFor("42.8%") // in the table
	m.master.WriteString("\x03")
	m.end(ExitInProgress, before)
	pd.ExpectWrites(t, "DELETE /store/4")
}

func TestWatchingDisplayOnATerminal(t *testing.T) {
	t.Parallel()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3)
	before := untouched(t)
	m := onTerminal(t, nil, "display", "-u", pd.URLs()[0], "-w", "--interval", "20ms")
	m.waitFor("Total nodes: 3")
	for deadline := time.Now().Add(patience); pd.Made("GET /stores") < 3 && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	m.master.WriteString("\x03")
	m.end(ExitDone, before)
}
