package systemd

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
)

func (c *invocation) start(names []string)   { c.each("start", names, c.m.Start) }
func (c *invocation) stop(names []string)    { c.each("stop", names, c.m.Stop) }
func (c *invocation) restart(names []string) { c.each("restart", names, c.m.Restart) }

// each runs a job per unit. A unit that is refused does not keep the others.
func (c *invocation) each(verb string, names []string, job func(string) error) {
	for _, name := range names {
		c.warnIfStale(name)
		var refused *UnitError
		if err := job(name); errors.As(err, &refused) {
			c.errorf("Failed to %s %s: %v", verb, name, err)
			if refused.Reason == reasonBad {
				c.errorf("See system logs and 'systemctl status %s' for details.", name)
			}
			c.code = refused.Code
		}
	}
}

// warnIfStale is what systemctl says of a unit whose file is another one now.
func (c *invocation) warnIfStale(name string) {
	c.m.mu.Lock()
	u := c.m.units[name]
	stale := u != nil && u.stale(&c.m.cfg)
	c.m.mu.Unlock()
	if stale && !c.opts.quiet {
		flag := ""
		if c.m.cfg.User {
			flag = " --user"
		}
		c.errorf("Warning: The unit file, source configuration file or drop-ins of %s changed on disk. Run 'systemctl%s daemon-reload' to reload units.", name, flag)
	}
}

func (c *invocation) daemonReload([]string) { c.m.Reload() }

// signals are those that an operator sends by name.
var signals = map[string]syscall.Signal{
	"": syscall.SIGTERM, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "INT": syscall.SIGINT,
	"HUP": syscall.SIGHUP, "QUIT": syscall.SIGQUIT, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT,
}

func (c *invocation) kill(names []string) {
	sig, known := signals[strings.TrimPrefix(c.opts.signal, "SIG")]
	if n, err := strconv.Atoi(c.opts.signal); err == nil {
		sig, known = syscall.Signal(n), true
	}
	if !known {
		c.errorf("Failed to parse signal string %s.", c.opts.signal)
		c.code = exitFailure
		return
	}
	for _, name := range names {
		c.m.mu.Lock()
		u := c.m.unit(name)
		group := 0
		if u.proc != nil {
			group = u.proc.PID
		}
		missing := u.load == loadNotFound && !u.busy()
		c.m.mu.Unlock()
		switch {
		case missing:
			c.errorf("Failed to kill unit %s: Unit %s not loaded.", name, name)
			c.code = exitFailure
		case group != 0:
			c.m.cfg.Kill(group, sig)
		}
	}
}

func (c *invocation) resetFailed(names []string) {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	if len(names) == 0 {
		for name := range c.m.units {
			names = append(names, name)
		}
	}
	for _, name := range names {
		u := c.m.unit(name)
		if u.load == loadNotFound && !u.busy() {
			c.errorf("Failed to reset failed state of unit %s: Unit %s not loaded.", name, name)
			c.code = exitFailure
		}
		if u.active == stateFailed {
			u.result = resultSuccess
			u.become(stateInactive, "dead")
		}
	}
}

// states looks the active states of units up, as one moment shows them.
func (c *invocation) states(names []string) []string {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	states := make([]string, len(names))
	for i, name := range names {
		states[i] = c.m.unit(name).active
	}
	return states
}

func (c *invocation) isActive(names []string) { c.answer(names, stateActive, exitNotRunning) }

func (c *invocation) isFailed(names []string) { c.answer(names, stateFailed, exitFailure) }

// answer prints the states, and exits with otherwise unless one of them is the
// asked one.
func (c *invocation) answer(names []string, asked string, otherwise int) {
	c.code = otherwise
	for _, state := range c.states(names) {
		if state == asked {
			c.code = exitOK
		}
		if !c.opts.quiet {
			c.printf("%s", state)
		}
	}
}
