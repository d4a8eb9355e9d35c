package sshexec

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// statusTimeout is how timeout(1) says that the time was up.
const statusTimeout = 124

// errNoiseTooLong: start-up files printed so much that the command's own output
// was not reached.
var errNoiseTooLong = errors.New("the login shell printed too much before the command")

// hasEnded reports whether the host said how the session ended.
func hasEnded(err error) bool {
	var exit *ssh.ExitError
	return err == nil || errors.As(err, &exit)
}

// result says what the end of a session means.
func (x *execution) result(err error) (Output, error) {
	host, line := x.client.host, x.command.cmd.String()
	if x.state.Load() != sent {
		var refused *ssh.OpenChannelError
		if errors.As(err, &refused) || !x.client.broken() {
			return Output{}, &ConnectError{Host: host, Err: err}
		}
		return Output{}, errUnusedConnection
	}
	out := x.output()
	if !hasEnded(err) {
		return out, &LostError{Host: host, Command: line, Err: x.client.because(err)}
	}
	var exit *ssh.ExitError
	status := 0
	if errors.As(err, &exit) {
		status = exit.ExitStatus()
	}
	if !x.began() {
		return out, x.notStarted(status)
	}
	timeout := x.command.cmd.timeout()
	switch {
	case status == 0:
		return out, nil
	case status == statusTimeout && out.Duration >= timeout,
		status == 128+int(syscall.SIGKILL) && out.Duration >= timeout+killAfter:
		return out, x.timeout(true)
	case exit.Signal() != "":
		return out, &SignalError{Host: host, Command: line, Signal: exit.Signal()}
	case status > 128 && status <= 192:
		return out, &SignalError{Host: host, Command: line, Signal: signalName(status - 128)}
	}
	return out, &ExitError{Host: host, Command: line, Status: status, Stderr: out.Stderr}
}

func signalName(number int) string {
	if name := unix.SignalName(syscall.Signal(number)); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return strconv.Itoa(number)
}

func (x *execution) timeout(ended bool) error {
	return &TimeoutError{Host: x.client.host, Command: x.command.cmd.String(), Limit: x.command.cmd.timeout(), Ended: ended}
}

// began reports whether the script got as far as the command.
func (x *execution) began() bool {
	stdout, _ := x.stdout.bytes()
	stderr, _ := x.stderr.bytes()
	begin := []byte(x.command.script.Begin())
	return bytes.Contains(stdout, begin) || bytes.Contains(stderr, begin)
}

// notStarted says what ended in place of the command.
func (x *execution) notStarted(status int) error {
	host := x.client.host
	stdout, cut := x.stdout.bytes()
	stderr, alsoCut := x.stderr.bytes()
	reached := []byte(x.command.script.ReachedHost())
	if x.command.cmd.Sudo && bytes.Contains(stderr, reached) {
		return newSudoError(host, status, after(stderr, reached))
	}
	if cut || alsoCut {
		return &LostError{Host: host, Command: x.command.cmd.String(), Err: errNoiseTooLong}
	}
	said := lastLine(stderr)
	if said == "" {
		said = lastLine(stdout)
	}
	return &ShellError{Host: host, Output: said}
}
