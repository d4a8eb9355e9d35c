package store

import (
	"context"
	"fmt"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// Loss says which regions lose their majority.
type Loss struct {
	Region uint64 `json:"region,omitempty"` // one region, or
	Store  uint64 `json:"store,omitempty"`  // regions with a peer on this store,
	Count  int    `json:"count,omitempty"`  // this many of them
}

// LoseMajority destroys so many peers of a region that it cannot commit any
// more, while all stores run on: a disk, not a machine, was lost. The peer on
// Loss.Store survives if there is one, so that the region is stuck there. After
// the election timeout the region is silent; PD keeps its last view of it. It
// returns the ids of the regions.
func (f *Fleet) LoseMajority(l Loss) ([]uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	victims, err := f.victims(l)
	if err != nil {
		return nil, fmt.Errorf("lose majority: %w", err)
	}
	var ids []uint64
	for _, r := range victims {
		for i := range r.peers {
			p := &r.peers[i]
			if f.sim.canCommit(r) && p.store != l.Store && p.role != metapb.PeerRole_Learner {
				p.dead, p.deadSince = true, f.sim.now()
			}
		}
		f.sim.disturb(r)
		ids = append(ids, r.id)
	}
	return ids, nil
}

// victims are the regions a Loss speaks of, of those that have a majority now.
func (f *Fleet) victims(l Loss) ([]*region, error) {
	if l.Region != 0 {
		r, err := f.region(l.Region)
		return []*region{r}, err
	}
	if _, err := f.member(l.Store); err != nil {
		return nil, err
	}
	var out []*region
	for _, r := range f.sim.sorted() {
		if len(out) < l.Count && peerOnStore(r.peers, l.Store) >= 0 && len(r.peers) > 1 && f.sim.canCommit(r) {
			out = append(out, r)
		}
	}
	if len(out) < max(l.Count, 1) {
		return nil, fmt.Errorf("%w: %d of %d regions found on store %d", ErrConflict, len(out), l.Count, l.Store)
	}
	return out, nil
}

// PendingPeer makes the peer of a region on a store fall so far behind that it
// needs a snapshot, which never arrives. Its vote is lost meanwhile.
func (f *Fleet) PendingPeer(region, store uint64) error {
	return f.onPeer(region, store, func(_ *sim, p *peer) error {
		p.pending, p.stuck = true, true
		return nil
	})
}

// DownPeer makes one peer silent although its store runs. The leader reports it
// as down at once, as if the time for that had passed.
func (f *Fleet) DownPeer(region, store uint64) error {
	return f.onPeer(region, store, func(m *sim, p *peer) error {
		p.dead, p.deadSince = true, m.now().Add(-m.timing.DownPeerAfter)
		return nil
	})
}

func (f *Fleet) onPeer(regionID, store uint64, change func(*sim, *peer) error) error {
	return f.onRegion(regionID, func(m *sim, r *region) error {
		at := peerOnStore(r.peers, store)
		if at < 0 {
			return fmt.Errorf("find peer of region %d on store %d: %w", regionID, store, ErrNotFound)
		}
		if err := change(m, &r.peers[at]); err != nil {
			return err
		}
		m.disturb(r)
		return nil
	})
}

// onRegion changes one region under the lock and reports it to PD.
func (f *Fleet) onRegion(id uint64, change func(*sim, *region) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, err := f.region(id)
	if err != nil {
		return err
	}
	if err := change(f.sim, r); err != nil {
		return err
	}
	f.sim.report(r)
	return nil
}

// ResizeRegion sets the size of a region in MiB, here and in all its peers.
func (f *Fleet) ResizeRegion(id uint64, mib int64) error {
	return f.onRegion(id, func(m *sim, r *region) error {
		if mib < 0 {
			return fmt.Errorf("resize region %d: %w: size %d MiB is negative", id, ErrConflict, mib)
		}
		m.resize(r, mib)
		return nil
	})
}

// SplitRegion splits a region in the middle of its keys, as its store does when
// the region has grown too large. The new region is there when PD has given it an
// id, and PD hears of it from the heartbeats.
func (f *Fleet) SplitRegion(id uint64) error {
	return f.onRegion(id, func(m *sim, r *region) error {
		if r.proposing || !m.canCommit(r) || between(r.start, r.end) == nil {
			return fmt.Errorf("split region %d: %w: it cannot be split now", id, ErrConflict)
		}
		m.orderSplit(r, &pdpb.SplitRegion{Policy: pdpb.CheckPolicy_APPROXIMATE})
		return nil
	})
}

// MuteRegion makes a region's leader stop heartbeating, or begin again. The
// region works on, but PD knows it only as it was.
func (f *Fleet) MuteRegion(id uint64, mute bool) error {
	return f.onRegion(id, func(_ *sim, r *region) error {
		r.muted = mute
		return nil
	})
}

// HealRegion undoes the faults of one region: lost and pending peers are whole
// again, it reports, and it may leave its joint state. Peers on unknown stores
// stay as they are.
func (f *Fleet) HealRegion(id uint64) error {
	return f.onRegion(id, func(m *sim, r *region) error {
		for i := range r.peers {
			p := &r.peers[i]
			if p.stuck {
				p.pending = false
			}
			p.dead, p.stuck = false, false
		}
		r.muted, r.jointStuck = false, false
		m.disturb(r)
		return nil
	})
}

// JointStuck puts a region into a joint state that it does not leave: one voter
// is being replaced by a new peer on a store that has none yet, and PD's orders
// to leave are lost until HealRegion.
func (f *Fleet) JointStuck(ctx context.Context, id uint64) error {
	peerID, err := f.pd.allocID(ctx)
	if err != nil {
		return err
	}
	return f.onRegion(id, func(m *sim, r *region) error {
		target := m.freeStore(r)
		if target == nil || !m.canCommit(r) || isJoint(r.peers) {
			return fmt.Errorf("hold region %d in a joint state: %w: it needs a majority, and a running TiKV store without a peer of it", id, ErrConflict)
		}
		next := append([]peer(nil), r.peers...)
		for i := range next {
			if next[i].role == metapb.PeerRole_Voter && next[i].id != r.leader {
				next[i].role = metapb.PeerRole_DemotingVoter
				break
			}
		}
		m.setPeers(r, append(next, peer{id: peerID, store: target.id, role: metapb.PeerRole_IncomingVoter}))
		r.confVer += 3 // the learner's addition, and two changes on entering
		r.jointStuck = true
		return nil
	})
}

// freeStore is a running TiKV store without a peer of r, the emptiest one.
func (m *sim) freeStore(r *region) *member {
	var best *member
	for _, s := range m.stores {
		if s.running && s.spec.Engine == TiKV && peerOnStore(r.peers, s.id) < 0 && (best == nil || s.peers < best.peers) {
			best = s
		}
	}
	return best
}
