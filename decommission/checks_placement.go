package decommission

import (
	"fmt"
	"iter"
	"strings"

	"ebb/cluster"
)

// placement: after the stores have left, every placement rule still finds
// enough stores for its peers, counting only stores that are Up, live and stay.
// PD's own check compares the number of Up stores with max-replicas: it counts
// dead stores, knows no rule, and through 8.5 takes TiFlash for TiKV.
func (c *checker) placement() []Finding {
	const name = checkPlacement
	sets, ok := c.snap.RuleSets()
	if !ok {
		for _, field := range []cluster.Field{cluster.FieldReplication, cluster.FieldRules, cluster.FieldRuleGroups} {
			if c.snap.Unread[field] != nil {
				return []Finding{c.unread(name, field, "the placement rules")}
			}
		}
		return []Finding{{Check: name, Result: Unknown, Summary: "PD reports no placement rule at all", Fix: "pd-ctl config placement-rules show"}}
	}
	findings := c.placeSets(sets)
	if len(findings) == 0 {
		findings = append(findings, Finding{
			Check: name, Result: OK,
			Summary: fmt.Sprintf("the %s that stay satisfy every placement rule (%s)", cluster.Plural(len(c.receivers), "live store"), cluster.Plural(len(sets), "rule set")),
		})
	}
	return findings
}

// placeSets judges every set and reports each rule once: a rule such as
// pd/default is part of as many sets as there are kinds of TiFlash tables.
func (c *checker) placeSets(sets []cluster.RuleSet) []Finding {
	var findings []Finding
	reported := make(map[string]int) // rule name -> index in findings
	for i := range sets {
		for rule, f := range c.placeSet(&sets[i]) {
			at, seen := reported[rule]
			switch {
			case !seen:
				reported[rule] = len(findings)
				findings = append(findings, f)
			case f.Result == Refused && findings[at].Result != Refused:
				findings[at] = f
			}
		}
	}
	return findings
}

// placeSet compares the stores that stay with the stores of today: a rule that
// is short today and does not concern the leaving stores is worth a warning
// only, for their leaving makes it no worse.
func (c *checker) placeSet(set *cluster.RuleSet) iter.Seq2[string, Finding] {
	after := set.Fit(c.receivers)
	worse := totalShort(after) > totalShort(set.Fit(c.present))
	return func(yield func(string, Finding) bool) {
		for i := range after {
			fit := &after[i]
			if fit.Short() == 0 {
				continue
			}
			if !yield(fit.Rule.Name(), c.shortage(set, fit, worse || c.concerns(&fit.Rule))) {
				return
			}
		}
	}
}

func totalShort(fits []cluster.RuleFit) int {
	n := 0
	for i := range fits {
		n += fits[i].Short()
	}
	return n
}

func (c *checker) concerns(r *cluster.Rule) bool {
	for _, s := range c.targets {
		if s.State != cluster.Tombstone && r.Accepts(s) {
			return true
		}
	}
	return false
}

func (c *checker) shortage(set *cluster.RuleSet, fit *cluster.RuleFit, concerned bool) Finding {
	rule := &fit.Rule
	f := Finding{
		Check: checkPlacement, Result: Warning,
		Evidence: []string{
			strings.Join(append([]string{fmt.Sprintf("rule %s: role %s, count %d", rule.Name(), rule.Role, rule.Count)}, rule.Conditions()...), ", "),
			fmt.Sprintf("accepts %s of the %d that stay%s", cluster.Plural(fit.Accepting, "live store"), len(c.receivers), placesText(fit)),
		},
	}
	if set.Ranges > 1 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("the same rules hold for %d key ranges", set.Ranges))
	}
	if dead := c.deadAccepted(rule); len(dead) > 0 {
		f.Evidence = append(f.Evidence, "not counted, because they are not live or leave too: "+storeNames(dead))
	}
	if !concerned {
		f.Summary = fmt.Sprintf("rule %s is %d short already, which these stores do not change", rule.Name(), fit.Short())
		return f
	}
	f.Result = Refused
	f.Summary = fmt.Sprintf("rule %s needs %s, only %d can be placed on the stores that stay", rule.Name(), cluster.Plural(rule.Count, "peer"), fit.Placed)
	f.Fix = "add a store first, or lower the rule's count"
	if rule.GroupID == cluster.TiFlashRuleGroup {
		c.tiflashShortage(&f, fit)
	}
	return f
}

// deadAccepted are the stores that the rule would accept but that do not count.
func (c *checker) deadAccepted(rule *cluster.Rule) []*cluster.Store {
	var list []*cluster.Store
	for i := range c.snap.Stores {
		s := &c.snap.Stores[i]
		counted := s.State == cluster.Up && s.Live(c.now)
		if s.State != cluster.Tombstone && !c.leaving[s.ID] && !counted && rule.Accepts(s) {
			list = append(list, s)
		}
	}
	return list
}

func placesText(fit *cluster.RuleFit) string {
	if fit.Rule.IsolationLevel == "" {
		return ""
	}
	return fmt.Sprintf(", in %s", cluster.Plural(fit.Places, "distinct "+fit.Rule.IsolationLevel))
}
