package operators

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"ebb/cluster"
)

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

// Differences compares a scan with what PD counts on the stores that are gone.
// Peers move while both are read, so a difference on any other store means nothing.
func (t *Tally) Differences(stats *cluster.RegionStats, stores cluster.Stores) []string {
	ids := maps.Clone(t.Peers)
	maps.Copy(ids, stats.PeerCount)
	var out []string
	for id := range ids {
		if scanned, counted := t.Peers[id], stats.PeerCount[id]; stores[id].Gone() && scanned != counted {
			out = append(out, fmt.Sprintf("store %d: the scan found %d peers, PD counted %d", id, scanned, counted))
		}
	}
	slices.Sort(out)
	return out
}
