package bench

import (
	"encoding/binary"
	"fmt"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
	"github.com/tikv/pd/pkg/core"

	"ebb/playground/store"
)

// The cluster: 18 TiKV stores and two of TiFlash. PD has no record of lostStore,
// on which one region in a hundred still has a peer.
const (
	tikvStores = 18
	allStores  = 20
	lostStore  = 99
)

// fate is how a region stands to the lost store.
type fate int

const (
	whole       fate = iota // has no peer there
	majority                // the other two of three voters live
	noMajority              // one of the other two waits for a snapshot
	lastButOne              // the other is the only one
	lostLearner             // the peer is a learner, three voters live
)

// fateOf is a pure function of the position, so that whoever knows the number of
// regions knows the truth.
func fateOf(i int) fate {
	if i%100 != 50 {
		return whole
	}
	switch i / 100 % 20 {
	case 7:
		return noMajority
	case 8:
		return lastButOne
	case 9:
		return lostLearner
	}
	return majority
}

const (
	firstID  = 10_000_001
	tableOf  = 10_000 // regions of a table, a fifth of them of its index
	rowsOf   = 960_000
	peersOf  = 5 // ids
	firstTab = 101
)

func regionID(i int) uint64 { return uint64(firstID + i*(1+peersOf)) }

// startKey is empty for the first region, and endKey for the last.
func startKey(i, n int) []byte {
	if i == 0 || i == n {
		return nil
	}
	table, at := int64(firstTab+i/tableOf), int64(i%tableOf)
	if at < tableOf/5 {
		// An index of one integer column: flag and value, then flag and handle.
		value := []byte{3}
		value = binary.BigEndian.AppendUint64(value, uint64(at*7919)^(1<<63))
		value = append(value, 3)
		value = binary.BigEndian.AppendUint64(value, uint64(at*rowsOf)^(1<<63))
		return store.IndexKey(table, 1, value)
	}
	return store.RowKey(table, at*rowsOf)
}

// regionAt is region i of n.
func regionAt(i, n int) *core.RegionInfo {
	meta := &metapb.Region{
		Id: regionID(i), StartKey: startKey(i, n), EndKey: startKey(i+1, n),
		RegionEpoch: &metapb.RegionEpoch{ConfVer: uint64(5 + i%40), Version: uint64(1000 + i%5000)},
	}
	add := func(at uint64, role metapb.PeerRole) *metapb.Peer {
		p := &metapb.Peer{Id: meta.Id + uint64(len(meta.Peers)) + 1, StoreId: at, Role: role}
		meta.Peers = append(meta.Peers, p)
		return p
	}
	first := uint64(i) * 2654435761 >> 8 % tikvStores
	for k := range uint64(3) {
		add(1+(first+k*5)%tikvStores, metapb.PeerRole_Voter)
	}
	if i%10 == 3 {
		add(tikvStores+1+uint64(i/10%2), metapb.PeerRole_Learner)
	}
	leader, down, pending := meta.Peers[0], []*metapb.Peer(nil), []*metapb.Peer(nil)
	switch fateOf(i) {
	case whole:
		if i%1000 == 1 {
			down = meta.Peers[2:3]
		} else if i%200 == 2 {
			pending = meta.Peers[1:2]
		}
	case noMajority:
		pending = meta.Peers[1:2]
		meta.Peers[2].StoreId = lostStore
	case lastButOne:
		meta.Peers = meta.Peers[:2]
		meta.Peers[1].StoreId = lostStore
	case majority:
		meta.Peers[1+i/100%2].StoreId = lostStore
	case lostLearner:
		add(lostStore, metapb.PeerRole_Learner)
	}
	for _, p := range meta.Peers {
		if p.StoreId == lostStore {
			down = append(down, p)
		}
	}
	reports := make([]*pdpb.PeerStats, len(down))
	for k, p := range down {
		reports[k] = &pdpb.PeerStats{Peer: p, DownSeconds: 86_400}
	}
	return core.NewRegionInfo(meta, leader, core.WithDownPeers(reports), core.WithPendingPeers(pending),
		core.SetApproximateSize(int64(60+i%40)), core.SetApproximateKeys(int64(600_000+i%100_000)),
		core.SetWrittenBytes(uint64(i%3_000)), core.SetWrittenKeys(uint64(i%30)))
}

func storeAt(id uint64) *metapb.Store {
	s := &metapb.Store{
		Id: id, Address: fmt.Sprintf("127.0.1.%d:20160", id), StatusAddress: fmt.Sprintf("127.0.1.%d:20180", id), Version: "8.0.0",
	}
	if id > tikvStores {
		s.Address = fmt.Sprintf("127.0.1.%d:3930", id)
		s.Labels = []*metapb.StoreLabel{{Key: "engine", Value: "tiflash"}}
	}
	return s
}
