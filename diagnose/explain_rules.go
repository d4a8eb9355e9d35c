package diagnose

import (
	"slices"

	"ebb/cluster"
)

// PD's names of the operators that its checkers create (2024-04; since 5.0 with
// few changes).
const (
	stepReplaceOffline = "replace-rule-offline-peer"
	stepReplaceDown    = "replace-rule-down-peer"
	stepSwap           = "replace-rule-swap-fit-peer"
	stepAdd            = "add-rule-peer"
	stepRemoveOrphan   = "remove-orphan-peer"
	stepUseOrphan      = "replace-down-peer-with-orphan-peer"
)

// nextByRules is PD's rule checker: peers that no rule takes first, then rule by
// rule. A rule without a store for its peer does not hold up the others.
func (w *World) nextByRules(r *cluster.Region, peer int) judgement {
	rules, ok := w.rulesAt(r)
	if !ok {
		return judgement{class: TailSplit, holds: -1}
	}
	f, ok := w.fit(r, rules)
	if !ok {
		return judgement{class: TailUnknown, holds: -1}
	}
	orphan := w.orphanStep(r, &f)
	if orphan.goes >= 0 {
		j := judgement{class: waiting(r), step: &step{desc: orphan.desc, peer: orphan.goes, serves: orphan.serves}, holds: -1}
		if orphan.goes != peer {
			j.holds = orphan.goes
		}
		if w.leadership(r, j.step, nil) == cluster.Yes {
			return j
		}
		// Nobody may lead without it. PD goes on to the rules.
		j.class = TailNoNewLeader
		if f.of(orphan.goes) >= 0 {
			orphan = orphanStep{goes: -1, rule: -1, peer: orphan.goes}
		} else if f.of(peer) < 0 {
			return j
		}
	}
	if at := f.of(peer); at >= 0 {
		return w.nextOfRule(r, &f, at, peer)
	}
	return w.orphanHeld(r, &f, orphan)
}

// nextOfRule is RuleChecker.fixRulePeer: a peer too few is added first; then the
// first peer that must go is replaced, and while that fails no other of the rule.
func (w *World) nextOfRule(r *cluster.Region, f *fitted, rule, peer int) judgement {
	rf := &f.rules[rule]
	if rf.short() {
		return w.add(r, f, rf)
	}
	for _, p := range rf.peers {
		var desc string
		switch {
		case w.lost(r, &r.Peers[p]):
			desc = stepReplaceDown
		case w.leaving(r.Peers[p].StoreID):
			desc = stepReplaceOffline
		default:
			continue
		}
		j := w.replace(r, rf, desc, p)
		if p != peer {
			j.holds = p
		}
		return j
	}
	return judgement{class: TailNotLeaving, holds: -1}
}

// replace looks for a store in place of one peer's, apart from those of the
// rule's other peers.
func (w *World) replace(r *cluster.Region, rf *ruleFit, desc string, peer int) judgement {
	s := &step{desc: desc, rule: rf, peer: peer}
	return w.searched(r, s, w.look(r, rf.facts, w.storesOf(r, rf, peer)))
}

// add looks for a store for a peer that the rule lacks. If there is none, PD
// tries to free one: a peer of another rule that stands on a store of this one is
// moved away (tikv/pd#7185, 7.1.3 and later).
func (w *World) add(r *cluster.Region, f *fitted, rf *ruleFit) judgement {
	j := w.searched(r, &step{desc: stepAdd, rule: rf, peer: -1}, w.look(r, rf.facts, w.storesOf(r, rf, -1)))
	if j.search.result >= searchUnknown {
		return j
	}
	for p := range r.Peers {
		at := w.at(r.Peers[p].StoreID)
		other := f.of(p)
		if at < 0 || !rf.facts.accepts[at] || other < 0 || &f.rules[other] == rf || !f.rules[other].satisfied() {
			continue
		}
		if swap := w.replace(r, &f.rules[other], stepSwap, p); swap.class.Blocks() != cluster.Yes {
			swap.holds = p
			return swap
		}
		break // PD tries no other
	}
	if lost := w.unknownPeer(r); lost >= 0 {
		j.class, j.holds = TailOrphan, lost
	}
	return j
}

// unknownPeer is the first peer on a store that PD has no record of, -1 for none.
func (w *World) unknownPeer(r *cluster.Region) int {
	return slices.IndexFunc(r.Peers, func(p cluster.Peer) bool { return w.known[p.StoreID] == nil })
}
