package sshexec

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Sentinels for errors.Is.
var (
	// ErrOutcomeUnknown: the command was sent, and whether it ran, is running or
	// will have an effect cannot be told.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrNotStarted: the command did not begin, so the host is as it was.
	ErrNotStarted = errors.New("command not started")
	// ErrUnreachable: no SSH connection could be made. It says nothing about the
	// host being dead.
	ErrUnreachable = errors.New("host unreachable over ssh")
)

// ExitError is a command that ended with a status other than 0.
type ExitError struct {
	Host    Target
	Command string
	Status  int
	Stderr  []byte // whole, also in Output
}

func (e *ExitError) Error() string {
	s := fmt.Sprintf("run %s on %s: exit status %d", e.Command, e.Host, e.Status)
	if e.NotFound() {
		s += " (command not found)"
	}
	if line := lastLine(e.Stderr); line != "" {
		s += ": " + line
	}
	return s
}

// NotFound reports status 127, with which shells, sudo and timeout say that there
// is no such program.
func (e *ExitError) NotFound() bool { return e.Status == 127 }

// lastLine is the last line that is not empty, which is where programs say why.
func lastLine(output []byte) string {
	lines := bytes.Split(bytes.TrimSpace(output), []byte("\n"))
	return clean(string(bytes.TrimSpace(lines[len(lines)-1])))
}

// clean keeps control characters of another machine from reaching a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// SignalError is a command that a signal ended. A status between 129 and 192 is
// reported as one too: that is how every shell passes a signal on.
type SignalError struct {
	Host    Target
	Command string
	Signal  string // without SIG: KILL; a number when it has no usual name
}

func (e *SignalError) Error() string {
	return fmt.Sprintf("run %s on %s: killed by signal %s", e.Command, e.Host, e.Signal)
}

// TimeoutError is a command that did not end in time.
type TimeoutError struct {
	Host    Target
	Command string
	Limit   time.Duration
	// Ended: the host said that the command is gone. It may have done a part of
	// its work. Otherwise it may go on, and the error matches ErrOutcomeUnknown.
	Ended bool
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("run %s on %s: not done after %s: %s", e.Command, e.Host, e.Limit, fate(e.Ended))
}

// Is matches ErrOutcomeUnknown unless the command has ended.
func (e *TimeoutError) Is(target error) bool { return target == ErrOutcomeUnknown && !e.Ended }

// CanceledError is a command that was ended because its context was.
type CanceledError struct {
	Host    Target
	Command string
	Ended   bool  // as in TimeoutError
	Err     error // of the context
}

func (e *CanceledError) Error() string {
	return fmt.Sprintf("run %s on %s: %v: %s", e.Command, e.Host, e.Err, fate(e.Ended))
}

// Is matches ErrOutcomeUnknown unless the command has ended.
func (e *CanceledError) Is(target error) bool { return target == ErrOutcomeUnknown && !e.Ended }

// Unwrap returns the cause of the context's end.
func (e *CanceledError) Unwrap() error { return e.Err }

func fate(ended bool) string {
	if ended {
		return "it was killed"
	}
	return "it may still be running"
}

// LostError is a command whose connection broke before its end was known. It
// matches ErrOutcomeUnknown.
type LostError struct {
	Host    Target
	Command string
	Err     error // what broke
}

func (e *LostError) Error() string {
	return fmt.Sprintf("run %s on %s: connection lost, outcome unknown: %v", e.Command, e.Host, e.Err)
}

// Is matches ErrOutcomeUnknown.
func (e *LostError) Is(target error) bool { return target == ErrOutcomeUnknown }

// Unwrap returns what broke.
func (e *LostError) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *LostError) Hint() string {
	return "the command may have run; look at the state of the host before repeating it"
}

// GateError is a command that the gate did not let pass. It matches ErrNotStarted.
type GateError struct {
	Host    Target
	Command string
	Err     error // of the gate
}

func (e *GateError) Error() string {
	return fmt.Sprintf("run %s on %s: not sent: %v", e.Command, e.Host, e.Err)
}

// Is matches ErrNotStarted.
func (e *GateError) Is(target error) bool { return target == ErrNotStarted }

// Unwrap returns the error of the gate.
func (e *GateError) Unwrap() error { return e.Err }
