package store

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"ebb/playground/wire"
)

// Machines start and end the processes of hosted stores, as an operator would.
type Machines interface {
	// StartStore starts the store's unit.
	StartStore(spec Spec) error
	// KillStore kills the store's process and keeps its unit from starting it.
	KillStore(spec Spec) error
	// Burn ends the store's host for good.
	Burn(spec Spec) error
}

// hostTimeout bounds what a host takes to start or end a process.
const hostTimeout = 15 * time.Second

// hostPause is the wait between two looks at a hosted store.
const hostPause = 5 * time.Millisecond

// hosted returns the description of a store if it is hosted.
func (f *Fleet) hosted(id uint64) (Spec, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sim.stores[id]
	if s == nil || !s.spec.Hosted {
		return Spec{}, false
	}
	return s.spec, true
}

func (f *Fleet) startHosted(id uint64, spec Spec) error {
	f.life.Lock()
	_, running, err := f.startable(id)
	f.life.Unlock()
	if err != nil || running {
		return err
	}
	return f.throughHost(id, true, func() error { return f.cfg.Machines.StartStore(spec) })
}

// throughHost has a host change something, and returns when the store runs, or
// does not, as it should then.
func (f *Fleet) throughHost(id uint64, runs bool, change func() error) error {
	if err := change(); err != nil {
		return fmt.Errorf("change store %d: %w", id, err)
	}
	for deadline := time.Now().Add(hostTimeout); ; time.Sleep(hostPause) {
		s, err := f.Store(id)
		if err != nil || s.Running == runs {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("change store %d: %w: its process does not follow", id, ErrConflict)
		}
	}
}

// welcome takes the reports of store processes until the fleet closes.
func (f *Fleet) welcome(reports net.Listener) {
	defer f.wg.Done()
	for {
		conn, err := reports.Accept()
		if err != nil {
			return
		}
		// Not in f.wg: it waits for the process at the other end, which is no
		// child of this one.
		go f.hear(conn)
	}
}

// hear serves one connection of a store process.
func (f *Fleet) hear(conn net.Conn) {
	// Not a JSON decoder: it would take some of what follows.
	reader := bufio.NewReader(conn)
	line, err := reader.ReadBytes('\n')
	var hello wire.Hello
	if err != nil || json.Unmarshal(line, &hello) != nil {
		conn.Close()
		return
	}
	if hello.Status {
		f.serveStatus(hello.Store, &replayed{Conn: conn, r: reader})
		return
	}
	defer conn.Close()
	var answer wire.Welcome
	proc, err := f.attach(hello.Store, conn)
	if err != nil {
		answer.Refused = err.Error()
		f.log.Warn("store process refused", "address", hello.Store, "err", err)
	}
	if json.NewEncoder(conn).Encode(answer) == nil && err == nil {
		// It says nothing more until it ends.
		_, _ = io.Copy(io.Discard, conn)
	}
	if proc != nil {
		f.detach(proc)
	}
}

// attach starts a store whose process has reported.
func (f *Fleet) attach(address string, link net.Conn) (*process, error) {
	for deadline := time.Now().Add(hostTimeout); ; time.Sleep(hostPause) {
		proc, err := f.tryAttach(address, link)
		// The end of the process before is heard in another goroutine.
		if !errors.Is(err, errStillRuns) || time.Now().After(deadline) {
			return proc, err
		}
	}
}

var errStillRuns = errors.New("another process of this store runs")

func (f *Fleet) tryAttach(address string, link net.Conn) (*process, error) {
	f.life.Lock()
	defer f.life.Unlock()
	s := f.hostedAt(address)
	if s == nil {
		return nil, fmt.Errorf("start store %s: %w", address, ErrNotFound)
	}
	_, running, err := f.startable(s.id)
	switch {
	case err != nil:
		return nil, err
	case running:
		return nil, errStillRuns
	}
	return f.launch(s, &ports{status: newHandoff(), link: link}), nil
}

func (f *Fleet) hostedAt(address string) *member {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sim.stores {
		if s.spec.Hosted && s.spec.address() == address {
			return s
		}
	}
	return nil
}

// detach stops a store whose process has ended.
func (f *Fleet) detach(proc *process) {
	f.life.Lock()
	defer f.life.Unlock()
	if f.procs[proc.store.id] != proc {
		return // it was stopped from this side, and may run again
	}
	if err := f.halt(proc.store.id); err != nil {
		f.log.Error("store process ended", "store", proc.store.id, "err", err)
	}
}

// processes returns the running process of each store. Hosted ones may take
// their time.
func (f *Fleet) processes(ctx context.Context, members []*member) ([]*process, error) {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	running := make([]*process, len(members))
	for i, s := range members {
		for {
			f.life.Lock()
			running[i] = f.procs[s.id]
			f.life.Unlock()
			if running[i] != nil {
				break
			}
			if sleep(ctx, hostPause) != nil {
				return nil, fmt.Errorf("wait for the process of store %d (%s): %w", s.id, s.spec.address(), ctx.Err())
			}
		}
	}
	return running, nil
}

// serveStatus hands a connection to the status server of a store.
func (f *Fleet) serveStatus(address string, conn net.Conn) {
	var status net.Listener
	f.life.Lock()
	if s := f.hostedAt(address); s != nil && f.procs[s.id] != nil {
		status = f.procs[s.id].ports.status
	}
	f.life.Unlock()
	if at, ok := status.(*handoff); !ok || !at.give(conn) {
		conn.Close()
	}
}
