package decommission

import (
	"context"
	"fmt"

	"ebb/cluster"
)

// Drained proves that no region needs a store any more. Only ProveDrained makes
// one; the zero value proves nothing, and what deletes data takes no other.
type Drained struct {
	store  cluster.StoreID
	proven bool
}

// Of reports whether the proof is one for the store.
func (d Drained) Of(id cluster.StoreID) bool { return d.proven && d.store == id }

// DrainedReader is what the second opinion asks PD for.
type DrainedReader interface {
	RegionReader
	StoreReader
	// RegionStats counts the peers of all regions by store.
	RegionStats(ctx context.Context) (*cluster.RegionStats, error)
}

// ProveDrained takes the second opinion before a byte is deleted: PD says
// Tombstone now (or has no record of the store), no region names the store, by
// its list and by the count over all regions, and PD's cache is warm: every
// region has a leader. PD makes a store Tombstone when its cache holds nothing
// on it (by region count through 8.5, by size in 9.0-beta.2 and master), and a
// PD leader that was just elected knows its regions only from storage.
func ProveDrained(ctx context.Context, pd DrainedReader, id cluster.StoreID) (Drained, []Finding) {
	var findings []Finding
	add := func(result Result, summary, fix string, evidence ...string) {
		findings = append(findings, Finding{
			Check: "drained", Result: result, Summary: summary, Fix: fix, Evidence: evidence, Stores: []cluster.StoreID{id},
		})
	}
	stores, _, err := pd.Stores(ctx)
	if err != nil {
		add(Unknown, fmt.Sprintf("could not read the state of store %d", id), "", err.Error())
		return Drained{}, findings
	}
	s := cluster.IndexStores(stores)[id]
	if s != nil && s.State != cluster.Tombstone {
		add(Refused, fmt.Sprintf("%s is %s, not Tombstone", s, s.StateName), "let it leave first: ebb scale-in, ebb watch")
		return Drained{}, findings
	}
	switch n, err := countRegions(ctx, pd, id); {
	case err != nil:
		add(Unknown, fmt.Sprintf("could not list the regions of store %d", id), "", err.Error())
	case n > 0:
		add(Refused, fmt.Sprintf("%s still name store %d", cluster.Plural(n, "region"), id), "keep its data and its process; pd-ctl region store "+id.String())
	}
	stats, err := pd.RegionStats(ctx)
	switch {
	case err != nil:
		add(Unknown, "could not count the peers of all regions", "", err.Error())
	case stats.PeerCount[id] > 0:
		add(Refused, fmt.Sprintf("PD counts %s on store %d", cluster.Plural(stats.PeerCount[id], "peer"), id), "keep its data and its process")
	case stats.Regions == 0:
		add(Unknown, "PD knows of no region at all: its cache may be empty", "run the command again when the regions have reported")
	case stats.Leaders() < stats.Regions:
		add(Unknown, fmt.Sprintf("%d of %d regions have no leader in PD's cache: its leader may have been elected just now", stats.Regions-stats.Leaders(), stats.Regions),
			"run the command again in a minute, when the regions have reported")
	}
	if len(findings) > 0 {
		return Drained{}, findings
	}
	state := "is Tombstone"
	if s == nil {
		state = "is not known to PD any more"
	}
	add(OK, fmt.Sprintf("store %d %s and no region of %d names it", id, state, stats.Regions), "")
	return Drained{store: id, proven: true}, findings
}
