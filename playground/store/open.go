package store

import (
	"context"
	"fmt"
	"time"

	"github.com/pingcap/kvproto/pkg/metapb"
)

// joinTimeout bounds the wait for PD to take the stores' first heartbeats; PD
// refuses a store for good when, say, its version does not fit.
const joinTimeout = 30 * time.Second

// open is Start's work: ids, ports, bootstrap or join, processes, regions.
func (f *Fleet) open(ctx context.Context) error {
	joined, err := f.pd.isBootstrapped(ctx)
	if err != nil {
		return err
	}
	if joined && f.cfg.Regions > 0 {
		return fmt.Errorf("give the cluster %d regions: %w: it is bootstrapped and has its own", f.cfg.Regions, ErrConflict)
	}
	known := map[string]uint64{}
	if joined {
		if known, err = f.knownStores(ctx); err != nil {
			return err
		}
	}
	members, first, err := f.launchAll(ctx, known, joined)
	if err != nil {
		return err
	}
	started, err := f.processes(ctx, members)
	if err != nil {
		return err
	}
	if err := f.awaitJoined(ctx, started); err != nil {
		return err
	}
	if joined {
		err = f.adopt(ctx)
	} else {
		err = f.load(ctx, first)
	}
	if err != nil {
		return err
	}
	return f.confirm(ctx)
}

// launchAll gives all configured stores an id and starts those that are not
// hosted. Hosted ones start when their processes report. It returns the first
// region of a cluster that it bootstrapped.
func (f *Fleet) launchAll(ctx context.Context, known map[string]uint64, joined bool) ([]*member, *metapb.Region, error) {
	f.life.Lock()
	defer f.life.Unlock()
	members, open, err := f.enlist(ctx, known)
	if err != nil {
		return nil, nil, err
	}
	var first *metapb.Region
	if !joined {
		if first, err = f.bootstrap(ctx, members); err != nil {
			closePorts(open)
			return nil, nil, err
		}
	}
	for i, s := range members {
		if open[i] != nil {
			f.launch(s, open[i])
		}
	}
	if f.cfg.Processes != nil {
		f.wg.Add(1)
		go f.welcome(f.cfg.Processes)
	}
	return members, first, nil
}

// knownStores maps the addresses of PD's stores to their ids. An address whose
// store is Tombstone may be used again by a new id.
func (f *Fleet) knownStores(ctx context.Context) (map[string]uint64, error) {
	stores, err := f.pd.allStores(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]uint64{}
	for _, s := range stores {
		if s.GetState() != metapb.StoreState_Tombstone && !s.GetPhysicallyDestroyed() {
			known[s.GetAddress()] = s.GetId()
		}
	}
	return known, nil
}

// enlist opens the ports of all configured stores, nil for hosted ones, and gives
// each an id.
func (f *Fleet) enlist(ctx context.Context, known map[string]uint64) (members []*member, open []*ports, err error) {
	for _, spec := range f.cfg.Stores {
		p, err := f.portsOf(&spec)
		if err != nil {
			closePorts(open)
			return nil, nil, err
		}
		open = append(open, p)
		id := known[spec.address()]
		if id == 0 {
			if id, err = f.pd.allocID(ctx); err != nil {
				closePorts(open)
				return nil, nil, err
			}
		}
		f.withSim(func(m *sim) { members = append(members, m.addStore(id, spec)) })
	}
	return members, open, nil
}

// portsOf opens the ports of a store; a hosted one opens its own.
func (f *Fleet) portsOf(spec *Spec) (*ports, error) {
	if spec.Hosted {
		return nil, nil
	}
	return openPorts(spec)
}

func closePorts(open []*ports) {
	for _, p := range open {
		if p != nil {
			p.close()
		}
	}
}

// bootstrap creates the cluster with one region on the first TiKV store.
func (f *Fleet) bootstrap(ctx context.Context, members []*member) (*metapb.Region, error) {
	var ids [2]uint64
	for i := range ids {
		var err error
		if ids[i], err = f.pd.allocID(ctx); err != nil {
			return nil, err
		}
	}
	first := members[0]
	for _, s := range members {
		if s.spec.Engine == TiKV {
			first = s
			break
		}
	}
	region := &metapb.Region{
		Id: ids[0], RegionEpoch: &metapb.RegionEpoch{ConfVer: 1, Version: 1},
		Peers: []*metapb.Peer{{Id: ids[1], StoreId: first.id}},
	}
	return region, f.pd.bootstrap(ctx, storeMeta(first), region)
}

// awaitJoined waits until PD has taken a heartbeat of each store, and fails with
// PD's own words when it does not.
func (f *Fleet) awaitJoined(ctx context.Context, started []*process) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	for _, p := range started {
		select {
		case <-p.joined:
		case <-ctx.Done():
			state, err := f.Store(p.store.id)
			if err != nil {
				return err
			}
			return fmt.Errorf("join store %d (%s): %w: PD says %q", state.ID, state.Address, ctx.Err(), state.LastError)
		}
	}
	return nil
}

// confirm waits until PD has every region that was queued. PD handles one
// stream's heartbeats in order, so when it knows the last region a store sent it
// knows all of them.
func (f *Fleet) confirm(ctx context.Context) error {
	for _, s := range f.Stores() {
		for {
			last, version := f.lastSent(s.ID)
			if last != 0 {
				known, err := f.pd.regionKnown(ctx, last)
				if err != nil {
					return err
				}
				if known.GetRegionEpoch().GetVersion() >= version {
					break
				}
			} else if version == 0 {
				break
			}
			if err := sleep(ctx, 20*time.Millisecond); err != nil {
				return fmt.Errorf("wait for PD to know the regions of store %d: %w", s.ID, err)
			}
		}
	}
	return nil
}

// lastSent returns the region a store reported last and its version, once its
// queue is empty; (0, 1) while it is not, and (0, 0) if it has nothing to report.
func (f *Fleet) lastSent(id uint64) (region, version uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sim.stores[id]
	switch r := f.sim.regions[s.lastSent]; {
	case len(s.led) == 0:
		return 0, 0
	case len(s.queue) > 0 || s.writing || r == nil:
		return 0, 1
	default:
		return r.id, r.version
	}
}

// noteSent records the progress of a store's stream for lastSent.
func (f *Fleet) noteSent(s *member, region uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.writing, s.lastSent = false, region
}
