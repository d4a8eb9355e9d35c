package sshexec

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"
)

// failureMemory is how long a failed connection is not tried again. It keeps 200
// hosts behind a jump host that is down from waiting for it one after another,
// and a wrong password from being sent to the same host by every command.
const failureMemory = 5 * time.Second

// maxJumps bounds a chain of jump hosts.
const maxJumps = 8

// Pool holds one connection to each host it was asked for, jump hosts among them.
// It is safe for concurrent use.
type Pool struct {
	options Options
	config  *configuration
	dialer  dialer

	mu     sync.Mutex
	routes map[Target]*route
	hosts  map[string]*host
	closed bool
}

// host is one place that connections are made to.
type host struct {
	// turn is held by the one who connects; a channel, so that waiting for it ends
	// with the context.
	turn     chan struct{}
	client   *client // nil until connected
	failed   error   // of the last attempt
	failedAt time.Time
}

// NewPool makes a pool. Nothing is read or dialled before the first command.
func NewPool(options Options) *Pool {
	o := options.withDefaults()
	p := &Pool{options: o, config: newConfiguration(o), routes: map[Target]*route{}, hosts: map[string]*host{}}
	p.dialer.options = o
	p.dialer.verifier.known = newKnownHosts(o.Warn)
	p.dialer.verifier.ask = o.AskHostKey
	p.dialer.keys.options = o
	return p
}

// Close ends all connections. A command that is running is lost.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	hosts := p.hosts
	p.hosts = map[string]*host{}
	p.mu.Unlock()
	var wg sync.WaitGroup
	for _, h := range hosts {
		wg.Go(func() {
			h.turn <- struct{}{} // never given back: nobody connects any more
			if h.client != nil {
				h.client.close()
			}
		})
	}
	wg.Wait()
	p.dialer.keys.agents.close()
}

// Host returns the runner of a host. It connects when the first command runs, and
// again when the connection has broken in between.
func (p *Pool) Host(t Target) Runner { return hostRunner{p, t} }

type hostRunner struct {
	pool   *Pool
	target Target
}

// Run sends the command once. When the connection turns out to be broken before
// that, another one is made.
func (h hostRunner) Run(ctx context.Context, cmd Cmd) (Output, error) {
	command, err := prepare(cmd)
	if err != nil {
		return Output{}, err
	}
	r, err := h.pool.route(ctx, h.target)
	if err != nil {
		return Output{}, err
	}
	c, err := h.pool.connect(ctx, r)
	if err != nil {
		return Output{}, err
	}
	if err := h.pool.pass(ctx, c.host, cmd); err != nil {
		return Output{}, err
	}
	out, err := c.run(ctx, command)
	if !errors.Is(err, errUnusedConnection) {
		return out, err
	}
	if c, err = h.pool.connect(ctx, r); err != nil {
		return Output{}, err
	}
	if out, err = c.run(ctx, command); errors.Is(err, errUnusedConnection) {
		err = &ConnectError{Host: c.host, Err: c.because(err)}
	}
	return out, err
}

// pass shows the command to the gate.
func (p *Pool) pass(ctx context.Context, t Target, cmd Cmd) error {
	if p.options.Gate == nil {
		return nil
	}
	if err := p.options.Gate(ctx, t, cmd.String()); err != nil {
		return &GateError{Host: t, Command: cmd.String(), Err: err}
	}
	return nil
}

// Connect makes the connection to a host now and returns who it is once
// configuration has had its say, without running anything.
func (p *Pool) Connect(ctx context.Context, t Target) (Target, error) {
	r, err := p.route(ctx, t)
	if err != nil {
		return Target{}, err
	}
	_, err = p.connect(ctx, r)
	return r.target, err
}

// route resolves a host and those that lead to it, once.
func (p *Pool) route(ctx context.Context, t Target) (*route, error) {
	p.mu.Lock()
	r := p.routes[t]
	p.mu.Unlock()
	if r != nil {
		return r, nil
	}
	r, err := p.resolve(ctx, t, p.options.Jump, nil)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.routes[t] = r
	return r, nil
}

// resolve finds a loop before anything is dialled: hosts that wait for each other
// would wait for ever. behind lists the hosts that are to be reached through t.
func (p *Pool) resolve(ctx context.Context, t Target, jump string, behind []string) (*route, error) {
	r, err := resolve(ctx, p.options, p.config, t, jump)
	if err != nil || r.jump == nil {
		return r, err
	}
	here := r.target.String() + " via " + r.jumpRest + "," + r.jump.String()
	if slices.Contains(behind, here) || len(behind) == maxJumps {
		return nil, &ConfigError{Host: t.Host, Err: errJumpLoop}
	}
	r.via, err = p.resolve(ctx, *r.jump, r.jumpRest, append(behind, here))
	return r, err
}

// connect returns the connection to a host, made if necessary.
func (p *Pool) connect(ctx context.Context, r *route) (*client, error) {
	h, err := p.host(r.key())
	if err != nil {
		return nil, &ConnectError{Host: r.target, Err: err}
	}
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return nil, &ConnectError{Host: r.target, Err: context.Cause(ctx)}
	}
	switch {
	case p.isClosed():
		return nil, &ConnectError{Host: r.target, Err: errClosed}
	case h.client != nil && !h.client.dead():
		return h.client, nil
	case h.failed != nil && time.Since(h.failedAt) < failureMemory:
		return nil, h.failed
	}
	if h.client != nil {
		h.client.close()
		h.client = nil
	}
	h.client, err = p.dial(ctx, r)
	if h.failed = err; err != nil {
		h.failedAt = time.Now()
		if ctx.Err() != nil {
			h.failed = nil // says nothing about the host
		}
		return nil, err
	}
	return h.client, nil
}

func (p *Pool) host(key string) (*host, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	h := p.hosts[key]
	if h == nil {
		h = &host{turn: make(chan struct{}, 1)}
		p.hosts[key] = h
	}
	return h, nil
}

func (p *Pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// dial connects directly, or through the jump host after connecting to that.
func (p *Pool) dial(ctx context.Context, r *route) (*client, error) {
	if r.via == nil {
		direct := func(ctx context.Context, address string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}
		return p.dialer.dial(ctx, r, direct, "")
	}
	via := r.via.target.String()
	jump, err := p.connect(ctx, r.via)
	if err != nil {
		return nil, &ConnectError{Host: r.target, Via: via, Err: err}
	}
	return p.dialer.dial(ctx, r, jump.dialThrough, via)
}
