package cmd

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ebb/pdclient/pdtest"
)

// shellOnTerminal starts a shell and waits for its first prompt.
func shellOnTerminal(t *testing.T, pd *pdtest.PD, environ ...string) *terminal {
	t.Helper()
	m := onTerminal(t, environ, "shell", "-u", pd.URLs()[0])
	m.waitFor("v8.5.3]> ")
	return m
}

// prompted waits for the n-th prompt, counted from 1.
func (m *terminal) prompted(n int) {
	m.t.Helper()
	m.waitForTimes("v8.5.3]> ", n)
}

func TestShellOnATerminal(t *testing.T) {
	t.Parallel()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 41)
	before := untouched(t)
	home := t.TempDir()
	m := shellOnTerminal(t, pd, "XDG_STATE_HOME="+home)
	type_ := func(keys string) { m.master.WriteString(keys) }

	type_("store 4\t--jq .store.id\r") // 41 by completion
	m.waitFor("41\r\n")
	m.prompted(2)

	// A quote that is open goes on in the next line.
	type_("store 3 --jq '\r")
	m.waitFor("... ")
	type_(`"three-" + (.store.id | tostring)` + "\r")
	m.waitForTimes("... ", 2)
	type_("' -r\r")
	m.waitFor("three-3\r\n")

	m.prompted(3)
	// Ctrl-C drops a line, and one that is continued.
	type_("scale-in -N 41 --yes\x03")
	m.prompted(4)
	type_("scale-in -N '41\r")
	m.waitForTimes("... ", 3)
	type_("\x03")

	m.prompted(5)
	// Mistakes do not leave; of several commands the first failure is the last.
	type_("version --no-color\r")
	m.waitFor("(go1.")
	m.prompted(6)
	type_("nonsense; store 2 --jq '\"never-\" + \"run\"'\r")
	m.waitFor(`unknown command "nonsense"`)
	m.waitFor("\x1b[31mebb: ") // --no-color was for its line only
	m.prompted(7)
	type_("display | more\r")
	m.waitFor("there are no pipes")
	m.prompted(8)
	type_("\x1b[A\x1b[A\x1b[A\x1b[A\r") // the line with three
	m.waitForTimes("three-3\r\n", 2)

	type_("quit\r")
	m.end(ExitDone, before)
	pd.ExpectWrites(t)
	if strings.Contains(m.screen.String(), "never-run") {
		t.Error("went on after a failure")
	}
	data, err := os.ReadFile(filepath.Join(home, "ebb", "history"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"store 41 --jq .store.id\n", `store 3 --jq ' "three-" + (.store.id | tostring) ' -r` + "\n", "nonsense; ", "display | more\n"} {
		if !strings.Contains(string(data), line) {
			t.Errorf("the history lacks %q: %s", line, data)
		}
	}
	if strings.Contains(string(data), "scale-in") {
		t.Errorf("a line that was dropped is in the history: %s", data)
	}
}

// An interrupt ends the command that runs and not the shell, again and again.
func TestShellInterrupt(t *testing.T) {
	t.Parallel()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3)
	before := untouched(t)
	m := shellOnTerminal(t, pd)
	for i := range 3 {
		asked := pd.Made("GET /stores")
		m.master.WriteString("display -w --interval 20ms\r")
		for deadline := time.Now().Add(patience); pd.Made("GET /stores") < asked+2 && time.Now().Before(deadline); {
			time.Sleep(5 * time.Millisecond)
		}
		m.master.WriteString("\x03")
		m.prompted(i + 2)
	}
	m.master.WriteString("store 3 --jq '\"still-\" + \"here\"'\r")
	m.waitFor("still-here")
	m.prompted(5)
	m.master.WriteString("\x04")
	m.end(ExitDone, before)
}

// A command that does not heed the first interrupt is ended by the second, and
// the shell with it, as without a shell.
func TestShellSecondInterrupt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stubborn := "#!/bin/sh\ntrap '' INT\necho stub'born'\nread answer\nread answer\n"
	if err := os.WriteFile(filepath.Join(dir, playgroundProgram), []byte(stubborn), 0o700); err != nil {
		t.Fatal(err)
	}
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1)
	m := shellOnTerminal(t, pd, "PATH="+dir+":"+os.Getenv("PATH"))
	for i := range 2 { // after an ordinary interrupt, too
		m.master.WriteString("playground\r")
		m.waitForTimes("stubborn", i+1)
		m.master.WriteString("\x03\r\r")
		m.prompted(i + 2)
	}
	m.master.WriteString("playground\r")
	m.waitForTimes("stubborn", 3)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		m.master.WriteString("\x03")
		select {
		case err := <-m.done:
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
				t.Errorf("ended with %v", err)
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("the program did not end; the screen got %q", m.screen.String())
}

func TestShellTerminated(t *testing.T) {
	t.Parallel()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3)
	for _, busy := range []bool{false, true} {
		before := untouched(t)
		m := shellOnTerminal(t, pd)
		if busy {
			m.master.WriteString("display -w --interval 20ms\r")
			m.waitFor("Total nodes")
		} else {
			m.master.WriteString("force-remo")
			m.waitFor("force-remo")
		}
		if err := m.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		m.end(ExitInterrupted, before)
		m.waitFor("terminated")
	}
}

// The questions of commands are asked as without a shell.
func TestShellAsks(t *testing.T) {
	t.Parallel()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 4)
	before := untouched(t)
	m := shellOnTerminal(t, pd)
	m.master.WriteString("scale-in -N 4\ry\r") // the y is no answer
	m.press("Offline?", "\x03")
	m.waitFor("interrupted; nothing was changed")
	m.prompted(2)
	m.master.WriteString("scale-in\r")
	m.waitFor("Which stores shall leave?")
	m.master.WriteString("\x1b[A")
	m.waitForTimes("Which stores shall leave?", 2)
	m.master.WriteString(" ")
	m.waitForTimes("Which stores shall leave?", 3)
	m.master.WriteString("\r")
	m.waitForTimes("\x1b[6n", 4)
	m.waitForTimes("Offline?", 2)
	time.Sleep(150 * time.Millisecond) // as in press
	m.master.WriteString("y\r")
	m.prompted(3)
	m.master.WriteString("exit\r")
	m.end(ExitDone, before)
	pd.ExpectWrites(t, "DELETE /store/4")
}

func TestShellOnADumbTerminal(t *testing.T) {
	t.Parallel()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3)
	before := untouched(t)
	m := shellOnTerminal(t, pd, "TERM=dumb")
	m.master.WriteString("store 3 --jq '\"dumb-\" + \"but here\"'\r")
	m.waitFor("dumb-but here")
	m.prompted(2)
	m.master.WriteString("half a line\x03") // a signal here
	m.prompted(3)
	m.master.WriteString("exit\r")
	m.end(ExitDone, before)
}
