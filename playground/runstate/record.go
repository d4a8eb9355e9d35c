// Package runstate remembers which playgrounds run: one small JSON file each,
// below the user's state directory. A playground that was killed cannot remove
// its file; the next one to read it notices that the process is gone.
package runstate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"time"
)

// Record describes one playground.
type Record struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
	// ProcessStart is when the process started, in clock ticks since boot. It
	// tells the process from a later one with the same number.
	ProcessStart uint64 `json:"process_start"`
	Dir          string `json:"dir"`
	// TemporaryDir is set if the playground made Dir itself, which is then
	// removed with it.
	TemporaryDir bool      `json:"temporary_dir"`
	Ready        bool      `json:"ready"`
	Network      string    `json:"network"`
	Topology     string    `json:"topology"`
	PD           []string  `json:"pd"`
	Control      string    `json:"control"`
	Started      time.Time `json:"started"`
	*SSH                   // nil if its hosts have no SSH servers
}

// SSH is what it takes to log in to a playground's hosts.
type SSH struct {
	User       string `json:"ssh_user"`
	Port       int    `json:"ssh_port"`
	Key        string `json:"ssh_key"` // file with the private key
	KnownHosts string `json:"known_hosts"`
}

// Registry is the directory of the records.
type Registry struct{ dir string }

// Open returns the registry below stateHome, which is $XDG_STATE_HOME or, if
// that is empty, .local/state in the home directory.
func Open(stateHome, home string) (*Registry, error) {
	if stateHome == "" {
		if home == "" {
			return nil, errors.New("find state directory: neither XDG_STATE_HOME nor HOME is set")
		}
		stateHome = filepath.Join(home, ".local", "state")
	}
	return &Registry{dir: filepath.Join(stateHome, "ebb", "playground")}, nil
}

// TakenError says that a playground of this name runs.
type TakenError struct{ Record Record }

func (e *TakenError) Error() string {
	return fmt.Sprintf("start playground %q: it is running as process %d in %s", e.Record.Name, e.Record.PID, e.Record.Dir)
}

// Hint tells what to do.
func (e *TakenError) Hint() string {
	return fmt.Sprintf("choose another --name, or `ebb playground stop --name %s`", e.Record.Name)
}

// NameError says that a text cannot be a playground's name.
type NameError struct{ Name string }

func (e *NameError) Error() string {
	return fmt.Sprintf("check name %q: want letters, digits, '-', '_' and '.', at most 64, beginning with a letter or digit", e.Name)
}

var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// Add writes the record of a playground that this process is about to start. A
// stale record of the same name is cleaned up first. Of two processes that add
// the same name at once, one gets a TakenError.
func (g *Registry) Add(record Record) error {
	if !validName.MatchString(record.Name) {
		return &NameError{Name: record.Name}
	}
	if err := os.MkdirAll(g.dir, 0o700); err != nil {
		return fmt.Errorf("create state directory: %w", err)
	}
	if _, err := g.List(); err != nil {
		return err
	}
	text, err := encode(record)
	if err != nil {
		return err
	}
	// A link is made in one step and fails if the name exists, so that nobody
	// reads half a record or replaces another one's.
	temporary := g.path(record.Name) + fmt.Sprintf(".%d.new", os.Getpid())
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return fmt.Errorf("write record of playground %q: %w", record.Name, err)
	}
	err = os.Link(temporary, g.path(record.Name))
	if removeErr := os.Remove(temporary); removeErr != nil {
		return errors.Join(err, fmt.Errorf("remove temporary record: %w", removeErr))
	}
	if errors.Is(err, fs.ErrExist) {
		other, readErr := g.read(record.Name)
		if readErr != nil {
			return readErr
		}
		return &TakenError{Record: other}
	}
	if err != nil {
		return fmt.Errorf("write record of playground %q: %w", record.Name, err)
	}
	return nil
}

// Update replaces the record of a playground that this process runs.
func (g *Registry) Update(record Record) error {
	text, err := encode(record)
	if err != nil {
		return err
	}
	temporary := g.path(record.Name) + fmt.Sprintf(".%d.new", os.Getpid())
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return fmt.Errorf("write record of playground %q: %w", record.Name, err)
	}
	if err := os.Rename(temporary, g.path(record.Name)); err != nil {
		return errors.Join(fmt.Errorf("write record of playground %q: %w", record.Name, err), os.Remove(temporary))
	}
	return nil
}

// Remove deletes a record. A record that is gone is no error.
func (g *Registry) Remove(name string) error {
	if err := os.Remove(g.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove record of playground %q: %w", name, err)
	}
	return nil
}

// List returns the playgrounds that run, by name, and cleans up after those that
// were killed: their record, and the directory if they had made it.
func (g *Registry) List() ([]Record, error) {
	entries, err := os.ReadDir(g.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list playgrounds: %w", err)
	}
	records := make([]Record, 0, len(entries))
	for _, entry := range entries {
		name, isRecord := strings.CutSuffix(entry.Name(), ".json")
		if !isRecord {
			continue
		}
		record, err := g.read(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue // it ended while we were reading
		case err != nil:
			return nil, err
		case record.Running():
			records = append(records, record)
		default:
			if err := g.Clean(record); err != nil {
				return nil, err
			}
		}
	}
	sort.Slice(records, func(i, j int) bool { return records[i].Name < records[j].Name })
	return records, nil
}

func (g *Registry) path(name string) string { return filepath.Join(g.dir, name+".json") }

func (g *Registry) read(name string) (Record, error) {
	var record Record
	text, err := os.ReadFile(g.path(name))
	if err != nil {
		return record, fmt.Errorf("read record of playground %q: %w", name, err)
	}
	if err := json.Unmarshal(text, &record); err != nil {
		return record, fmt.Errorf("read record of playground %q in %s: %w", name, g.path(name), err)
	}
	return record, nil
}

func encode(record Record) ([]byte, error) {
	text, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode record of playground %q: %w", record.Name, err)
	}
	return append(text, '\n'), nil
}
