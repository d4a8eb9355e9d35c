package store

import (
	"testing"
	"time"

	"github.com/pingcap/kvproto/pkg/eraftpb"
	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// world is a model with a clock that the test moves.
type world struct {
	*sim
	t     *testing.T
	clock time.Time
}

// newWorld has stores 1..n and the default timing.
func newWorld(t *testing.T, stores int) *world {
	w := &world{t: t, clock: time.Unix(1_700_000_000, 0)}
	w.sim = newSim(DefaultTiming(), 1, func() time.Time { return w.clock })
	for id := 1; id <= stores; id++ {
		w.start(w.addStore(uint64(id), Spec{}.withDefaults()))
	}
	return w
}

// pass lets time go by, running each timer at its own moment.
func (w *world) pass(d time.Duration) {
	end := w.clock.Add(d)
	for {
		wait := w.advance()
		if w.clock.Add(wait).After(end) {
			break
		}
		w.clock = w.clock.Add(wait)
	}
	w.clock = end
	w.advance()
}

// region adds a region of 100 MiB with voters on the given stores; the first
// leads. Peer ids are 10 times the region's plus the store's.
func (w *world) region(id uint64, stores ...uint64) *region {
	r := &region{id: id, version: 1, confVer: 1, term: 6, size: 100}
	for _, s := range stores {
		r.peers = append(r.peers, peer{id: id*10 + s, store: s})
	}
	r.leader = r.peers[0].id
	w.addRegion(r)
	return r
}

// order sends PD's order to the region's leader and waits for its effect.
func (w *world) order(r *region, resp *pdpb.RegionHeartbeatResponse) {
	resp.RegionId = r.id
	resp.RegionEpoch = &metapb.RegionEpoch{ConfVer: r.confVer, Version: r.version}
	resp.TargetPeer = r.leaderPeer().meta()
	w.obey(w.leaderStore(r), resp)
	w.pass(w.timing.OperatorDelay)
}

func (w *world) change(r *region, changes ...*pdpb.ChangePeer) {
	w.order(r, &pdpb.RegionHeartbeatResponse{ChangePeerV2: &pdpb.ChangePeerV2{Changes: changes}})
}

func changeOf(kind eraftpb.ConfChangeType, r *region, store uint64) *pdpb.ChangePeer {
	id := r.id*10 + store
	if at := peerOnStore(r.peers, store); at >= 0 {
		id = r.peers[at].id
	}
	return &pdpb.ChangePeer{ChangeType: kind, Peer: &metapb.Peer{Id: id, StoreId: store}}
}

func add(r *region, s uint64) *pdpb.ChangePeer {
	return changeOf(eraftpb.ConfChangeType_AddNode, r, s)
}

func learn(r *region, s uint64) *pdpb.ChangePeer {
	return changeOf(eraftpb.ConfChangeType_AddLearnerNode, r, s)
}

func remove(r *region, s uint64) *pdpb.ChangePeer {
	return changeOf(eraftpb.ConfChangeType_RemoveNode, r, s)
}

func (w *world) roles(r *region) map[uint64]metapb.PeerRole {
	roles := map[uint64]metapb.PeerRole{}
	for _, p := range r.peers {
		roles[p.store] = p.role
	}
	return roles
}

// wantLeader checks the leader's store; 0 is no leader.
func (w *world) wantLeader(r *region, store uint64) {
	w.t.Helper()
	got := uint64(0)
	if p := r.leaderPeer(); p != nil {
		got = p.store
	}
	if got != store {
		w.t.Errorf("region %d is led by store %d, want %d", r.id, got, store)
	}
}
