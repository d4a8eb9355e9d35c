package store

import (
	"context"
	"fmt"

	"github.com/pingcap/kvproto/pkg/metapb"
)

// Orphan describes peers on a store id that PD has no record of, as they remain
// when a store's record was removed while regions still named it.
type Orphan struct {
	Count int    `json:"count"` // regions
	Store uint64 `json:"store"` // the unknown id
	// Region names one region instead of the first Count that qualify.
	Region uint64 `json:"region,omitempty"`
	// Learner makes the orphan a learner instead of a voter.
	Learner bool `json:"learner,omitempty"`
	// Replace puts the orphan in the place of a peer that does not lead;
	// otherwise it is one peer more than the region had.
	Replace bool `json:"replace,omitempty"`
	// Alive says that the process behind the id still runs: the peers vote.
	Alive bool `json:"alive,omitempty"`
	// Buried says that the id is that of a stopped store which PD calls Tombstone, as
	// when it was buried while a region that nobody heard of was there.
	Buried bool `json:"buried,omitempty"`
}

// OrphanPeers gives regions with a working leader an orphan peer each and
// returns their ids. PD learns of it from their heartbeats.
func (f *Fleet) OrphanPeers(ctx context.Context, o Orphan) ([]uint64, error) {
	if err := f.checkUnknown(ctx, o); err != nil {
		return nil, fmt.Errorf("make orphan peers: %w", err)
	}
	if o.Region != 0 {
		o.Count = 1
	}
	var peerIDs []uint64
	for range o.Count {
		id, err := f.pd.allocID(ctx)
		if err != nil {
			return nil, err
		}
		peerIDs = append(peerIDs, id)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	regions, err := f.orphanable(o)
	if err != nil {
		return nil, fmt.Errorf("make orphan peers: %w", err)
	}
	f.sim.ghosts[o.Store] = o.Alive
	var ids []uint64
	for i, r := range regions {
		f.sim.addOrphan(r, o, peerIDs[i])
		ids = append(ids, r.id)
	}
	return ids, nil
}

// checkUnknown refuses an id that is a store: the peers would be no orphans.
func (f *Fleet) checkUnknown(ctx context.Context, o Orphan) error {
	id := o.Store
	if id == 0 {
		return fmt.Errorf("%w: store id 0", ErrConflict)
	}
	known, err := f.pd.allStores(ctx)
	if err != nil {
		return err
	}
	for _, s := range known {
		if s.GetId() == id && (!o.Buried || s.GetNodeState() != metapb.NodeState_Removed) {
			return fmt.Errorf("%w: PD knows store %d (%s)", ErrConflict, id, s.GetAddress())
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s := f.sim.stores[id]; s != nil && (!o.Buried || s.running) {
		return fmt.Errorf("%w: store %d is simulated here", ErrConflict, id)
	}
	return nil
}

// orphanable finds regions that work, are in no joint state and have no peer on
// the orphans' store. A region that has an orphan already gets another only when
// it is named, for a second dead voter may cost it its majority.
func (f *Fleet) orphanable(o Orphan) ([]*region, error) {
	fits := func(r *region) bool {
		return r.leader != 0 && !isJoint(r.peers) && peerOnStore(r.peers, o.Store) < 0 &&
			(o.Region != 0 || f.sim.canCommit(r) && !f.sim.hasOrphan(r)) && (!o.Replace || f.sim.replaceable(r, o) >= 0)
	}
	var out []*region
	for _, r := range f.sim.sorted() {
		if len(out) < o.Count && (o.Region == 0 || o.Region == r.id) && fits(r) {
			out = append(out, r)
		}
	}
	if len(out) < o.Count || o.Count == 0 {
		return nil, fmt.Errorf("%w: %d of %d regions can take one", ErrConflict, len(out), o.Count)
	}
	return out, nil
}

func (m *sim) hasOrphan(r *region) bool {
	for _, p := range r.peers {
		if _, ghost := m.ghosts[p.store]; ghost {
			return true
		}
	}
	return false
}

// replaceable is the index of the peer an orphan takes the place of: one of the
// orphan's role that is no orphan itself and does not lead.
func (m *sim) replaceable(r *region, o Orphan) int {
	for i, p := range r.peers {
		_, ghost := m.ghosts[p.store]
		if p.id != r.leader && !ghost && p.role == o.role() {
			return i
		}
	}
	return -1
}

func (o Orphan) role() metapb.PeerRole {
	if o.Learner {
		return metapb.PeerRole_Learner
	}
	return metapb.PeerRole_Voter
}

func (m *sim) addOrphan(r *region, o Orphan, peerID uint64) {
	next := append([]peer(nil), r.peers...)
	orphan := peer{id: peerID, store: o.Store, role: o.role()}
	if !o.Alive {
		orphan.deadSince = m.now()
	}
	if o.Replace {
		next[m.replaceable(r, o)] = orphan
		r.confVer++ // one peer went,
	} else {
		next = append(next, orphan)
	}
	r.confVer++ // one came
	m.setPeers(r, next)
	m.report(r)
	m.disturb(r)
}
