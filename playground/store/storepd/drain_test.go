package storepd

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"ebb/playground/store"
)

// TestDrain takes a store out the way an operator does: DELETE, watch it empty,
// see PD bury it, and see it refused afterwards.
func TestDrain(t *testing.T) {
	c := start(t, 1, store.Config{Stores: specs(5), Regions: 300, Timing: store.DefaultTiming().Faster(20)})
	victim := c.fleet.Stores()[4].ID
	if got := c.store(victim); got.Store.StateName != "Up" || got.Status.Regions == 0 {
		t.Fatalf("before: %+v", got)
	}
	if got := len(c.regions("/regions")); got != 300 {
		t.Fatalf("PD has %d regions, want 300", got)
	}
	c.call(http.MethodDelete, fmt.Sprintf("/store/%d", victim), nil, nil)
	c.await(30*time.Second, "store drained", func() bool { return len(c.regions(fmt.Sprintf("/regions/store/%d", victim))) == 0 })
	c.await(15*time.Second, "store buried", func() bool { return c.store(victim).Store.StateName == "Tombstone" })
	truth, err := c.fleet.Store(victim)
	c.must(err)
	if truth.Regions != 0 || truth.Leaders != 0 {
		t.Errorf("the store still has %d peers, %d leaders", truth.Regions, truth.Leaders)
	}
	for _, r := range c.fleet.Regions(store.RegionFilter{}) {
		if !r.Majority || r.Joint || len(r.Peers) != 3 {
			t.Errorf("region %d after the drain: %+v", r.ID, r)
		}
	}
	c.await(5*time.Second, "process told that it is tombstone", func() bool {
		s, err := c.fleet.Store(victim)
		c.must(err)
		return s.Running && s.LastError == "store is tombstone"
	})
}
