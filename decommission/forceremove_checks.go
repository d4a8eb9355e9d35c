package decommission

import (
	"fmt"
	"time"

	"ebb/cluster"
)

// forceState: force-remove is for stores that PD does not hear. A store that is
// heard has a verb that loses nothing.
func (c *checker) forceState(s *cluster.Store) Finding {
	f := Finding{Check: "store-state", Result: OK, Stores: []cluster.StoreID{s.ID}}
	age, known := s.HeartbeatAge(c.now)
	switch {
	case s.State == cluster.Tombstone && !s.PhysicallyDestroyed:
		f.Result = Refused
		f.Summary = storeName(s) + " has left the cluster the regular way: it is Tombstone"
		f.Fix = "clean up with ebb prune; where its host is dead, with --skip-unreachable"
	case s.State == cluster.Tombstone:
		f.Summary = storeName(s) + " was written off and is Tombstone"
	case known && age <= cluster.DisconnectedAfter:
		f.Result = Refused
		f.Summary = fmt.Sprintf("%s is alive: it sent a heartbeat %s ago", storeName(s), age.Round(time.Second))
		f.Fix = verbForLive(s)
	case s.PhysicallyDestroyed:
		f.Summary = fmt.Sprintf("%s is written off already, with %s left", storeName(s), plural(s.RegionCount, "region"))
	case !known:
		f.Result = Unknown
		f.Summary = storeName(s) + " has sent no heartbeat that PD knows of, so nobody can tell for how long it has been silent"
		f.Fix = "wait a minute and run the command again; if PD still knows of none, look at the host"
	default:
		f.Summary = fmt.Sprintf("%s is %s, silent for %s", storeName(s), s.StateName, age.Round(time.Second))
	}
	return f
}

func verbForLive(s *cluster.Store) string {
	switch {
	case s.PhysicallyDestroyed:
		return "PD has written it off, but its process still runs: stop it on its host; no verb here is left for it"
	case s.State == cluster.Offline:
		return "it is leaving already, without loss: ebb watch"
	}
	return "let it leave without loss: ebb scale-in"
}

// fencing judges from one look whether a store can be fenced.
func (p *ForceRemovePlan) fencing(t *FenceTarget, look *FenceReport, req *ForceRemoveRequest) []Finding {
	f := Finding{Check: "fencing", Result: OK, Stores: []cluster.StoreID{t.StoreID}}
	alive := false
	for i := range look.Checks {
		check := &look.Checks[i]
		switch {
		case check.Result == OK:
			continue
		case check.Result == Refused && check.Check == rungHeartbeat:
			return nil // the state of the store has said so
		case check.Result == Refused:
			alive = true
		}
		if check.Check != rungHeartbeat || check.Result != Warning {
			f.Evidence = append(f.Evidence, check.Summary)
			f.Evidence = append(f.Evidence, check.Evidence...)
		}
	}
	hook := req.Hook != "" && len(t.Neighbours) == 0
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
	case hook:
		f.Result = Warning
		f.Summary = fmt.Sprintf("%s cannot be asked about %s; %s will switch it off", machineOf(t), t.name(), req.Hook)
		p.acceptUnfenced(t, req)
	default:
		f.Result, f.Risk = Refused, RiskUnfenced
		f.Summary = fmt.Sprintf("%s cannot be asked about %s: nobody can tell whether the store still runs or will run again", machineOf(t), t.name())
		f.Fix = "give --fence-hook a program that switches the machine off (IPMI, cloud), or switch it off by hand"
		if len(t.Neighbours) > 0 {
			f.Evidence = append(f.Evidence, t.Neighbours...)
		}
		p.acceptUnfenced(t, req)
	}
	return []Finding{f}
}

// acceptUnfenced notes a store for which the risk is named.
func (p *ForceRemovePlan) acceptUnfenced(t *FenceTarget, req *ForceRemoveRequest) {
	for _, risk := range req.Risks {
		if risk == RiskUnfenced {
			p.Unfenced = append(p.Unfenced, t.StoreID)
			return
		}
	}
}

func machineOf(t *FenceTarget) string {
	if t.Host != "" {
		return t.Host
	}
	return t.Machine
}

// asWarnings takes the refusals of checks that are about how well PD can replace
// peers. The store is dead either way: writing it off makes it no worse.
func asWarnings(findings []Finding) []Finding {
	var list []Finding
	for _, f := range findings {
		switch f.Result {
		case Refused, Unknown:
			f.Result, f.Risk = Warning, ""
			f.Summary = "peers may not be replaced: " + f.Summary
		case OK, NotApplicable, Warning:
		}
		list = append(list, f)
	}
	return list
}
