package storepd

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"ebb/playground/store"
)

func TestTiFlash(t *testing.T) {
	stores := append(specs(3), store.Spec{Engine: store.TiFlash, DeployDir: "/deploy/tiflash-9000"}, store.Spec{Engine: store.TiFlash})
	c := start(t, 1, store.Config{Stores: stores, Regions: 80, Learners: 1, Timing: store.DefaultTiming().Faster(20)})
	flash := c.fleet.Stores()[3]
	got := c.store(flash.ID)
	if got.Store.Address != flash.Address || got.Store.Peer == got.Store.Address {
		t.Errorf("PD has the TiFlash store as %+v", got.Store)
	}
	learners := func() int {
		n := 0
		for _, r := range c.regions("/regions") {
			for _, p := range r.Peers {
				if p.Role == "Learner" {
					n++
				}
			}
		}
		return n
	}
	before := learners()
	if before == 0 {
		t.Fatal("no learners")
	}
	time.Sleep(2 * time.Second)
	if after := learners(); after != before {
		t.Errorf("PD changed %d learners to %d: the layout does not fit the rules", before, after)
	}
	if n := len(c.regions("/regions")); n != 80 {
		t.Errorf("PD split the regions: %d", n)
	}
	c.call(http.MethodDelete, fmt.Sprintf("/store/%d", flash.ID), nil, nil)
	c.await(15*time.Second, "TiFlash store drained", func() bool { return len(c.regions(fmt.Sprintf("/regions/store/%d", flash.ID))) == 0 })
	if after := learners(); after != before {
		t.Errorf("%d learners after the drain, want %d", after, before)
	}
}

// With as many stores as replicas PD has nowhere to put a replacement, so
// orphans stay until somebody removes them.
func TestOrphans(t *testing.T) {
	c := start(t, 1, store.Config{Stores: specs(3), Regions: 40, Timing: store.DefaultTiming().Faster(20)})
	if _, err := c.fleet.OrphanPeers(t.Context(), store.Orphan{Count: 1, Store: c.fleet.Stores()[0].ID}); err == nil {
		t.Error("a known store became an orphan's")
	}
	dead, err := c.fleet.OrphanPeers(t.Context(), store.Orphan{Count: 3, Store: 9901, Replace: true})
	c.must(err)
	c.await(5*time.Second, "orphans visible", func() bool { return len(c.regions("/regions/store/9901")) == 3 })
	c.await(10*time.Second, "orphans reported down", func() bool { return len(c.region(dead[0]).Down) == 1 })
	for _, r := range c.fleet.Regions(store.RegionFilter{Store: 9901}) {
		if !r.Majority || !slices.Contains(dead, r.ID) {
			t.Errorf("region %d: %+v", r.ID, r)
		}
	}
	c.call(http.MethodPost, "/operators", map[string]any{"name": "remove-peer", "region_id": dead[0], "store_id": 9901}, nil)
	// PD then makes up for the missing replica on the store that has none.
	c.await(10*time.Second, "orphan removed by an operator", func() bool { return len(c.regions("/regions/store/9901")) == 2 })
	c.await(10*time.Second, "replica made up", func() bool { return len(c.region(dead[0]).Peers) == 3 })
}

func TestLeaderStoreStops(t *testing.T) {
	c := start(t, 1, store.Config{Stores: specs(3), Regions: 60, Timing: store.DefaultTiming().Faster(10)})
	victim := c.fleet.Stores()[0]
	if c.store(victim.ID).Status.Leaders == 0 {
		t.Fatal("the store leads nothing")
	}
	c.must(c.fleet.StopStore(victim.ID))
	if _, err := http.Get("http://" + victim.StatusAddress + "/status"); err == nil {
		t.Error("the status port still answers")
	}
	c.await(5*time.Second, "new leaders", func() bool { return c.store(victim.ID).Status.Leaders == 0 })
	for _, r := range c.fleet.Regions(store.RegionFilter{}) {
		if !r.Majority || r.LeaderStore == victim.ID || r.LeaderStore == 0 {
			t.Errorf("region %d: %+v", r.ID, r)
		}
	}
	c.await(10*time.Second, "down peers", func() bool { return len(c.regions("/regions/check/down-peer")) == 60 })

	// One more and every region is without a majority; PD goes on believing.
	second := c.fleet.Stores()[1]
	c.must(c.fleet.StopStore(second.ID))
	c.await(5*time.Second, "silence", func() bool {
		for _, r := range c.fleet.Regions(store.RegionFilter{}) {
			if r.LeaderStore != 0 || r.Majority {
				return false
			}
		}
		return true
	})
	if lead := c.region(c.fleet.Regions(store.RegionFilter{Limit: 1})[0].ID).Leader.Store; lead == 0 {
		t.Error("PD dropped the leader of a silent region")
	}
	c.must(c.fleet.StartStore(victim.ID))
	c.must(c.fleet.StartStore(second.ID))
	c.await(10*time.Second, "recovery", func() bool {
		return len(c.fleet.Regions(store.RegionFilter{NoMajority: true})) == 0 && len(c.regions("/regions/check/down-peer")) == 0
	})
}

// The leader of PD changes while a store drains; the stores follow, and the
// drain ends.
func TestPDLeaderChange(t *testing.T) {
	c := start(t, 3, store.Config{Stores: specs(4), Regions: 200, Timing: store.DefaultTiming().Faster(10)})
	victim := c.fleet.Stores()[0].ID
	left := func() int { return len(c.regions(fmt.Sprintf("/regions/store/%d", victim))) }
	all := left()
	c.call(http.MethodDelete, fmt.Sprintf("/store/%d", victim), nil, nil)
	c.await(15*time.Second, "drain under way", func() bool { return left() < all })
	before, err := c.pd.Leader(t.Context())
	c.must(err)
	c.must(c.pd.TransferLeader(t.Context(), ""))
	after, err := c.pd.Leader(t.Context())
	c.must(err)
	if before == after {
		t.Fatalf("the leader still is %q", before)
	}
	t.Logf("PD leader moved from %s to %s with %d of %d left", before, after, left(), all)
	c.await(40*time.Second, "drained", func() bool { return left() == 0 })
}
