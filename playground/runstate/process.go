package runstate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// DirPrefix begins the name of every directory that a playground makes for
// itself. Nothing else is ever removed on the word of a record.
const DirPrefix = "ebb-playground-"

// Running tells whether the recorded process still runs.
func (r Record) Running() bool {
	start, err := ProcessStart(r.PID)
	return err == nil && start == r.ProcessStart
}

// Clean removes what a playground that is gone has left behind.
func (g *Registry) Clean(record Record) error {
	if record.TemporaryDir && strings.HasPrefix(filepath.Base(record.Dir), DirPrefix) {
		if err := os.RemoveAll(record.Dir); err != nil {
			return fmt.Errorf("remove directory of playground %q: %w", record.Name, err)
		}
	}
	return g.Remove(record.Name)
}

// errNoProcess says that a process does not exist, or has ended and only waits
// for its parent.
var errNoProcess = errors.New("no such process")

// ProcessStart returns when the process started, in clock ticks since boot.
func ProcessStart(pid int) (uint64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, errNoProcess
	}
	if err != nil {
		return 0, fmt.Errorf("look at process %d: %w", pid, err)
	}
	// The second field is the program's name in parentheses, which may hold
	// blanks and parentheses itself; the third is the state, the 22nd the start.
	_, rest, found := cutLast(string(text), ") ")
	fields := strings.Fields(rest)
	if !found || len(fields) < 20 {
		return 0, fmt.Errorf("look at process %d: unexpected format of its stat file", pid)
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return 0, errNoProcess
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("look at process %d: %w", pid, err)
	}
	return start, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
