package sshexec

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxSessions is how many commands run at once on one connection; sshd allows 10
// (MaxSessions).
const maxSessions = 8

// errKeepAlive is the cause of a connection that was given up.
var errKeepAlive = errors.New("the host has stopped answering")

// client is one connection to one host.
type client struct {
	host  Target
	ssh   *ssh.Client
	gate  Gate
	slots chan struct{}
	gone  chan struct{} // closed when the connection has ended
	wg    sync.WaitGroup

	mu    sync.Mutex
	cause error // why it was closed from here
}

func newClient(host Target, conn *ssh.Client, o Options) *client {
	c := &client{
		host: host, ssh: conn, gate: o.Gate,
		slots: make(chan struct{}, maxSessions), gone: make(chan struct{}),
	}
	c.wg.Go(func() {
		_ = conn.Wait() // its error is that of every command
		close(c.gone)
	})
	c.wg.Go(func() { c.keepAlive(o.KeepAlive) })
	return c
}

// dead reports whether the connection has ended.
func (c *client) dead() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// broken is dead, for a moment after an error: the end of a connection is known
// to what was running on it first.
func (c *client) broken() bool {
	select {
	case <-c.gone:
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}

// keepAlive asks the host for a sign of life and closes the connection without
// one. A refusal is one, too: OpenSSH answers that it does not know the request.
func (c *client) keepAlive(interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-c.gone:
			return
		case <-ticker.C:
		}
		answered := make(chan struct{})
		c.wg.Go(func() {
			_, _, err := c.ssh.SendRequest("keepalive@openssh.com", true, nil)
			if err == nil {
				close(answered)
			}
		})
		timeout := time.NewTimer(interval)
		select {
		case <-answered:
		case <-c.gone:
		case <-timeout.C:
			c.closeWith(errKeepAlive)
		}
		timeout.Stop()
	}
}

func (c *client) closeWith(cause error) {
	c.mu.Lock()
	if c.cause == nil {
		c.cause = cause
	}
	c.mu.Unlock()
	_ = c.ssh.Close() // it may be closed already
}

// because prefers the reason for which the connection was closed here over what
// followed from it.
func (c *client) because(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return c.cause
	}
	return err
}

// close ends the connection and waits for everything that used it.
func (c *client) close() {
	c.closeWith(errClosed)
	c.wg.Wait()
}

// dialThrough opens a connection that the host makes for us.
func (c *client) dialThrough(ctx context.Context, address string) (net.Conn, error) {
	return c.ssh.DialContext(ctx, "tcp", address)
}
