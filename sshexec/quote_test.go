package sshexec

import (
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
