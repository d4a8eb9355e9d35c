package systemd

import (
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Manager runs the services of one host. Its methods may be called concurrently.
type Manager struct {
	cfg Config

	mu    sync.Mutex
	units map[string]*unit
}

// New returns a manager that runs nothing yet.
func New(cfg Config) *Manager { return &Manager{cfg: cfg, units: make(map[string]*unit)} }

// Boot starts what is enabled.
func (m *Manager) Boot() {
	links, err := filepath.Glob(filepath.Join(m.cfg.Dir, m.cfg.Target+".wants", "*.service"))
	if err != nil {
		return // the pattern is malformed, which a directory's name cannot make it
	}
	for _, link := range links {
		// What cannot be started at boot is seen in its state.
		_ = m.Start(filepath.Base(link))
	}
}

// unit returns a unit, loading it if it is not in memory. The caller holds m.mu.
func (m *Manager) unit(name string) *unit {
	if u := m.units[name]; u != nil {
		return u
	}
	u := newUnit(name)
	u.read(&m.cfg)
	if u.load != loadNotFound {
		m.units[name] = u
	}
	return u
}

// Start starts a unit. It is done when the process exists.
func (m *Manager) Start(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.unit(name)
	switch {
	case u.load == loadMasked:
		return &UnitError{Unit: name, Reason: "is masked", Code: exitFailure}
	case u.load == loadNotFound:
		return &UnitError{Unit: name, Reason: "not found", Code: exitNotInstalled}
	case u.load == loadBad:
		return &UnitError{Unit: name, Reason: reasonBad, Code: exitFailure}
	case u.proc != nil:
		return nil
	}
	u.cancelRestart()
	u.restarts = 0
	m.spawn(u)
	return nil
}

// spawn starts a process for the unit. The caller holds m.mu.
func (m *Manager) spawn(u *unit) {
	u.idle, u.started, u.ended = make(chan struct{}), time.Now(), time.Time{}
	u.result = resultSuccess
	proc, err := m.cfg.Launch(u.name, u.def)
	if err != nil {
		// systemd forks first, so that the start is done when the program turns out
		// to be missing: the child ends with status 203.
		m.ended(u, syscall.WaitStatus(203<<8))
		return
	}
	u.proc, u.lastPID = &proc, proc.PID
	u.become(stateActive, "running")
	go func() {
		status := <-proc.Exited
		m.mu.Lock()
		defer m.mu.Unlock()
		// What the main process leaves behind is killed with it.
		m.cfg.Kill(proc.PID, syscall.SIGKILL)
		m.ended(u, status)
	}()
}

// ended decides what follows the end of a process. The caller holds m.mu.
func (m *Manager) ended(u *unit, status syscall.WaitStatus) {
	stopped := u.stopping
	u.proc, u.stopping, u.lastStatus, u.ended = nil, false, status, time.Now()
	switch {
	case u.result == resultTimeout:
	case status.Exited() && status.ExitStatus() != 0:
		u.result = resultExitCode
	case status.Signaled() && !cleanSignal(status.Signal()):
		u.result = resultSignal
	}
	failed := u.result != resultSuccess
	if !stopped && (u.def.Restart == restartAlways || u.def.Restart == restartOnFailure && failed) {
		u.become(stateActivating, "auto-restart")
		u.restart = time.AfterFunc(min(u.def.RestartAfter, m.cfg.MaxRestart), func() { m.startAgain(u) })
		return
	}
	u.settle()
}

// cleanSignal tells whether a service that dies of a signal has ended well.
func cleanSignal(sig syscall.Signal) bool {
	return sig == syscall.SIGHUP || sig == syscall.SIGINT || sig == syscall.SIGTERM || sig == syscall.SIGPIPE
}

// settle is the end of a run that no other follows.
func (u *unit) settle() {
	if u.result == resultSuccess {
		u.become(stateInactive, "dead")
	} else {
		u.become(stateFailed, "failed")
	}
	close(u.idle)
}

// startAgain is Restart=always at work. The unit may have been stopped, or lost
// its file, since.
func (m *Manager) startAgain(u *unit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u.restart == nil {
		return
	}
	u.restart = nil
	if u.load != loadLoaded {
		u.result = "resources"
		u.settle()
		return
	}
	close(u.idle)
	u.restarts++
	m.spawn(u)
}

// cancelRestart ends the wait for a restart.
func (u *unit) cancelRestart() {
	if u.restart != nil {
		u.restart.Stop()
		u.restart = nil
		close(u.idle)
	}
}

// Stop stops a unit and returns when it has no process any more.
func (m *Manager) Stop(name string) error { return m.stop(name, syscall.SIGTERM) }

// Halt ends a unit as kill -9 would, and keeps it down.
func (m *Manager) Halt(name string) error { return m.stop(name, syscall.SIGKILL) }

func (m *Manager) stop(name string, sig syscall.Signal) error {
	m.mu.Lock()
	u := m.unit(name)
	switch {
	case u.load == loadNotFound && !u.busy():
		m.mu.Unlock()
		return &UnitError{Unit: name, Reason: "not loaded", Code: exitNotInstalled}
	case u.proc == nil:
		if u.restart != nil {
			u.cancelRestart()
			u.result = resultSuccess
			u.become(stateInactive, "dead")
		}
		m.mu.Unlock()
		return nil
	}
	u.stopping = true
	u.become(stateDeactivating, "stop-sigterm")
	group, idle, limit, mayKill := u.proc.PID, u.idle, u.def.TimeoutStop, !u.def.NoSIGKILL
	m.mu.Unlock()
	m.cfg.Kill(group, sig)
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case <-idle:
	case <-timeout.C:
		m.mu.Lock()
		if u.proc != nil && u.proc.PID == group {
			u.result = resultTimeout
			u.become(stateDeactivating, "stop-sigkill")
			if mayKill {
				m.cfg.Kill(group, syscall.SIGKILL)
			}
		}
		m.mu.Unlock()
		<-idle
	}
	return nil
}

// Restart stops a unit, if it runs, and starts it.
func (m *Manager) Restart(name string) error {
	m.mu.Lock()
	u := m.unit(name)
	runs := u.busy() && u.load == loadLoaded
	m.mu.Unlock()
	if runs {
		if err := m.Stop(name); err != nil {
			return err
		}
	}
	return m.Start(name)
}

// Reload reads all units again. Those that have lost their file are forgotten,
// unless they still run.
func (m *Manager) Reload() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, u := range m.units {
		u.read(&m.cfg)
		if u.load == loadNotFound && !u.busy() {
			delete(m.units, name)
		}
	}
}
