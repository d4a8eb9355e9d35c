package cluster

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// RuleGroup orders and overrides whole groups of placement rules. A group
// without a RuleGroup has index 0 and overrides nothing.
type RuleGroup struct {
	ID       string `json:"id"`
	Index    int    `json:"index"`
	Override bool   `json:"override"`
}

// RuleSet is a set of rules that PD applies together to the same regions.
type RuleSet struct {
	Rules []Rule `json:"rules"`
	// StartKey and EndKey bound the first of the key ranges with these rules.
	StartKey []byte `json:"start_key"`
	EndKey   []byte `json:"end_key"`
	// Ranges is the number of separate key ranges with equal rules.
	Ranges int `json:"ranges"`
}

// RuleSets splits the key space at every rule boundary and returns the distinct
// sets of rules that apply, in key order. Overridden rules are dropped the way
// placement.prepareRulesForApply does it (PD 4.0 to master): a rule with
// Override hides the earlier rules of its group, a group with Override hides
// all earlier groups.
func RuleSets(rules []Rule, groups []RuleGroup) []RuleSet {
	order := ruleOrder{groups: make(map[string]RuleGroup, len(groups))}
	for _, g := range groups {
		order.groups[g.ID] = g
	}
	var sets []RuleSet
	index := make(map[string]int)
	bounds := boundaries(rules)
	byStart := slices.Clone(rules)
	slices.SortStableFunc(byStart, func(a, b Rule) int { return bytes.Compare(a.StartKey, b.StartKey) })
	var active []Rule
	for i, start := range bounds {
		active = slices.DeleteFunc(active, func(r Rule) bool {
			return len(r.EndKey) > 0 && bytes.Compare(r.EndKey, start) <= 0
		})
		for len(byStart) > 0 && bytes.Compare(byStart[0].StartKey, start) <= 0 {
			active = append(active, byStart[0])
			byStart = byStart[1:]
		}
		applied := order.apply(active)
		if len(applied) == 0 {
			continue
		}
		key := signature(applied)
		if at, ok := index[key]; ok {
			sets[at].Ranges++
			continue
		}
		var end []byte
		if i+1 < len(bounds) {
			end = bounds[i+1]
		}
		index[key] = len(sets)
		sets = append(sets, RuleSet{Rules: applied, StartKey: start, EndKey: end, Ranges: 1})
	}
	return sets
}

func boundaries(rules []Rule) [][]byte {
	bounds := [][]byte{{}}
	for i := range rules {
		bounds = append(bounds, rules[i].StartKey)
		if len(rules[i].EndKey) > 0 {
			bounds = append(bounds, rules[i].EndKey)
		}
	}
	slices.SortFunc(bounds, bytes.Compare)
	return slices.CompactFunc(bounds, bytes.Equal)
}

type ruleOrder struct{ groups map[string]RuleGroup }

func (o ruleOrder) compare(a, b Rule) int {
	return cmp.Or(
		cmp.Compare(o.groups[a.GroupID].Index, o.groups[b.GroupID].Index),
		cmp.Compare(a.GroupID, b.GroupID),
		cmp.Compare(a.Index, b.Index),
		cmp.Compare(a.ID, b.ID),
	)
}

func (o ruleOrder) apply(active []Rule) []Rule {
	sorted := slices.SortedStableFunc(slices.Values(active), o.compare)
	var kept []Rule
	groupStart := 0 // where the rules of the current group begin in kept
	for i := range sorted {
		newGroup := i == 0 || sorted[i].GroupID != sorted[i-1].GroupID
		switch {
		case newGroup && o.groups[sorted[i].GroupID].Override:
			kept, groupStart = kept[:0], 0
		case newGroup:
			groupStart = len(kept)
		}
		if sorted[i].Override {
			kept = kept[:groupStart]
		}
		kept = append(kept, sorted[i])
	}
	return kept
}

// signature is equal for rule sets that place peers alike, so that the ten
// thousand TiFlash tables of a cluster are judged once per replica count.
func signature(rules []Rule) string {
	parts := make([]string, 0, len(rules))
	for i := range rules {
		r := &rules[i]
		parts = append(parts, fmt.Sprintf("%q %d %q %q %q", r.Role, r.Count, r.LabelConstraints, r.LocationLabels, r.IsolationLevel))
	}
	slices.Sort(parts)
	return strings.Join(parts, "\n")
}
