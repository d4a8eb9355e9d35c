// Package systemd is a small service manager that behaves, as far as a program
// that runs systemctl can see, like systemd 252: the same words, exit statuses
// and order of events for the units that tiup writes.
//
// It knows services of Type=simple, Restart=always, on-failure and no, WantedBy,
// masks, and nothing of dependencies, sockets, timers or the journal. Without
// control groups, the processes of a service are those of its process group.
package systemd

import (
	"fmt"
	"strings"
	"syscall"
	"time"
)

// Process is a running service.
type Process struct {
	PID int
	// Exited delivers the end of the main process.
	Exited <-chan syscall.WaitStatus
}

// Config says where a Manager finds things and how it starts services.
type Config struct {
	// Dir holds the units and the links of those that are enabled; RuntimeDir,
	// which is of lower rank, the masks of `mask --runtime`.
	Dir, RuntimeDir string
	// Target is started at boot: multi-user.target, or default.target in the
	// manager of a user.
	Target string
	// User makes it the manager of a user, reached by `systemctl --user`.
	User bool
	// MaxRestart bounds RestartSec; tiup's 15 seconds teach nothing. At this
	// rate systemd's start limit of 5 in 10 seconds, which tiup's units cannot
	// reach either, is not kept.
	MaxRestart time.Duration
	// Launch starts the main process of a service in a process group of its own.
	Launch func(unit string, d Definition) (Process, error)
	// Kill signals the process group of a service.
	Kill func(group int, sig syscall.Signal)
}

// Caller is who runs systemctl.
type Caller struct {
	// Root may do everything, others may only look.
	Root bool
}

// Output is what systemctl prints, and its exit status.
type Output struct {
	Stdout, Stderr string
	Code           int
}

// Exit statuses of systemctl, which follow the Linux Standard Base.
const (
	exitOK           = 0
	exitFailure      = 1
	exitNotRunning   = 3
	exitNoSuchUnit   = 4
	exitNotInstalled = 5
)

// reasonBad is the reason for a unit file that cannot be obeyed.
const reasonBad = "has a bad unit file setting"

// UnitError is systemd's refusal to do something to a unit.
type UnitError struct {
	Unit   string
	Reason string // "not loaded", "is masked"
	Code   int
}

func (e *UnitError) Error() string { return fmt.Sprintf("Unit %s %s.", e.Unit, e.Reason) }

// fullName adds the suffix that systemctl adds.
func fullName(name string) string {
	if strings.Contains(name, ".") && !strings.HasSuffix(name, ".") {
		for _, suffix := range []string{".service", ".target", ".socket", ".timer", ".mount", ".slice", ".scope", ".path", ".device", ".swap", ".automount"} {
			if strings.HasSuffix(name, suffix) {
				return name
			}
		}
	}
	return name + ".service"
}
