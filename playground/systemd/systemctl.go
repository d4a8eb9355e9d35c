package systemd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// invocation is one run of systemctl.
type invocation struct {
	m      *Manager
	caller Caller
	opts   options
	out    strings.Builder
	errs   strings.Builder
	code   int
}

// verbs are what systemctl can do here. Those that change something need root.
var verbs = map[string]struct {
	run     func(*invocation, []string)
	changes string // the verb in "Failed to ... x.service", if it changes anything
}{
	"start":           {(*invocation).start, "start"},
	"stop":            {(*invocation).stop, "stop"},
	"restart":         {(*invocation).restart, "restart"},
	"kill":            {(*invocation).kill, "kill"},
	"reset-failed":    {(*invocation).resetFailed, "reset failed state of"},
	"daemon-reload":   {(*invocation).daemonReload, "reload daemon"},
	"enable":          {(*invocation).enable, "enable"},
	"disable":         {(*invocation).disable, "disable"},
	"mask":            {(*invocation).mask, "mask"},
	"unmask":          {(*invocation).unmask, "unmask"},
	"is-active":       {(*invocation).isActive, ""},
	"is-failed":       {(*invocation).isFailed, ""},
	"is-enabled":      {(*invocation).isEnabled, ""},
	"status":          {(*invocation).status, ""},
	"show":            {(*invocation).show, ""},
	"cat":             {(*invocation).cat, ""},
	"list-unit-files": {(*invocation).listUnitFiles, ""},
}

// Systemctl runs a command line of systemctl.
func (m *Manager) Systemctl(args []string, caller Caller) Output {
	c := &invocation{m: m, caller: caller}
	names, err := c.opts.parse(args)
	if err != nil {
		return Output{Stderr: err.Error() + "\n", Code: exitFailure}
	}
	if c.opts.user != m.cfg.User {
		return noManager(c.opts.user)
	}
	verb := "list-units"
	if len(names) > 0 {
		verb, names = names[0], names[1:]
	}
	known, found := verbs[verb]
	if !found {
		return Output{Stderr: "Unknown command verb " + verb + ".\n", Code: exitFailure}
	}
	for i, name := range names {
		if verb != "list-unit-files" {
			names[i] = fullName(name)
		}
	}
	if len(names) == 0 && !slices.Contains([]string{"daemon-reload", "reset-failed", "list-unit-files", "status", "show"}, verb) {
		return Output{Stderr: "Too few arguments.\n", Code: exitFailure}
	}
	if known.changes != "" && !caller.Root {
		c.deny(known.changes, names)
	} else {
		known.run(c, names)
	}
	return Output{Stdout: c.out.String(), Stderr: c.errs.String(), Code: c.code}
}

// noManager is what systemctl says when it asks for a manager that is not there:
// one for users on a host that has none, or the system's in a playground where
// all units are the user's.
func noManager(user bool) Output {
	if user {
		return Output{Stderr: "Failed to connect to bus: No medium found\n", Code: exitFailure}
	}
	return Output{
		Stderr: "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\n",
		Code:   exitFailure,
	}
}

// deny is polkit's answer to a caller who is not root and has no terminal.
func (c *invocation) deny(verb string, names []string) {
	const reason = "Interactive authentication required."
	switch verb {
	case "start", "stop", "restart":
		for _, name := range names {
			c.errorf("Failed to %s %s: %s", verb, name, reason)
			c.errorf("See system logs and 'systemctl status %s' for details.", name)
		}
	case "reload daemon":
		c.errorf("Failed to reload daemon: %s", reason)
	default:
		c.errorf("Failed to %s unit: %s", verb, reason)
	}
	c.code = exitFailure
}

func (c *invocation) printf(format string, args ...any) { fmt.Fprintf(&c.out, format+"\n", args...) }
func (c *invocation) errorf(format string, args ...any) { fmt.Fprintf(&c.errs, format+"\n", args...) }

// options are the flags of systemctl that a script may pass. Those about paging,
// colours and waiting change nothing here.
type options struct {
	user, quiet, now, runtime bool
	value, noLegend           bool
	properties                []string
	signal                    string
}

var ignoredFlags = []string{
	"--system", "--no-pager", "--no-ask-password", "--full", "-l", "--plain", "--no-block", "--all", "-a", "--force", "-f", "--no-warn",
}

func (o *options) parse(args []string) (names []string, err error) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" { // nothing behind it is a flag
			return append(names, args[i+1:]...), nil
		}
		if !strings.HasPrefix(arg, "-") {
			names = append(names, arg)
			continue
		}
		flag, value, inline := strings.Cut(arg, "=")
		switch {
		case slices.Contains(ignoredFlags, arg):
		case o.set(flag):
		case strings.HasPrefix(arg, "-p") && !strings.HasPrefix(arg, "--") && len(arg) > 2:
			o.take("-p", arg[2:])
		case slices.Contains([]string{"-p", "--property", "-s", "--signal", "-n", "--lines", "-t", "--type", "--state"}, flag):
			if !inline {
				if i++; i == len(args) {
					return nil, fmt.Errorf("systemctl: option requires an argument -- '%s'", strings.TrimLeft(flag, "-"))
				}
				value = args[i]
			}
			o.take(flag, value)
		default:
			return nil, errors.New("systemctl: unrecognized option '" + arg + "'")
		}
	}
	return names, nil
}

// set takes a flag without a value.
func (o *options) set(flag string) bool {
	switch flag {
	case "--user":
		o.user = true
	case "-q", "--quiet":
		o.quiet = true
	case "--now":
		o.now = true
	case "--runtime":
		o.runtime = true
	case "--value":
		o.value = true
	case "--no-legend":
		o.noLegend = true
	default:
		return false
	}
	return true
}

// take takes a flag with a value.
func (o *options) take(flag, value string) {
	switch flag {
	case "-p", "--property":
		o.properties = append(o.properties, strings.Split(value, ",")...)
	case "-s", "--signal":
		o.signal = value
	}
}
