package sshexec

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shells are what /bin/sh can be: Debian's dash, Red Hat's bash.
var shells = map[string]string{"sh": "/bin/sh", "dash": "/bin/dash", "bash": "/bin/bash"}

// shellCommand has a shell, called as sh, do what the login shell of a host does.
func shellCommand(path string, size int) *exec.Cmd {
	line := strings.TrimPrefix(Bootstrap(size), "exec /bin/sh -c ")
	return &exec.Cmd{Path: path, Args: []string{"sh", "-c", strings.Trim(line, "'")}}
}

func eachShell(t *testing.T, test func(t *testing.T, shell string)) {
	for name, path := range shells {
		if _, err := os.Stat(path); err == nil {
			t.Run(name, func(t *testing.T) { test(t, path) })
		}
	}
}

func runScript(t *testing.T, shell string, s Script, stdin []byte) (stdout, stderr string, status int) {
	t.Helper()
	s.StdinSize = len(EncodeStdin(stdin))
	text, err := s.Text()
	if err != nil {
		t.Fatal(err)
	}
	cmd := shellCommand(shell, len(text))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte(text + EncodeStdin(stdin))); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestScriptRuns(t *testing.T) {
	s := Script{Timeout: 20 * time.Second, Marker: "mark"}
	head := s.ReachedHost() + s.Begin()
	data := bytes.Repeat([]byte("\x00\xff'\n$x"), 100_000)
	eachShell(t, func(t *testing.T, shell string) {
		s.Argv = append([]string{"printf", `%s\0`}, nasty...)
		out, _, status := runScript(t, shell, s, nil)
		if want := head + strings.Join(nasty, "\x00") + "\x00"; out != want || status != 0 {
			t.Errorf("nasty arguments: status %d, output\n%q\nwant\n%q", status, out, want)
		}
		s.Argv = []string{"cat"}
		out, errs, status := runScript(t, shell, s, data)
		if out != head+string(data) || errs != head || status != 0 {
			t.Errorf("input: status %d, %d bytes came back, want %d; %q", status, len(out), len(head)+len(data), errs)
		}
		s.Argv = []string{"sh", "-c", "echo out; echo err >&2; exit 7"}
		out, errs, status = runScript(t, shell, s, nil)
		if out != head+"out\n" || errs != head+"err\n" || status != 7 {
			t.Errorf("got %q %q %d", out, errs, status)
		}
		s.Argv = []string{"true"}
		if _, _, status = runScript(t, shell, s, bytes.Repeat([]byte("x"), MaxStdin)); status != 0 {
			t.Errorf("a command that does not read its input: status %d", status)
		}
	})
}

// The end of the input ends the command.
func TestScriptEnds(t *testing.T) {
	s := Script{Argv: []string{"sh", "-c", "sleep 98801; sleep 98802"}, Timeout: time.Minute, Marker: "mark"}
	text, err := s.Text()
	if err != nil {
		t.Fatal(err)
	}
	eachShell(t, func(t *testing.T, shell string) {
		cmd := shellCommand(shell, len(text))
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		running := func() bool { return exec.Command("pgrep", "-f", "sleep 9880[12]").Run() == nil }
		for deadline := time.Now().Add(10 * time.Second); !running() && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		in.Close()
		_ = cmd.Wait() // for a day, if nothing ends it
		if status := cmd.ProcessState.ExitCode(); status != 143 {
			t.Errorf("status %d, %q %q", status, out.String(), errs.String())
		}
		if running() {
			t.Error("it is still running")
		}
	})
}

// feed gives a shell a part of a script of size bytes and then nothing more.
func feed(shell, part string, size int) (stdout string) {
	cmd := shellCommand(shell, size)
	cmd.Stdin = strings.NewReader(part)
	out, _ := cmd.Output() // its status is a syntax error's
	return string(out)
}

// A script that arrives in part runs nothing, wherever it was cut.
func TestPartOfScriptRunsNothing(t *testing.T) {
	for _, sudo := range []bool{false, true} {
		mark := filepath.Join(t.TempDir(), "ran")
		bin := t.TempDir()
		// Stands in for sudo: runs what it is given.
		if err := os.WriteFile(filepath.Join(bin, "sudo"), []byte("#!/bin/sh\nshift 2\nexec \"$@\"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
		s := Script{Argv: []string{"touch", mark, mark + "}\n}\n"}, Sudo: sudo, Timeout: 1e9, Marker: "m"}
		text, err := s.Text()
		if err != nil {
			t.Fatal(err)
		}
		for cut := range len(text) - 1 { // the last newline is not needed
			shell := "/bin/sh"
			if cut%5 == 0 {
				shell = shells["bash"]
			}
			out := feed(shell, text[:cut], len(text))
			if _, err := os.Stat(mark); err == nil || out != "" {
				t.Fatalf("%s, cut at %d of %d: output %q, stat %v:\n%s", shell, cut, len(text), out, err, text[:cut])
			}
		}
	}
}
