package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"ebb/decommission"
	"ebb/sshexec"
)

// sshHosts makes a dialer that logs in as tiup does: as the topology's user,
// with the key that tiup made for the cluster, and then with the user's own.
func sshHosts(env *Env) func(*target, *sshOptions) (hostDialer, error) {
	return func(t *target, opts *sshOptions) (hostDialer, error) {
		options := sshexec.Options{
			Identities: opts.identities, KnownHosts: opts.knownHosts, ClusterKey: t.sshKey, Home: env.home(),
			ConnectTimeout: opts.timeout, HostKeys: sshexec.HostKeysStrict,
			Warn: func(text string) { env.say(kindWarning, "%s", text) },
		}
		if opts.acceptNew {
			options.HostKeys = sshexec.HostKeysAcceptNew
		}
		if env.Streams.CanPrompt() {
			env.askOverSSH(&options, opts.acceptNew)
		}
		user := opts.user
		if user == "" {
			user = t.topology.User
		}
		return &sshDialer{pool: sshexec.NewPool(options), user: user}, nil
	}
}

// askOverSSH lets the person at the terminal answer what SSH wants to know.
func (e *Env) askOverSSH(options *sshexec.Options, acceptNew bool) {
	if !acceptNew {
		options.HostKeys = sshexec.HostKeysAsk
		options.AskHostKey = func(ctx context.Context, h sshexec.UnknownHost) (bool, error) {
			return e.Prompter.Confirm(ctx, fmt.Sprintf("The key of host %s is not known: %s %s. Accept it?", h.Host, h.Type, h.Fingerprint))
		}
	}
	options.Passphrase = func(ctx context.Context, file string, again bool) ([]byte, error) {
		question := "Passphrase of " + file
		if again {
			question = "Wrong. " + question
		}
		secret, err := e.Prompter.Secret(ctx, question)
		return []byte(secret), err
	}
	options.Password = func(ctx context.Context, host sshexec.Target, prompt string) (string, error) {
		return e.Prompter.Secret(ctx, fmt.Sprintf("%s: %s", host, strings.TrimSpace(prompt)))
	}
}

type sshDialer struct {
	pool *sshexec.Pool
	user string
}

func (d *sshDialer) Close() error {
	d.pool.Close()
	return nil
}

func (d *sshDialer) Host(ctx context.Context, address string, sudo bool) (decommission.Host, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	target := sshexec.Target{Host: host, Port: n, User: d.user}
	if _, err := d.pool.Connect(ctx, target); err != nil {
		return nil, err
	}
	runner := d.pool.Host(target)
	if sudo && d.user != "root" {
		runner = sshexec.Sudo(runner)
	}
	return &sshHost{runner}, nil
}

// sshHost is a decommission.Host over SSH.
type sshHost struct{ runner sshexec.Runner }

func (h *sshHost) Run(ctx context.Context, c decommission.Command) (string, error) {
	cmd := sshexec.Cmd{Argv: c.Argv, Timeout: c.Timeout}
	if c.Stdin != "" {
		cmd.Stdin = strings.NewReader(c.Stdin)
	}
	out, err := h.runner.Run(ctx, cmd)
	var exit *sshexec.ExitError
	switch {
	case errors.As(err, &exit):
		return string(out.Stdout), &exitStatusError{err, exit.Status}
	case err != nil:
		return string(out.Stdout), err
	case out.Truncated:
		return "", fmt.Errorf("run %s: its output is too long to be whole", cmd)
	}
	return string(out.Stdout), nil
}

// exitStatusError is a command that ended with a status, in the form that
// package decommission looks for.
type exitStatusError struct {
	error
	status int
}

func (e *exitStatusError) ExitStatus() int { return e.status }
func (e *exitStatusError) Unwrap() error   { return e.error }
