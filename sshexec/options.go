package sshexec

import (
	"context"
	"os"
	"sync"
	"time"
)

// Defaults of Options.
const (
	DefaultConnectTimeout = 10 * time.Second
	DefaultKeepAlive      = 10 * time.Second
)

// Options is how a pool reaches hosts. The zero value does what ssh does, and
// asks nobody anything.
type Options struct {
	// Identities are private key files that are tried first (-i). One that cannot
	// be read is an error.
	Identities []string
	// ClusterKey is the key that tiup made for the cluster, tried next; "" for
	// none. It may be missing.
	ClusterKey string
	// IdentitiesOnly leaves out keys that the agent has and nobody named.
	IdentitiesOnly bool
	// Agent is the socket of an agent, "none" for no agent, "" for IdentityAgent of
	// ssh_config or $SSH_AUTH_SOCK.
	Agent string

	// ConfigFiles replaces ~/.ssh/config and /etc/ssh/ssh_config when it is not
	// nil; empty means no configuration.
	ConfigFiles []string
	// KnownHosts replaces the files of ssh_config when it is not nil. The first is
	// the one that accepted keys are added to.
	KnownHosts []string
	// HostKeys is the policy for unknown hosts.
	HostKeys HostKeyPolicy
	// Jump replaces ProxyJump of ssh_config: "user@host:port,..." or "none".
	Jump string
	// Home replaces the home directory, for "~" and the files below ~/.ssh.
	Home string

	// The three callbacks below are never called at the same time.

	// AskHostKey decides about an unknown host; nil, as off a
	// terminal, refuses.
	AskHostKey func(context.Context, UnknownHost) (bool, error)
	// Passphrase opens a private key file. It is called only once a host accepts
	// the key, and once for all hosts; again is true after a wrong one. nil leaves
	// encrypted keys out.
	Passphrase func(ctx context.Context, file string, again bool) ([]byte, error)
	// Password logs in where no key is accepted; prompt is the host's question. One
	// attempt is made per host. nil leaves it out.
	Password func(ctx context.Context, host Target, prompt string) (string, error)

	// ConnectTimeout bounds connecting and logging in, without the time that
	// somebody takes to answer; 0 for ConnectTimeout of ssh_config or
	// DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// KeepAlive is how often an idle connection is tested, and how long it may take
	// to answer; 0 for DefaultKeepAlive.
	KeepAlive time.Duration

	// Gate sees each command before it is sent; nil for none.
	Gate Gate
	// Warn gets remarks that stop nothing, such as a broken line in known_hosts;
	// nil drops them. It is called from several goroutines.
	Warn func(string)
}

func (o Options) withDefaults() Options {
	if o.Home == "" {
		// Without a home there are no files below it, which is not an error.
		o.Home, _ = os.UserHomeDir()
	}
	if o.KeepAlive <= 0 {
		o.KeepAlive = DefaultKeepAlive
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	return o.oneAtATime()
}

// oneAtATime keeps two questions from being on the terminal together.
func (o Options) oneAtATime() Options {
	var terminal sync.Mutex
	if ask := o.AskHostKey; ask != nil {
		o.AskHostKey = func(ctx context.Context, host UnknownHost) (bool, error) {
			terminal.Lock()
			defer terminal.Unlock()
			return ask(ctx, host)
		}
	}
	if ask := o.Passphrase; ask != nil {
		o.Passphrase = func(ctx context.Context, file string, again bool) ([]byte, error) {
			terminal.Lock()
			defer terminal.Unlock()
			return ask(ctx, file, again)
		}
	}
	if ask := o.Password; ask != nil {
		o.Password = func(ctx context.Context, host Target, prompt string) (string, error) {
			terminal.Lock()
			defer terminal.Unlock()
			if err := ctx.Err(); err != nil {
				return "", err
			}
			return ask(ctx, host, prompt)
		}
	}
	return o
}
