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

// Tally is what a scan of all regions found beside the orphans.
type Tally struct {
	Regions int `json:"regions"`
	// Majority counts the regions that have a live majority and a live leader; each
	// of the others is under one of the next.
	Majority   int                 `json:"live_majority"`
	NoMajority cluster.RegionCount `json:"no_majority"`
	// CannotTell counts regions without a live leader, or that depend on stores not
	// heard yet, or whose record makes no sense.
	CannotTell cluster.RegionCount `json:"cannot_tell"`
	// Joint counts regions in a joint state; they are also under one of the others.
	Joint cluster.RegionCount `json:"joint"`
	// Peers counts peers by store, for comparison with what PD counts.
	Peers map[cluster.StoreID]int `json:"-"`
}

// Scan judges the majority of every region, and every peer on a store that is
// gone. asked restricts what is taken for an orphan to these stores, nil does not.
// The regions are streamed; an error of the sequence ends the scan.
func (s *Scene) Scan(regions iter.Seq2[cluster.Region, error], asked []cluster.StoreID) ([]Orphan, Tally, error) {
	t := Tally{Peers: make(map[cluster.StoreID]int)}
	plain := newPlainRegions(s, asked)
	found := []Orphan{}
	for r, err := range regions {
		if err != nil {
			return nil, t, fmt.Errorf("scan all regions: %w", err)
		}
		if plain.take(&r) {
			continue
		}
		t.add(s, &r)
		for i := range r.Peers {
			id := r.Peers[i].StoreID
			t.Peers[id]++
			if s.wanted(id, asked) {
				found = append(found, s.Judge(&r, id))
			}
		}
	}
	plain.addTo(&t)
	sortOrphans(found)
	return found, t, nil
}

func (s *Scene) wanted(id cluster.StoreID, asked []cluster.StoreID) bool {
	if len(asked) > 0 {
		return slices.Contains(asked, id)
	}
	return s.Stores[id].Gone()
}

func (t *Tally) add(s *Scene, r *cluster.Region) {
	t.Regions++
	v := cluster.JudgeLoss(r, s.Stores, nil, s.ReadAt)
	switch v.Answer {
	case cluster.Yes:
		t.Majority++
	case cluster.No:
		t.NoMajority.Add(r.ID)
	default:
		t.CannotTell.Add(r.ID)
	}
	if v.Joint {
		t.Joint.Add(r.ID)
	}
}

// Differences compares a scan with what PD counts. Peers move while both are
// read, so a difference is no error by itself; a store that only one of them knows
// is.
func (t *Tally) Differences(stats *cluster.RegionStats, stores cluster.Stores) []string {
	ids := make(map[cluster.StoreID]bool)
	for id := range t.Peers {
		ids[id] = true
	}
	for id := range stats.PeerCount {
		ids[id] = true
	}
	var out []string
	for id := range ids {
		known := !stores[id].Gone()
		if scanned, counted := t.Peers[id], stats.PeerCount[id]; !known && scanned != counted {
			out = append(out, fmt.Sprintf("store %d: the scan found %d peers, PD counted %d", id, scanned, counted))
		}
	}
	slices.Sort(out)
	return out
}
