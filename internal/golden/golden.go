// Package golden compares the output of a test with a file in testdata, and
// rewrites the file under -update.
package golden

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update is registered once for the whole test binary, which is the reason for
// this package: two packages with a flag of their own could not be linked into
// one test.
var update = flag.Bool("update", false, "rewrite the golden files with what the tests produced")

// Update reports whether golden files are being rewritten, for tests that keep
// theirs in another form.
func Update() bool { return *update }

// Check fails the test when got differs from testdata/name. With -update it
// writes the file instead; read the diff before committing it.
func Check(t testing.TB, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		write(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v\nrun the test with -update to create it", err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("output differs from %s (-want +got):\n%s\nrun the test with -update to accept it",
			path, cmp.Diff(lines(want), lines(got)))
	}
}

// lines makes the difference readable: whole lines instead of parts of a string.
func lines(content []byte) []string { return strings.Split(string(content), "\n") }

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
