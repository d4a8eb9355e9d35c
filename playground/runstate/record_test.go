package runstate_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"ebb/playground/runstate"
)

func open(t *testing.T) *runstate.Registry {
	t.Helper()
	registry, err := runstate.Open(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

func self(t *testing.T, name string) runstate.Record {
	t.Helper()
	start, err := runstate.ProcessStart(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return runstate.Record{Name: name, PID: os.Getpid(), ProcessStart: start}
}

func TestAddListRemove(t *testing.T) {
	registry := open(t)
	if list, err := registry.List(); err != nil || len(list) != 0 {
		t.Fatalf("list of nothing: %v, %v", list, err)
	}
	for _, name := range []string{"b", "a"} {
		if err := registry.Add(self(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	var taken *runstate.TakenError
	if err := registry.Add(self(t, "a")); !errors.As(err, &taken) || taken.Record.PID != os.Getpid() {
		t.Errorf("adding a name twice: %v", err)
	}
	ready := self(t, "a")
	ready.Ready = true
	if err := registry.Update(ready); err != nil {
		t.Fatal(err)
	}
	list, err := registry.List()
	if err != nil || len(list) != 2 || list[0].Name != "a" || !list[0].Ready || list[1].Ready {
		t.Fatalf("list: %+v, %v", list, err)
	}
	if err := errors.Join(registry.Remove("a"), registry.Remove("b"), registry.Remove("b")); err != nil {
		t.Fatal(err)
	}
	if list, err := registry.List(); err != nil || len(list) != 0 {
		t.Errorf("list after removal: %v, %v", list, err)
	}
}

func TestStaleRecordIsCleaned(t *testing.T) {
	registry := open(t)
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), runstate.DirPrefix+"x")
	foreign := filepath.Join(t.TempDir(), "precious")
	for _, dir := range []string{own, foreign} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	reused := self(t, "reused-pid")
	reused.ProcessStart++
	for _, record := range []runstate.Record{
		{Name: "killed", PID: ended.Process.Pid, ProcessStart: 1, Dir: own, TemporaryDir: true},
		{Name: "odd-dir", PID: ended.Process.Pid, ProcessStart: 1, Dir: foreign, TemporaryDir: true},
		reused,
	} {
		if err := registry.Add(record); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := registry.List(); err != nil || len(list) != 0 {
		t.Fatalf("list: %v, %v", list, err)
	}
	if _, err := os.Stat(own); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the killed playground's directory is still there: %v", err)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("a directory that no playground made is gone: %v", err)
	}
	if err := registry.Add(self(t, "killed")); err != nil {
		t.Errorf("reusing the name: %v", err)
	}
}

func TestNames(t *testing.T) {
	registry := open(t)
	for _, name := range []string{"", "../x", "a/b", ".hidden", "-x", "a b"} {
		var invalid *runstate.NameError
		if err := registry.Add(self(t, name)); !errors.As(err, &invalid) {
			t.Errorf("name %q: %v", name, err)
		}
	}
}
