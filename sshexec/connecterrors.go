package sshexec

import (
	"fmt"
	"strings"
)

// ConnectError is a host to which no SSH connection could be made, or whose
// connection broke before a command was sent. It matches ErrUnreachable and
// ErrNotStarted.
type ConnectError struct {
	Host Target
	Via  string // the jump host, "" when dialled directly
	Err  error
}

func (e *ConnectError) Error() string {
	s := "connect to " + e.Host.String()
	if e.Via != "" {
		s += " through " + e.Via
	}
	return s + ": " + clean(e.Err.Error())
}

// Is matches ErrUnreachable and ErrNotStarted.
func (e *ConnectError) Is(target error) bool {
	return target == ErrUnreachable || target == ErrNotStarted
}

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// AuthError is a host that accepted none of the ways to log in. It matches
// ErrNotStarted.
type AuthError struct {
	Host    Target
	Offered []string // keys that the host was offered, each with its origin
	Skipped []string // keys that were not offered, each with the reason
	Err     error
}

func (e *AuthError) Error() string {
	s := fmt.Sprintf("log in to %s: %s", e.Host, clean(e.Err.Error()))
	if len(e.Offered) > 0 {
		s += "; offered " + strings.Join(e.Offered, ", ")
	}
	if len(e.Skipped) > 0 {
		s += "; not offered: " + strings.Join(e.Skipped, ", ")
	}
	return s
}

// Is matches ErrNotStarted.
func (e *AuthError) Is(target error) bool { return target == ErrNotStarted }

// Unwrap returns the cause.
func (e *AuthError) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *AuthError) Hint() string {
	if len(e.Offered) == 0 {
		return "no key was offered: name one, or add it to the ssh agent"
	}
	return "check the user name, and that one of these keys is in its authorized_keys"
}

// ConfigError is a host for which ssh_config asks something that is not done
// here. It matches ErrNotStarted.
type ConfigError struct {
	Host string // as the caller named it
	Err  error
	hint string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("read ssh configuration for %s: %v", e.Host, e.Err)
}

// Is matches ErrNotStarted.
func (e *ConfigError) Is(target error) bool { return target == ErrNotStarted }

// Unwrap returns the cause.
func (e *ConfigError) Unwrap() error { return e.Err }

// Hint says what to do next; "" when nothing obvious.
func (e *ConfigError) Hint() string { return e.hint }

// ShellError is an account whose login shell did not run the command: nologin, a
// forced command, a start-up file that exits. It matches ErrNotStarted.
type ShellError struct {
	Host   Target
	Output string // what it said instead
}

func (e *ShellError) Error() string {
	s := fmt.Sprintf("run command on %s: the login shell did not start it", e.Host)
	if e.Output != "" {
		s += ": " + e.Output
	}
	return s
}

// Is matches ErrNotStarted.
func (e *ShellError) Is(target error) bool { return target == ErrNotStarted }
