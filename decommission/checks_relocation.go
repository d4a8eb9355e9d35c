package decommission

import (
	"fmt"

	"ebb/cluster"
)

// relocation: from where its peers are today, PD finds a place for each peer that
// has to go, one after the other. explained is set when another check has refused
// for a reason that is the cause of what is found here.
func (c *checker) relocation(explained bool) []Finding {
	var findings []Finding
	judged := 0
	for _, s := range c.targets {
		survey := c.ev.Surveys[s.ID]
		if survey == nil || survey.Err != nil {
			continue // the check of the regions says so
		}
		judged += survey.Regions
		findings = append(findings, c.relocationOf(s, survey, explained)...)
	}
	if len(findings) == 0 {
		findings = append(findings, Finding{
			Check: "relocation", Result: OK,
			Summary: fmt.Sprintf("of %s PD can move every peer that has to go, whatever it moves first", cluster.Plural(judged, "region")),
		})
	}
	return findings
}

func (c *checker) relocationOf(s *cluster.Store, survey *Survey, explained bool) []Finding {
	var findings []Finding
	add := func(result Result, count cluster.RegionCount, text, why, fix string) {
		if count.Count == 0 {
			return
		}
		f := Finding{
			Check: "relocation", Result: result, Stores: []cluster.StoreID{s.ID}, Regions: count.Examples,
			Summary: fmt.Sprintf("%s on store %d %s", cluster.Plural(count.Count, "region"), s.ID, text+why), Fix: fix,
		}
		switch {
		case explained:
			f = Finding{Check: f.Check, Result: Warning, Stores: f.Stores, Summary: fmt.Sprintf("%s on store %d %s", cluster.Plural(count.Count, "region"), s.ID, text)}
		case result == Refused:
			f.Risk = RiskStuckRegions
			f.Evidence = c.closedStores()
		}
		findings = append(findings, f)
	}
	add(Refused, survey.NoTarget, "find no store for their peer", ": each that the rules accept has a peer of the region, is in the place of one, or takes none", "add a store that the rules accept; see what is in the way of one with ebb explain REGION")
	add(Unknown, survey.TargetUnclear, "may find no store for their peer", ", if PD moves or counts their peers in an unlucky order", "let fewer stores leave at a time, or add a store")
	add(Warning, survey.AcrossRules, "lie across a border between placement rules", ": PD splits them first", "")
	return findings
}

// closedStores are the stores that would count but are given no peers.
func (c *checker) closedStores() []string {
	if c.snap.Schedule == nil {
		return nil
	}
	var full []*cluster.Store
	for _, s := range c.receivers {
		if !c.acceptsPeers(s) {
			full = append(full, s)
		}
	}
	if len(full) == 0 {
		return nil
	}
	return []string{"PD gives no peers to these, which are low on space or set aside by the label specialUse: " + storeNames(full)}
}
