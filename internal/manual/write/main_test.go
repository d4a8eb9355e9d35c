package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ebb/cmd"
	"ebb/internal/manual"
)

// The manual is the same whenever it is made, and nothing that was there stays.
func TestWrite(t *testing.T) {
	one, other := t.TempDir(), t.TempDir()
	stale := filepath.Join(other, "man", "ebb-gone.1")
	if err := os.MkdirAll(filepath.Dir(stale), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stale, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{one, other} {
		if err := write(dir); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("diff", "-r", one, other).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func mandoc(t *testing.T, page []byte, args ...string) string {
	t.Helper()
	c := exec.Command("mandoc", args...)
	c.Stdin = bytes.NewReader(page)
	out, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out)
}

// noDate is what mandoc says of a page that is always the same.
var noDate = regexp.MustCompile(`(?m)^mandoc: <stdin>:\d+:\d+: WARNING: missing date, using "": TH\n`)

// TestManPages has a reader of man pages say what is wrong with them, and looks
// for the words of each help text in what it shows.
func TestManPages(t *testing.T) {
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Skip("mandoc is not installed: man pages are not checked")
	}
	pages := manual.Pages(cmd.Tree())
	for i := range pages {
		page := pages[i].Man()
		c, _, err := cmd.Tree().Find(pages[i].Path[1:])
		if err != nil {
			t.Fatal(err)
		}
		t.Run(pages[i].ManFile(), func(t *testing.T) {
			t.Parallel()
			if problems := noDate.ReplaceAllString(mandoc(t, page, "-T", "lint"), ""); problems != "" {
				t.Error(problems)
			}
			shown := mandoc(t, page, "-T", "utf8", "-O", "width=80")
			words := strings.Fields(regexp.MustCompile(`.\x08`).ReplaceAllString(shown, ""))
			for _, text := range []string{c.Long, c.Example} {
				at := 0
				for _, word := range strings.Fields(text) {
					for at < len(words) && words[at] != word {
						at++
					}
					if at == len(words) {
						t.Fatalf("%q is missing, or not at its place:\n%s", word, shown)
					}
				}
			}
		})
	}
}
