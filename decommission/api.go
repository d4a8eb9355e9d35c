package decommission

import (
	"context"
	"iter"
	"time"

	"ebb/cluster"
)

// SnapshotReader reads PD once, in one round of requests.
type SnapshotReader interface {
	Snapshot(ctx context.Context) (*cluster.Snapshot, error)
}

// StoreReader reads the stores in all states, with PD's clock.
type StoreReader interface {
	Stores(ctx context.Context) ([]cluster.Store, time.Time, error)
}

// RegionReader streams the regions with a peer on a store, also of a store that
// PD has no record of.
type RegionReader interface {
	RegionsOfStore(ctx context.Context, id cluster.StoreID) iter.Seq2[cluster.Region, error]
}

// StoreWriter changes the state of a store. A nil error means that PD accepted
// the change, or that it had been made already.
type StoreWriter interface {
	DeleteStore(ctx context.Context, id cluster.StoreID) error
	SetStoreUp(ctx context.Context, id cluster.StoreID) error
	SetStoreLimit(ctx context.Context, id cluster.StoreID, limit cluster.LimitType, perMinute float64) error
	AddEvictLeader(ctx context.Context, id cluster.StoreID) error
	RemoveEvictLeader(ctx context.Context, id cluster.StoreID) error
}

// Recorder writes down what is about to happen and what came of it. An intent
// is durable before the change is made.
type Recorder interface {
	Intent(step Step, undo any) error
	Outcome(step Step, result StepResult, err error) error
}

// OfflineMarker sets or clears tiup's offline flag of nodes in the topology
// file. It returns the nodes that it changed and the path of the backup.
type OfflineMarker interface {
	MarkOffline(ctx context.Context, nodes []string, offline bool) (changed []string, backup string, err error)
}
