package store

import (
	"bytes"
	"sort"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// splitOrder asks PD for the ids of the regions a split will create.
type splitOrder struct {
	region *metapb.Region // as it was when the split was ordered
	leader *metapb.Peer
	keys   [][]byte
}

// orderSplit begins a split at PD's keys, or in the middle when PD leaves the
// place to the store (policies SCAN and APPROXIMATE).
func (m *sim) orderSplit(r *region, order *pdpb.SplitRegion) {
	keys := order.GetKeys()
	if order.GetPolicy() != pdpb.CheckPolicy_USEKEY {
		keys = [][]byte{between(r.start, r.end)}
	}
	if keys = insideKeys(r, keys); len(keys) == 0 || m.askSplit == nil {
		return
	}
	r.proposing = true // until the ids are here
	m.askSplit(splitOrder{region: r.meta(), leader: r.leaderPeer().meta(), keys: keys})
}

// insideKeys returns the keys that truly divide r, in order and once each.
func insideKeys(r *region, keys [][]byte) [][]byte {
	var inside [][]byte
	for _, k := range keys {
		if bytes.Compare(k, r.start) > 0 && (len(r.end) == 0 || bytes.Compare(k, r.end) < 0) {
			inside = append(inside, k)
		}
	}
	sort.Slice(inside, func(i, j int) bool { return bytes.Compare(inside[i], inside[j]) < 0 })
	out := inside[:0]
	for i, k := range inside {
		if i == 0 || !bytes.Equal(k, inside[i-1]) {
			out = append(out, k)
		}
	}
	return out
}

// finishSplit applies a split whose ids have arrived; no ids mean that PD
// refused. The original region keeps the right end (TiKV's
// right-derive-when-split), each new one has the same stores and leader store,
// and all get the same, higher version.
func (m *sim) finishSplit(order splitOrder, ids []*pdpb.SplitID) []*metapb.Region {
	r := m.regions[order.region.GetId()]
	if r == nil {
		return nil
	}
	r.proposing = false
	if len(ids) != len(order.keys) || r.version != order.region.GetRegionEpoch().GetVersion() ||
		r.confVer != order.region.GetRegionEpoch().GetConfVer() || r.leader != order.leader.GetId() || !m.canCommit(r) {
		return nil
	}
	r.version += uint64(len(ids))
	part := r.size / int64(len(ids)+1)
	var made []*metapb.Region
	for i, id := range ids {
		made = append(made, m.cutLeft(r, order.keys[i], part, id).meta())
	}
	m.resize(r, r.size-part*int64(len(ids)))
	m.report(r)
	return append(made, r.meta())
}

// cutLeft makes a new region of r's part left of key.
func (m *sim) cutLeft(r *region, key []byte, size int64, id *pdpb.SplitID) *region {
	left := &region{
		id: id.GetNewRegionId(), start: r.start, end: key, version: r.version, confVer: r.confVer,
		term: r.term, size: size,
	}
	for i, p := range r.peers {
		p.id = id.GetNewPeerIds()[i]
		left.peers = append(left.peers, p)
		if r.peers[i].id == r.leader {
			left.leader = p.id
		}
	}
	r.start = key
	m.addRegion(left)
	for _, p := range left.peers {
		if p.pending {
			m.sendSnapshot(left, p.id)
		}
	}
	return left
}
