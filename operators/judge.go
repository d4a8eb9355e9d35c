package operators

import (
	"cmp"
	"fmt"
	"slices"

	"ebb/cluster"
)

// Orphan is a peer on a store that is gone, and the verdict on removing it.
type Orphan struct {
	RegionID cluster.RegionID    `json:"region_id"`
	StoreID  cluster.StoreID     `json:"store_id"`
	PeerID   uint64              `json:"peer_id"`
	Role     cluster.PeerRole    `json:"role"`
	Witness  bool                `json:"is_witness,omitempty"`
	Epoch    cluster.RegionEpoch `json:"epoch"`
	// Leader is the store of the region's leader, 0 without one.
	Leader  cluster.StoreID `json:"leader_store_id"`
	SizeMiB int64           `json:"approximate_size_mib"`
	// TableID is the table at the start of the region, 0 when it is none's.
	TableID int64 `json:"table_id,omitempty"`

	Verdict Verdict `json:"verdict"`
	Reason  Reason  `json:"reason"`
	// Votes are the region's voters, and those that are live without the orphan.
	Votes cluster.QuorumReport `json:"votes"`
}

// Judge judges the peer of a region on a store.
//
// Safe needs all of this: the six conditions of cluster.JudgeRemoval; that nobody
// answers for the orphan; that no operator runs on the region; and that its other
// peers are well, since PD is about to act on those that are not.
func (s *Scene) Judge(r *cluster.Region, store cluster.StoreID) Orphan {
	removal := cluster.JudgeRemoval(r, store, s.Stores, s.ReadAt)
	o := Orphan{
		RegionID: r.ID, StoreID: store, Epoch: r.Epoch, Leader: r.Leader.StoreID,
		SizeMiB: r.ApproximateSizeMiB, Votes: removal.Votes,
	}
	if p := r.PeerOn(store); p != nil {
		o.PeerID, o.Role, o.Witness = p.ID, p.Role, p.IsWitness
	}
	o.TableID, _ = cluster.TableID(r.StartKey)
	o.Verdict, o.Reason = s.decide(r, store, removal)
	return o
}

func (s *Scene) decide(r *cluster.Region, store cluster.StoreID, removal cluster.RemovalVerdict) (Verdict, Reason) {
	_, running := s.Running[r.ID]
	_, answers := s.Answering[store]
	votes := Reason(removal.Reason)
	switch {
	case removal.Reason == cluster.RemovalNoPeer, removal.Reason == cluster.RemovalStoreKnown:
		return Refuse, votes
	case s.UnsafeRecovery != "":
		return Hold, ReasonUnsafeRecovery
	case answers:
		return Refuse, ReasonProcessAnswers
	case s.Fresh && removal.Reason == cluster.RemovalNoLeader:
		return Hold, ReasonFreshLeader
	case removal.Answer == cluster.No:
		return Refuse, votes
	case removal.Answer != cluster.Yes:
		return Hold, votes
	case s.Fresh:
		return Hold, ReasonFreshLeader
	case running:
		return Hold, ReasonOperatorRuns
	case s.othersUnwell(r):
		return Hold, ReasonPeersUnwell
	case s.placement.unread:
		return Hold, ReasonPlacementUnread
	case s.placement.repairs(r):
		return Wait, ReasonPDRepairs
	}
	return Safe, votes
}

// othersUnwell reports whether a peer is down or pending that is no orphan itself.
// Orphans are down as soon as TiKV says so.
func (s *Scene) othersUnwell(r *cluster.Region) bool {
	orphan := func(id cluster.StoreID) bool { return s.Stores[id].Gone() }
	return slices.ContainsFunc(r.Down, func(d cluster.DownPeer) bool { return !orphan(d.Peer.StoreID) }) ||
		slices.ContainsFunc(r.Pending, func(p cluster.Peer) bool { return !orphan(p.StoreID) })
}

func (o Orphan) compare(other Orphan) int {
	return cmp.Or(cmp.Compare(o.RegionID, other.RegionID), cmp.Compare(o.StoreID, other.StoreID))
}

// StepID names the removal in the journal.
func (o *Orphan) StepID() string { return fmt.Sprintf("remove-peer/%d/%d", o.RegionID, o.StoreID) }
