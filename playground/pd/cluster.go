package pd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

const (
	// startTimeout bounds the start when the caller's context does not. Three
	// embedded members need about three seconds on an idle machine.
	startTimeout = 2 * time.Minute

	// closeTimeout bounds Close. An embedded PD cannot be made to end, only
	// asked; the process is about to end anyway, and the data survives a crash.
	closeTimeout = 5 * time.Second
)

// Cluster is a running PD cluster. Its methods may be called concurrently.
type Cluster struct {
	cfg       Config
	endpoints []endpoint
	api       *API
	tls       *tls.Config

	mu       sync.Mutex
	running  map[string]member
	starting map[string]bool
}

// Start starts a new cluster, or one whose data is in cfg.Dir, and returns when
// a leader serves. ctx bounds the start only; the cluster runs until Close.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	cfg.applyDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("create PD directory: %w", err)
	}
	if cfg.ServerBinary != "" {
		path, err := exec.LookPath(cfg.ServerBinary)
		if err != nil {
			return nil, fmt.Errorf("find pd-server: %w", err)
		}
		cfg.ServerBinary = path
	}
	c := &Cluster{
		cfg:       cfg,
		endpoints: cfg.endpoints(),
		running:   make(map[string]member),
		starting:  make(map[string]bool),
	}
	var err error
	if c.tls, err = cfg.TLS.Config(); err != nil {
		return nil, err
	}
	c.api = NewAPI(c.Endpoints(), c.tls)
	for _, e := range c.endpoints {
		if err := writeConfigFile(&c.cfg, e, c.endpoints); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.startAll(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// startAll starts the members concurrently, because none gets past etcd's start
// alone, and waits for a leader.
func (c *Cluster) startAll(ctx context.Context) error {
	if c.cfg.ServerBinary == "" {
		setReleaseVersion(c.cfg.Version)
	}
	failures := make([]error, len(c.endpoints))
	// One member that cannot start leaves the others waiting for a quorum.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	for i, e := range c.endpoints {
		group.Go(func() {
			if failures[i] = c.startOne(ctx, e); failures[i] != nil {
				cancel()
			}
		})
	}
	group.Wait()
	for _, err := range failures {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	return c.api.awaitLeader(ctx, func(string) bool { return true })
}

// startOne starts one member and waits until it knows a leader.
func (c *Cluster) startOne(ctx context.Context, e endpoint) error {
	if c.cfg.ServerBinary == "" {
		m, err := startEmbedded(ctx, e)
		if err != nil {
			return err
		}
		c.setRunning(e.name, m)
		return NewAPI([]string{e.clientURL}, c.tls).awaitLeader(ctx, func(string) bool { return true })
	}
	p, err := startProcess(c.cfg.ServerBinary, e)
	if err != nil {
		return err
	}
	c.setRunning(e.name, p)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if err := p.watch(ctx); err != nil {
			cancel(err)
		}
	}()
	if err := NewAPI([]string{e.clientURL}, c.tls).awaitLeader(ctx, func(string) bool { return true }); err != nil {
		if exited := (*ExitedError)(nil); errors.As(context.Cause(ctx), &exited) {
			return exited
		}
		return err
	}
	return nil
}

// Endpoints returns the client URL of every member, running or not.
func (c *Cluster) Endpoints() []string {
	urls := make([]string, len(c.endpoints))
	for i, e := range c.endpoints {
		urls[i] = e.clientURL
	}
	return urls
}

// Members returns the names of all members, running or not.
func (c *Cluster) Members() []string {
	names := make([]string, len(c.endpoints))
	for i, e := range c.endpoints {
		names[i] = e.name
	}
	return names
}

// Leader returns the name of the PD leader.
func (c *Cluster) Leader(ctx context.Context) (string, error) { return c.api.Leader(ctx) }

// TransferLeader moves the leadership to the named member, or, with an empty
// name, to any other, and returns when the new leader serves.
func (c *Cluster) TransferLeader(ctx context.Context, to string) error {
	if to != "" {
		if _, err := c.find(to); err != nil {
			return err
		}
	}
	return c.api.TransferLeader(ctx, to)
}

// StopMember kills a member: a pd-server by SIGKILL, an embedded one by breaking
// its connections and leaving its lease to expire. It does not wait for the
// others to elect a new leader, and is not stopped by ctx once it has begun.
func (c *Cluster) StopMember(ctx context.Context, name string) error {
	if _, err := c.find(name); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stop PD member %q: %w", name, err)
	}
	c.mu.Lock()
	m, ok := c.running[name]
	delete(c.running, name)
	c.mu.Unlock()
	if !ok {
		return &MemberStateError{Name: name}
	}
	return m.kill()
}

// StartMember starts a stopped member on the data it left behind and returns
// when the member knows a leader.
func (c *Cluster) StartMember(ctx context.Context, name string) error {
	e, err := c.find(name)
	if err != nil {
		return err
	}
	c.mu.Lock()
	m, started := c.running[name]
	busy := c.starting[name] || (started && m.alive())
	if !busy {
		c.starting[name] = true
	}
	c.mu.Unlock()
	if busy {
		return &MemberStateError{Name: name, Running: true}
	}
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.starting, name)
	}()
	return c.startOne(ctx, e)
}

// Close ends all members at once: one after another, the last ones would wait in
// vain for a quorum. It returns within a few seconds whatever PD does.
func (c *Cluster) Close() error {
	c.mu.Lock()
	running := c.running
	c.running = make(map[string]member)
	c.mu.Unlock()

	done := make(chan error, len(running))
	for _, m := range running {
		go func() { done <- m.kill() }()
	}
	timeout := time.NewTimer(closeTimeout)
	defer timeout.Stop()
	failures := make([]error, 0, len(running))
	for range running {
		select {
		case err := <-done:
			failures = append(failures, err)
		case <-timeout.C:
			failures = append(failures, fmt.Errorf("close PD: not finished after %v", closeTimeout))
			return errors.Join(failures...)
		}
	}
	return errors.Join(failures...)
}

func (c *Cluster) setRunning(name string, m member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running[name] = m
}
