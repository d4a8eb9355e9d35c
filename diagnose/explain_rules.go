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
		j := judgement{class: waiting(r), step: &step{desc: orphan.desc, peer: orphan.goes}, holds: -1}
		if orphan.goes != peer {
			j.holds = orphan.goes
		}
		return j
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
		if swap := w.replace(r, &f.rules[other], stepSwap, p); swap.search.result >= searchUnknown {
			swap.holds = p
			return swap
		}
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

// orphanStep is RuleChecker.fixOrphanPeers. goes is the peer that PD removes now,
// -1 for none; then rule or peer is what it waits for.
type orphanStep struct {
	desc string
	goes int
	rule int // a rule that is not satisfied, -1 for none
	peer int // a fitted peer that is not well, -1 for none
}

func (w *World) orphanStep(r *cluster.Region, f *fitted) orphanStep {
	s := orphanStep{goes: -1, rule: -1, peer: -1}
	if len(f.orphans) == 0 {
		return s
	}
	s.rule, s.peer = w.unwell(r, f)
	switch {
	case s.rule < 0 && s.peer < 0:
		s.goes, s.desc = f.orphans[0], stepRemoveOrphan
		return s
	case s.peer >= 0 && !r.IsPending(r.Peers[s.peer].ID) && w.orphanServes(r, f, s.peer):
		s.goes, s.desc = s.peer, stepUseOrphan
		return s
	}
	if len(f.orphans) >= 2 {
		s.goes, s.desc = w.surplusOrphan(r, f), stepRemoveOrphan
	}
	return s
}

// unwell is the first rule that is not satisfied, or else the first fitted peer
// that is down, silent or pending.
func (w *World) unwell(r *cluster.Region, f *fitted) (rule, peer int) {
	for i := range f.rules {
		if !f.rules[i].satisfied() {
			return i, -1
		}
		for _, p := range f.rules[i].peers {
			if w.silent(r, p) || r.IsDown(r.Peers[p].ID) || r.IsPending(r.Peers[p].ID) {
				return -1, p
			}
		}
	}
	return -1, -1
}

func (w *World) silent(r *cluster.Region, peer int) bool {
	at := w.at(r.Peers[peer].StoreID)
	return at < 0 || w.stores[at].fails.has(filterDisconnected)
}

func (w *World) sick(r *cluster.Region, peer int) bool {
	return r.IsDown(r.Peers[peer].ID) || r.IsPending(r.Peers[peer].ID)
}

// orphanServes reports whether a healthy orphan can stand in for a peer on a
// silent store.
func (w *World) orphanServes(r *cluster.Region, f *fitted, down int) bool {
	if !w.silent(r, down) || r.Peers[down].IsWitness {
		return false
	}
	rf := &f.rules[f.of(down)]
	rest := w.storesOf(r, rf, down)
	score := 0.0
	for i, a := range rest {
		score += rf.facts.apart(a, rest[i+1:])
	}
	for _, o := range f.orphans {
		at := w.at(r.Peers[o].StoreID)
		if w.sick(r, o) || w.silent(r, o) || r.Peers[o].IsWitness || !rf.facts.accepts[at] {
			continue
		}
		if score+rf.facts.apart(at, rest) >= rf.score {
			return true
		}
	}
	return false
}

// surplusOrphan is the orphan that PD removes although a rule is not satisfied: a
// sick one, or, where there are more peers than the rules ask for, any but the
// first, silent ones first (7.1 and later). -1 for none.
func (w *World) surplusOrphan(r *cluster.Region, f *fitted) int {
	extra := -1 * countOf(f)
	for i := range r.Peers {
		if w.at(r.Peers[i].StoreID) >= 0 {
			extra++
		}
	}
	for i, o := range f.orphans {
		switch {
		case w.sick(r, o):
			return o
		case i == 0 || extra <= 0:
			continue
		}
		for _, silent := range f.orphans {
			if w.silent(r, silent) {
				return silent
			}
		}
		return o
	}
	return -1
}

func countOf(f *fitted) (n int) {
	for i := range f.rules {
		n += f.rules[i].rule.Count
	}
	return n
}

// orphanHeld: the asked peer is one that no rule takes, and PD keeps it for now.
func (w *World) orphanHeld(r *cluster.Region, f *fitted, s orphanStep) judgement {
	switch {
	case s.rule >= 0 && f.rules[s.rule].short():
		return w.add(r, f, &f.rules[s.rule])
	case s.rule >= 0: // a role is wrong, which PD mends unless the peer is sick
		p := f.rules[s.rule].wrongRole[0]
		return judgement{class: w.sickClass(r, p), holds: p}
	}
	return judgement{class: w.sickClass(r, s.peer), holds: s.peer}
}

func (w *World) sickClass(r *cluster.Region, peer int) TailClass {
	switch {
	case r.IsPending(r.Peers[peer].ID):
		return TailPendingReplica
	case r.IsDown(r.Peers[peer].ID) || w.silent(r, peer):
		return TailDownReplica
	}
	return waiting(r)
}
