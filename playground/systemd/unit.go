package systemd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Load states.
const (
	loadLoaded   = "loaded"
	loadNotFound = "not-found"
	loadMasked   = "masked"
	loadBad      = "bad-setting"
)

// Active states.
const (
	stateActive       = "active"
	stateActivating   = "activating"
	stateDeactivating = "deactivating"
	stateInactive     = "inactive"
	stateFailed       = "failed"
)

// Results of a service's last run.
const (
	resultSuccess  = "success"
	resultExitCode = "exit-code"
	resultSignal   = "signal"
	resultTimeout  = "timeout"
)

// unit is a unit in the manager's memory. What it was loaded from may have
// changed on disk since.
type unit struct {
	name     string
	load     string
	path     string // of the unit file, "" if there is none
	fileTime time.Time
	def      Definition

	active, sub, result string
	since               time.Time
	proc                *Process
	stopping            bool
	restart             *time.Timer // runs while the unit waits to be started again
	restarts            int

	lastPID    int
	lastStatus syscall.WaitStatus
	started    time.Time
	ended      time.Time // zero while it runs or never ran
	// idle is closed when the unit has no process and none to come.
	idle chan struct{}
}

func newUnit(name string) *unit {
	return &unit{name: name, active: stateInactive, sub: "dead", result: resultSuccess}
}

// read loads the definition from disk.
func (u *unit) read(c *Config) {
	u.load, u.path, u.fileTime, u.def = loadNotFound, "", time.Time{}, Definition{}
	path, info := c.find(u.name)
	if path == "" {
		return
	}
	u.path, u.fileTime = path, info.ModTime()
	if isMask(path, info) {
		u.load = loadMasked
		return
	}
	text, err := os.ReadFile(path)
	if err == nil {
		u.def, err = Parse(string(text))
	}
	u.load = loadLoaded
	if err != nil {
		u.load = loadBad
	}
}

// stale tells whether the unit file is not the one that was read.
func (u *unit) stale(c *Config) bool {
	path, info := c.find(u.name)
	if path == "" {
		return u.load != loadNotFound
	}
	return path != u.path || !info.ModTime().Equal(u.fileTime)
}

// busy tells whether the unit has a process, or will have one.
func (u *unit) busy() bool { return u.proc != nil || u.restart != nil }

func (u *unit) become(active, sub string) {
	if u.active != active {
		u.since = time.Now()
	}
	u.active, u.sub = active, sub
}

// find returns the unit file that counts, which is a link or a file.
func (c *Config) find(name string) (string, fs.FileInfo) {
	for _, dir := range []string{c.Dir, c.RuntimeDir} {
		path := filepath.Join(dir, name)
		if info, err := os.Lstat(path); err == nil {
			return path, info
		}
	}
	return "", nil
}

// isMask tells whether a unit file is empty or a link to /dev/null.
func isMask(path string, info fs.FileInfo) bool {
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(path)
		return err == nil && target == "/dev/null"
	}
	return info.Mode().IsRegular() && info.Size() == 0
}

// errNoFile says that a unit has no file.
var errNoFile = errors.New("No such file or directory") //nolint:staticcheck // systemctl's own words

// fileState is what is-enabled says; it looks at the disk, not into memory.
func (c *Config) fileState(name string) (string, error) {
	path, info := c.find(name)
	if path == "" {
		return "", errNoFile
	}
	if isMask(path, info) {
		if filepath.Dir(path) == c.RuntimeDir {
			return "masked-runtime", nil
		}
		return "masked", nil
	}
	if links, err := filepath.Glob(filepath.Join(c.Dir, "*.wants", name)); err == nil && len(links) > 0 {
		return "enabled", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", errNoFile
	}
	// A unit without an [Install] section cannot be enabled.
	if d, err := Parse(string(text)); err == nil && len(d.WantedBy) == 0 {
		return "static", nil
	}
	return "disabled", nil
}
