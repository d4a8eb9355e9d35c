package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"ebb/cluster"
)

// nextCommand is the command to type next, "" when there is nothing to do. CLUSTER
// stands for how the cluster was named.
func (w *World) nextCommand(r *cluster.Region, e *Explanation) string {
	switch e.Class {
	case TailNoMajority, TailNoLeader, TailDownReplica:
		if ids := w.silentStores(r); len(ids) > 0 {
			return "start the processes of store " + idList(ids) + " again; ebb display CLUSTER shows where they are"
		}
	case TailOrphan:
		if p := w.unknownPeer(r); p >= 0 {
			return fmt.Sprintf("ebb orphans list CLUSTER --store %d", r.Peers[p].StoreID)
		}
	case TailMoving:
		for _, id := range targetsOf(e.Operator) {
			if at := w.at(id); at < 0 || w.stores[at].fails.has(filterDisconnected) {
				return fmt.Sprintf("pd-ctl operator remove %d", r.ID)
			}
		}
	case TailNoNewLeader:
		var evicting []string
		for _, id := range w.snap.EvictLeader {
			if !w.leaving(id) {
				evicting = append(evicting, fmt.Sprintf("pd-ctl scheduler remove evict-leader-scheduler-%d", id))
			}
		}
		if len(evicting) > 0 {
			return strings.Join(evicting[:min(len(evicting), 3)], "; ")
		}
	case TailBig:
		return fmt.Sprintf("pd-ctl operator add split-region %d --policy=approximate", r.ID)
	case TailWaiting, TailNotHere, TailNotLeaving, TailJointState, TailSplit:
		return ""
	}
	return "ebb diagnose CLUSTER"
}

// silentStores are the stores of the region that PD does not hear.
func (w *World) silentStores(r *cluster.Region) []cluster.StoreID {
	var ids []cluster.StoreID
	for i := range r.Peers {
		if w.silent(r, i) {
			ids = append(ids, r.Peers[i].StoreID)
		}
	}
	return ids
}

// Differences compares the rules and their peers with PD's own fit, which PD
// shows since 6.5. The two are read one after the other, so a region that moves
// may differ.
func (e *Explanation) Differences(fit *cluster.RegionFit) []string {
	var list []string
	theirs := make(map[string][]cluster.Peer)
	for i := range fit.Fits {
		theirs[fit.Fits[i].Rule.Name()] = fit.Fits[i].Peers
	}
	for i := range e.Rules {
		v := &e.Rules[i]
		peers, ok := theirs[v.Rule.Name()]
		delete(theirs, v.Rule.Name())
		switch {
		case !ok:
			list = append(list, fmt.Sprintf("rule %s is not among PD's", v.Rule.Name()))
		case !sameStores(peers, v.Peers):
			list = append(list, fmt.Sprintf("rule %s: PD gives it the peers on store %s, this program those on store %s", v.Rule.Name(), peerStores(peers), peerStores(v.Peers)))
		}
	}
	for i := range fit.Fits {
		if name := fit.Fits[i].Rule.Name(); theirs[name] != nil {
			list = append(list, fmt.Sprintf("rule %s applies for PD only", name))
		}
	}
	if !sameStores(fit.Orphans, e.Orphans) {
		list = append(list, fmt.Sprintf("peers that no rule asks for: PD says %s, this program %s", peerStores(fit.Orphans), peerStores(e.Orphans)))
	}
	return list
}

func sameStores(a, b []cluster.Peer) bool { return slices.Equal(sortedStores(a), sortedStores(b)) }

func sortedStores(peers []cluster.Peer) []cluster.StoreID {
	ids := make([]cluster.StoreID, 0, len(peers))
	for i := range peers {
		ids = append(ids, peers[i].StoreID)
	}
	slices.Sort(ids)
	return ids
}

func peerStores(peers []cluster.Peer) string {
	if len(peers) == 0 {
		return "none"
	}
	return idList(sortedStores(peers))
}
