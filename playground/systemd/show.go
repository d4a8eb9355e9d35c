package systemd

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// timestamp is how systemd prints a moment.
const timestamp = "Mon 2006-01-02 15:04:05 MST"

// property is one line of show.
type property struct{ name, value string }

// properties are those of a service that matter here, in the order in which
// systemctl shows them whatever the order in which they are asked for.
func (m *Manager) properties(u *unit) []property {
	fileState, err := m.cfg.fileState(u.name)
	if err != nil || u.load == loadNotFound {
		fileState = ""
	}
	mainPID := 0
	if u.proc != nil {
		mainPID = u.proc.PID
	}
	all := []property{
		{"Type", "simple"},
		{"Restart", u.def.Restart},
		{"RestartUSec", span(u.def.RestartAfter)},
		{"TimeoutStopUSec", span(u.def.TimeoutStop)},
		{"MainPID", strconv.Itoa(mainPID)},
		{"Result", u.result},
		{"NRestarts", strconv.Itoa(u.restarts)},
		{"ExecMainPID", strconv.Itoa(u.lastPID)},
		{"ExecMainStatus", strconv.Itoa(exitNumber(u))},
	}
	if len(u.def.ExecStart) > 0 {
		all = append(all, property{"ExecStart", u.execStart()})
	}
	if u.def.User != "" {
		all = append(all, property{"User", u.def.User})
	}
	description := u.def.Description
	if description == "" {
		description = u.name
	}
	all = append(all,
		property{"Id", u.name}, property{"Names", u.name}, property{"Description", description},
		property{"LoadState", u.load}, property{"ActiveState", u.active}, property{"SubState", u.sub},
		property{"FragmentPath", u.path}, property{"UnitFileState", fileState},
		property{"NeedDaemonReload", yesNo(m.units[u.name] != nil && u.stale(&m.cfg))},
	)
	return all
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// span prints a duration as systemd does: 1min 30s, 100ms.
func span(d time.Duration) string {
	if d >= time.Minute {
		rest := ""
		if d%time.Minute > 0 {
			rest = " " + span(d%time.Minute)
		}
		return fmt.Sprintf("%dmin%s", d/time.Minute, rest)
	}
	return d.String()
}

// exitNumber is the status or the signal with which the last run ended.
func exitNumber(u *unit) int {
	switch {
	case u.ended.IsZero():
		return 0
	case u.lastStatus.Signaled():
		return int(u.lastStatus.Signal())
	}
	return u.lastStatus.ExitStatus()
}

func (u *unit) execStart() string {
	start, stop, code := "n/a", "n/a", "(null)"
	pid, status := 0, "0/0"
	if !u.started.IsZero() {
		start, pid = u.started.Format(timestamp), u.lastPID
	}
	if !u.ended.IsZero() {
		stop, code = u.ended.Format(timestamp), "exited"
		status = strconv.Itoa(exitNumber(u))
		if u.lastStatus.Signaled() {
			code, status = "killed", status+"/"+signalName(u.lastStatus.Signal())
		}
	}
	return fmt.Sprintf("{ path=%s ; argv[]=%s ; ignore_errors=no ; start_time=[%s] ; stop_time=[%s] ; pid=%d ; code=%s ; status=%s }",
		u.def.ExecStart[0], strings.Join(u.def.ExecStart, " "), start, stop, pid, code, status)
}

func signalName(sig syscall.Signal) string {
	for name, s := range signals {
		if s == sig && name != "" {
			return name
		}
	}
	return strconv.Itoa(int(sig))
}

func (c *invocation) show(names []string) {
	c.m.mu.Lock()
	defer c.m.mu.Unlock()
	for i, name := range names {
		if i > 0 {
			c.printf("")
		}
		for _, p := range c.m.properties(c.m.unit(name)) {
			switch {
			case len(c.opts.properties) > 0 && !slices.Contains(c.opts.properties, p.name):
			case c.opts.value:
				c.printf("%s", p.value)
			default:
				c.printf("%s=%s", p.name, p.value)
			}
		}
	}
}

func (c *invocation) cat(names []string) {
	for _, name := range names {
		path, _ := c.m.cfg.find(name)
		text, err := os.ReadFile(path)
		if path == "" || err != nil {
			c.errorf("No files found for %s.", name)
			c.code = exitFailure
			continue
		}
		c.printf("# %s\n%s", path, strings.TrimSuffix(string(text), "\n"))
	}
}
