package decommission

import (
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
)

// VerbForceRemove is the verb as plans, errors and the journal name it.
const VerbForceRemove = "force-remove"

// Changes of force-remove, besides those of fencing and StepRemoveFromTopology.
const (
	StepAcceptUnfenced StepKind = "accept-unfenced" // in the journal only
	StepForceDelete    StepKind = "force-delete-store"
)

// RiskUnfenced is the one risk of force-remove that can be taken: that a store
// whose machine cannot be asked still runs, or will again. It then serves stale
// reads to whoever still knows it, and what took over its address has a double.
const RiskUnfenced = "unfenced"

// ForceRemoveRequest is what the user asks for.
type ForceRemoveRequest struct {
	Targets []FenceTarget
	// Topology is the path of the file that the nodes are removed from at last, ""
	// when there is none, and InTopology are those that it still has.
	Topology   string
	InTopology []string
	// Hook names the fence hook, "" when there is none.
	Hook  string
	Risks []string
	// Window is how long heartbeats will be watched.
	Window time.Duration
}

// ForceRemoveEvidence is all that a force-removal is decided from.
type ForceRemoveEvidence struct {
	Snapshot *cluster.Snapshot
	// Losses is nil when PD has written all of the stores off already: nothing is
	// left to decide then.
	Losses *Losses
	// Looks are what Fence saw without changing anything, by store. Stores that
	// are destroyed already have none.
	Looks map[cluster.StoreID]*FenceReport
}

// ForceRemovePlan is what force-remove will do, with what it was made from.
type ForceRemovePlan struct {
	Plan
	Targets []FenceTarget  `json:"targets"`
	Losses  *Losses        `json:"losses"`
	Looks   []*FenceReport `json:"looks,omitempty"`
	// Unfenced are the stores for which the risk was accepted.
	Unfenced []cluster.StoreID `json:"unfenced_accepted,omitempty"`
	// Instead is what a person can do when regions would be lost.
	Instead []Alternative `json:"instead,omitempty"`
}

// PlanForceRemove plans the writing off of stores whose machines are dead. The
// order is that of the risk: fence all of them, then delete them in PD, which
// replaces their peers, and the topology last, so that a run which is cut short
// still finds the nodes there. Several stores are one decision.
func PlanForceRemove(ev ForceRemoveEvidence, req ForceRemoveRequest) *ForceRemovePlan {
	targets := fenceTargets(req.Targets)
	c := newChecker(Evidence{Snapshot: ev.Snapshot}, targetIDs(targets))
	p := &ForceRemovePlan{
		Plan:    *newPlan(VerbForceRemove, c, Request{Targets: targets, Topology: req.Topology}),
		Targets: req.Targets, Losses: ev.Losses,
	}
	p.Findings = slices.Concat(c.pd(), c.pdVersion())
	for _, s := range c.targets {
		p.Findings = append(p.Findings, c.forceState(s))
	}
	if ev.Losses != nil {
		p.Instead = ev.Losses.alternatives(ev.Snapshot.PDVersion, c.otherDead())
		p.Findings = append(p.Findings, ev.Losses.findings()...)
	}
	p.fencing(ev.Looks, &req)
	p.Findings = append(p.Findings, asWarnings(slices.Concat(c.placement(), c.scheduling()))...)
	p.Findings = append(p.Findings, c.unsafeRecovery()...)
	for _, risk := range Accept(p.Findings, req.Risks) {
		if risk != RiskUnfenced || len(p.Unfenced) == 0 {
			p.Findings = append(p.Findings, unusedRisk(risk))
		}
	}
	p.planSteps(ev.Snapshot, &req)
	if ev.Losses == nil && len(p.left()) > 0 {
		p.Findings = append(p.Findings, Finding{Check: checkMajority, Result: Unknown, Summary: "nobody looked at the regions of the stores"})
	}
	return p
}

func (p *ForceRemovePlan) planSteps(snap *cluster.Snapshot, req *ForceRemoveRequest) {
	for i := range p.Targets {
		t := &p.Targets[i]
		step := fenceStep(t, req.Hook, req.Window)
		step.Done = written(snap.Store(t.StoreID))
		p.Steps = append(p.Steps, step)
	}
	for i := range p.Targets {
		t := &p.Targets[i]
		p.Steps = append(p.Steps, Step{
			Kind: StepForceDelete, StoreID: t.StoreID, Done: written(snap.Store(t.StoreID)), Undo: "none",
			Text: fmt.Sprintf("mark %s as physically destroyed in PD, which then replaces its peers", t.name()),
		})
	}
	if req.Topology != "" && len(req.InTopology) > 0 {
		p.Steps = append(p.Steps, Step{
			Kind: StepRemoveFromTopology, Nodes: req.InTopology, Undo: "from the backup that is made beside it",
			Text: fmt.Sprintf("when PD has replaced all peers: remove %s from %s", cluster.Plural(len(req.InTopology), "node"), req.Topology),
		})
	}
}

// written reports whether PD has written a store off already. That cannot be
// taken back (PD 5.0 to master), so a run that was cut short goes on from there.
func written(s *cluster.Store) bool { return s != nil && s.PhysicallyDestroyed }

// left are the targets that are not written off yet.
func (p *ForceRemovePlan) left() []FenceTarget {
	var list []FenceTarget
	for i := range p.Targets {
		done := func(s Step) bool { return s.Kind == StepForceDelete && s.StoreID == p.Targets[i].StoreID && s.Done }
		if !slices.ContainsFunc(p.Steps, done) {
			list = append(list, p.Targets[i])
		}
	}
	return list
}

// otherDead are the stores that are dead and not named: no majority counts them.
func (c *checker) otherDead() []*cluster.Store {
	var list []*cluster.Store
	for i := range c.snap.Stores {
		s := &c.snap.Stores[i]
		if s.State != cluster.Tombstone && !c.leaving[s.ID] && !s.Live(c.now) {
			list = append(list, s)
		}
	}
	return list
}
