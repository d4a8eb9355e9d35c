package decommission

import (
	"fmt"
	"time"

	"ebb/cluster"
)

// FencePlan is what fence will do, with what it saw before.
type FencePlan struct {
	Plan
	Targets []FenceTarget `json:"targets"`
	Looks   []FenceReport `json:"looks"`
}

// PlanFence plans the fencing of stores. looks are what Fence saw without
// changing anything, in the order of the targets.
func PlanFence(snap *cluster.Snapshot, targets []FenceTarget, looks []FenceReport, hook string, window time.Duration) *FencePlan {
	ids := fenceTargets(targets)
	c := newChecker(Evidence{Snapshot: snap}, targetIDs(ids))
	p := &FencePlan{Plan: *newPlan(VerbFence, c, Request{Targets: ids}), Targets: targets, Looks: looks}
	for _, s := range c.targets {
		if f := c.heard(s); f != nil {
			p.Findings = append(p.Findings, *f)
		}
	}
	for i := range looks {
		f, unfenced := fencing(&targets[i], &looks[i], hook)
		if f == nil {
			continue
		}
		if unfenced && f.Result == Refused { // there is no risk to take here: it just cannot be done
			f.Result, f.Risk = Unknown, ""
		}
		p.Findings = append(p.Findings, *f)
	}
	for i := range targets {
		p.Steps = append(p.Steps, fenceStep(&targets[i], hook, window))
	}
	return p
}

// fenceTargets are the targets as every plan has them.
func fenceTargets(targets []FenceTarget) []Target {
	var list []Target
	for i := range targets {
		list = append(list, Target{StoreID: targets[i].StoreID, Node: targets[i].Node})
	}
	return list
}

func fenceStep(t *FenceTarget, hook string, window time.Duration) Step {
	step := Step{Kind: StepFence, StoreID: t.StoreID, Host: t.Host, Text: "fence " + t.name()}
	if t.Host != "" {
		step.Text += fmt.Sprintf(": stop, disable and mask %s on %s", t.Unit, t.Host)
		step.Undo = t.unfence()
	}
	if hook != "" {
		step.Text += fmt.Sprintf(", or else switch %s off with %s", t.Machine, hook)
	}
	step.Text += fmt.Sprintf("; watch for %s that PD does not hear it", window)
	return step
}

// heard is the refusal of a store that PD hears or may hear, nil when it is
// clearly silent. What PD hears has a verb that loses nothing.
func (c *checker) heard(s *cluster.Store) *Finding {
	f := &Finding{Check: "store-state", Result: Refused, Stores: []cluster.StoreID{s.ID}}
	age, known := s.HeartbeatAge(c.now)
	switch {
	case !known:
		f.Result = Unknown
		f.Summary = s.String() + " has sent no heartbeat that PD knows of, so nobody can tell for how long it has been silent"
		f.Fix = "wait a minute and run the command again; if PD still knows of none, look at the host"
	case age > cluster.DisconnectedAfter:
		return nil
	case s.PhysicallyDestroyed:
		f.Fix = "PD has written it off, but its process still runs: stop it on its host"
	case s.State == cluster.Offline:
		f.Fix = "it is leaving already, without loss: ebb watch"
	default:
		f.Fix = "let it leave without loss: ebb scale-in"
	}
	if known {
		f.Summary = fmt.Sprintf("%s is alive: it sent a heartbeat %s ago", s, age.Round(time.Second))
	}
	return f
}

// fencing judges from one look whether a store can be fenced. unfenced is set
// when its machine cannot be asked. The finding is nil when PD hears the store,
// which has been said by then.
func fencing(t *FenceTarget, look *FenceReport, hook string) (f *Finding, unfenced bool) {
	f = &Finding{Check: "fencing", Result: OK, Stores: []cluster.StoreID{t.StoreID}}
	alive := false
	for i := range look.Checks {
		check := &look.Checks[i]
		switch {
		case check.Result == OK || check.Check == rungHeartbeat && check.Result == Warning:
			continue
		case check.Check == rungHeartbeat && check.Result == Refused:
			return nil, false
		}
		alive = alive || check.Result == Refused
		f.Evidence = append(append(f.Evidence, check.Summary), check.Evidence...)
	}
	machine := t.Host
	if machine == "" {
		machine = t.Machine
	}
	switch {
	case alive:
		f.Result = Refused
		f.Summary = t.name() + " may be alive: something answers where it should be"
		f.Fix = "find out what answers there; if it is the store, take it out with ebb scale-in when PD hears it again"
	case look.Identified && look.Running:
		f.Result = Warning
		f.Summary = fmt.Sprintf("%s still runs on %s, though PD does not hear it: it will be stopped", t.name(), t.Host)
		f.Fix = "find out why PD does not hear it: if that can be repaired, nothing has to be removed"
	case look.Identified:
		f.Summary, f.Evidence = fmt.Sprintf("%s can be fenced: %s answers and does not run it", t.name(), t.Host), nil
	case hook != "" && len(t.Neighbours) == 0:
		f.Result, unfenced = Warning, true
		f.Summary = fmt.Sprintf("%s cannot be fenced by way of %s; %s will switch that off", t.name(), machine, hook)
	default:
		f.Result, f.Risk, unfenced = Refused, RiskUnfenced, true
		f.Summary = fmt.Sprintf("%s cannot be fenced by way of %s: nobody can tell whether it still runs or will run again", t.name(), machine)
		if hook != "" {
			f.Evidence = append(append(f.Evidence, "the fence hook would also switch off:"), t.Neighbours...)
		}
		f.Fix = "give --fence-hook a program that switches the machine off (IPMI, cloud)"
	}
	return f, unfenced
}
