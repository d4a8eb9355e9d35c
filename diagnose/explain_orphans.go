package diagnose

import (
	"slices"

	"ebb/cluster"
)

// orphanStep is RuleChecker.fixOrphanPeers. goes is the peer that PD removes now,
// -1 for none; then rule or peer is what it waits for.
type orphanStep struct {
	desc string
	goes int
	// serves is the store of the orphan that stands in for goes, 0 for none.
	serves cluster.StoreID
	rule   int // a rule that is not satisfied, -1 for none
	peer   int // a fitted peer that is not well, -1 for none
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
	case s.peer >= 0:
		if o := w.orphanServes(r, f, s.peer); o >= 0 {
			s.goes, s.serves, s.desc = s.peer, r.Peers[o].StoreID, stepUseOrphan
			return s
		}
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
			if w.silent(r, p) || w.sick(r, p) {
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

// orphanServes is a healthy orphan that can stand in for a peer on a silent store,
// -1 for none.
func (w *World) orphanServes(r *cluster.Region, f *fitted, down int) int {
	if !w.silent(r, down) || r.Peers[down].IsWitness {
		return -1
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
			return o
		}
	}
	return -1
}

// surplusOrphan is the orphan that PD removes although a rule is not satisfied: a
// sick one, or, where there are more peers than the rules ask for, any but the
// first, silent ones first (7.1 and later). -1 for none.
func (w *World) surplusOrphan(r *cluster.Region, f *fitted) int {
	extra := -countOf(f)
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

// orphanHeld: the asked peer is one that no rule takes, and PD keeps it until the
// rule that is not satisfied, or the peer that is not well, has been mended.
func (w *World) orphanHeld(r *cluster.Region, f *fitted, s orphanStep) judgement {
	rule, holds := s.rule, s.peer
	switch {
	case rule < 0:
		rule = f.of(holds)
	case len(f.rules[rule].wrongRole) > 0:
		holds = f.rules[rule].wrongRole[0]
	}
	if j := w.nextOfRule(r, f, rule, -1); j.step != nil {
		return j
	}
	if s.rule >= 0 && !w.mayChangeRole(r, &f.rules[rule], holds) {
		return judgement{class: TailNoNewLeader, holds: holds}
	}
	return judgement{class: w.sickClass(r, holds), holds: holds}
}

// mayChangeRole is the part of RuleChecker.fixLooseMatchPeer that asks for a leader
// elsewhere: on the peer of a leader rule, or away from that of a follower rule.
func (w *World) mayChangeRole(r *cluster.Region, rf *ruleFit, peer int) bool {
	p := &r.Peers[peer]
	switch {
	case p.Role == cluster.Learner:
		return true // promoted first
	case rf.rule.Role == cluster.RoleLeader:
		return !p.IsWitness && w.mayLead(r, w.at(p.StoreID))
	case p.ID != r.Leader.ID:
		return true
	}
	return slices.ContainsFunc(r.Peers, func(o cluster.Peer) bool {
		return o.ID != p.ID && o.Role != cluster.Learner && !o.IsWitness && w.mayLead(r, w.at(o.StoreID))
	})
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
