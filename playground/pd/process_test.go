package pd_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ebb/playground/pd"
)

func TestServerBinaryThatFails(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "pd-server")
	script := "#!/bin/sh\necho \"unknown flag $1\" >&2\nexit 3\n"
	if err := os.WriteFile(binary, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err := pd.Start(t.Context(), pd.Config{Members: 1, Hosts: hostsOf("127.250.6")[:1], Dir: dir, ServerBinary: binary})
	var exited *pd.ExitedError
	if !errors.As(err, &exited) {
		t.Fatalf("start of a binary that fails: %v", err)
	}
	want := "unknown flag --config=" + filepath.Join(dir, "pd-1.toml")
	if exited.LastOutput != want || exited.Member != "pd-1" {
		t.Errorf("got %+v, want last output %q", exited, want)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to notice", took)
	}
}

func TestServerBinaryMissing(t *testing.T) {
	_, err := pd.Start(t.Context(), pd.Config{
		Members: 1, Hosts: hostsOf("127.250.6")[:1], Dir: t.TempDir(), ServerBinary: "/nonexistent/pd-server",
	})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("start without a binary: %v", err)
	}
}
