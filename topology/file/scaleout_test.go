package file

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestScaleOutLock: the lock counts however the meta.yaml is reached, and at the
// moment of writing. A file of one's own has none.
func TestScaleOutLock(t *testing.T) {
	home := tiupHome(t)
	dir := filepath.Join(home, "storage", "cluster", "clusters", "prod")
	link := filepath.Join(t.TempDir(), "inventory.yaml")
	if err := os.Symlink(filepath.Join(dir, "meta.yaml"), link); err != nil {
		t.Fatal(err)
	}
	byName, err := LoadCluster(home, "prod")
	if err != nil {
		t.Fatal(err)
	}
	own := load(t, write(t, filepath.Join(t.TempDir(), "clusters", "prod", "topology.yaml"), sample))
	copied := load(t, write(t, filepath.Join(t.TempDir(), "meta.yaml"), tlsMeta))
	files := map[string]*File{"name": byName.File, "path": load(t, filepath.Join(dir, "meta.yaml")), "link": load(t, link)}
	for name, f := range files {
		if err := errors.Join(f.CheckScaleOut(), f.Unmoved()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, of := range []string{dir, filepath.Dir(own.Path), filepath.Dir(copied.Path)} {
		write(t, filepath.Join(of, ".scale-out.yaml"), "")
	}
	for name, f := range files {
		_, werr := f.Write([]byte(tlsMeta+"    offline: true\n"), now)
		for _, err := range []error{f.CheckScaleOut(), f.Unmoved(), werr} {
			var pending *ScaleOutError
			if !errors.As(err, &pending) || pending.Cluster != "prod" || pending.Lock != filepath.Join(dir, ".scale-out.yaml") {
				t.Errorf("%s: %v", name, err)
			} else if want := "tiup cluster scale-out prod --stage2"; !strings.Contains(pending.Hint(), want) {
				t.Errorf("%s: hint %q", name, pending.Hint())
			}
		}
	}
	if got := text(t, filepath.Join(dir, "meta.yaml")); got != tlsMeta || len(names(t, dir)) != 2 {
		t.Errorf("written all the same: %q, %q", got, names(t, dir))
	}
	for _, f := range []*File{own, copied} {
		if err := errors.Join(f.CheckScaleOut(), f.Unmoved()); err != nil {
			t.Errorf("%s: %v", f.Path, err)
		}
	}
	if err := os.Remove(filepath.Join(dir, ".scale-out.yaml")); err != nil {
		t.Fatal(err)
	}
	// The backup is where tiup keeps its own, also when the file was given by path.
	backup, err := files["link"].Write([]byte(tlsMeta+"    offline: true\n"), now)
	if err != nil || filepath.Dir(backup) != filepath.Join(dir, "backup") {
		t.Errorf("backup %s, %v", backup, err)
	}
}

func TestScaleOutLockUnknown(t *testing.T) {
	dir := filepath.Join(tiupHome(t), "storage", "cluster", "clusters", "prod")
	f := load(t, filepath.Join(dir, "meta.yaml"))
	// A path that cannot be looked at: whether the lock is there is unknown.
	f.clusterDir = f.Path
	var pending *ScaleOutError
	if err := f.CheckScaleOut(); err == nil || errors.As(err, &pending) {
		t.Errorf("error %v", err)
	}
}

func TestUnmoved(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "t.yaml"), sample)
	f := load(t, path)
	held, err := lock(path)
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if err := f.Unmoved(); !errors.As(err, &locked) {
		t.Errorf("locked: %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Unmoved(); err != nil {
		t.Error(err)
	}
	write(t, path, edited)
	if err := f.Unmoved(); !errors.Is(err, ErrChanged) {
		t.Errorf("changed: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := f.Unmoved(); !errors.Is(err, ErrChanged) {
		t.Errorf("removed: %v", err)
	}
}

func TestTenants(t *testing.T) {
	home := tiupHome(t)
	storage := filepath.Join(home, "storage")
	dm := write(t, filepath.Join(storage, "dm", "clusters", "sync", "meta.yaml"), "topology: {master_servers: [{host: a}]}\n")
	write(t, filepath.Join(storage, "dm", "clusters", "README"), "")
	write(t, filepath.Join(storage, "other", "clusters", "x", "meta.yaml"), "")
	clusters := filepath.Join(storage, "cluster", "clusters")
	want := []string{
		filepath.Join(clusters, "prod", "meta.yaml"),
		filepath.Join(clusters, "stage", "meta.yaml"), filepath.Join(clusters, "stage", ".scale-out.yaml"), dm,
	}
	if got, err := Tenants(home); err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if got, err := Tenants(t.TempDir()); err != nil || len(got) > 0 {
		t.Errorf("of nobody: %q, %v", got, err)
	}
	if f := load(t, dm); len(f.Topology.Instances) > 0 || len(f.Topology.Unknown) != 1 {
		t.Errorf("DM: %+v", f.Topology)
	}
}
