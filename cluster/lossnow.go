package cluster

import "time"

// LossElects says that the leader is lost, and those that stay elect another.
const LossElects LossReason = "elects-new-leader"

// JudgeSuddenLoss judges one region: would it go on if every store in lost, of
// which some are alive, were gone this moment? It is JudgeLoss for stores that
// still run. Where the lost leader leads now, PD's record of the region is fresh,
// and a majority that stays has every committed entry among it (Raft section
// 5.4), so it elects another leader. Witnesses have a vote but no entries, so
// where there are any, nobody can tell.
func JudgeSuddenLoss(r *Region, stores Stores, lost map[StoreID]bool, now time.Time) LossVerdict {
	v := JudgeLoss(r, stores, lost, now)
	if v.Reason != LossLeaderGone || !lost[r.Leader.StoreID] || !LeaderLive(r, stores, now) {
		return v
	}
	for i := range r.Peers {
		if r.Peers[i].IsWitness {
			return v
		}
	}
	if p := r.PeerOn(r.Leader.StoreID); p.Role == Learner || r.IsDown(p.ID) {
		return v // no such peer leads
	}
	v.Answer, v.Reason = Yes, LossElects
	return v
}
