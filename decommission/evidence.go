package decommission

import (
	"time"

	"ebb/cluster"
)

// Evidence is all that the checks look at.
type Evidence struct {
	Snapshot *cluster.Snapshot
	// Surveys has one entry for every store that is to leave.
	Surveys map[cluster.StoreID]*Survey
	// Tables names the tables of TiFlash rules, as far as somebody was asked. Names
	// are for people only; nothing is decided by them.
	Tables map[int64]TableName
}

// TableName is what TiDB calls a table.
type TableName struct {
	Schema, Table string
	// Unknown is set when TiDB answered that it has no such table: it was dropped,
	// and its rule goes when TiDB collects the garbage.
	Unknown bool
}

// Survey counts what stands out among the regions of one store. It holds counts
// and a few examples, never the regions, so its size does not grow with them.
type Survey struct {
	// Err is why the regions could not be read to the end; the counts are then
	// incomplete and prove nothing.
	Err        error
	Regions    int // regions with a peer on the store
	Leaders    int // of these, led from the store
	Leaderless cluster.RegionCount
	// NoMajority counts regions in which fewer voters are live than a change of
	// peers needs (either half, where the region is in a joint state).
	NoMajority cluster.RegionCount
	Joint      cluster.RegionCount
	// Weak counts regions that have a majority but also a down or pending peer.
	Weak cluster.RegionCount
	// Learners counts regions with a learner that is not on TiFlash.
	Learners cluster.RegionCount
	// UnknownPeers counts regions with a peer on a store that PD has no record of.
	UnknownPeers cluster.RegionCount
	// NoTarget counts regions whose peer on the store finds no place elsewhere, and
	// TargetUnclear those in which that depends on what PD does first.
	NoTarget, TargetUnclear cluster.RegionCount
	// AcrossRules counts regions that lie across a border between rules: PD splits
	// them before it moves their peers.
	AcrossRules cluster.RegionCount
	// BytesMiB sums the approximate sizes, in MiB.
	BytesMiB int64
	// Moves puts together the regions whose peers may go to the same stores. It is
	// empty when the placement rules could not be read.
	Moves []Move
}

// Move is what is to be moved to some stores.
type Move struct {
	// Targets are the stores that PD can give it to, sorted; empty when there are
	// none.
	Targets []cluster.StoreID
	Regions int
	MiB     int64
	// Small regions (2 to 20 MiB) count a fifth against the limits of stores and
	// Empty ones (up to 1 MiB) nothing (storelimit, PD 4.0 to master). Unsized ones
	// have had no heartbeat since PD started.
	Small, Empty, Unsized int
}

// Add counts one region of the store. Each region is put under the gravest
// heading only: a region without leader is not counted as one without majority.
func (s *Survey) Add(r *cluster.Region, store cluster.StoreID, stores cluster.Stores, now time.Time) {
	s.Regions++
	s.BytesMiB += r.ApproximateSizeMiB
	if r.Leader.StoreID == store {
		s.Leaders++
	}
	s.addPeers(r, stores)
	switch {
	case !cluster.LeaderLive(r, stores, now):
		s.Leaderless.Add(r.ID)
	case !cluster.HasQuorum(r, stores, nil, now):
		s.NoMajority.Add(r.ID)
	case r.InJointState():
		s.Joint.Add(r.ID)
	case len(r.Down) > 0 || len(r.Pending) > 0:
		s.Weak.Add(r.ID)
	}
}

func (s *Survey) addPeers(r *cluster.Region, stores cluster.Stores) {
	unknown, learner := false, false
	for i := range r.Peers {
		store := stores[r.Peers[i].StoreID]
		unknown = unknown || store == nil
		learner = learner || r.Peers[i].Role == cluster.Learner && store != nil && store.Engine() == cluster.TiKV
	}
	if unknown {
		s.UnknownPeers.Add(r.ID)
	}
	if learner {
		s.Learners.Add(r.ID)
	}
}
