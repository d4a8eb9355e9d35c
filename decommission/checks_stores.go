package decommission

import (
	"fmt"

	"ebb/cluster"
)

// storeState: each store is in a state from which it can leave.
func (c *checker) storeState() []Finding {
	var findings []Finding
	for _, s := range c.targets {
		findings = append(findings, c.stateOf(s))
	}
	return findings
}

func (c *checker) stateOf(s *cluster.Store) Finding {
	f := Finding{Check: "store-state", Result: OK, Stores: []cluster.StoreID{s.ID}}
	age, known := s.HeartbeatAge(c.now)
	switch {
	case s.State == cluster.Tombstone:
		f.Result = Refused
		f.Summary = s.String() + " has left already: it is Tombstone"
		f.Fix = "clean up its host and its record: ebb prune"
	case s.State == cluster.Offline && s.PhysicallyDestroyed:
		f.Result = Warning
		f.Summary = s.String() + " is leaving already and is marked as physically destroyed: this cannot be cancelled"
	case s.State == cluster.Offline:
		f.Summary = s.String() + " is leaving already"
	case !known:
		f.Result = Warning
		f.Summary = s.String() + " has sent no heartbeat to this PD leader; its regions are rebuilt from their other copies"
	case !s.Live(c.now):
		f.Result = Warning
		f.Summary = fmt.Sprintf("%s is %s, silent for %s; its regions are rebuilt from their other copies", s, s.StateName, age.Round(1e9))
		f.Fix = "if it can be started again, start it first"
	default:
		f.Summary = fmt.Sprintf("%s is %s, heartbeat %s ago", s, s.StateName, age.Round(1e9))
	}
	return f
}

// otherLeaving: stores that leave already take part in the same scheduling, and
// do not count as receivers.
func (c *checker) otherLeaving() []Finding {
	const name = "other-leaving"
	var others []*cluster.Store
	for i := range c.snap.Stores {
		s := &c.snap.Stores[i]
		if s.Leaving() && !c.leaving[s.ID] {
			others = append(others, s)
		}
	}
	if len(others) == 0 {
		return []Finding{{Check: name, Result: OK, Summary: "no other store is leaving"}}
	}
	return []Finding{{
		Check: name, Result: Warning, Stores: cluster.StoreIDs(others),
		Summary:  cluster.Agree(len(others), "other store", "is", "are") + " leaving at the same time, under the same limits, and not counted as receiving",
		Evidence: []string{storeNames(others)},
		Fix:      "let them finish first, or bring them back with ebb cancel-offline",
	}}
}
