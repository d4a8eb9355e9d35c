package store

import (
	"time"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// peer is one replica of a region, as it truly is.
type peer struct {
	id, store uint64
	role      metapb.PeerRole
	// pending means that the peer has no data yet: it waits for a snapshot and
	// cannot acknowledge anything, so its vote does not count.
	pending bool
	// stuck keeps a pending peer pending: its snapshot never arrives.
	stuck bool
	// dead is a peer that is lost although its store runs (disk or data gone).
	dead      bool
	deadSince time.Time
}

func (p peer) meta() *metapb.Peer {
	return &metapb.Peer{Id: p.id, StoreId: p.store, Role: p.role}
}

// region is one Raft group. Its fields are the truth; PD knows what the leader
// has reported.
type region struct {
	id                     uint64
	start, end             []byte
	version, confVer, term uint64
	peers                  []peer
	leader                 uint64 // id of the leading peer; 0 is none
	leaderSince            time.Time
	size                   int64 // MiB
	// proposing blocks a second order while one is on its way through the log.
	proposing  bool
	muted      bool // the leader does not heartbeat
	jointStuck bool // orders to leave the joint state are lost

	ledAt  int  // index in the leading store's led, -1 without a leader
	queued bool // waits in its leader's heartbeat queue
}

// averageKeySize is only there to give PD a plausible number of keys: bytes.
const averageKeySize = 1 << 10

func (r *region) meta() *metapb.Region {
	peers := make([]*metapb.Peer, len(r.peers))
	for i, p := range r.peers {
		peers[i] = p.meta()
	}
	return &metapb.Region{
		Id: r.id, StartKey: r.start, EndKey: r.end, Peers: peers,
		RegionEpoch: &metapb.RegionEpoch{ConfVer: r.confVer, Version: r.version},
	}
}

func (r *region) leaderPeer() *peer {
	if r.leader == 0 {
		return nil
	}
	if i := peerByID(r.peers, r.leader); i >= 0 {
		return &r.peers[i]
	}
	return nil
}

// heartbeat is what the region's leader tells PD.
func (m *sim) heartbeat(r *region, clusterID uint64) *pdpb.RegionHeartbeatRequest {
	now := m.now()
	req := &pdpb.RegionHeartbeatRequest{
		Header:          &pdpb.RequestHeader{ClusterId: clusterID},
		Region:          r.meta(),
		Leader:          r.leaderPeer().meta(),
		Term:            r.term,
		ApproximateSize: uint64(r.size) << 20,
		ApproximateKeys: uint64(r.size) << 20 / averageKeySize,
		Interval: &pdpb.TimeInterval{
			StartTimestamp: uint64(now.Add(-m.timing.RegionHeartbeat).Unix()),
			EndTimestamp:   uint64(now.Unix()),
		},
	}
	for _, p := range r.peers {
		if p.pending {
			req.PendingPeers = append(req.PendingPeers, p.meta())
		}
		if silent := m.silence(r, p); silent >= m.timing.DownPeerAfter {
			req.DownPeers = append(req.DownPeers, &pdpb.PeerStats{
				Peer: p.meta(), DownSeconds: uint64(max(silent, time.Second) / time.Second),
			})
		}
	}
	return req
}

// silence is how long the leader has not heard from a peer: since the peer went
// away, or since this leader took office if that is later, for a leader starts
// with the benefit of the doubt.
func (m *sim) silence(r *region, p peer) time.Duration {
	if m.responds(p) {
		return 0
	}
	since := p.deadSince
	if s := m.stores[p.store]; s != nil && !s.running && since.Before(s.stoppedAt) {
		since = s.stoppedAt
	}
	if since.Before(r.leaderSince) && !p.dead {
		since = r.leaderSince
	}
	return m.now().Sub(since)
}
