package store

import (
	"bytes"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// obey carries out what PD orders in answer to region heartbeats. Like TiKV it
// never answers: PD sees what came of an order in the next heartbeat, and sends
// the order again if nothing did.
func (m *sim) obey(s *member, resp *pdpb.RegionHeartbeatResponse) {
	r := m.regions[resp.GetRegionId()]
	if r == nil || s.ignore || r.proposing || m.leaderStore(r) != s || r.leader != resp.GetTargetPeer().GetId() {
		return
	}
	epoch := resp.GetRegionEpoch()
	switch {
	case resp.GetChangePeer() != nil:
		change := []*pdpb.ChangePeer{resp.GetChangePeer()}
		m.propose(s, r, epoch, func() { m.changePeers(r, change) })
	case resp.GetChangePeerV2() != nil:
		changes := resp.GetChangePeerV2().GetChanges()
		m.propose(s, r, epoch, func() { m.changePeers(r, changes) })
	case resp.GetTransferLeader() != nil:
		m.propose(s, r, epoch, func() { m.transferLeader(r, resp.GetTransferLeader()) })
	case resp.GetMerge() != nil:
		m.propose(s, r, epoch, func() { m.merge(r, resp.GetMerge().GetTarget()) })
	case resp.GetSplitRegion() != nil:
		m.propose(s, r, epoch, func() { m.orderSplit(r, resp.GetSplitRegion()) })
	}
}

// propose runs change after the operator delay, if by then the region still is
// the one PD spoke about and its group can commit. TiKV compares the epoch when
// it proposes and again when it applies.
func (m *sim) propose(s *member, r *region, epoch *metapb.RegionEpoch, change func()) {
	if epoch.GetConfVer() != r.confVer || epoch.GetVersion() != r.version {
		return
	}
	r.proposing = true
	leader, term := r.leader, r.term
	m.after(m.delay(s), func() {
		r.proposing = false
		if m.regions[r.id] != r || r.leader != leader || r.term != term || !s.running {
			return
		}
		if epoch.GetConfVer() != r.confVer || epoch.GetVersion() != r.version || !m.canCommit(r) {
			return
		}
		change()
	})
}

// changePeers commits a conf change and starts the snapshots of new peers.
func (m *sim) changePeers(r *region, changes []*pdpb.ChangePeer) {
	if len(changes) == 0 && r.jointStuck {
		return
	}
	next, n, err := changePeers(r.peers, changes, r.leader)
	if err != nil {
		m.report(r) // PD's view may be what is wrong
		return
	}
	before := r.peers
	m.setPeers(r, next)
	r.confVer += n
	m.report(r)
	for _, p := range next {
		if p.pending && peerByID(before, p.id) < 0 {
			m.sendSnapshot(r, p.id)
		}
	}
}

// transferLeader moves the leadership to the peer PD prefers, or to another of
// those it allows. TiKV refuses peers that have no vote or wait for a snapshot,
// and a peer that does not answer never takes over.
func (m *sim) transferLeader(r *region, order *pdpb.TransferLeader) {
	for _, want := range append([]*metapb.Peer{order.GetPeer()}, order.GetPeers()...) {
		at := peerByID(r.peers, want.GetId())
		if at >= 0 && r.peers[at].id != r.leader && m.canLead(r.peers[at]) {
			r.term++
			m.lead(r, r.peers[at].id)
			m.pumpSnapshots()
			return
		}
	}
}

// merge joins the source r into its neighbour. TiKV wants both ranges adjacent
// and the peers of both on the same stores, none of them pending. PrepareMerge
// raises both parts of the source's epoch, and CommitMerge gives the target a
// version above both.
func (m *sim) merge(r *region, want *metapb.Region) {
	target := m.regions[want.GetId()]
	if target == nil || target == r || target.proposing || !m.canCommit(target) || target.leader == 0 {
		return
	}
	if target.version != want.GetRegionEpoch().GetVersion() || target.confVer != want.GetRegionEpoch().GetConfVer() {
		return
	}
	before := bytes.Equal(r.end, target.start) && len(r.end) > 0
	behind := bytes.Equal(target.end, r.start) && len(target.end) > 0
	if !before && !behind || !sameStores(r.peers, target.peers) || isJoint(r.peers) || isJoint(target.peers) {
		return
	}
	if before {
		target.start = r.start
	} else {
		target.end = r.end
	}
	target.version = max(target.version, r.version+1) + 1
	m.dropRegion(r)
	m.resize(target, target.size+r.size)
	m.report(target)
}

func sameStores(a, b []peer) bool {
	for _, p := range a {
		at := peerOnStore(b, p.store)
		if at < 0 || b[at].role != p.role || p.pending || b[at].pending {
			return false
		}
	}
	return len(a) == len(b)
}
