package storepd

import (
	"net/http"
	"testing"
	"time"

	"ebb/playground/store"
)

// TestAdminOperators has PD order one of each kind and looks at PD's view of
// what came of it.
func TestAdminOperators(t *testing.T) {
	c := start(t, 1, store.Config{Stores: specs(4), Regions: 20, Timing: store.DefaultTiming().Faster(20)})
	regions := c.fleet.Regions(store.RegionFilter{})
	region, next := regions[6], regions[7]
	operator := func(body map[string]any) {
		t.Helper()
		c.call(http.MethodPost, "/operators", body, nil)
	}

	operator(map[string]any{"name": "split-region", "region_id": region.ID, "policy": "approximate"})
	c.await(5*time.Second, "split", func() bool { return len(c.regions("/regions")) == 21 })
	if got := c.region(region.ID); got.Epoch.Version != region.Version+1 {
		t.Errorf("version %d after a split, was %d", got.Epoch.Version, region.Version)
	}

	to := follower(region)
	operator(map[string]any{"name": "transfer-leader", "region_id": region.ID, "to_store_id": to})
	c.await(5*time.Second, "leader transferred", func() bool { return c.region(region.ID).Leader.Store == to })

	free := c.free(region)
	operator(map[string]any{"name": "transfer-peer", "region_id": region.ID, "from_store_id": to, "to_store_id": free})
	c.await(10*time.Second, "leading peer moved", func() bool {
		got, ok := c.region(region.ID), true
		for _, p := range got.Peers {
			ok = ok && p.Store != to && p.Role == "Voter"
		}
		return ok && len(got.Peers) == 3 && len(got.Pending) == 0
	})

	operator(map[string]any{"name": "merge-region", "source_region_id": region.ID, "target_region_id": next.ID})
	c.await(10*time.Second, "merged", func() bool { return len(c.regions("/regions")) == 20 && c.region(region.ID).ID == 0 })
	if got := c.region(next.ID); got.Leader.Store == 0 || len(got.Peers) != 3 {
		t.Errorf("after the merge: %+v", got)
	}
}

func follower(r store.RegionState) uint64 {
	for _, p := range r.Peers {
		if p.Store != r.LeaderStore {
			return p.Store
		}
	}
	return 0
}

// free is a store without a peer of the region.
func (c *cluster) free(r store.RegionState) uint64 {
	taken := map[uint64]bool{}
	for _, p := range r.Peers {
		taken[p.Store] = true
	}
	for _, s := range c.fleet.Stores() {
		if !taken[s.ID] {
			return s.ID
		}
	}
	return 0
}
