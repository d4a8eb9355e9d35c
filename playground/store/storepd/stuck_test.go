package storepd

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"ebb/playground/store"
)

// With a store to spare PD replaces an orphan by itself, alive or dead.
func TestOrphansRepaired(t *testing.T) {
	c := start(t, 1, store.Config{Stores: specs(4), Regions: 40, Timing: store.DefaultTiming().Faster(20)})
	for i, alive := range []bool{false, true} {
		id := uint64(9901 + i)
		ids, err := c.fleet.OrphanPeers(t.Context(), store.Orphan{Count: 2, Store: id, Replace: true, Alive: alive})
		c.must(err)
		c.await(10*time.Second, "orphans replaced", func() bool {
			return len(c.fleet.Regions(store.RegionFilter{Store: id})) == 0 && len(c.regions(fmt.Sprintf("/regions/store/%d", id))) == 0
		})
		for _, r := range ids {
			if got := c.region(r); len(got.Peers) != 3 {
				t.Errorf("region %d has %d peers", r, len(got.Peers))
			}
		}
	}
}

// A leaving store whose last regions have lost their majority never empties, and
// is dead to PD's operators; when the lost peers come back it does.
func TestLostMajorityPinsStore(t *testing.T) {
	c := start(t, 1, store.Config{Stores: specs(4), Regions: 60, Timing: store.DefaultTiming().Faster(20)})
	victim := c.fleet.Stores()[3].ID
	lost, err := c.fleet.LoseMajority(store.Loss{Store: victim, Count: 2})
	c.must(err)
	left := func() int { return len(c.regions(fmt.Sprintf("/regions/store/%d", victim))) }
	c.call(http.MethodDelete, fmt.Sprintf("/store/%d", victim), nil, nil)
	c.await(15*time.Second, "all but the lost drained", func() bool { return left() == 2 })
	// Operators that PD made for silent regions go nowhere.
	time.Sleep(2 * time.Second)
	if n := left(); n != 2 || len(c.fleet.Regions(store.RegionFilter{NoMajority: true})) != 2 {
		t.Fatalf("%d regions left, want the two without a majority", n)
	}
	for _, id := range lost {
		c.must(c.fleet.HealRegion(id))
	}
	c.await(20*time.Second, "drained after healing", func() bool { return left() == 0 })
}

// A region in a joint state that it cannot leave keeps its store from emptying.
func TestJointStuck(t *testing.T) {
	c := start(t, 1, store.Config{Stores: specs(4), Regions: 20, Timing: store.DefaultTiming().Faster(20)})
	r := c.fleet.Regions(store.RegionFilter{})[10]
	c.must(c.fleet.JointStuck(t.Context(), r.ID))
	joint := func() bool {
		for _, p := range c.region(r.ID).Peers {
			if p.Role == "IncomingVoter" || p.Role == "DemotingVoter" {
				return true
			}
		}
		return false
	}
	c.await(5*time.Second, "joint state visible", joint)
	time.Sleep(2 * time.Second)
	if !joint() {
		t.Fatal("PD got the region out of its joint state")
	}
	c.must(c.fleet.HealRegion(r.ID))
	c.await(10*time.Second, "PD leaves the joint state", func() bool { return !joint() })
	if got := c.region(r.ID); got.Epoch.ConfVer <= r.ConfVer {
		t.Errorf("conf_ver %d, was %d", got.Epoch.ConfVer, r.ConfVer)
	}
}
