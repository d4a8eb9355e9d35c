package diagnose

import (
	"bytes"
	"slices"
	"time"

	"ebb/cluster"
)

// MaxKept bounds the regions that a tally keeps of one class. As many as that may
// not be all.
const MaxKept = 20

// Tally counts the regions of one store. It holds counts and a few regions of
// each class, so its size does not grow with them.
type Tally struct {
	Regions int   `json:"regions"`
	Leaders int   `json:"leaders"` // of these, led from the store
	SizeMiB int64 `json:"size_mib"`
	// Small regions count a fifth against the limits of stores, and Empty ones, also
	// those whose size PD does not know, nothing.
	Small int `json:"small"`
	Empty int `json:"empty"`
	// Classes puts every region into exactly one class.
	Classes map[TailClass]*Class `json:"classes"`

	// The headings below are counted beside the classes.
	Joint cluster.RegionCount `json:"joint"`
	// Fragile regions have a majority, and a down peer on another store.
	Fragile cluster.RegionCount `json:"fragile"`
	// DownOnLive have a down peer on another store, which itself is live.
	DownOnLive cluster.RegionCount `json:"down_on_live"`
	// Unknown have a peer on a store that PD has no record of.
	Unknown cluster.RegionCount `json:"unknown"`
	// Denied lie in a key range with the label schedule=deny.
	Denied cluster.RegionCount `json:"denied"`
	// LargestMiB is the size of the largest region, and Largest its id.
	LargestMiB int64            `json:"largest_mib"`
	Largest    cluster.RegionID `json:"largest,omitempty"`
	// Err is why the regions could not be read to the end: the counts are then
	// incomplete.
	Err string `json:"err,omitempty"`
}

// class makes an entry for the class if there is none.
func (t *Tally) class(name TailClass) *Class {
	if t.Classes == nil {
		t.Classes = make(map[TailClass]*Class)
	}
	if t.Classes[name] == nil {
		t.Classes[name] = new(Class)
	}
	return t.Classes[name]
}

// Class is one class of regions.
type Class struct {
	Count int `json:"count"`
	// Kept are the first ones.
	Kept []KeptRegion `json:"kept,omitempty"`
}

// KeptRegion is a region that is kept as an example.
type KeptRegion struct {
	// Table is the id of its table, 0 when it belongs to none.
	Table int64 `json:"table,omitempty"`
	cluster.Region
}

// counter fills the tally of one store.
type counter struct {
	store  cluster.StoreID
	world  *World
	stores cluster.Stores
	now    time.Time
	denied []cluster.KeyRange
	tally  *Tally
}

func (c *counter) add(r *cluster.Region) {
	t := c.tally
	t.Regions++
	t.SizeMiB += r.ApproximateSizeMiB
	switch {
	case r.ApproximateSizeMiB <= cluster.EmptyRegionMiB:
		t.Empty++
	case r.ApproximateSizeMiB <= cluster.SmallRegionMiB:
		t.Small++
	}
	if r.ApproximateSizeMiB > t.LargestMiB {
		t.LargestMiB, t.Largest = r.ApproximateSizeMiB, r.ID
	}
	if r.Leader.StoreID == c.store {
		t.Leaders++
	}
	c.classify(r)
	c.headings(r)
}

func (c *counter) classify(r *cluster.Region) {
	class := c.tally.class(c.world.Classify(r, c.store))
	class.Count++
	if len(class.Kept) < MaxKept {
		kept := KeptRegion{Region: *r}
		kept.Table, _ = cluster.TableID(r.StartKey)
		class.Kept = append(class.Kept, kept)
	}
}

func (c *counter) headings(r *cluster.Region) {
	t := c.tally
	if r.InJointState() {
		t.Joint.Add(r.ID)
	}
	fragile, downOnLive := false, false
	for i := range r.Down {
		if id := r.Down[i].Peer.StoreID; id != c.store {
			fragile = true
			downOnLive = downOnLive || c.stores[id].Live(c.now)
		}
	}
	if fragile && cluster.HasQuorum(r, c.stores, nil, c.now) {
		t.Fragile.Add(r.ID)
	}
	if downOnLive {
		t.DownOnLive.Add(r.ID)
	}
	if slices.ContainsFunc(r.Peers, func(p cluster.Peer) bool { return c.stores[p.StoreID] == nil }) {
		t.Unknown.Add(r.ID)
	}
	for i := range c.denied {
		if overlap(r, &c.denied[i]) {
			t.Denied.Add(r.ID)
			break
		}
	}
}

// overlap reports whether a region and a range have keys in common.
func overlap(r *cluster.Region, k *cluster.KeyRange) bool {
	return (len(k.End) == 0 || bytes.Compare(r.StartKey, k.End) < 0) &&
		(len(r.EndKey) == 0 || bytes.Compare(k.Start, r.EndKey) < 0)
}
