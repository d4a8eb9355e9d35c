package decommission

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Command is what is run on a host: argv, never a shell line.
type Command struct {
	Argv []string
	// Stdin is given to the command. Lists of paths travel here, so that they do
	// not show up in the command lines among which processes are looked for.
	Stdin string
	// Timeout bounds the command; 0 means a minute.
	Timeout time.Duration
}

// Host runs commands on one machine, with the rights that managing the store's
// unit takes. It returns the standard output. An error that knows the exit
// status of the command has a method ExitStatus() int; any other error means
// that nobody knows whether the command ran.
type Host interface {
	Run(ctx context.Context, c Command) (stdout string, err error)
}

// commandEnded reports whether an error is that of a command which itself ended,
// with an exit status or with something of a store still there.
func commandEnded(err error) bool {
	return errors.As(err, new(interface{ ExitStatus() int })) || errors.Is(err, errStillThere)
}

// Unit is the state of a systemd unit.
type Unit struct {
	Name string `json:"name"`
	// Load is "loaded", "not-found", "masked", ...; Active "active", "inactive",
	// "failed", ...; File "enabled", "disabled", "masked", "" (no unit file).
	Load   string `json:"load"`
	Active string `json:"active"`
	File   string `json:"file,omitempty"`
	// Dir is where unit files of its kind belong: SystemUnitDir, or that directory of
	// the login user, whose home is wherever the host has it.
	Dir string `json:"dir,omitempty"`
	// FragmentPath is the unit file, "" when there is none.
	FragmentPath string `json:"fragment_path,omitempty"`
	ExecStart    string `json:"exec_start,omitempty"`
	MainPID      int    `json:"main_pid,omitempty"`
}

// Exists reports whether systemd knows the unit.
func (u *Unit) Exists() bool { return u.Load != "not-found" && u.Load != "" }

// Running reports whether the unit runs or is about to. Only a clear word for
// the contrary counts as stopped.
func (u *Unit) Running() bool { return u.Active != "inactive" && u.Active != "failed" }

// userSystemctl finds the systemd of the login user, which a command over SSH
// that is no login is not told about.
const userSystemctl = `XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)} exec systemctl --user "$@"`

// Where tiup puts unit files (tiup 1.16, pkg/cluster/spec/instance.go), as people
// write it.
const (
	SystemUnitDir = "/etc/systemd/system"
	UserUnitDir   = "~/.config/systemd/user"
)

// UnitDir is one of them.
func UnitDir(user bool) string {
	if user {
		return UserUnitDir
	}
	return SystemUnitDir
}

// homeProperty is the home of the login user, in the form of systemd's properties.
const homeProperty = `printf 'Home=%s\n' "$HOME"`

// showUnit is the command line that ReadUnit runs.
func showUnit(user bool, name string) Command {
	c := systemctl(user, "show", "--property=LoadState,ActiveState,UnitFileState,FragmentPath,ExecStart,MainPID", "--", name)
	if user {
		c.Argv[2] = homeProperty + "\n" + c.Argv[2]
	}
	return c
}

// systemctl is the command line for units of the system or of the login user
// (global.systemd_mode of the topology).
func systemctl(user bool, args ...string) Command {
	if user {
		return Command{Argv: append([]string{"sh", "-c", userSystemctl, "sh"}, args...)}
	}
	return Command{Argv: append([]string{"systemctl"}, args...)}
}

// ReadUnit asks systemd about a unit. A unit that does not exist is no error.
func ReadUnit(ctx context.Context, h Host, user bool, name string) (*Unit, error) {
	out, err := h.Run(ctx, showUnit(user, name))
	if err != nil {
		return nil, fmt.Errorf("read unit %s: %w", name, err)
	}
	u := &Unit{Name: name}
	if !user {
		u.Dir = SystemUnitDir
	}
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "LoadState":
			u.Load = value
		case "ActiveState":
			u.Active = value
		case "UnitFileState":
			u.File = value
		case "Home":
			u.Dir = value + strings.TrimPrefix(UserUnitDir, "~")
		case "FragmentPath":
			u.FragmentPath = value
		case "ExecStart":
			u.ExecStart = value
		case "MainPID":
			u.MainPID, _ = strconv.Atoi(value) // 0 is systemd's own word for none
		}
	}
	if u.Load == "" || u.Active == "" {
		return nil, fmt.Errorf("read unit %s: systemctl said neither LoadState nor ActiveState: %q", name, out)
	}
	return u, nil
}

// Process is a process that uses a directory.
type Process struct {
	PID     int    `json:"pid"`
	Command string `json:"command"`
}

// scanProcesses prints "PID<tab>command line" of every process one of whose
// arguments is, or lies in, a directory of the list on standard input. It does
// not see itself: the directories are not on its command line.
const scanProcesses = `dirs=$(cat)
for f in /proc/[0-9]*/cmdline; do
  pid=${f#/proc/}; pid=${pid%/cmdline}
  args=$(tr '\000' '\n' <"$f" 2>/dev/null) || continue
  [ -n "$args" ] || continue
  hit=
  while IFS= read -r dir; do
    while IFS= read -r arg; do
      case "$arg" in "$dir"|"$dir"/*|*="$dir"|*="$dir"/*) hit=1; break 2;; esac
    done <<ARGS
$args
ARGS
  done <<DIRS
$dirs
DIRS
  [ -z "$hit" ] || printf '%s\t%s\n' "$pid" "$(printf '%s' "$args" | tr '\n' ' ' | cut -c1-200)"
done
echo end`

// ProcessesUsing lists the processes that name one of the directories, or a
// file in one, on their command line.
func ProcessesUsing(ctx context.Context, h Host, dirs []string) ([]Process, error) {
	out, err := h.Run(ctx, Command{Argv: []string{"sh", "-c", scanProcesses}, Stdin: strings.Join(dirs, "\n") + "\n"})
	if err != nil {
		return nil, fmt.Errorf("look for processes: %w", err)
	}
	body, complete := strings.CutSuffix(strings.TrimRight(out, "\n"), "end")
	if !complete {
		return nil, fmt.Errorf("look for processes: the list is not complete: %q", out)
	}
	var list []Process
	for line := range strings.Lines(body) {
		pid, command, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		n, err := strconv.Atoi(pid)
		if err != nil {
			return nil, fmt.Errorf("look for processes: want a process id, got %q", line)
		}
		list = append(list, Process{PID: n, Command: strings.TrimSpace(command)})
	}
	return list, nil
}
