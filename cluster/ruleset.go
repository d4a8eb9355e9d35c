package cluster

import (
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
// sets of rules that apply, in key order; see RuleIndex for what applies.
func RuleSets(rules []Rule, groups []RuleGroup) []RuleSet {
	var sets []RuleSet
	index := make(map[string]int)
	segments := NewRuleIndex(rules, groups).segments
	for i := range segments {
		if len(segments[i].rules) == 0 {
			continue
		}
		key := signature(segments[i].rules)
		if at, ok := index[key]; ok {
			sets[at].Ranges++
			continue
		}
		index[key] = len(sets)
		sets = append(sets, RuleSet{Rules: segments[i].rules, StartKey: segments[i].start, EndKey: segments[i].end, Ranges: 1})
	}
	return sets
}

// signature is equal for rule sets that place peers alike, so that the ten
// thousand TiFlash tables of a cluster are judged once per replica count.
func signature(rules []Rule) string {
	parts := signatures(rules)
	slices.Sort(parts)
	return strings.Join(parts, "\n")
}

// signatures are equal for rules that place peers alike.
func signatures(rules []Rule) []string {
	parts := make([]string, 0, len(rules))
	for i := range rules {
		r := &rules[i]
		parts = append(parts, fmt.Sprintf("%q %t %d %q %q %q", r.Role, r.IsWitness, r.Count, r.LabelConstraints, r.LocationLabels, r.IsolationLevel))
	}
	return parts
}
