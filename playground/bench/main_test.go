// Package bench compares ebb with what would be used in its place on a cluster of
// a million regions, in one run: the SOP's pipeline of pd-ctl, jq and awk, and a
// client that throws away what PD sends. PD is real and its regions are put into
// its cache; nothing here asserts a time, only that the answers agree.
//
// Run it with `make bench`, or alone:
//
//	EBB_BENCH_REGIONS=50000 go test -run xxx -bench . ./bench
package bench

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestMain(m *testing.M) {
	if count := os.Getenv(regionsVariable); count != "" {
		if err := servePD(count); err != nil {
			fmt.Fprintln(os.Stderr, "serve PD:", err)
			os.Exit(1)
		}
		return
	}
	code := m.Run()
	if lab.close != nil {
		lab.close()
	}
	os.Exit(code)
}

// build builds the programs that are measured and returns their directory. EBB
// names another ebb to measure.
func build() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "ebb-bench-"); err != nil {
		return "", err
	}
	for _, p := range []struct{ module, pkg, flags string }{
		{filepath.Join("..", ".."), "./cmd/ebb", "-s -w"},
		{"..", "./bench/measure", ""},
		{"..", "./bench/pdctl", ""},
	} {
		cmd := exec.Command("go", "build", "-ldflags="+p.flags, "-o", filepath.Join(dir, filepath.Base(p.pkg)), p.pkg)
		cmd.Dir = p.module
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			os.RemoveAll(dir)
			return "", fmt.Errorf("build %s: %w\n%s", p.pkg, err, out)
		}
	}
	if other := os.Getenv("EBB"); other != "" {
		if other, err = filepath.Abs(other); err == nil {
			err = errors.Join(os.Remove(filepath.Join(dir, "ebb")), os.Symlink(other, filepath.Join(dir, "ebb")))
		}
	}
	return dir, err
}
