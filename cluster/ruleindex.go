package cluster

import (
	"bytes"
	"cmp"
	"slices"
)

// RuleIndex finds the placement rules of a region. It splits the key space at
// every rule boundary and applies the rules of each segment the way
// placement.prepareRulesForApply does it (PD 4.0 to master): a rule with Override
// hides the earlier rules of its group, a group with Override hides all earlier
// groups.
type RuleIndex struct{ segments []ruleSegment }

// ruleSegment is a key range between two rule boundaries. An empty end is the
// end of the key space.
type ruleSegment struct {
	start, end []byte
	rules      []Rule
}

// NewRuleIndex makes an index of the rules. The rules are copied, their keys and
// constraints are shared.
func NewRuleIndex(rules []Rule, groups []RuleGroup) *RuleIndex {
	order := ruleOrder{groups: make(map[string]RuleGroup, len(groups))}
	for _, g := range groups {
		order.groups[g.ID] = g
	}
	bounds := boundaries(rules)
	byStart := slices.Clone(rules)
	slices.SortStableFunc(byStart, func(a, b Rule) int { return bytes.Compare(a.StartKey, b.StartKey) })
	x := &RuleIndex{segments: make([]ruleSegment, 0, len(bounds))}
	var active []Rule
	for i, start := range bounds {
		active = slices.DeleteFunc(active, func(r Rule) bool {
			return len(r.EndKey) > 0 && bytes.Compare(r.EndKey, start) <= 0
		})
		for len(byStart) > 0 && bytes.Compare(byStart[0].StartKey, start) <= 0 {
			active = append(active, byStart[0])
			byStart = byStart[1:]
		}
		var end []byte
		if i+1 < len(bounds) {
			end = bounds[i+1]
		}
		x.segments = append(x.segments, ruleSegment{start: start, end: end, rules: order.apply(active)})
	}
	return x
}

// At returns the rules of a region in PD's order. It returns nil where the region
// crosses a rule boundary, as PD's ruleConfig does: PD then has it split before
// it looks at its peers. The result is shared; do not change it.
func (x *RuleIndex) At(r *Region) []Rule {
	i, found := slices.BinarySearchFunc(x.segments, r.StartKey, func(s ruleSegment, key []byte) int {
		return bytes.Compare(s.start, key)
	})
	if !found {
		i-- // the first segment starts at the empty key, so there is one before
	}
	s := &x.segments[i]
	if len(s.end) > 0 && (len(r.EndKey) == 0 || bytes.Compare(r.EndKey, s.end) > 0) {
		return nil
	}
	return s.rules
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
