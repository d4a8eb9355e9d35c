// Package e2e runs the built ebb program against a real PD with simulated
// stores, and believes none of the three: what ebb says is compared with what PD
// says over HTTP, and that with what the stores truly hold.
//
// Most of the time is PD's own: it buries drained stores every ten seconds and
// calls one Disconnected after twenty. So the tests run side by side, each with
// a playground, a loopback network and a state directory of its own.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the ebb that is tested: EBB, or one built from this repository.
var program = os.Getenv("EBB")

// sideBySide is how many tests run at once unless -parallel says otherwise. A
// playground at rest takes a few percent of a core.
const sideBySide = "6"

func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", sideBySide); err != nil {
			panic(err)
		}
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if program == "" {
		dir, err := os.MkdirTemp("", "ebb-e2e-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		program = filepath.Join(dir, "ebb")
		build := exec.Command("go", "build", "-o", program, "./cmd/ebb")
		build.Dir = filepath.Join("..", "..")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build ebb: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// full skips a test that the short set leaves out.
func full(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("not in the short set")
	}
}
