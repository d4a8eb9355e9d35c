package store

import (
	"context"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// span is one region to be: a key range and whether TiFlash replicates it.
type span struct {
	start, end []byte
	flash      bool
}

// keyRange is the range of one TiFlash placement rule.
type keyRange struct {
	table      int64
	start, end []byte
}

// tables is into how many tables the key space is laid out, if there are
// regions enough; the first quarter of them has TiFlash replicas.
const tables = 8

// rowsPerRegion spaces the row keys at which a table's regions meet.
const rowsPerRegion = 1_000_000

// keyspaceEdges are the boundaries of the default keyspace, raw and transactional
// (PD's pkg/keyspace MakeRegionBound). PD splits there a few seconds after the
// cluster's bootstrap; a cluster that has aged a little has these regions.
var keyspaceEdges = [][]byte{
	encodeBytes([]byte{'r', 0, 0, 0}), encodeBytes([]byte{'r', 0, 0, 1}),
	encodeBytes([]byte{'x', 0, 0, 0}), encodeBytes([]byte{'x', 0, 0, 1}),
}

// edgedRegions is the region count from which the layout has the keyspace's
// boundaries; a smaller one is all tables, so that the counts of a small test
// are its own until PD splits.
const edgedRegions = 16

// layout divides the key space as TiDB and PD would: regions at the edges of the
// default keyspace, one region before all tables, and for each table one for its
// indexes and the others for its rows. Placement rules and keyspaces begin and
// end at region boundaries, so PD has nothing to split.
func layout(regions int, flash bool) (spans []span, rules []keyRange) {
	var before, behind [][]byte
	if regions >= edgedRegions {
		before, behind = keyspaceEdges[:2], keyspaceEdges[2:]
	}
	spans = append(spans, span{})
	for _, key := range before {
		spans = append(spans, span{start: key})
	}
	rows, rules := layoutTables(regions-1-len(before)-len(behind), flash)
	spans = append(spans, rows...)
	for _, key := range behind {
		spans = append(spans, span{start: key})
	}
	for i := 1; i < len(spans); i++ {
		spans[i-1].end = spans[i].start
	}
	return spans, rules
}

// layoutTables spreads the given number of regions over the tables.
func layoutTables(rest int, flash bool) (spans []span, rules []keyRange) {
	count := max(1, min(tables, rest/2))
	for t := 0; t < count && rest > 0; t++ {
		id := int64(firstTable + t)
		n := (rest + count - t - 1) / (count - t)
		replicated := flash && t < (count+3)/4
		if replicated {
			rules = append(rules, keyRange{table: id, start: recordKey(id), end: tableKey(id + 1)})
		}
		spans = append(spans, span{start: tableKey(id)})
		for i := 1; i < n; i++ {
			key := recordKey(id)
			if i > 1 {
				key = RowKey(id, int64(i-1)*rowsPerRegion)
			}
			spans = append(spans, span{start: key, flash: replicated})
		}
		rest -= n
	}
	return spans, rules
}

// idBatch is how many ids are asked for in one call to PD, which writes them all
// into one line of its log.
const idBatch = 2000

// load lays out cfg.Regions regions over the stores and queues their
// heartbeats. The bootstrap region becomes the first of them.
func (f *Fleet) load(ctx context.Context, first *metapb.Region) error {
	spans, rules := layout(max(f.cfg.Regions, 1), f.cfg.Learners > 0)
	if err := f.writeTiFlashRules(ctx, rules); err != nil {
		return err
	}
	peers := f.cfg.Replicas + f.cfg.Learners
	ids, err := f.loadIDs(ctx, first, len(spans)*(1+peers))
	if err != nil {
		return err
	}
	f.withSim(func(m *sim) {
		place := newPlacer(m)
		for i, sp := range spans {
			own := ids[i*(1+peers) : (i+1)*(1+peers)]
			if i == 0 {
				own[0] = first.Id
			}
			m.addRegion(f.newRegion(sp, own, place, uint64(len(spans))))
		}
	})
	return nil
}

// loadIDs gets n ids. AllocID gives one per call; a split gets one for each peer
// of the region, so the question for a split of a region with very many peers is
// answered with very many ids. Asking for many splits instead would make PD
// watch all of them as suspects, checking each every 10 ms for three minutes.
// It must be done before the first region is reported: PD answers only when it
// knows the region as it is described, and that is the bootstrap region.
func (f *Fleet) loadIDs(ctx context.Context, first *metapb.Region, n int) ([]uint64, error) {
	ask := &metapb.Region{Id: first.Id, RegionEpoch: first.RegionEpoch}
	for range min(n, idBatch) {
		ask.Peers = append(ask.Peers, first.Peers[0])
	}
	var ids []uint64
	for len(ids) < n {
		split, err := f.pd.splitIDs(ctx, ask, 1)
		if err != nil {
			return nil, err
		}
		for _, s := range split {
			ids = append(append(ids, s.GetNewRegionId()), s.GetNewPeerIds()...)
		}
	}
	return ids, nil
}

// newRegion fills a span with peers; ids are its own and then its peers'. Its epoch
// is what a TiKV cluster that split and replicated its way here would have: every
// split raises the version, every added replica costs an add and a promotion.
func (f *Fleet) newRegion(sp span, ids []uint64, place *placer, version uint64) *region {
	r := &region{
		id: ids[0], start: sp.start, end: sp.end, size: f.cfg.RegionSize,
		version: version, confVer: uint64(1 + 2*(f.cfg.Replicas-1)), term: 6,
	}
	for i, s := range place.pick(TiKV, f.cfg.Replicas) {
		r.peers = append(r.peers, peer{id: ids[1+i], store: s.id})
	}
	r.leader = place.leader(r)
	if !sp.flash {
		return r
	}
	for i, s := range place.pick(TiFlash, f.cfg.Learners) {
		r.peers = append(r.peers, peer{id: ids[1+f.cfg.Replicas+i], store: s.id, role: metapb.PeerRole_Learner})
		r.confVer++
	}
	return r
}

// scanPage is the number of regions read from PD at a time; PD serves no more
// than 1024 or so per call in some versions.
const scanPage = 1000

// adopt takes over the regions that PD says are on our stores, when a fleet is
// started again on a PD that kept its data. Regions whose voters we do not have
// a majority of are left alone: another process may be serving them.
func (f *Fleet) adopt(ctx context.Context) error {
	for key := []byte(nil); ; {
		page, err := f.pd.scanRegions(ctx, key, scanPage)
		if err != nil {
			return err
		}
		f.withSim(func(m *sim) {
			for _, r := range page {
				m.adopt(r, f.cfg.RegionSize)
			}
		})
		if len(page) == 0 {
			return nil
		}
		if key = page[len(page)-1].GetRegion().GetEndKey(); len(key) == 0 {
			return nil
		}
	}
}

// adopt adds one region as PD described it. PD does not tell sizes and terms:
// the size is the configured one, and the term is taken from the clock, so that
// it is newer than any the region had before.
func (m *sim) adopt(known *pdpb.Region, size int64) {
	meta := known.GetRegion()
	r := &region{
		id: meta.GetId(), start: meta.GetStartKey(), end: meta.GetEndKey(), size: size,
		version: meta.GetRegionEpoch().GetVersion(), confVer: meta.GetRegionEpoch().GetConfVer(),
		term: uint64(m.now().Unix()),
	}
	for _, p := range meta.GetPeers() {
		r.peers = append(r.peers, peer{id: p.GetId(), store: p.GetStoreId(), role: p.GetRole()})
	}
	if !m.canCommit(r) {
		return
	}
	m.addRegion(r)
	if at := peerByID(r.peers, known.GetLeader().GetId()); at >= 0 && m.canLead(r.peers[at]) {
		m.lead(r, r.peers[at].id)
		return
	}
	m.elect(r)
}
