package decommission

import (
	"fmt"
	"slices"

	"ebb/cluster"
)

// leaderTargets: the leaders need a TiKV store that stays and accepts them. PD
// refuses the delete for lack of one only since 6.1.
func (c *checker) leaderTargets() []Finding {
	const name = "leader-targets"
	if !slices.Contains(c.engines(), cluster.TiKV) {
		return []Finding{{Check: name, Result: NotApplicable, Summary: "TiFlash holds no leaders"}}
	}
	if c.snap.Unread[cluster.FieldEvictLeader] != nil {
		return []Finding{c.unread(name, cluster.FieldEvictLeader, "the evict-leader scheduler")}
	}
	tikv := c.receiversOf(cluster.TiKV)
	var evicting []*cluster.Store
	for _, s := range tikv {
		if slices.Contains(c.snap.EvictLeader, s.ID) {
			evicting = append(evicting, s)
		}
	}
	f := Finding{
		Check: name, Result: OK, Stores: cluster.StoreIDs(evicting),
		Summary: fmt.Sprintf("%d of %s that stay accept leaders", len(tikv)-len(evicting), cluster.Plural(len(tikv), "TiKV store")),
	}
	if len(evicting) > 0 {
		f.Result = Warning
		f.Evidence = []string{"under evict-leader: " + storeNames(evicting)}
		f.Fix = fmt.Sprintf("pd-ctl scheduler remove evict-leader-scheduler-%d", evicting[0].ID)
	}
	if len(evicting) == len(tikv) {
		f.Result = Refused
		f.Summary = "no TiKV store that stays accepts leaders"
	} else if homeless := c.homeless(evicting); len(homeless) > 0 {
		f.Result = Refused
		f.Summary = "no TiKV store that stays accepts the leaders of regions under rule " + few(homeless)
	}
	return []Finding{f}
}

// homeless names rules for voters of which no region finds a leader: PD lets only
// stores lead that a rule for leaders or voters accepts (RuleChecker.allowLeader,
// PD 5.0 to master). Sets that have no such store today are left out.
func (c *checker) homeless(evicting []*cluster.Store) []string {
	sets, _ := c.snap.RuleSets()
	var names []string
	for _, set := range cluster.VotingSets(sets) {
		rules := slices.DeleteFunc(set.Rules, func(r cluster.Rule) bool { return r.IsWitness || r.Role == cluster.RoleFollower })
		leads := func(s *cluster.Store) bool {
			return s.Engine() == cluster.TiKV && !slices.Contains(evicting, s) &&
				slices.ContainsFunc(rules, func(r cluster.Rule) bool { return r.Accepts(s) })
		}
		if !slices.ContainsFunc(c.receivers, leads) && slices.ContainsFunc(c.present, leads) {
			names = append(names, rules[0].Name())
		}
	}
	return names
}
