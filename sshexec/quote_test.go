package sshexec

import (
	"bytes"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// nasty are arguments that careless quoting breaks on.
var nasty = []string{
	"", " ", "a b", "'", "''", "'\\''", `\`, `\\`, `"`, "$HOME", "$(id)", "`id`", "*", "?", "[a]", "~", "~root",
	"a=b", "=ls", "-n", "--", "#x", "a#x", "!", "!!", "&", "&&", ";", "|", "<", ">", "(", ")", "{a,b}", "\n", "a\nb\n",
	"\t", "\r", "\x01\x7f", "\x80\x81\x82\x88\xff", "é", "if", "time", "%1", "^x", "+(x)", "$'\\n'", "x'y'z", "EOF",
	"\\n", "%s%n", "-e", "3<&-", "\u202e",
}

func TestQuoteGolden(t *testing.T) {
	for arg, want := range map[string]string{
		"":                      "''",
		"stop":                  "stop",
		"tikv-20160.service":    "tikv-20160.service",
		"/data/tikv-20160":      "/data/tikv-20160",
		"user@host:22":          "user@host:22",
		"a b":                   "'a b'",
		"it's":                  `'it'\''s'`,
		"'":                     `''\'''`,
		"$HOME":                 "'$HOME'",
		"A=b":                   "'A=b'",
		"~":                     "'~'",
		"if":                    "'if'",
		"line\nbreak":           "'line\nbreak'",
		"--property=LoadState":  "'--property=LoadState'",
		"back\\slash":           `'back\slash'`,
		"*":                     "'*'",
		"{a,b}":                 "'{a,b}'",
		"caf\u00e9":             "'caf\u00e9'",
		"\xff":                  "'\xff'",
		"0123456789-_./:@%+,Zz": "0123456789-_./:@%+,Zz",
	} {
		if got := Quote(arg); got != want {
			t.Errorf("Quote(%q) = %s, want %s", arg, got, want)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	if _, err := Render([]string{"echo", "a\x00b"}); !errors.Is(err, ErrNUL) {
		t.Errorf("NUL: %v", err)
	}
	for _, argv := range [][]string{nil, {""}} {
		if _, err := Render(argv); !errors.Is(err, ErrNoArguments) {
			t.Errorf("Render(%q): %v", argv, err)
		}
	}
	long := Script{Argv: []string{"echo", strings.Repeat("x", maxScript)}}
	if _, err := long.Text(); !errors.Is(err, ErrTooLong) {
		t.Errorf("long: %v", err)
	}
}

// shellArgs has a shell read words and returns the arguments it made of them.
func shellArgs(t *testing.T, shell, words string) []string {
	t.Helper()
	cmd := exec.Command(shell, "-c", `printf '%s\0' `+words)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s -c %q: %v", shell, words, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
}

func TestQuoteThroughShells(t *testing.T) {
	for _, shell := range []string{"/bin/sh", "dash", "bash"} {
		if _, err := exec.LookPath(shell); err != nil {
			continue
		}
		words, err := Render(append([]string{"first"}, nasty...))
		if err != nil {
			t.Fatal(err)
		}
		if got := shellArgs(t, shell, words)[1:]; !slices.Equal(got, nasty) {
			t.Errorf("%s read\n%q\nwant\n%q", shell, got, nasty)
		}
	}
}

func FuzzQuote(f *testing.F) {
	for _, arg := range nasty {
		f.Add(arg, "second")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		want := []string{first, second}
		words, err := Render(append([]string{"x"}, want...))
		if strings.Contains(first+second, "\x00") {
			if !errors.Is(err, ErrNUL) {
				t.Fatalf("NUL: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := shellArgs(t, "/bin/sh", words)[1:]; !slices.Equal(got, want) {
			t.Fatalf("sh read %q, want %q", got, want)
		}
		s := Script{Argv: append([]string{"x"}, want...), Sudo: len(first)%2 == 0, Timeout: time.Second, Marker: "m", StdinSize: len(second)}
		text, err := s.Text()
		if errors.Is(err, ErrTooLong) {
			return
		}
		got, err := ParseScript(text)
		if err != nil || !slices.Equal(got.Argv, s.Argv) || got.Sudo != s.Sudo || got.StdinSize != s.StdinSize || got.Timeout != s.Timeout {
			t.Fatalf("parsed %+v, %v; want %+v", got, err, s)
		}
	})
}

// runScript has /bin/sh do what the login shell of a host does.
func runScript(t *testing.T, s Script, stdin []byte) (stdout, stderr string, status int) {
	t.Helper()
	s.StdinSize = len(EncodeStdin(stdin))
	text, err := s.Text()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", Bootstrap(len(text)))
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

	s.Argv = append([]string{"printf", `%s\0`}, nasty...)
	out, _, status := runScript(t, s, nil)
	if want := head + strings.Join(nasty, "\x00") + "\x00"; out != want || status != 0 {
		t.Errorf("nasty arguments: status %d, output\n%q\nwant\n%q", status, out, want)
	}

	data := bytes.Repeat([]byte("\x00\xff'\n$x"), 100_000)
	s.Argv = []string{"cat"}
	out, _, status = runScript(t, s, data)
	if out != head+string(data) || status != 0 {
		t.Errorf("input: status %d, %d bytes came back, want %d", status, len(out), len(head)+len(data))
	}

	s.Argv = []string{"sh", "-c", "echo out; echo err >&2; exit 7"}
	out, errs, status := runScript(t, s, nil)
	if out != head+"out\n" || errs != head+"err\n" || status != 7 {
		t.Errorf("got %q %q %d", out, errs, status)
	}

	s.Argv = []string{"true"}
	if _, _, status = runScript(t, s, bytes.Repeat([]byte("x"), MaxStdin)); status != 0 {
		t.Errorf("a command that does not read its input: status %d", status)
	}
}

// feed gives /bin/sh a part of a script of size bytes and then nothing more.
func feed(t *testing.T, part string, size int) (stdout string) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", Bootstrap(size))
	cmd.Stdin = strings.NewReader(part)
	out, _ := cmd.Output() // its status is a syntax error's
	return string(out)
}
