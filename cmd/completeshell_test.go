package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ebb/ui"
)

// interactive starts a shell on a terminal, with the program on its PATH and
// its completion script at $SCRIPT.
func interactive(t *testing.T, shell string, args ...string) (*os.File, *ui.Buffer) {
	t.Helper()
	shellPath, err := exec.LookPath(shell)
	if err != nil {
		t.Skip(shell + " is not installed")
	}
	ebb, err := exec.LookPath("ebb")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "ebb."+shell)
	out, err := exec.Command(ebb, "completion", shell).Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(script, out, 0o600); err != nil {
		t.Fatal(err)
	}
	master, tty := openTerminal(t, 200, 40)
	c := exec.Command(shellPath, args...)
	c.Env = []string{
		"HOME=" + dir, "ZDOTDIR=" + dir, "TIUP_HOME=" + dir, "TERM=xterm", "SCRIPT=" + script,
		"PATH=" + filepath.Dir(ebb) + ":" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0", "PS1=READY> ", "INPUTRC=/dev/null",
	}
	c.Stdin, c.Stdout, c.Stderr = tty, tty, tty
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	screen := &ui.Buffer{}
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			if err != nil {
				return
			}
			screen.Write(buf[:n])
		}
	}()
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
		tty.Close()
		master.Close()
	})
	return master, screen
}

func shown(t *testing.T, screen *ui.Buffer, text string) {
	t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(screen.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%q was not shown; the screen got %q", text, screen)
		}
	}
}

// A word is completed in a real shell up to where the candidates differ, colons
// or not, and to its end where there is one.
func TestCompletionInShells(t *testing.T) {
	for _, tt := range []struct {
		shell string
		args  []string
		setUp string
	}{
		{"bash", []string{"--norc", "--noprofile", "-i"}, `PS1='READY> '; . $SCRIPT; echo SET"UP"`},
		{"bash", []string{"--norc", "--noprofile", "-i"}, `PS1='READY> '; f=/usr/share/bash-completion/bash_completion; [ ! -e $f ] || . $f; . $SCRIPT; echo SET"UP"`},
		{"zsh", []string{"-f", "-i"}, `PS1='READY> '; autoload -U compinit; compinit -u; . $SCRIPT; compdef _ebb ebb; echo SET"UP"`},
		{"fish", []string{"--no-config", "-i"}, `source $SCRIPT; echo SET"UP"`},
	} {
		t.Run(tt.shell, func(t *testing.T) {
			pd := mixedPD(t)
			keys, screen := interactive(t, tt.shell, tt.args...)
			keys.WriteString(tt.setUp + "\r")
			shown(t, screen, "SETUP")
			screen.Reset()
			keys.WriteString("ebb cancel-off\t-u " + pd.URLs()[0] + " -N 1\t")
			shown(t, screen, "10.0.1.2:20160")
			keys.WriteString("\x15ebb scale-in -u " + pd.URLs()[0] + " -N 10.0.1.1:\t --dry\t")
			shown(t, screen, "--dry-run")
			shown(t, screen, "10.0.1.1:20160")
			if strings.Contains(screen.String(), "10.0.1.1:10.0.1.1") {
				t.Errorf("the word was written twice: %q", screen)
			}
		})
	}
}
