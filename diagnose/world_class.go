package diagnose

import (
	"slices"

	"ebb/cluster"
)

// TailClass says why a region still has a peer on a store. Every region is in
// exactly one class: the first that applies, in the order of the constants.
type TailClass string

// The classes, those that hide all others first.
const (
	// TailNotHere: the region has no peer on the store.
	TailNotHere TailClass = "not-here"
	// TailNoMajority: too few voters are live for any change.
	TailNoMajority TailClass = "no-majority"
	// TailNoLeader: PD knows no leader, or the leader's store is silent. Nobody
	// would carry out what PD decides.
	TailNoLeader TailClass = "no-leader"
	// TailMoving: an operator of PD runs on the region.
	TailMoving TailClass = "moving"
	// TailNotLeaving: the store is not leaving, and PD keeps the peer where it is.
	TailNotLeaving TailClass = "not-leaving"
	// TailPaused: PD's checkers do nothing, for the whole cluster.
	TailPaused TailClass = "paused"
	// TailJointState: a configuration change is half done; PD finishes it first.
	TailJointState TailClass = "joint-state"
	// TailSplit: the region crosses a rule boundary; PD has it split first.
	TailSplit TailClass = "split"
	// TailUnknown: PD did not show enough.
	TailUnknown TailClass = "unknown"
	// TailOrphan: a peer on a store that PD has no record of stands in the way.
	TailOrphan TailClass = "orphan"
	// TailPendingReplica and TailDownReplica: PD does not drop a peer that no rule
	// asks for, or an unpromoted learner, before another one has come back.
	TailPendingReplica TailClass = "pending-replica"
	TailDownReplica    TailClass = "down-replica"
	// TailLearnerRule: no store is left for a learner, that is for TiFlash.
	TailLearnerRule TailClass = "learner-rule"
	// TailNoTarget: no store passes PD's filters, and waiting changes nothing.
	TailNoTarget TailClass = "no-target"
	// TailTargetBusy: the best stores are blocked for the moment.
	TailTargetBusy TailClass = "target-busy"
	// TailNoNewLeader: the peer leads, and no other may take over.
	TailNoNewLeader TailClass = "no-new-leader"
	// TailBig: like waiting, but the region is so big that its move may time out.
	TailBig TailClass = "big"
	// TailWaiting: nothing is in the way; its turn will come.
	TailWaiting TailClass = "waiting"
)

// Blocks reports whether the region stays until something else changes.
func (c TailClass) Blocks() cluster.Answer {
	switch c {
	case TailUnknown:
		return cluster.CannotTell
	case TailNotHere, TailMoving, TailNotLeaving, TailJointState, TailSplit, TailBig, TailWaiting:
		return cluster.No
	}
	return cluster.Yes
}

// bigRegionMiB is a region size from which on moves run into their timeouts; PD
// gives the adding of a peer at least 10 minutes (region sizes are 96 to 384 MiB
// by default).
const bigRegionMiB = 1024

// Classify says why the region still has a peer on the store. It is cheap enough
// to be asked for every region of a cluster.
func (w *World) Classify(r *cluster.Region, store cluster.StoreID) TailClass {
	peer := positionOn(r, store)
	if class, ok := w.before(r, peer); ok {
		return class
	}
	return w.judge(r, peer).class
}

// judge is next, but for a peer that PD leaves where it is.
func (w *World) judge(r *cluster.Region, peer int) judgement {
	j := w.next(r, peer)
	if !w.departs(r, peer) && (j.step == nil || j.step.peer != peer) {
		return judgement{class: TailNotLeaving, holds: -1}
	}
	return j
}

func positionOn(r *cluster.Region, store cluster.StoreID) int {
	return slices.IndexFunc(r.Peers, func(p cluster.Peer) bool { return p.StoreID == store })
}

// before finds the classes that PD's choice of a store has nothing to do with. ok
// is false when it depends on that choice.
func (w *World) before(r *cluster.Region, peer int) (class TailClass, ok bool) {
	if peer < 0 {
		return TailNotHere, true
	}
	quorum := cluster.JudgeLoss(r, w.known, nil, w.now)
	switch {
	case quorum.Reason == cluster.LossMalformed:
		return TailUnknown, true
	case quorum.Answer == cluster.No:
		return TailNoMajority, true
	case !r.HasLeader() || quorum.Reason == cluster.LossLeaderGone:
		return TailNoLeader, true
	case quorum.Answer == cluster.CannotTell:
		return TailUnknown, true
	case w.running[r.ID] != nil:
		return TailMoving, true
	case !w.departs(r, peer) && (w.stopped != "" || w.unsure != "" || r.InJointState()):
		return TailNotLeaving, true
	case w.stopped != "":
		return TailPaused, true
	case r.InJointState() && slices.Contains(w.snap.PausedCheckers, "joint-state"):
		return TailPaused, true
	case r.InJointState():
		return TailJointState, true
	case w.unsure != "":
		return TailUnknown, true
	}
	return "", false
}

// departs reports whether PD wants the peer elsewhere. On a store that PD has no
// record of it always does.
func (w *World) departs(r *cluster.Region, peer int) bool {
	p := &r.Peers[peer]
	return w.leaving(p.StoreID) || w.lost(r, p) || w.known[p.StoreID] == nil
}

// next is what PD's checker of regions does about a peer.
func (w *World) next(r *cluster.Region, peer int) judgement {
	switch {
	case w.replica != nil:
		return w.nextByReplicas(r, peer)
	case w.index != nil:
		return w.nextByRules(r, peer)
	}
	return judgement{class: TailUnknown}
}

// judgement is a class and what led to it.
type judgement struct {
	class TailClass
	// step is what PD does next, or would do if it found a store; nil for nothing.
	step *step
	// search is PD's search for the store of the step, nil when it needs none.
	search *search
	// holds is the peer that keeps PD from the step for the asked peer, -1 for none.
	holds int
	// assumed: PD wants nothing of the kind.
	assumed bool
}

// step is one operator that PD would create.
type step struct {
	desc string   // PD's name of the operator
	rule *ruleFit // nil where placement rules are off
	peer int      // the peer that goes, -1 for none
	// serves is the store of a peer that becomes a voter in its place, 0 for none.
	serves cluster.StoreID
}

// searched makes a judgement of a step that needs a store.
func (w *World) searched(r *cluster.Region, s *step, found *search) judgement {
	j := judgement{step: s, search: found, holds: -1}
	switch found.result {
	case searchNone:
		j.class = TailNoTarget
		if s.rule != nil && s.rule.rule.Role == cluster.RoleLearner {
			j.class = TailLearnerRule
		}
	case searchBusy:
		j.class = TailTargetBusy
	case searchUnknown:
		j.class = TailUnknown
	case searchFits:
		j.class = waiting(r)
		if s.peer >= 0 {
			switch w.leadership(r, s, found) {
			case cluster.No:
				j.class = TailNoNewLeader
			case cluster.CannotTell:
				j.class = TailUnknown
			}
		}
	}
	return j
}

func waiting(r *cluster.Region) TailClass {
	if r.ApproximateSizeMiB >= bigRegionMiB {
		return TailBig
	}
	return TailWaiting
}

// leadership says whether somebody may lead the region once the peer has gone.
// PD's operator builder asks that only where the peer leads; health does not
// count, the state of the store does (leaderTarget of filter.StoreStateFilter).
// PD chooses the store of the new peer before it asks, so where only some of the
// stores may lead, nobody can tell.
func (w *World) leadership(r *cluster.Region, s *step, found *search) cluster.Answer {
	if r.Peers[s.peer].ID != r.Leader.ID {
		return cluster.Yes
	}
	for i := range r.Peers {
		p := &r.Peers[i]
		votes := p.Role != cluster.Learner || p.StoreID == s.serves
		if i != s.peer && votes && !p.IsWitness && w.mayLead(r, w.at(p.StoreID)) {
			return cluster.Yes
		}
	}
	if found == nil || s.rule != nil && s.rule.rule.Role == cluster.RoleLearner {
		return cluster.No
	}
	var may, mayNot bool
	for i, v := range found.verdicts {
		if v.eligible() != cluster.No {
			leads := w.mayLead(r, i)
			may, mayNot = may || leads, mayNot || !leads
		}
	}
	switch {
	case may && mayNot:
		return cluster.CannotTell
	case may:
		return cluster.Yes
	}
	return cluster.No
}

func (w *World) mayLead(r *cluster.Region, store int) bool {
	const bars = marks(1<<filterRemoved | 1<<filterRemoving | 1<<filterDown | 1<<filterDisconnected | 1<<filterBusy)
	if store < 0 || w.stores[store].fails&bars != 0 || w.evict[w.stores[store].ID] {
		return false
	}
	if w.replica != nil {
		return true
	}
	rules, _ := w.rulesAt(r)
	return slices.ContainsFunc(rules, func(rule cluster.Rule) bool {
		return (rule.Role == cluster.RoleLeader || rule.Role == cluster.RoleVoter) && w.factsOf(&rule).accepts[store]
	})
}
