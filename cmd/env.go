package cmd

import (
	"context"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"time"

	"ebb/pdclient"
	"ebb/ui"
)

// Env is all that commands take from the outside. Tests replace parts of it.
type Env struct {
	Streams  *ui.Streams
	Prompter ui.Prompter
	Now      func() time.Time
	// Sleep returns the context's error when it ends first.
	Sleep func(ctx context.Context, d time.Duration) error
	// NewPD makes a client; it sends nothing.
	NewPD func(pdclient.Config) (*pdclient.Client, error)
	// Dial tries a TCP connection, to see whether a port answers.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Hosts makes a dialer for the machines of a cluster; it connects to nobody yet.
	Hosts func(t *target, opts *sshOptions) (hostDialer, error)
	// Run runs a child program on the terminal of this one.
	Run func(ctx context.Context, path string, args []string) error
	// Actor names who runs the program, PID the process and Args its command line,
	// for the journal.
	Actor string
	PID   int
	Args  []string
	// Printed, if set, is shown every JSON document, as it is before a jq program.
	Printed func(document []byte)
	// inShell is set for the lines of a shell.
	inShell bool
	// inScript is set for the lines of a shell without a prompt: its context ends on
	// an interrupt, and a line with one of its own could end before the script does.
	inScript bool
	// tables are the shell's own wishes about tables.
	tables ui.TableOptions
	// jsonMessages reports whether what is said on stderr is to be JSON, too; nil
	// is no.
	jsonMessages func() bool
}

func systemEnv(streams *ui.Streams) *Env {
	dialer := new(net.Dialer)
	env := &Env{
		Streams: streams, Prompter: ui.NewPrompter(streams), Now: time.Now, Sleep: sleep,
		NewPD: pdclient.New, Dial: dialer.DialContext, Run: runChild(streams), Actor: actor(), PID: os.Getpid(),
	}
	env.Hosts = sshHosts(env)
	return env
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func actor() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return name + "@" + host
}

// runChild runs a program on the terminal of this one. An interrupt reaches
// both; the child decides when it ends.
func runChild(streams *ui.Streams) func(context.Context, string, []string) error {
	return func(ctx context.Context, path string, args []string) error {
		c := exec.CommandContext(context.WithoutCancel(ctx), path, args...)
		streams.Connect(c)
		return c.Run()
	}
}

// stateDir is where the journal lives: $XDG_STATE_HOME/ebb, by default
// ~/.local/state/ebb.
func (e *Env) stateDir() string {
	base := e.Streams.Getenv("XDG_STATE_HOME")
	if base == "" {
		base = filepath.Join(e.home(), ".local", "state")
	}
	return filepath.Join(base, "ebb")
}

// home is the user's home directory, "." when nobody knows it.
func (e *Env) home() string {
	if home := e.Streams.Getenv("HOME"); home != "" {
		return home
	}
	if u, err := user.Current(); err == nil && u.HomeDir != "" {
		return u.HomeDir // under cron and systemd there may be no HOME
	}
	return "."
}
