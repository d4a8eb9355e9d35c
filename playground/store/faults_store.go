package store

import (
	"context"
	"fmt"
)

// StopStore ends a store's process as kill -9 would: its ports close, its
// heartbeats stop, its state stays. Regions it led elect new leaders after the
// election timeout if a majority is left. Stopping a stopped store does nothing.
//
// A hosted store's process is killed, and its unit stays down.
func (f *Fleet) StopStore(id uint64) error {
	if spec, hosted := f.hosted(id); hosted {
		return f.throughHost(id, false, func() error { return f.cfg.Machines.KillStore(spec) })
	}
	f.life.Lock()
	defer f.life.Unlock()
	return f.halt(id)
}

// StartStore starts a stopped store again, with the state it had: it registers
// with PD (PutStore), heartbeats, and its peers vote. A store that PD calls
// Tombstone runs too, but PD refuses everything it says. Starting a running
// store does nothing; a forgotten one cannot be started.
func (f *Fleet) StartStore(id uint64) error {
	if spec, hosted := f.hosted(id); hosted {
		return f.startHosted(id, spec)
	}
	f.life.Lock()
	defer f.life.Unlock()
	s, running, err := f.startable(id)
	if err != nil || running {
		return err
	}
	spec := s.spec
	open, err := openPorts(&spec)
	if err != nil {
		return fmt.Errorf("start store %d: %w", id, err)
	}
	f.launch(s, open)
	return nil
}

// startable returns a store that may be started, or runs. The caller holds
// f.life.
func (f *Fleet) startable(id uint64) (s *member, running bool, err error) {
	if err := f.checkOpen(); err != nil {
		return nil, false, fmt.Errorf("start store %d: %w", id, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err = f.member(id)
	switch {
	case err != nil:
		return nil, false, err
	case s.forgotten:
		return nil, false, fmt.Errorf("start store %d: %w: its process is gone for good", id, ErrConflict)
	}
	return s, s.running, nil
}

// RestartStore stops a store and starts it again.
func (f *Fleet) RestartStore(id uint64) error {
	if err := f.StopStore(id); err != nil {
		return err
	}
	return f.StartStore(id)
}

// ForgetStore ends a store's process for good, as if its machine had burnt. It
// stays in the lists, so that its peers can still be counted as lost.
func (f *Fleet) ForgetStore(id uint64) error {
	if spec, hosted := f.hosted(id); hosted {
		if err := f.throughHost(id, false, func() error { return f.cfg.Machines.Burn(spec) }); err != nil {
			return err
		}
	}
	f.life.Lock()
	defer f.life.Unlock()
	if err := f.halt(id); err != nil {
		return err
	}
	f.withSim(func(m *sim) { m.stores[id].forgotten = true })
	return nil
}

// AddStore starts one more store, empty, with an id from PD, and returns when PD
// has taken its first heartbeat.
func (f *Fleet) AddStore(ctx context.Context, spec Spec) (uint64, error) {
	spec = spec.withDefaults()
	if err := spec.validate(); err != nil {
		return 0, err
	}
	id, err := f.pd.allocID(ctx)
	if err != nil {
		return 0, err
	}
	proc, err := f.addMember(id, spec)
	if err != nil {
		return 0, fmt.Errorf("add store: %w", err)
	}
	return id, f.awaitJoined(ctx, []*process{proc})
}

func (f *Fleet) addMember(id uint64, spec Spec) (*process, error) {
	f.life.Lock()
	defer f.life.Unlock()
	if err := f.checkOpen(); err != nil {
		return nil, err
	}
	if spec.Hosted {
		return nil, fmt.Errorf("%w: a store that is added later has no host", ErrConflict)
	}
	open, err := openPorts(&spec)
	if err != nil {
		return nil, err
	}
	var s *member
	f.withSim(func(m *sim) { s = m.addStore(id, spec) })
	return f.launch(s, open), nil
}

// checkOpen keeps a store from being started behind Close's back. The caller
// holds f.life.
func (f *Fleet) checkOpen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return fmt.Errorf("%w: the stores are being shut down", ErrConflict)
	}
	return nil
}

// Slowness is what SlowStore changes. Nil fields keep their value.
type Slowness struct {
	// Factor divides the store's snapshot bandwidth and multiplies its operator
	// delay; 1 is normal.
	Factor *float64 `json:"factor,omitempty"`
	// Score is TiKV's slow score, 1 (well) to 100; PD evicts leaders at 80.
	Score *uint64 `json:"slow_score,omitempty"`
	// Busy is reported as is_busy: PD sends the store no new peers.
	Busy *bool `json:"busy,omitempty"`
}

// SlowStore makes a store slow, or well again.
func (f *Fleet) SlowStore(id uint64, how Slowness) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.member(id)
	if err != nil {
		return err
	}
	if how.Factor != nil {
		if *how.Factor <= 0 {
			return fmt.Errorf("slow store %d: %w: factor %v is not above 0", id, ErrConflict, *how.Factor)
		}
		s.slowFactor = *how.Factor
	}
	if how.Score != nil {
		s.slowScore = *how.Score
	}
	if how.Busy != nil {
		s.busy = *how.Busy
	}
	return nil
}

// FillStore makes a store report that this fraction (0 to 1) of its capacity is
// used, by putting something beside its regions. It never goes below what the
// regions take; above 0.8 PD calls the store low on space.
func (f *Fleet) FillStore(id uint64, fraction float64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.member(id)
	if err != nil {
		return err
	}
	if fraction < 0 || fraction > 1 {
		return fmt.Errorf("fill store %d: %w: fraction %v is not between 0 and 1", id, ErrConflict, fraction)
	}
	want := int64(float64(s.spec.Capacity)*fraction) >> 20
	s.ballast = max(0, want-s.size-baseSize)
	return nil
}

// Obedience says whether stores carry out PD's orders.
type Obedience struct {
	Store  uint64 `json:"store,omitempty"` // 0 is all stores
	Ignore bool   `json:"ignore"`
}

// IgnoreOperators makes the leaders on a store, or on all, deaf to PD's orders;
// operators then run into PD's timeouts.
func (f *Fleet) IgnoreOperators(o Obedience) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if o.Store != 0 {
		s, err := f.member(o.Store)
		if err != nil {
			return err
		}
		s.ignore = o.Ignore
		return nil
	}
	for _, s := range f.sim.stores {
		s.ignore = o.Ignore
	}
	return nil
}
