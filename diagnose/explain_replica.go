package diagnose

import (
	"cmp"
	"slices"

	"ebb/cluster"
)

// PD's names of the replica checker's operators.
const (
	stepReplica         = "replace-offline-replica"
	stepRemoveExtra     = "remove-extra-offline-replica"
	stepReplicaDown     = "replace-down-replica"
	stepRemoveExtraDown = "remove-extra-down-replica"
	stepPromote         = "promote-learner"
)

// nextByReplicas is PD's replica checker, which works where placement rules are
// off. It goes through the peers in their order and deals with the first that
// must go; a learner or a store that PD does not know ends the round.
func (w *World) nextByReplicas(r *cluster.Region, peer int) judgement {
	for i := range r.Peers {
		if r.Peers[i].Role == cluster.Learner && !w.sick(r, i) {
			return judgement{class: waiting(r), step: &step{desc: stepPromote, peer: -1}, holds: i}
		}
	}
	if j, ok := w.downReplica(r, peer); ok {
		return j
	}
	for i := range r.Peers {
		if r.Peers[i].Role == cluster.Learner {
			return judgement{class: w.sickClass(r, i), holds: i}
		}
	}
	for i := range r.Peers {
		p := &r.Peers[i]
		switch {
		case w.known[p.StoreID] == nil:
			return judgement{class: TailOrphan, holds: i}
		case w.leaving(p.StoreID):
			return w.fixReplica(r, i, peer, stepReplica, stepRemoveExtra)
		}
	}
	return judgement{class: TailNotLeaving, holds: -1}
}

// downReplica is ReplicaChecker.checkDownPeer: it comes first, and only where it
// finds a store does it end the round. It goes through the peers by their ids.
func (w *World) downReplica(r *cluster.Region, peer int) (judgement, bool) {
	if w.snap.Schedule == nil || !w.snap.Schedule.RemoveDownReplica {
		return judgement{}, false
	}
	down := slices.Clone(r.Down)
	slices.SortFunc(down, func(a, b cluster.DownPeer) int { return cmp.Compare(a.Peer.ID, b.Peer.ID) })
	for i := range down {
		p := positionOn(r, down[i].Peer.StoreID)
		if p < 0 || w.known[r.Peers[p].StoreID] == nil {
			return judgement{}, false
		}
		if !w.lost(r, &r.Peers[p]) {
			continue
		}
		j := w.fixReplica(r, p, peer, stepReplicaDown, stepRemoveExtraDown)
		return j, j.class.Blocks() != cluster.Yes || p == peer
	}
	return judgement{}, false
}

// fixReplica is ReplicaChecker.fixPeer: a peer too many goes without a successor.
func (w *World) fixReplica(r *cluster.Region, goes, asked int, replace, remove string) judgement {
	voters := 0
	var rest []int
	for i := range r.Peers {
		if r.Peers[i].Role != cluster.Learner {
			voters++
		}
		if at := w.at(r.Peers[i].StoreID); at >= 0 && i != goes {
			rest = append(rest, at)
		}
	}
	var j judgement
	if voters > w.snap.Replication.MaxReplicas {
		j = judgement{class: waiting(r), step: &step{desc: remove, peer: goes}, holds: -1}
		if w.leadership(r, j.step, nil) != cluster.Yes {
			j.class = TailNoNewLeader
		}
	} else {
		j = w.searched(r, &step{desc: replace, peer: goes}, w.look(r, w.replica, rest))
	}
	if goes != asked {
		j.holds = goes
	}
	return j
}
