package hosts

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"syscall"

	_ "ebb/playground/disguise" // makes this executable the programs of a host
	"ebb/playground/machine"
)

// Place is what this machine allows the hosts to be.
type Place struct {
	// Isolated hosts have namespaces of their own; UserNamespace says that one
	// for users is among them, because this process is not root.
	Isolated      bool
	UserNamespace bool
	Self          string // the executable
	user          machine.User
	me            *user.User // who runs this process
}

// tiup's user, and a number for it that no other user of the machine has.
const (
	deployUser = "tidb"
	deployID   = 20160
)

// Survey finds out what is possible below dir, which exists. It tries rather than
// reads settings: namespaces can be forbidden in too many ways to know them all.
func Survey(dir string) (Place, error) {
	self, err := os.Executable()
	if err != nil {
		return Place{}, fmt.Errorf("find own program: %w", err)
	}
	me, err := user.Current()
	if err != nil {
		return Place{}, fmt.Errorf("find user: %w", err)
	}
	p := Place{Self: self, me: me, user: machine.User{Name: me.Username, UID: os.Getuid(), GID: os.Getgid(), Shell: shell()}}
	for _, userNamespace := range []bool{false, true} {
		p.UserNamespace = userNamespace
		if p.possible(dir) {
			p.Isolated = true
			break
		}
	}
	if !p.Isolated {
		p.UserNamespace = false
		return p, nil
	}
	if !p.UserNamespace && open(dir, self) {
		p.user.Name, p.user.UID, p.user.GID, p.user.Switch = deployUser, deployID, deployID, true
	}
	return p, nil
}

// WithUserUnits is the place as it would be without namespaces.
func (p Place) WithUserUnits() Place {
	p.Isolated, p.UserNamespace = false, false
	p.user.Name, p.user.UID, p.user.GID, p.user.Switch = p.me.Username, os.Getuid(), os.Getgid(), false
	return p
}

// User is the name to log in with.
func (p Place) User() string { return p.user.Name }

// SystemdMode is what tiup calls where the units are.
func (p Place) SystemdMode() string {
	if p.Isolated {
		return "system"
	}
	return "user"
}

func (p Place) userOf(root string) machine.User {
	u := p.user
	u.Home = filepath.Join(root, "home", u.Name)
	return u
}

func shell() string {
	if _, err := os.Stat("/bin/bash"); err == nil {
		return "/bin/bash"
	}
	return "/bin/sh"
}

// open makes sure that another user may pass through dir, and run the program.
func open(dir, program string) bool {
	info, err := os.Stat(program)
	if err != nil || info.Mode()&0o005 != 0o005 {
		return false
	}
	if info, err = os.Stat(dir); err != nil || os.Chmod(dir, info.Mode()|0o011) != nil {
		return false
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode()&0o001 == 0 {
			return false
		}
	}
	return true
}

// possible boots a host that has nothing to do.
func (p Place) possible(dir string) bool {
	root, err := os.MkdirTemp(dir, "survey-")
	if err != nil {
		return false
	}
	defer func() { _ = os.RemoveAll(root) }()
	cfg := machine.Config{Name: "survey", Root: root, Isolated: true, Rehearsal: true, Self: p.Self, User: p.userOf(root)}
	for _, sub := range []string{cfg.UnitFiles(), filepath.Join(root, "sbin"), filepath.Join(root, "run")} {
		if os.MkdirAll(sub, 0o755) != nil {
			return false
		}
	}
	p.Isolated = true
	trial := Host{Name: "survey", inside: cfg, place: p}
	return trial.rehearse() == nil
}

// Capabilities that arranging a host takes. They hold for its namespaces only.
const (
	capChown       = 0
	capDACOverride = 1
	capFowner      = 3
	capSysAdmin    = 21
)

// command is the first process of a host.
func (p Place) command(name string) *exec.Cmd {
	cmd := exec.Command(p.Self)
	cmd.Args = []string{machine.Program, name}
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if !p.Isolated {
		// It ends when its pipe does, and must have the time to take along what its
		// programs have left.
		return cmd
	}
	attr := cmd.SysProcAttr
	attr.Pdeathsig = syscall.SIGKILL
	attr.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS
	if p.UserNamespace {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		attr.AmbientCaps = []uintptr{capChown, capDACOverride, capFowner, capSysAdmin}
	}
	return cmd
}

// describe writes a host's description into the pipe that it lives by.
func describe(life *os.File, cfg machine.Config) error {
	if err := json.NewEncoder(life).Encode(cfg); err != nil {
		return fmt.Errorf("describe host: %w", err)
	}
	return nil
}

// errDown says that a host does not run.
var errDown = errors.New("the host is down")
