package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Errors that callers tell apart.
var (
	// ErrNotFound: no such store, region or peer in the simulation.
	ErrNotFound = errors.New("not in the simulation")
	// ErrConflict: the request is understood, but not possible as things are.
	ErrConflict = errors.New("not possible now")
)

// Fleet is a running set of simulated stores. All methods are safe for
// concurrent use.
type Fleet struct {
	cfg Config
	log *slog.Logger
	pd  *pdClient

	mu     sync.Mutex // guards sim and closed
	sim    *sim
	closed bool

	life  sync.Mutex // guards procs; serialises starting and stopping stores
	procs map[uint64]*process

	wake chan struct{}
	quit chan struct{}
	wg   sync.WaitGroup
}

// Start brings up the stores of cfg. An empty cluster is bootstrapped and given
// cfg.Regions regions; a cluster that is bootstrapped already is joined: stores
// whose addresses PD knows take their old ids and the regions that PD says are
// on them. Start returns when PD has taken a heartbeat of every store and every
// region. ctx limits Start only; the fleet runs until Close.
func Start(ctx context.Context, cfg Config) (*Fleet, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	f := &Fleet{
		cfg: cfg, log: cfg.Log, pd: newPDClient(cfg.PD, cfg.TLS, cfg.Log), procs: map[uint64]*process{},
		sim:  newSim(cfg.Timing, cfg.Seed, time.Now),
		wake: make(chan struct{}, 1), quit: make(chan struct{}),
	}
	f.sim.askSplit = f.askSplit
	f.sim.wake = func() {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
	f.wg.Add(1)
	go f.run()
	if err := f.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start stores: %w", err), f.Close())
	}
	return f, nil
}

// run is the model's clock.
func (f *Fleet) run() {
	defer f.wg.Done()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		f.mu.Lock()
		wait := f.sim.advance()
		f.mu.Unlock()
		next.Reset(wait)
		select {
		case <-f.quit:
			return
		case <-f.wake:
		case <-next.C:
		}
	}
}

// Close stops all stores and frees their ports. It does not wait for PD.
func (f *Fleet) Close() error {
	f.mu.Lock()
	done := f.closed
	f.closed = true
	f.mu.Unlock()
	if done {
		return nil
	}
	close(f.quit)
	if f.cfg.Processes != nil {
		f.cfg.Processes.Close()
	}
	f.stopAll()
	f.wg.Wait()
	f.pd.close()
	return nil
}

func (f *Fleet) stopAll() {
	f.life.Lock()
	defer f.life.Unlock()
	var stopping sync.WaitGroup
	for _, p := range f.procs {
		stopping.Go(p.stop)
	}
	stopping.Wait()
}

// background runs fn beside the model until it returns or the fleet closes. The
// caller holds f.mu.
func (f *Fleet) background(fn func(ctx context.Context)) {
	if f.closed {
		return
	}
	f.wg.Go(func() {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			select {
			case <-f.quit:
				cancel()
			case <-ctx.Done():
			}
		}()
		fn(ctx)
	})
}

// withSim runs fn with the model locked.
func (f *Fleet) withSim(fn func(m *sim)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn(f.sim)
}

// launch starts a store's process and its model. The caller holds f.life.
func (f *Fleet) launch(s *member, p *ports) *process {
	proc := f.spawn(s, p)
	f.procs[s.id] = proc
	f.withSim(func(m *sim) { m.start(s) })
	return proc
}

// halt ends a store's process and its part in the model, if it runs. The caller
// holds f.life.
func (f *Fleet) halt(id uint64) error {
	f.mu.Lock()
	s, err := f.member(id)
	if err == nil && s.running {
		f.sim.stop(s)
	}
	f.mu.Unlock()
	if err != nil {
		return err
	}
	if p := f.procs[id]; p != nil {
		p.stop()
		delete(f.procs, id)
	}
	return nil
}
