package decommission

import (
	"fmt"

	"ebb/cluster"
)

// regions: PD can move a peer only if the region has a leader that it hears
// and a majority that can commit the change. The others stay on the store for
// ever, and the store never becomes Tombstone.
func (c *checker) regions() []Finding {
	var findings []Finding
	for _, s := range c.targets {
		findings = append(findings, c.regionsOf(s)...)
	}
	return findings
}

func (c *checker) regionsOf(s *cluster.Store) []Finding {
	const name = "regions"
	survey := c.ev.Surveys[s.ID]
	if survey == nil || survey.Err != nil {
		f := Finding{Check: name, Result: Unknown, Stores: []cluster.StoreID{s.ID}, Summary: "could not read the regions of " + s.String()}
		if survey != nil {
			f.Evidence = []string{survey.Err.Error()}
		}
		return []Finding{f}
	}
	var findings []Finding
	add := func(result Result, count cluster.RegionCount, text, fix string) {
		if count.Count == 0 {
			return
		}
		f := Finding{
			Check: name, Result: result, Stores: []cluster.StoreID{s.ID}, Regions: count.Examples,
			Summary: fmt.Sprintf("%s on store %d %s", cluster.Plural(count.Count, "region"), s.ID, text), Fix: fix,
		}
		if result == Refused {
			f.Risk = RiskStuckRegions
		}
		findings = append(findings, f)
	}
	add(Refused, survey.Leaderless, "without a leader on a live store: PD cannot move them", "start the stores that hold their other peers; look at one with pd-ctl region ID")
	add(Refused, survey.NoMajority, "without a live majority of voters: a change of peers cannot commit", "bring the down, pending or disconnected peers back first")
	if rules := c.snap.Replication; rules != nil && !rules.EnablePlacementRules {
		// PD's replica checker gives up on such regions (replica_checker.go, 4.0 to master).
		const fix = "pd-ctl config placement-rules enable"
		add(Refused, survey.UnknownPeers, "with a peer on a store that PD has no record of, and placement rules are off: PD skips them", fix)
		add(Refused, survey.Learners, "with a learner, and placement rules are off: PD skips them", fix)
	} else {
		add(Warning, survey.UnknownPeers, "with a peer on a store that PD has no record of", "")
	}
	add(Warning, survey.Joint, "in a joint configuration: they leave once PD has finished that change", "")
	add(Warning, survey.Weak, "with a down or pending peer", "")
	if len(findings) == 0 {
		findings = append(findings, Finding{
			Check: name, Result: OK, Stores: []cluster.StoreID{s.ID},
			Summary: fmt.Sprintf("%s on store %d, all with a leader and a live majority", cluster.Plural(survey.Regions, "region"), s.ID),
		})
	}
	return findings
}
