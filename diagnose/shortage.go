package diagnose

import (
	"slices"

	"ebb/cluster"
)

// shortage is a placement rule that the stores which stay cannot satisfy, blamed
// on what first makes it so.
type shortage struct {
	rule  cluster.Rule
	blame string // id of the rule of this package that reports it
	// fit is how the rule is placed where it first falls short.
	fit    cluster.RuleFit
	placed int // peers that find a store
	// lacking are the stores that would count but for the blame.
	lacking []*cluster.Store
}

// pool is a set of stores to place peers on, and who is to blame when they are
// too few. Each pool is part of the one before.
type pool struct {
	blame  string
	stores []*cluster.Store
	// bare leaves all but the engine out of the rules.
	bare bool
}

// shortages places every rule that asks for peers on the leaving stores: first
// on all stores of the right engine that stay, then as its labels want it, then
// without the stores that are dead, then without those that are low on space.
// What first makes it fall short is the cause; more stores would help each time,
// but it is not what somebody has to look at.
func (v *view) shortages() []shortage {
	sets, ok := v.snap.RuleSets()
	if !ok || len(v.subjects) == 0 {
		return nil
	}
	pools := v.pools()
	var list []shortage
	for i := range sets {
		for j := range sets[i].Rules {
			rule := &sets[i].Rules[j]
			known := slices.ContainsFunc(list, func(s shortage) bool { return s.rule.Name() == rule.Name() })
			if known || !v.concerns(rule) {
				continue
			}
			if s, short := v.firstShortage(&sets[i], j, pools); short {
				list = append(list, s)
			}
		}
	}
	return list
}

func (v *view) pools() []pool {
	placeable := keepStores(v.staying, func(s *cluster.Store) bool { return !s.SpecialUse() })
	live := keepStores(placeable, func(s *cluster.Store) bool { return s.Live(v.now) })
	pools := []pool{
		{blame: "D01", stores: v.staying, bare: true}, {blame: "D14", stores: placeable},
		{blame: "D20", stores: live},
	}
	if v.snap.Schedule == nil {
		return pools
	}
	roomy := keepStores(live, func(s *cluster.Store) bool { return s.LowSpace(v.snap.Schedule) != cluster.Yes })
	return append(pools, pool{blame: "D10", stores: roomy})
}

// concerns reports whether peers of the rule may lie on a store that is asked
// about.
func (v *view) concerns(rule *cluster.Rule) bool {
	return slices.ContainsFunc(v.subjects, func(s *cluster.Store) bool {
		return s.State != cluster.Tombstone && rule.Accepts(s)
	})
}

func (v *view) firstShortage(set *cluster.RuleSet, at int, pools []pool) (shortage, bool) {
	before := []*cluster.Store{}
	for i, p := range pools {
		fit := place(set, at, p)
		if fit.Short() == 0 {
			before = p.stores
			continue
		}
		s := shortage{rule: set.Rules[at], blame: p.blame, fit: fit, placed: place(set, at, pools[len(pools)-1]).Placed}
		if i > 0 {
			s.lacking = keepStores(before, func(store *cluster.Store) bool {
				return s.rule.Accepts(store) && !slices.Contains(p.stores, store)
			})
			return s, true
		}
		switch {
		case v.fitsOneByOne(set, at):
			s.blame = "D11"
		case s.rule.GroupID == cluster.TiFlashRuleGroup:
			s.blame = "D04"
		}
		return s, true
	}
	return shortage{}, false
}

// fitsOneByOne reports whether the rule would be satisfied if only one of the
// stores that leave did.
func (v *view) fitsOneByOne(set *cluster.RuleSet, at int) bool {
	var leaving []*cluster.Store
	for i := range v.snap.Stores {
		if s := &v.snap.Stores[i]; s.Leaving() && !s.PhysicallyDestroyed && !v.forced[s.ID] && s.Live(v.now) {
			leaving = append(leaving, s)
		}
	}
	if len(leaving) < 2 {
		return false
	}
	return slices.ContainsFunc(v.subjects, func(one *cluster.Store) bool {
		others := keepStores(leaving, func(s *cluster.Store) bool { return s != one })
		fit := place(set, at, pool{stores: append(others, v.staying...)})
		return fit.Short() == 0
	})
}

func place(set *cluster.RuleSet, at int, p pool) cluster.RuleFit {
	if p.bare {
		set = bare(set)
	}
	return set.Fit(p.stores)[at]
}

// bare is a set of rules as if only the engine of a store mattered.
func bare(set *cluster.RuleSet) *cluster.RuleSet {
	out := &cluster.RuleSet{Rules: slices.Clone(set.Rules)}
	for i := range out.Rules {
		r := &out.Rules[i]
		r.LocationLabels, r.IsolationLevel = nil, ""
		r.LabelConstraints = slices.Clone(r.LabelConstraints)
		r.LabelConstraints = slices.DeleteFunc(r.LabelConstraints, func(c cluster.LabelConstraint) bool {
			return c.Key != cluster.EngineLabel
		})
	}
	return out
}
