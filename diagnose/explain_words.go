package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"ebb/cluster"
)

// sentence says in words why the region is in its class.
func (w *World) sentence(r *cluster.Region, peer int, e *Explanation, j *judgement) string {
	on := fmt.Sprintf("its peer on store %d", e.Store)
	switch e.Class {
	case TailNotHere:
		if e.Store == 0 {
			return "nothing is to leave: PD wants all peers of the region where they are"
		}
		return fmt.Sprintf("the region has no peer on store %d", e.Store)
	case TailNoMajority:
		return fmt.Sprintf("no change can be committed: %s", majorityWords(e.Quorum))
	case TailNoLeader:
		return w.leaderWords(r)
	case TailMoving:
		return w.operatorWords(e.Operator)
	case TailNotLeaving:
		return w.stayWords(r, peer, e)
	case TailPaused:
		if w.stopped == "" {
			return "the region is in a joint state, and the joint-state checker, which would end it, is paused"
		}
		return "PD moves nothing: " + w.stopped
	case TailJointState:
		return "a configuration change is half done; PD ends the joint state before it does anything else"
	case TailSplit:
		return "the region crosses the boundary of a placement rule, or no rule applies; PD has it split first, and moves nothing before"
	case TailUnknown:
		return w.unknownWords(e, j)
	}
	return w.stepWords(r, on, e, j)
}

// stepWords are about the classes that depend on PD's choice of a store.
func (w *World) stepWords(r *cluster.Region, on string, e *Explanation, j *judgement) string {
	if j.holds >= 0 {
		on = fmt.Sprintf("its peer on store %d (PD does not get past it to that on store %d)", r.Peers[j.holds].StoreID, e.Store)
	}
	subject := "a new store for " + on
	if e.Step != nil && e.Step.Removes == 0 && e.Step.Operator == stepAdd {
		subject = "a store for the peer that rule " + e.Step.Rule + " lacks (PD adds that first)"
	}
	switch e.Class {
	case TailOrphan:
		return fmt.Sprintf("store %d, which has a peer of the region, is unknown to PD; %s", r.Peers[j.holds].StoreID,
			choose(w.replica != nil, "the replica checker leaves such regions alone", "the rule lacks that peer, and PD finds no store for it"))
	case TailPendingReplica, TailDownReplica:
		state := choose(e.Class == TailDownReplica, "down or silent", "pending")
		return fmt.Sprintf("the peer on store %d is %s; PD keeps the one on store %d until it is well", r.Peers[j.holds].StoreID, state, e.Store)
	case TailLearnerRule:
		return fmt.Sprintf("rule %s asks for a learner, count %d, and no store passes PD's filters as %s: %s", e.Step.Rule, j.step.rule.rule.Count, subject, w.refusals(j.search, false))
	case TailNoTarget:
		return fmt.Sprintf("no store passes PD's filters as %s: %s", subject, w.refusals(j.search, false))
	case TailTargetBusy:
		return fmt.Sprintf("the best places as %s are blocked for the moment: %s", subject, w.refusals(j.search, true))
	case TailNoNewLeader:
		return fmt.Sprintf("%s leads the region, and no other store may take a leader (%s)", on, "evict-leader, or not up")
	}
	return w.turnWords(r, e, j)
}

func (w *World) turnWords(r *cluster.Region, e *Explanation, j *judgement) string {
	var text string
	switch {
	case e.Step == nil:
		text = "nothing is in the way; PD mends the region's other peers first"
	case j.search == nil && e.Step.Removes != 0:
		text = fmt.Sprintf("its turn will come: PD removes the peer on store %d next, which needs no store (%s)", e.Step.Removes, e.Step.Operator)
	case j.search == nil:
		text = fmt.Sprintf("its turn will come: PD first does %s for the peer on store %d", e.Step.Operator, r.Peers[j.holds].StoreID)
	case e.Step.Removes == 0:
		text = fmt.Sprintf("its turn will come: PD first adds a peer for rule %s, on store %s", e.Step.Rule, idList(e.Eligible()))
	case e.Step.Removes != e.Store:
		text = fmt.Sprintf("its turn will come: PD first moves the peer on store %d, to store %s", e.Step.Removes, idList(e.Eligible()))
	default:
		text = fmt.Sprintf("its turn will come: PD may move the peer to store %s", idList(e.Eligible()))
	}
	if j.search != nil && !slices.ContainsFunc(e.Candidates, func(c Candidate) bool { return c.Eligible == cluster.Yes }) {
		text += "; PD does not show what is left of the store limits"
	}
	if e.Class == TailBig {
		text += fmt.Sprintf(". It has %d MiB, so the move takes long and may time out; splitting it first helps", r.ApproximateSizeMiB)
	}
	return text
}

// refusals counts the stores by the first filter that keeps them out.
func (w *World) refusals(s *search, temporary bool) string {
	by := make(map[filter][]cluster.StoreID)
	for i, v := range s.verdicts {
		if w.stores[i].State == cluster.Tombstone || temporary && v.fails.permanent() != 0 {
			continue
		}
		for f := range filterCount {
			if v.fails.has(f) {
				by[f] = append(by[f], w.stores[i].ID)
				break
			}
		}
	}
	var parts []string
	for f := range filterCount {
		if len(by[f]) > 0 {
			parts = append(parts, f.String()+" (store "+idList(by[f])+")")
		}
	}
	if len(parts) == 0 {
		return "PD knows no other store"
	}
	return strings.Join(parts, ", ")
}

// maxIDs is the number of ids that a sentence names.
const maxIDs = 6

func idList(ids []cluster.StoreID) string {
	var parts []string
	for _, id := range ids[:min(len(ids), maxIDs)] {
		parts = append(parts, id.String())
	}
	text := strings.Join(parts, ", ")
	if more := len(ids) - maxIDs; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func majorityWords(q Quorum) string {
	votes := func(r cluster.QuorumReport) string {
		return fmt.Sprintf("%d of %d voters are live, %d are needed", r.Live, r.Voters, cluster.Majority(r.Voters))
	}
	switch {
	case q.Reason == cluster.LossOnlyWitnesses:
		return "only witnesses are live, which hold no data"
	case !q.Joint:
		return votes(q.Old)
	}
	return "of the old configuration " + votes(q.Old) + "; of the new one " + votes(q.New)
}

func (w *World) leaderWords(r *cluster.Region) string {
	if !r.HasLeader() {
		return "PD knows no leader of the region, so nobody would carry out what it decides"
	}
	if w.known[r.Leader.StoreID] == nil {
		return fmt.Sprintf("the leader that PD knows is on store %d, of which it has no record; what it knows of the region is old", r.Leader.StoreID)
	}
	return fmt.Sprintf("the last leader that PD knows is on store %d, which is silent or not part of the region; what PD knows of the region is old", r.Leader.StoreID)
}

// operatorWords also names a target that cannot answer: the operator then keeps
// its place until it times out.
func (w *World) operatorWords(op *cluster.Operator) string {
	text := "an operator runs on it: " + strings.TrimSpace(op.Desc+" "+op.Brief)
	for _, id := range targetsOf(op) {
		if at := w.at(id); at < 0 || w.stores[at].fails.has(filterDisconnected) {
			text += fmt.Sprintf("; its target, store %d, is not connected, so it will only end by its timeout", id)
		}
	}
	return text
}

func (w *World) stayWords(r *cluster.Region, peer int, e *Explanation) string {
	p := &r.Peers[peer]
	text := fmt.Sprintf("store %d is not leaving, so PD keeps the peer", e.Store)
	if r.IsDown(p.ID) && w.snap.Schedule != nil {
		text = fmt.Sprintf("the peer is down, but PD replaces it only when store %d itself is silent for %s", e.Store, w.snap.Schedule.MaxStoreDownTime)
	}
	if len(e.Candidates) == 0 {
		return text
	}
	if ids := e.Eligible(); len(ids) > 0 {
		return text + "; if it left, PD could move it to store " + idList(ids)
	}
	return text + "; if it left, PD would find no store for it"
}

func (w *World) unknownWords(e *Explanation, j *judgement) string {
	switch {
	case e.Quorum.Reason == cluster.LossMalformed:
		return "PD's record of the region makes no sense"
	case e.Quorum.Reason == cluster.LossNotHeard:
		return "this PD leader has not heard some of the region's stores yet"
	case w.unsure != "":
		return "nobody can tell: " + w.unsure
	case j.search != nil && j.search.result == searchFits:
		return "nobody can tell: the peer leads the region, only some of the stores that PD may choose may lead it, and PD chooses first (store " + idList(e.Eligible()) + ")"
	case j.search != nil:
		return "nobody can tell: it depends on filters whose input PD did not show (store " + idList(e.Eligible()) + ")"
	}
	return "nobody can tell: PD's record of the region or its rules is not what this program knows"
}
