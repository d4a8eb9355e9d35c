package pd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// process is a PD member that runs as a pd-server of its own.
type process struct {
	at  endpoint
	cmd *exec.Cmd
	// exited is closed once the process is gone and reaped.
	exited chan struct{}
	// waitErr is what Wait returned; it may be read after exited is closed.
	waitErr error
}

// startProcess runs binary for the member at e. It returns as soon as the
// process exists: whether PD serves is seen from outside.
func startProcess(binary string, e endpoint) (*process, error) {
	// PD's own log file holds everything but a panic or a refused flag.
	output, err := os.OpenFile(e.outputFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open output of PD member %q: %w", e.name, err)
	}
	defer output.Close()
	cmd := exec.Command(binary, "--config="+e.configFile)
	cmd.Stdout, cmd.Stderr = output, output
	// A process group of its own keeps the terminal's Ctrl-C away from PD, so
	// that the playground decides when it ends; Pdeathsig ends it when the
	// playground is killed and cannot.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}

	p := &process{at: e, cmd: cmd, exited: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start PD member %q: %w", e.name, err)
	}
	return p, nil
}

// run starts the process and waits for its end on one locked thread: the kernel
// sends Pdeathsig when the thread that forked ends, not the whole process
// (golang/go#27505).
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	p.waitErr = p.cmd.Wait()
	close(p.exited)
}

// kill sends SIGKILL to the process group and waits until it is reaped.
func (p *process) kill() error {
	err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill PD member %q: %w", p.at.name, err)
	}
	<-p.exited
	return nil
}

func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// watch returns the reason when the process ends before ctx does.
func (p *process) watch(ctx context.Context) error {
	select {
	case <-p.exited:
		return &ExitedError{Member: p.at.name, Cause: p.waitErr, LastOutput: lastLine(p.at.outputFile()), LogFile: p.at.logFile}
	case <-ctx.Done():
		return nil
	}
}

// ExitedError says that a pd-server ended while it was still starting.
type ExitedError struct {
	Member     string
	Cause      error // what waiting for the process returned; nil after exit 0
	LastOutput string
	LogFile    string
}

func (e *ExitedError) Error() string {
	reason := "exit status 0"
	if e.Cause != nil {
		reason = e.Cause.Error()
	}
	if e.LastOutput != "" {
		reason += ": " + e.LastOutput
	}
	return fmt.Sprintf("start PD member %q: process ended: %s", e.Member, reason)
}

func (e *ExitedError) Unwrap() error { return e.Cause }

// Hint tells where to look next.
func (e *ExitedError) Hint() string { return "read " + e.LogFile }

// outputFile takes what a pd-server prints outside its log.
func (e endpoint) outputFile() string {
	return strings.TrimSuffix(e.logFile, ".log") + ".out"
}

// lastLine returns the last non-empty line of a small file, or nothing.
func lastLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
