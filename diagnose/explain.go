package diagnose

import (
	"slices"

	"ebb/cluster"
)

// Explanation says why a region has a peer on a store, and what PD does about it.
type Explanation struct {
	Region cluster.RegionID `json:"region_id"`
	// Store is the store that was asked about, 0 when the region has no peer that
	// leaves and none was named.
	Store    cluster.StoreID `json:"store_id,omitempty"`
	Class    TailClass       `json:"class"`
	Blocks   cluster.Answer  `json:"blocks"`
	Sentence string          `json:"sentence"`
	// Next is the command to type next, with CLUSTER for how the cluster was named;
	// "" when nothing needs to be done.
	Next string `json:"next,omitempty"`
	// Checker is the part of PD that looks after the region: "rule" or "replica".
	Checker string `json:"checker,omitempty"`
	Quorum  Quorum `json:"quorum"`
	// Rules are those that apply, in PD's order, with the peers that each gets.
	// Empty where placement rules are off or could not be read.
	Rules []RuleView `json:"rules"`
	// Orphans are peers that no rule asks for.
	Orphans []cluster.Peer `json:"orphan_peers,omitempty"`
	// Step is what PD does next for this peer, or would do if it found a store; nil
	// for nothing.
	Step *Step `json:"step,omitempty"`
	// Candidates are all stores but Tombstones, judged as the place for the new peer
	// of Step. Empty where Step needs no store.
	Candidates []Candidate `json:"candidates"`
	// Operator runs on the region now; nil for none.
	Operator *cluster.Operator `json:"operator,omitempty"`
}

// Quorum counts the votes that are live in both halves of the configuration.
type Quorum struct {
	Answer cluster.Answer       `json:"answer"`
	Reason cluster.LossReason   `json:"reason"`
	Joint  bool                 `json:"joint,omitempty"`
	Old    cluster.QuorumReport `json:"old"`
	New    cluster.QuorumReport `json:"new"`
}

// RuleView is one rule and the peers that it gets.
type RuleView struct {
	Rule      cluster.Rule   `json:"rule"`
	Peers     []cluster.Peer `json:"peers"`
	WrongRole []cluster.Peer `json:"peers_different_role,omitempty"`
	Satisfied bool           `json:"satisfied"`
}

// Step is one operator of PD's checkers.
type Step struct {
	// Operator is PD's name for it.
	Operator string `json:"operator"`
	// Rule is the rule that it serves, "" where placement rules are off.
	Rule string `json:"rule,omitempty"`
	// Removes is the store whose peer goes, 0 when a peer is only added.
	Removes cluster.StoreID `json:"removes_store_id,omitempty"`
	// Assumed is set where PD wants nothing of the kind: the step is what moving the
	// peer away would be.
	Assumed bool `json:"assumed,omitempty"`
}

// Eligible are the stores that are no worse than cannot tell.
func (e *Explanation) Eligible() []cluster.StoreID {
	var ids []cluster.StoreID
	for i := range e.Candidates {
		if e.Candidates[i].Eligible != cluster.No {
			ids = append(ids, e.Candidates[i].Store)
		}
	}
	return ids
}

// Explain says why the region has a peer on the store. store 0 stands for the
// first peer of the region that PD wants elsewhere, if there is one.
func (w *World) Explain(r *cluster.Region, store cluster.StoreID) Explanation {
	if store == 0 {
		store = w.firstDeparting(r)
	}
	peer := positionOn(r, store)
	quorum := cluster.JudgeLoss(r, w.known, nil, w.now)
	e := Explanation{
		Region: r.ID, Store: store, Rules: []RuleView{}, Candidates: []Candidate{}, Operator: w.running[r.ID],
		Quorum: Quorum{Answer: quorum.Answer, Reason: quorum.Reason, Joint: quorum.Joint, Old: quorum.Old, New: quorum.New},
	}
	switch {
	case w.replica != nil:
		e.Checker = "replica"
	case w.index != nil:
		e.Checker = "rule"
		w.showRules(r, &e)
	}
	j := w.explained(r, peer)
	e.Class, e.Blocks = j.class, j.class.Blocks()
	w.showStep(r, &e, &j)
	e.Sentence, e.Next = w.sentence(r, peer, &e, &j), w.nextCommand(r, &e)
	return e
}

// explained is the judgement of a peer with the step of PD, also where the class
// is due to something else.
func (w *World) explained(r *cluster.Region, peer int) judgement {
	class, ok := w.before(r, peer)
	if peer < 0 {
		return judgement{class: class, holds: -1}
	}
	j := w.judge(r, peer)
	if j.class == TailNotLeaving {
		j = w.assume(r, peer)
		j.class, j.assumed = TailNotLeaving, true
	}
	if ok {
		j.class = class
	}
	return j
}

// Departing are the stores of the region's peers that PD wants elsewhere, in the
// order of the peers.
func (w *World) Departing(r *cluster.Region) []cluster.StoreID {
	var ids []cluster.StoreID
	for i := range r.Peers {
		if w.departs(r, i) {
			ids = append(ids, r.Peers[i].StoreID)
		}
	}
	return ids
}

func (w *World) firstDeparting(r *cluster.Region) cluster.StoreID {
	ids := w.Departing(r)
	// A store that leaves comes before one that PD lost: it is what people ask for.
	if i := slices.IndexFunc(ids, w.leaving); i >= 0 {
		return ids[i]
	}
	if len(ids) > 0 {
		return ids[0]
	}
	return 0
}

// assume is what moving away a peer would be that may stay.
func (w *World) assume(r *cluster.Region, peer int) judgement {
	if w.replica != nil {
		var rest []int
		for i := range r.Peers {
			if at := w.at(r.Peers[i].StoreID); at >= 0 && i != peer {
				rest = append(rest, at)
			}
		}
		return judgement{step: &step{desc: stepReplica, peer: peer}, search: w.look(r, w.replica, rest), holds: -1}
	}
	rules, ok := w.rulesAt(r)
	if !ok {
		return judgement{holds: -1}
	}
	f, ok := w.fit(r, rules)
	at := f.of(peer)
	if !ok || at < 0 {
		return judgement{holds: -1}
	}
	return w.replace(r, &f.rules[at], stepReplaceOffline, peer)
}

func (w *World) showRules(r *cluster.Region, e *Explanation) {
	rules, ok := w.rulesAt(r)
	if !ok {
		return
	}
	f, ok := w.fit(r, rules)
	if !ok {
		return
	}
	for i := range f.rules {
		rf := &f.rules[i]
		e.Rules = append(e.Rules, RuleView{
			Rule: *rf.rule, Peers: peersAt(r, rf.peers), WrongRole: peersAt(r, rf.wrongRole), Satisfied: rf.satisfied(),
		})
	}
	e.Orphans = peersAt(r, f.orphans)
}

func peersAt(r *cluster.Region, positions []int) []cluster.Peer {
	list := make([]cluster.Peer, 0, len(positions))
	for _, p := range positions {
		list = append(list, r.Peers[p])
	}
	return list
}

// showStep describes the step, and every store as a place for its peer.
func (w *World) showStep(r *cluster.Region, e *Explanation, j *judgement) {
	if j.step == nil {
		return
	}
	e.Step = &Step{Operator: j.step.desc, Assumed: j.assumed}
	if j.step.rule != nil {
		e.Step.Rule = j.step.rule.rule.Name()
	}
	if j.step.peer >= 0 {
		e.Step.Removes = r.Peers[j.step.peer].StoreID
	}
	if j.search == nil {
		return
	}
	for i := range w.stores {
		if w.stores[i].State != cluster.Tombstone {
			e.Candidates = append(e.Candidates, w.candidate(r, j, i))
		}
	}
}
