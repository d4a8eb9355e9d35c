package sshexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// dialer makes connections to hosts.
type dialer struct {
	options  Options
	verifier verifier
	keys     keyring
}

// connector opens the byte stream below SSH: a socket, or a channel of a jump host.
type connector func(ctx context.Context, address string) (net.Conn, error)

// earlyAttempts is how often a host is tried that hangs up before the login. sshd
// does so at random when many log in at once (MaxStartups); nothing has run then.
const earlyAttempts = 3

// dial connects and logs in. via names the jump host, "" for none.
func (d *dialer) dial(ctx context.Context, r *route, connect connector, via string) (*client, error) {
	for attempt := 1; ; attempt++ {
		a := &login{dialer: d, route: r, via: via}
		c, err := a.run(ctx, connect)
		if err == nil {
			return c, nil
		}
		if !a.hungUpEarly(err) || attempt == earlyAttempts {
			return nil, err
		}
		pause := time.Duration(100+rand.IntN(400)) * time.Millisecond * time.Duration(attempt)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// login is one attempt to connect. The handshake calls back into it, and it keeps
// what it learns there, because x/crypto does not wrap all errors.
type login struct {
	dialer *dialer
	route  *route
	via    string
	clock  *deadline

	keyErr   error // the host key was refused
	authed   bool  // the host key was accepted and a way to log in tried
	offered  []offered
	skipped  []string
	offerErr error
	passErr  error // no password was given
}

func (l *login) run(ctx context.Context, connect connector) (*client, error) {
	ctx, l.clock = newDeadline(ctx, l.route.connectTimeout)
	defer l.clock.stop()
	conn, err := connect(ctx, l.route.target.address())
	if err != nil {
		return nil, l.connectError(ctx, err)
	}
	// Tunnelled connections have no deadlines; closing works for all.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	written := &firstError{Conn: conn}
	sshConn, channels, requests, err := ssh.NewClientConn(written, l.route.target.address(), l.config(ctx))
	if err != nil {
		conn.Close()
		return nil, l.classify(ctx, written.orElse(err))
	}
	if !stop() {
		_ = sshConn.Close() // it is closed already
		return nil, l.connectError(ctx, ctx.Err())
	}
	return newClient(l.route.target, ssh.NewClient(sshConn, channels, requests), l.dialer.options), nil
}

func (l *login) config(ctx context.Context) *ssh.ClientConfig {
	r := l.route
	check := hostCheck{host: r.target, name: r.keyName, files: r.knownHosts, policy: r.policy, dial: l.clock}
	config := &ssh.ClientConfig{
		User: r.target.User,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			l.keyErr = l.dialer.verifier.verify(ctx, check, key)
			return l.keyErr
		},
		Auth: []ssh.AuthMethod{ssh.PublicKeysCallback(func() ([]ssh.Signer, error) { return l.signers(ctx) })},
	}
	// A file that cannot be read is reported by verify, where it has a place.
	if keys, err := l.dialer.verifier.known.of(r.knownHosts, r.keyName, r.target.Port); err == nil {
		config.HostKeyAlgorithms = keys.algorithms()
	}
	if l.dialer.options.Password != nil {
		config.Auth = append(config.Auth,
			ssh.PasswordCallback(func() (string, error) { return l.password(ctx, "password") }),
			ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
				return l.answer(ctx, questions)
			}))
	}
	config.AuthCallback = func(*ssh.ClientAuthContext) (ssh.AuthMethod, error) {
		l.authed = true
		return nil, nil // x/crypto: choose from Auth
	}
	return config
}

func (l *login) signers(ctx context.Context) ([]ssh.Signer, error) {
	keys, skipped, err := l.dialer.keys.offer(ctx, l.route, l.clock)
	l.offered, l.skipped, l.offerErr = keys, skipped, err
	signers := make([]ssh.Signer, len(keys))
	for i, key := range keys {
		signers[i] = key.signer
	}
	return signers, err
}

// password asks once per connection: a second wrong one can lock an account on
// every host at once.
func (l *login) password(ctx context.Context, prompt string) (string, error) {
	if l.passErr != nil {
		return "", l.passErr
	}
	l.passErr = errors.New("the password was asked for once")
	defer l.clock.suspend()()
	return l.dialer.options.Password(ctx, l.route.target, prompt)
}

func (l *login) answer(ctx context.Context, questions []string) ([]string, error) {
	if len(questions) == 0 {
		return nil, nil
	}
	if len(questions) > 1 {
		return nil, fmt.Errorf("the host asks %d questions at once", len(questions))
	}
	answer, err := l.password(ctx, clean(questions[0]))
	return []string{answer}, err
}

func (l *login) connectError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case isHangUp(err):
		err = fmt.Errorf("the host hung up: %w", err)
	}
	return &ConnectError{Host: l.route.target, Via: l.via, Err: err}
}

// classify says what the end of a handshake means.
func (l *login) classify(ctx context.Context, err error) error {
	switch {
	case l.keyErr != nil:
		return l.keyErr
	case l.offerErr != nil:
		return &AuthError{Host: l.route.target, Err: l.offerErr}
	case ctx.Err() != nil, !l.authed, isHangUp(err):
		return l.connectError(ctx, err)
	}
	if cause := errors.Unwrap(err); cause != nil {
		err = cause // without "handshake failed"
	}
	e := &AuthError{Host: l.route.target, Err: err, Skipped: l.skipped}
	for _, key := range l.offered {
		e.Offered = append(e.Offered, key.String())
	}
	return e
}

// hungUpEarly reports a connection that the host dropped before any way to log in
// was tried, or while somebody here took the time to answer a question.
func (l *login) hungUpEarly(err error) bool {
	var connect *ConnectError
	return errors.As(err, &connect) && isHangUp(connect.Err) && (!l.authed || l.clock.wasAsked())
}

func isHangUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// firstError remembers how a connection broke: the handshake reports a write to a
// closed connection where the read before it said that it was reset.
type firstError struct {
	net.Conn
	read atomic.Pointer[error]
}

func (f *firstError) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if err != nil {
		f.read.CompareAndSwap(nil, &err)
	}
	return n, err
}

func (f *firstError) orElse(err error) error {
	if first := f.read.Load(); first != nil && isHangUp(*first) {
		return *first
	}
	return err
}
