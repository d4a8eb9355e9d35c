package operators

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"ebb/cluster"
)

// GoneStore is a store that regions name and that should not be named any more.
type GoneStore struct {
	ID cluster.StoreID `json:"store_id"`
	// State is PD's word for the store, StateUnknown when it has no record of it.
	State   string `json:"state"`
	Address string `json:"address,omitempty"`
	// Peers is how many peers PD counts on it.
	Peers int `json:"peers"`
	// Probed is set when it was looked whether its process answers; Answers is the
	// address at which it does, "" when it does not or nobody looked.
	Probed  bool   `json:"probed"`
	Answers string `json:"answers,omitempty"`
}

// StateUnknown is the state of a store that PD has no record of.
const StateUnknown = "unknown"

// GoneStores lists the stores that regions name and that PD has no record of, or
// calls Tombstone; or just the asked ones, whatever they are.
func GoneStores(stats *cluster.RegionStats, stores cluster.Stores, asked []cluster.StoreID) []GoneStore {
	ids := slices.Clone(asked)
	if len(ids) == 0 {
		for id, peers := range stats.PeerCount {
			if s := stores[id]; peers > 0 && id != 0 && s.Gone() {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	gone := make([]GoneStore, 0, len(ids))
	for _, id := range slices.Compact(ids) {
		g := GoneStore{ID: id, State: StateUnknown, Peers: stats.PeerCount[id]}
		if s := stores[id]; s != nil {
			g.State, g.Address = s.StateName, s.Address
		}
		gone = append(gone, g)
	}
	return gone
}

// RegionReader streams the regions with a peer on a store, also of a store that
// PD has no record of.
type RegionReader interface {
	RegionsOfStore(ctx context.Context, id cluster.StoreID) iter.Seq2[cluster.Region, error]
}

// Find judges every peer on the stores, in the order of regions and stores. It
// holds a record for each of them, not their regions.
func (s *Scene) Find(ctx context.Context, pd RegionReader, gone []GoneStore) ([]Orphan, error) {
	found := []Orphan{}
	for _, g := range gone {
		for r, err := range pd.RegionsOfStore(ctx, g.ID) {
			if err != nil {
				return nil, fmt.Errorf("read the regions of store %d: %w", g.ID, err)
			}
			if r.PeerOn(g.ID) != nil {
				found = append(found, s.Judge(&r, g.ID))
			}
		}
	}
	sortOrphans(found)
	return found, nil
}

func sortOrphans(list []Orphan) {
	slices.SortFunc(list, func(a, b Orphan) int { return a.compare(b) })
}
