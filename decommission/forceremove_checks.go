package decommission

import (
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
)

// forceState: force-remove is for stores that PD does not hear.
func (c *checker) forceState(s *cluster.Store) Finding {
	f := Finding{Check: "store-state", Result: OK, Stores: []cluster.StoreID{s.ID}}
	switch heard := c.heard(s); {
	case s.State == cluster.Tombstone && !s.PhysicallyDestroyed:
		f.Result = Refused
		f.Summary = s.String() + " has left the cluster the regular way: it is Tombstone"
		f.Fix = "clean up with ebb prune; where its host is dead, with --skip-unreachable"
	case s.State == cluster.Tombstone:
		f.Summary = s.String() + " was written off and is Tombstone"
	case heard != nil && (heard.Result != Unknown || !s.PhysicallyDestroyed):
		return *heard
	case s.PhysicallyDestroyed:
		f.Summary = fmt.Sprintf("%s is written off already, with %s left", s, cluster.Plural(s.RegionCount, "region"))
	default:
		age, _ := s.HeartbeatAge(c.now)
		f.Summary = fmt.Sprintf("%s is %s, silent for %s", s, s.StateName, age.Round(time.Second))
	}
	return f
}

// pdVersion: 4.0 makes a store that is deleted by force a Tombstone at once,
// whatever regions are on it (server/cluster/cluster.go of 4.0).
func (c *checker) pdVersion() []Finding {
	if r := cluster.ParseRelease(c.snap.PDVersion); !r.Known() || r.AtLeast(5, 0) {
		return nil
	}
	return []Finding{{
		Check: "pd-version", Result: Refused, Summary: "PD " + c.snap.PDVersion + " leaves the regions of a store that is deleted by force without a record of it",
		Fix: "let PD replace the peers of the dead store: ebb scale-in; or upgrade to 5.0 or later",
	}}
}

// fencing adds what the looks say, and notes the stores for which the risk was
// named.
func (p *ForceRemovePlan) fencing(looks map[cluster.StoreID]*FenceReport, req *ForceRemoveRequest) {
	for i := range req.Targets {
		t := &req.Targets[i]
		look := looks[t.StoreID]
		if look == nil {
			continue
		}
		p.Looks = append(p.Looks, look)
		f, unfenced := fencing(t, look, req.Hook)
		if f != nil {
			p.Findings = append(p.Findings, *f)
		}
		if unfenced && slices.Contains(req.Risks, RiskUnfenced) {
			p.Unfenced = append(p.Unfenced, t.StoreID)
		}
	}
}

// asWarnings takes the refusals of checks that are about how well PD can replace
// peers. The store is dead either way: writing it off makes it no worse.
func asWarnings(findings []Finding) []Finding {
	var list []Finding
	for _, f := range findings {
		if f.Result == Refused || f.Result == Unknown {
			f.Result, f.Risk = Warning, ""
			f.Summary = "peers may not be replaced: " + f.Summary
		}
		list = append(list, f)
	}
	return list
}
