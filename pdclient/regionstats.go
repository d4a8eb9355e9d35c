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
		if err := c.statsBefore(ctx, last.StartKey, out); err != nil {
			return nil, fmt.Errorf("count peers: %w", err)
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

// statsBefore has PD count the regions from the start of the key space up to a
// key, which must not be empty.
func (c *Client) statsBefore(ctx context.Context, key []byte, out *cluster.RegionStats) error {
	var wire struct {
		Count   int                     `json:"count"`
		Peers   map[cluster.StoreID]int `json:"store_peer_count"`
		Leaders map[cluster.StoreID]int `json:"store_leader_count"`
	}
	r := get(statsRegionPath, url.Values{"start_key": {""}, "end_key": {string(key)}})
	r.slow = true
	if err := c.readJSON(ctx, r, &wire); err != nil {
		return err
	}
	out.Regions += wire.Count
	for id, n := range wire.Peers {
		out.PeerCount[id] += n
	}
	for id, n := range wire.Leaders {
		// PD counts the missing leader of a region under store 0.
		if id != 0 {
			out.LeaderCount[id] += n
		}
	}
	return nil
}

// lastRegion reads the region at the end of the key space. ok is false when PD
// has no region at all.
func (c *Client) lastRegion(ctx context.Context) (r cluster.Region, ok bool, err error) {
	key := []byte{0xff, 0xff, 0xff} // above every key that TiDB encodes
	for range 8 {
		a, err := c.read(ctx, get("/regions/key", url.Values{"key": {string(key)}, "limit": {"1"}}))
		if err != nil {
			return r, false, err
		}
		list, err := typedPage(a)
		if err != nil {
			return r, false, err
		}
		switch {
		case len(list) == 0:
			n, err := c.RegionCount(ctx)
			if err == nil && n > 0 {
				err = &RegionGapError{Start: key}
			}
			return r, false, err
		case len(list[0].end) == 0:
			return list[0].value, true, nil
		}
		key = list[0].end
	}
	return r, false, errors.New("find the last region: the key space goes on and on")
}
