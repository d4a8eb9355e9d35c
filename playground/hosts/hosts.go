// Package hosts gives a playground hosts that a program cannot tell from those
// tiup deployed to when it logs in over SSH: directories with files in them,
// systemd units, processes that hold the ports of the stores, sudo, and an SSH
// server per host.
//
// The SSH servers are in this process, so that they can be broken on purpose and
// need no OpenSSH on the machine. All else of a host is in processes of its own,
// below the one that package machine describes.
package hosts

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"ebb/playground/layout"
	"ebb/playground/machine"
	"ebb/playground/store"
)

// Config describes the hosts of a playground.
type Config struct {
	Dir      string // of the playground
	Place    Place
	Machines []Machine
	Port     int // of the SSH servers
	// MonitoredDir is the directory of the exporters, on every host; "" for
	// monitor-9100 in SharedDir.
	MonitoredDir string
	Log          *slog.Logger
}

// Machine is one host.
type Machine struct {
	IP   string
	Name string
	// Stores are what runs there, none on the host of a PD member.
	Stores []store.Spec
	// OnlyVia is the address of the host through which alone this one can be logged
	// in to, "" for one that is open to everybody.
	OnlyVia string
}

// Set is all hosts of a playground.
type Set struct {
	cfg   Config
	keys  *keyring
	hosts []*Host
}

// UnknownHostError says that a playground has no such host.
type UnknownHostError struct {
	Text  string
	Known []string
}

func (e *UnknownHostError) Error() string {
	return fmt.Sprintf("find host %q: the hosts are %v", e.Text, e.Known)
}

// maxRestart is the time after which Restart=always starts a killed store again.
// tiup's units say 15 seconds.
const maxRestart = time.Second

// Start writes the hosts' files and boots them. The stores' processes wait for
// the fleet.
func Start(cfg Config) (*Set, error) {
	keys, err := newKeyring(filepath.Join(cfg.Dir, "ssh"))
	if err != nil {
		return nil, err
	}
	s := &Set{cfg: cfg, keys: keys, hosts: make([]*Host, len(cfg.Machines))}
	failures := make([]error, len(cfg.Machines))
	var group sync.WaitGroup
	for i, m := range cfg.Machines {
		group.Go(func() { s.hosts[i], failures[i] = newHost(s, m) })
	}
	group.Wait()
	err = errors.Join(failures...)
	if err == nil {
		err = keys.trust(s.hosts)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// newHost writes the files of a host, boots it and opens its SSH server.
func newHost(s *Set, m Machine) (*Host, error) {
	place := s.cfg.Place
	root := filepath.Join(s.cfg.Dir, "hosts", m.IP)
	user := place.userOf(root)
	h := &Host{
		IP: m.IP, Name: m.Name, port: s.cfg.Port, stores: m.Stores, onlyVia: m.OnlyVia, log: s.cfg.Log.With("host", m.IP), place: place,
		inside: machine.Config{
			Name: m.Name, Root: root, Isolated: place.Isolated, Self: place.Self, User: user,
			Shims: []string{"systemctl", "sudo"}, MaxRestart: maxRestart,
		},
	}
	if place.Isolated {
		// tiup's exporters are at one path on all hosts.
		h.shared = SharedDir(s.cfg.Dir)
		h.inside.Binds = map[string]string{h.shared: h.onDisk(h.shared)}
	}
	monitored := s.cfg.MonitoredDir
	if monitored == "" {
		monitored = filepath.Join(SharedDir(s.cfg.Dir), "monitor-"+strconv.Itoa(layout.NodeExporterPort))
	}
	if err := h.writeFiles(monitored); err != nil {
		return h, fmt.Errorf("write files of host %s: %w", m.IP, err)
	}
	server, err := newServer(h, s.keys.login)
	if err != nil {
		return h, err
	}
	h.server = server
	return h, h.Up()
}

// SharedDir is a directory that every isolated host of a playground in dir has to
// itself: one path, and other files on each host.
func SharedDir(dir string) string { return filepath.Join(dir, "hosts", "deploy") }

// Close ends all hosts.
func (s *Set) Close() error {
	failures := make([]error, len(s.hosts))
	var group sync.WaitGroup
	for i, h := range s.hosts {
		if h != nil {
			group.Go(func() { failures[i] = h.Down() })
		}
	}
	group.Wait()
	return errors.Join(failures...)
}

// Find returns the host with an address or a name.
func (s *Set) Find(text string) (*Host, error) {
	known := make([]string, len(s.hosts))
	for i, h := range s.hosts {
		if text == h.IP || text == h.Name {
			return h, nil
		}
		known[i] = h.IP
	}
	return nil, &UnknownHostError{Text: text, Known: known}
}

// All returns all hosts.
func (s *Set) All() []*Host { return s.hosts }

// User returns who logs in.
func (s *Set) User() string { return s.cfg.Place.User() }

// KeyFile and KnownHosts are what an SSH client needs to log in.
func (s *Set) KeyFile() string { return s.keys.keyFile() }

// KnownHosts returns the file with the hosts' keys.
func (s *Set) KnownHosts() string { return s.keys.knownHosts() }

// StartStore starts the unit of a store. It is part of store.Machines.
func (s *Set) StartStore(spec store.Spec) error {
	return s.onHost(spec, func(h *Host) error { return h.startUnit(unitOf(spec)) })
}

// KillStore kills the processes of a store's unit, and keeps it down.
func (s *Set) KillStore(spec store.Spec) error {
	return s.onHost(spec, func(h *Host) error { return h.haltUnit(unitOf(spec)) })
}

// Burn ends the host of a store for good.
func (s *Set) Burn(spec store.Spec) error {
	return s.onHost(spec, (*Host).burn)
}

func (s *Set) onHost(spec store.Spec, do func(*Host) error) error {
	h, err := s.Find(spec.Host)
	if err != nil {
		return err
	}
	return do(h)
}

// writeFile writes a file and the directories it needs.
func writeFile(path, text string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		return err
	}
	// The mask of this process is for its own files.
	return os.Chmod(path, mode)
}
