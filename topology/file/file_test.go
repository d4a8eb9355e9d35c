package file

import (
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ebb/topology"
)

const (
	sample = "tikv_servers:\n  - host: a # one\n  - host: b\n"
	edited = "tikv_servers:\n  - host: a # one\n    offline: true\n  - host: b\n"
)

var now = time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, path string) *File {
	t.Helper()
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// names lists a directory, so that tests see what is left behind.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestWriteKeepsBackupModeAndLink(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "real", "prod.yaml"), sample)
	link := filepath.Join(dir, "link.yaml")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	f := load(t, link)
	backup, err := f.Write([]byte(edited), now)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "real", "prod-2026-03-04T05:06:07.089Z.yaml.bak"); backup != want {
		t.Errorf("backup %s, want %s", backup, want)
	}
	if text(t, path) != edited || text(t, backup) != sample {
		t.Errorf("file %q, backup %q", text(t, path), text(t, backup))
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	for _, p := range []string{path, backup} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("mode of %s: %v, %v", p, info, err)
		}
	}
	if got := names(t, filepath.Dir(path)); len(got) != 2 {
		t.Errorf("left behind: %q", got)
	}
	if !f.Topology.Instances[0].Offline || f.Hash != hash([]byte(edited)) {
		t.Error("the file in memory was not brought up to date")
	}
	if _, err := f.Write([]byte(sample), now.Add(time.Second)); err != nil {
		t.Errorf("second write: %v", err)
	}
}

func TestWriteKeepsOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to give files away")
	}
	path := write(t, filepath.Join(t.TempDir(), "t.yaml"), sample)
	if err := os.Chown(path, 1234, 2345); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, path).Write([]byte(edited), now); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); s.Uid != 1234 || s.Gid != 2345 || info.Mode().Perm() != 0o640 {
		t.Errorf("owner %d:%d, mode %v", s.Uid, s.Gid, info.Mode())
	}
}

func TestWriteRefusesChangedFiles(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"rewritten": func(path string) error { return os.WriteFile(path, []byte(sample+"# tiup was here\n"), 0o640) },
		"replaced": func(path string) error {
			other := path + ".new"
			return errors.Join(os.WriteFile(other, []byte("pd_servers: [{host: x}]\n"), 0o640), os.Rename(other, path))
		},
		"removed": os.Remove,
	} {
		path := write(t, filepath.Join(t.TempDir(), "t.yaml"), sample)
		f := load(t, path)
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		before := names(t, filepath.Dir(path))
		if backup, err := f.Write([]byte(edited), now); !errors.Is(err, ErrChanged) || backup != "" {
			t.Errorf("%s: %q, %v", name, backup, err)
		}
		if after := names(t, filepath.Dir(path)); !slices.Equal(before, after) {
			t.Errorf("%s: left behind %q", name, after)
		}
	}
}

func TestWriteRefusesWhatDoesNotParse(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "t.yaml"), sample)
	_, err := load(t, path).Write([]byte("tikv_servers: [\n"), now)
	var perr *topology.ParseError
	if !errors.As(err, &perr) || text(t, path) != sample {
		t.Errorf("%v, file %q", err, text(t, path))
	}
}

func TestWriteLocked(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "t.yaml"), sample)
	f := load(t, path)
	held, err := lock(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write([]byte(edited), now)
	var locked *LockedError
	if !errors.As(err, &locked) || locked.Path != f.Path {
		t.Errorf("error %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(edited), now); err != nil {
		t.Error(err)
	}
}

// TestConcurrentWriters: of many that read the same text, one writes it.
func TestConcurrentWriters(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "t.yaml"), sample)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	files := make([]*File, len(errs))
	for i := range files {
		files[i] = load(t, path)
	}
	for i := range errs {
		wg.Go(func() { _, errs[i] = files[i].Write([]byte(edited), now.Add(time.Duration(i))) })
	}
	wg.Wait()
	written := 0
	for _, err := range errs {
		var locked *LockedError
		switch {
		case err == nil:
			written++
		case !errors.Is(err, ErrChanged) && !errors.As(err, &locked):
			t.Errorf("unexpected error: %v", err)
		}
	}
	if written != 1 || text(t, path) != edited || len(names(t, filepath.Dir(path))) != 2 {
		t.Errorf("%d writers succeeded, file %q, directory %q", written, text(t, path), names(t, filepath.Dir(path)))
	}
}

// TestDiskFull stands a file size limit in for a full disk: writes fail half way.
func TestDiskFull(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	long := edited + strings.Repeat("# a long comment\n", 100)
	for name, limit := range map[string]uint64{"no room for the backup": 8, "no room for the new text": 500} {
		path := write(t, filepath.Join(t.TempDir(), "t.yaml"), sample)
		f := load(t, path)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: old.Max}); err != nil {
			t.Fatal(err)
		}
		backup, err := f.Write([]byte(long), now)
		if rerr := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); rerr != nil {
			t.Fatal(rerr)
		}
		if !errors.Is(err, syscall.EFBIG) || backup != "" {
			t.Errorf("%s: %q, %v", name, backup, err)
		}
		if got := names(t, filepath.Dir(path)); text(t, path) != sample || len(got) != 1 {
			t.Errorf("%s: file %q, directory %q", name, text(t, path), got)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := Load(dir); err == nil {
		t.Error("a directory was read")
	}
	path := write(t, filepath.Join(dir, "c.yaml"), "tikv_servers: [{host: a}, {host: a}]\n")
	f, err := Load(path)
	var perr *topology.ParseError
	if f == nil || !errors.As(err, &perr) || !perr.Conflicts {
		t.Errorf("conflicts: %v, %v", f, err)
	}
}

// Operators type "-t topology.yaml" in the directory of the file.
func TestWriteRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	backup, err := load(t, write(t, "topology.yaml", sample)).Write([]byte(edited), now)
	if err != nil {
		t.Fatal(err)
	}
	if text(t, "topology.yaml") != edited || text(t, backup) != sample {
		t.Error("the file or its backup is not what was written")
	}
}
