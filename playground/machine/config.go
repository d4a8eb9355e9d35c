// Package machine is the inside of a simulated host: its first process, which
// gives the host file systems of its own, runs its services and its users'
// commands, and takes all of them along when it ends.
//
// Where the kernel allows it, a host is a set of namespaces: its own mounts,
// process numbers and name. Then /etc, /usr/bin and /proc are what they are on a
// machine that tiup deployed to, and nothing done there reaches this machine's
// own. Elsewhere a host is a directory and a PATH, and its units are those of a
// user, as with tiup's systemd_mode: user.
package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"ebb/playground/systemd"
)

// Program is the name under which the executable of the playground is the first
// process of a host.
const Program = "ebb-playground-host"

// Files that the first process inherits: the socket of its requests, and a pipe
// with its Config, whose end tells it to end.
const (
	SocketFD = 3
	LifeFD   = 4
)

// Config describes a host to its first process.
type Config struct {
	Name string `json:"name"` // host name
	// Root is the host's directory on this machine's disk.
	Root string `json:"root"`
	// Isolated hosts have namespaces, which the parent has made.
	Isolated bool `json:"isolated"`
	// Binds maps directories to what they hold on this host.
	Binds map[string]string `json:"binds,omitempty"`
	// Self is the executable of the playground.
	Self string `json:"self"`
	User User   `json:"user"`
	// Shims are the scripts in the host's sbin.
	Shims []string `json:"shims"`
	// MaxRestart bounds RestartSec of the units.
	MaxRestart time.Duration `json:"max_restart"`
	// Rehearsal ends the host when its namespaces are arranged, to find out
	// whether they can be.
	Rehearsal bool `json:"rehearsal,omitempty"`
}

// User is who logs in and who runs the services.
type User struct {
	Name  string `json:"name"`
	UID   int    `json:"uid"`
	GID   int    `json:"gid"`
	Home  string `json:"home"`
	Shell string `json:"shell"`
	// Switch says that the user is not who runs the playground, which is root.
	Switch bool `json:"switch,omitempty"`
}

// ProgramFile is the playground's executable inside the host, which its programs
// and shims are links to. In a namespace it is a mount, and stays what it is
// when the executable is built anew.
func (c *Config) ProgramFile() string {
	if c.Isolated {
		return filepath.Join(c.Root, "sbin", ".program")
	}
	return c.Self
}

// UnitDir is where units are, as the host sees it.
func (c *Config) UnitDir() string {
	if c.Isolated {
		return "/etc/systemd/system"
	}
	return filepath.Join(c.User.Home, ".config", "systemd", "user")
}

// UnitFiles is where units are on this machine's disk.
func (c *Config) UnitFiles() string {
	if c.Isolated {
		return filepath.Join(c.Root, "etc", "systemd", "system")
	}
	return c.UnitDir()
}

// runtimeUnits is where `mask --runtime` puts its links. /run is this machine's
// own in every case, so they are in the host's directory.
func (c *Config) runtimeUnits() string { return filepath.Join(c.Root, "run", "systemd", "system") }

// Target is what the enabled units are wanted by.
func (c *Config) Target() string {
	if c.Isolated {
		return "multi-user.target"
	}
	return "default.target"
}

// path is the PATH of logins and services.
func (c *Config) path() string {
	const system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	if c.Isolated {
		return system
	}
	return filepath.Join(c.Root, "sbin") + ":" + system
}

// environment is what a login or a service of a user starts with.
func (c *Config) environment(root bool) []string {
	u := c.User
	if root && u.Switch {
		u.Name, u.Home, u.Shell = "root", "/root", "/bin/sh"
	}
	env := []string{"PATH=" + c.path(), "HOME=" + u.Home, "USER=" + u.Name, "LOGNAME=" + u.Name, "SHELL=" + u.Shell}
	if !c.Isolated {
		env = append(env, "XDG_RUNTIME_DIR="+filepath.Join(c.Root, "run"))
	}
	return env
}

// launch starts the main process of a service.
func (m *machine) launch(unit string, d systemd.Definition) (systemd.Process, error) {
	journal, err := os.OpenFile(filepath.Join(m.cfg.Root, "run", strings.TrimSuffix(unit, ".service")+".journal"),
		os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return systemd.Process{}, fmt.Errorf("launch %s: %w", unit, err)
	}
	defer journal.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return systemd.Process{}, fmt.Errorf("launch %s: %w", unit, err)
	}
	defer null.Close()
	root := d.User == "" || d.User == "root"
	p, err := m.tree.start(command{
		path: d.ExecStart[0], argv: d.ExecStart, env: m.cfg.environment(root), dir: "/",
		files: []*os.File{null, journal, journal}, as: m.credential(root),
	})
	if err != nil {
		return systemd.Process{}, err
	}
	return systemd.Process{PID: p.pid, Exited: p.exited}, nil
}
