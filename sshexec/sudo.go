package sshexec

import (
	"bytes"
	"fmt"
	"strings"
)

// SudoReason is why sudo did not run a command.
type SudoReason string

// Why sudo refuses.
const (
	SudoPassword   SudoReason = "a password is required"
	SudoNotAllowed SudoReason = "the user is not allowed to"
	SudoTerminal   SudoReason = "a terminal is required"
	SudoMissing    SudoReason = "sudo is not installed"
	SudoFailed     SudoReason = "sudo failed"
)

// SudoError is a host where sudo does not let the login user become root without
// being asked. It matches ErrNotStarted.
type SudoError struct {
	Host   Target
	Reason SudoReason
	Output string // what sudo said
}

func (e *SudoError) Error() string {
	s := fmt.Sprintf("become root on %s: %s", e.Host, e.Reason)
	if e.Reason == SudoFailed && e.Output != "" {
		s += ": " + e.Output
	}
	return s
}

// Is matches ErrNotStarted.
func (e *SudoError) Is(target error) bool { return target == ErrNotStarted }

// Hint says what to do next.
func (e *SudoError) Hint() string {
	user := e.Host.User
	switch e.Reason {
	case SudoPassword, SudoNotAllowed:
		return fmt.Sprintf("allow it with visudo on the host: %s ALL=(ALL) NOPASSWD: ALL", user)
	case SudoTerminal:
		return fmt.Sprintf("turn requiretty off with visudo on the host: Defaults:%s !requiretty", user)
	case SudoMissing:
		return "install sudo on the host, or log in as root"
	}
	return fmt.Sprintf("try on the host, as %s: sudo -n true", user)
}

// newSudoError reads what sudo wrote instead of starting the command. The script
// sets LC_ALL=C, so the words are these in every locale.
func newSudoError(host Target, status int, stderr []byte) *SudoError {
	said := string(bytes.TrimSpace(stderr))
	e := &SudoError{Host: host, Reason: SudoFailed, Output: lastLine(stderr)}
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(said, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("a password is required", "a terminal is required to read the password", "askpass"):
		e.Reason = SudoPassword
	case has("you must have a tty"):
		e.Reason = SudoTerminal
	case has("not in the sudoers file", "not allowed to", "may not run sudo"):
		e.Reason = SudoNotAllowed
	case status == 127:
		e.Reason = SudoMissing
	}
	return e
}
