package sshexec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/user"
	"strconv"
	"time"
)

// Target is a host and how to log in there.
type Target struct {
	// Host is the address to dial (manage_host in a topology), or a name that
	// ssh_config knows. IPv6 addresses come without brackets.
	Host string
	// Port is 0 to leave it to ssh_config, and 22 after that.
	Port int
	// User is "" to leave it to ssh_config, and the local user after that.
	User string
}

// String is user@host:port; what is not known is left out.
func (t Target) String() string {
	s := t.Host
	if t.Port != 0 {
		s = net.JoinHostPort(t.Host, strconv.Itoa(t.Port))
	}
	if t.User != "" {
		s = t.User + "@" + s
	}
	return s
}

func (t Target) address() string { return net.JoinHostPort(t.Host, strconv.Itoa(t.Port)) }

func localUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// DefaultTimeout bounds a command whose Timeout is 0.
const DefaultTimeout = time.Minute

// Cmd is one command. It is started directly: no shell expands anything in it.
type Cmd struct {
	// Argv is the program and its arguments, any bytes but NUL.
	Argv []string
	// Stdin is read to its end before the command starts, at most MaxStdin bytes.
	// nil is an empty input.
	Stdin io.Reader
	// Timeout after which the host ends the command; 0 means DefaultTimeout. A
	// deadline of the context counts as well, as a cancellation.
	Timeout time.Duration
	// Sudo runs it as root. Set by [Sudo]; there for runners to obey.
	Sudo bool
	// Sensitive hides the arguments from the gate and from errors. They are still
	// to be seen in the host's process list: a secret belongs into Stdin.
	Sensitive bool
}

// MaxStdin bounds the input of a command, which is held in memory at both ends.
const MaxStdin = 1 << 20

// ErrStdinTooLong means that the input of a command exceeds MaxStdin.
var ErrStdinTooLong = errors.New("input is too long")

// String is the command as a line for people: quoted, with sudo in front, and
// without arguments when they are sensitive. It never fails; a NUL byte, which
// cannot run, is left out.
func (c Cmd) String() string {
	argv := c.Argv
	var hidden string
	if c.Sensitive && len(argv) > 1 {
		hidden = fmt.Sprintf(" [arguments hidden: %d]", len(argv)-1)
		argv = argv[:1]
	}
	line := ""
	for i, arg := range argv {
		if i > 0 {
			line += " "
		}
		line += Quote(string(bytes.ReplaceAll([]byte(arg), []byte{0}, nil)))
	}
	if c.Sudo {
		line = "sudo -n -- " + line
	}
	return line + hidden
}

func (c Cmd) timeout() time.Duration {
	if c.Timeout <= 0 {
		return DefaultTimeout
	}
	return c.Timeout
}

func (c Cmd) readStdin() ([]byte, error) {
	if c.Stdin == nil {
		return nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(c.Stdin, MaxStdin+1))
	if err != nil {
		return nil, fmt.Errorf("read input of %s: %w", c, err)
	}
	if len(data) > MaxStdin {
		return nil, fmt.Errorf("read input of %s: %w: more than %d bytes", c, ErrStdinTooLong, MaxStdin)
	}
	return data, nil
}

// MaxOutput bounds what is kept of each stream of a command; the rest is read and
// dropped.
const MaxOutput = 4 << 20

// Output is what a command wrote. It comes with an error too, as far as it got.
type Output struct {
	Stdout []byte
	Stderr []byte
	// Truncated: one of the streams exceeded MaxOutput, so the output must not be
	// taken for complete.
	Truncated bool
	// Duration from sending the command until its end was known.
	Duration time.Duration
}

// Runner runs commands somewhere. A nil error means that the command ended with
// status 0.
type Runner interface {
	Run(ctx context.Context, cmd Cmd) (Output, error)
}

// Gate sees every command before it is sent, as the line that [Cmd.String] gives:
// with sudo in front and without sensitive arguments. An error keeps it from
// being sent; it comes back in a [GateError].
type Gate func(ctx context.Context, host Target, command string) error

// Sudo runs the commands of r as root. The host must let the login user do so
// without a password; otherwise a command fails at once with a [SudoError].
// Services under systemd_mode "user" need none of this.
func Sudo(r Runner) Runner { return sudoRunner{r} }

type sudoRunner struct{ inner Runner }

func (s sudoRunner) Run(ctx context.Context, cmd Cmd) (Output, error) {
	cmd.Sudo = true
	return s.inner.Run(ctx, cmd)
}
