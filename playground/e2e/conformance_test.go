package e2e

import (
	"testing"

	"ebb/cluster"
	"ebb/pdclient/conformance"
	"ebb/pdclient/pdtest"
)

// TestPDConforms holds what the project believes about PD, and what its PD in
// memory does, against the real one. A Tombstone is made for the checks that
// need one.
func TestPDConforms(t *testing.T) {
	b := newBench(t, setup{tikv: 6, direct: true})
	stores := b.tikv()
	tombstone := stores[5]
	b.wantCode(b.run("scale-in", "-N", tombstone.Address, "--wait", "--interval", "200ms", "--yes"), 0)
	var list struct {
		Regions []struct {
			ID cluster.RegionID `json:"id"`
		} `json:"regions"`
	}
	b.read("/regions/key?limit=1", &list)
	conformance.Run(t, func(*testing.T) conformance.Target {
		return conformance.Target{
			Profile: pdtest.V8_1, BaseURL: b.PD()[0], Region: list.Regions[0].ID,
			Victim: cluster.StoreID(stores[0].ID), Other: cluster.StoreID(stores[1].ID), Tombstone: cluster.StoreID(tombstone.ID),
		}
	})
}
