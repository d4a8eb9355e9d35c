package pdclient

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"ebb/cluster"
)

// RegionStats counts the peers and leaders of all regions by store, also for
// store ids that PD has no record of (4.0 to master). It costs PD a walk over its
// regions but no JSON.
//
// PD's call must not reach the end of the key space (see statsRegionPath). So the
// last region is read first, the rest is counted by PD up to its start key, and
// the last region is added here.
func (c *Client) RegionStats(ctx context.Context) (*cluster.RegionStats, error) {
	last, ok, err := c.lastRegion(ctx)
	if err != nil {
		return nil, fmt.Errorf("count peers: %w", err)
	}
	out := &cluster.RegionStats{
		PeerCount:   make(map[cluster.StoreID]int),
		LeaderCount: make(map[cluster.StoreID]int),
	}
	if !ok {
		return out, nil
	}
	if len(last.StartKey) > 0 {
		parts, err := c.statsParts(ctx, last.StartKey)
		if err != nil {
			return nil, fmt.Errorf("count peers: %w", err)
		}
		for _, part := range parts {
			part.addTo(out)
		}
	}
	out.Regions++
	for i := range last.Peers {
		out.PeerCount[last.Peers[i].StoreID]++
	}
	if last.HasLeader() {
		out.LeaderCount[last.Leader.StoreID]++
	}
	return out, nil
}

// statsPart is PD's answer about a range of keys.
type statsPart struct {
	Count   int                     `json:"count"`
	Peers   map[cluster.StoreID]int `json:"store_peer_count"`
	Leaders map[cluster.StoreID]int `json:"store_leader_count"`
}

// counted is set when PD counted the peers, and not the regions alone.
func (p *statsPart) counted() bool { return p.Count == 0 || len(p.Peers) > 0 }

func (p *statsPart) addTo(out *cluster.RegionStats) {
	out.Regions += p.Count
	for id, n := range p.Peers {
		out.PeerCount[id] += n
	}
	for id, n := range p.Leaders {
		// PD counts the missing leader of a region under store 0.
		if id != 0 {
			out.LeaderCount[id] += n
		}
	}
}

// statsOf has PD count a range of keys. end must not be empty. With onlyCount it is
// asked for the number of regions alone, which it knows without a walk; versions
// that cannot do that count everything.
func (c *Client) statsOf(ctx context.Context, start, end []byte, onlyCount bool) (*statsPart, error) {
	query := url.Values{"start_key": {string(start)}, "end_key": {string(end)}}
	if onlyCount {
		query.Set("count", "")
	}
	r := get(statsRegionPath, query)
	r.slow = true
	part := new(statsPart)
	return part, c.readJSON(ctx, r, part)
}

// lastRegion reads the region at the end of the key space. ok is false when PD
// has no region at all.
func (c *Client) lastRegion(ctx context.Context) (r cluster.Region, ok bool, err error) {
	key := []byte{0xff, 0xff, 0xff} // above every key that TiDB encodes
	for range 8 {
		r, ok, err := c.regionAt(ctx, key)
		switch {
		case err != nil:
			return r, false, err
		case !ok:
			n, err := c.RegionCount(ctx)
			if err == nil && n > 0 {
				err = &RegionGapError{Start: key}
			}
			return r, false, err
		case len(r.EndKey) == 0:
			return r, true, nil
		}
		key = r.EndKey
	}
	return r, false, errors.New("find the last region: the key space goes on and on")
}

// regionAt returns the region that holds a key, or the next one behind a gap. ok is
// false when there is none.
func (c *Client) regionAt(ctx context.Context, key []byte) (r cluster.Region, ok bool, err error) {
	a, err := c.read(ctx, get("/regions/key", url.Values{"key": {string(key)}, "limit": {"1"}}))
	if err != nil {
		return r, false, err
	}
	page, err := typedPage(a, nil)
	if err != nil || len(page) == 0 {
		return r, false, err
	}
	return page[0].value, true, nil
}
