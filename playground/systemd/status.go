package systemd

import (
	"fmt"
	"time"
)

// status prints what operators read. Its exit status is what scripts read: 0
// for a service that runs, 3 for one that does not, 4 for none.
func (c *invocation) status(names []string) {
	for i, name := range names {
		if i > 0 {
			c.printf("")
		}
		c.warnIfStale(name)
		c.m.mu.Lock()
		code := c.describe(c.m.unit(name))
		c.m.mu.Unlock()
		if c.code == exitOK {
			c.code = code
		}
	}
}

// describe prints one unit and returns the exit status it deserves.
func (c *invocation) describe(u *unit) int {
	if u.load == loadNotFound && !u.busy() {
		c.errorf("Unit %s could not be found.", u.name)
		return exitNoSuchUnit
	}
	title := u.name
	if u.def.Description != "" {
		title += " - " + u.def.Description
	}
	c.printf("%s %s", bullet(u.active), title)
	c.printf("     Loaded: %s", c.loadedLine(u))
	c.printf("     Active: %s", u.activeLine())
	if u.proc != nil {
		c.printf("   Main PID: %d", u.proc.PID)
	} else if !u.ended.IsZero() {
		c.printf("    Process: %d ExecStart=%s (code=%s)", u.lastPID, u.def.command(), u.lastEnd())
	}
	if u.active == stateActive {
		return exitOK
	}
	return exitNotRunning
}

func bullet(active string) string {
	switch active {
	case stateInactive:
		return "○"
	case stateFailed:
		return "×"
	}
	return "●"
}

func (c *invocation) loadedLine(u *unit) string {
	switch u.load {
	case loadMasked:
		return fmt.Sprintf("masked (Reason: Unit %s is masked.)", u.name)
	case loadNotFound:
		return fmt.Sprintf("not-found (Reason: Unit %s not found.)", u.name)
	case loadBad:
		return fmt.Sprintf("bad-setting (Reason: Unit %s has a bad unit file setting.)", u.name)
	}
	state, err := c.m.cfg.fileState(u.name)
	if err != nil {
		state = "bad"
	}
	return fmt.Sprintf("loaded (%s; %s; preset: enabled)", u.path, state)
}

func (u *unit) activeLine() string {
	state := fmt.Sprintf("%s (%s)", u.active, u.sub)
	if u.result != resultSuccess {
		state = fmt.Sprintf("%s (%s) (Result: %s)", u.active, u.sub, u.result)
		if u.active == stateFailed {
			state = fmt.Sprintf("failed (Result: %s)", u.result)
		}
	}
	if u.since.IsZero() {
		return state
	}
	return fmt.Sprintf("%s since %s; %s ago", state, u.since.Format(timestamp), time.Since(u.since).Truncate(time.Second))
}

func (d *Definition) command() string {
	if len(d.ExecStart) == 0 {
		return "n/a"
	}
	return d.ExecStart[0]
}

func (u *unit) lastEnd() string {
	if u.lastStatus.Signaled() {
		return "killed, signal=" + signalName(u.lastStatus.Signal())
	}
	return fmt.Sprintf("exited, status=%d", u.lastStatus.ExitStatus())
}
