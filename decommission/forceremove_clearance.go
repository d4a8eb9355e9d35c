package decommission

import (
	"context"
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
)

// Clearance is what ForceRemove demands for each store: a Fenced, or an
// AcceptedUnfenced. No other package can make one.
type Clearance interface {
	// Clears reports whether it is about the store.
	Clears(id cluster.StoreID) bool
	// lastHeartbeat is the one that did not change while it was watched.
	lastHeartbeat() time.Time
}

// AcceptedUnfenced says that a person took the risk for one store, by naming the
// risk and typing the store's address. The zero value clears nothing.
type AcceptedUnfenced struct {
	store     cluster.StoreID
	heartbeat time.Time
}

// Clears reports whether the risk was taken for the store.
func (a AcceptedUnfenced) Clears(id cluster.StoreID) bool { return id != 0 && a.store == id }

func (a AcceptedUnfenced) lastHeartbeat() time.Time { return a.heartbeat }

// acceptedUnfenced makes the acceptance, if the plan has it, the address is the
// store's, and the ladder ended with "nobody can tell" after PD had been silent
// for the whole window. A store that is alive is nobody's to accept.
func (p *ForceRemovePlan) acceptedUnfenced(report *FenceReport, typed string) (AcceptedUnfenced, bool) {
	ok := slices.Contains(p.Unfenced, report.StoreID) && typed == report.Address &&
		report.Verdict == NotFenced && !report.LastHeartbeat.IsZero()
	if !ok {
		return AcceptedUnfenced{}, false
	}
	return AcceptedUnfenced{report.StoreID, report.LastHeartbeat}, true
}

// ForceDeleter marks a store as physically destroyed. It cannot be taken back.
type ForceDeleter interface {
	ForceDeleteStore(ctx context.Context, id cluster.StoreID) error
}

// ForceRemove deletes a store in PD by force, as one of a set. It takes the proof
// that the regions bear the loss of the whole set, and that the store does not
// run or somebody answers for it.
func ForceRemove(ctx context.Context, pd ForceDeleter, id cluster.StoreID, set []cluster.StoreID, proof Survivable, c Clearance) error {
	switch {
	case !proof.Without(set) || !slices.Contains(set, id):
		return fmt.Errorf("delete store %d by force: there is no proof that every region survives without %v", id, set)
	case c == nil || !c.Clears(id):
		return fmt.Errorf("delete store %d by force: it is not fenced", id)
	}
	return pd.ForceDeleteStore(ctx, id)
}
