package cluster

import (
	"slices"
	"strings"
)

// Voting is the part of the set that places voters. Sets that differ in learners
// only have the same.
func (s *RuleSet) Voting() RuleSet {
	v := *s
	v.Rules = slices.DeleteFunc(slices.Clone(s.Rules), func(r Rule) bool { return r.Role == RoleLearner })
	return v
}

// VotingSets are the distinct ways in which the sets place voters.
func VotingSets(sets []RuleSet) []RuleSet {
	var list []RuleSet
	seen := make(map[string]bool)
	for i := range sets {
		v := sets[i].Voting()
		if key := signature(v.Rules); !seen[key] {
			seen[key] = true
			list = append(list, v)
		}
	}
	return list
}

// Bears answers whether every region that is placed on the stores by the rules
// goes on when the stores in domain are lost at once. Yes is certain: it holds
// for every placement that the counts, the constraints and the isolation levels
// of the rules allow. No means that there are regions which would not go on even
// where PD spreads them by their location labels as far as it can, or that the
// rules cannot be met at all. In between nobody can tell: it holds as long as PD
// can spread them so, which location labels alone do not force.
//
// It is about the rules, not about the regions as they are now.
func (s *RuleSet) Bears(stores []*Store, domain func(*Store) bool) Answer {
	v := s.Voting()
	voters, witnesses := 0, 0
	for i := range v.Rules {
		voters += v.Rules[i].Count
		if v.Rules[i].IsWitness {
			witnesses += v.Rules[i].Count
		}
	}
	switch {
	case voters == 0:
		return CannotTell
	case placeable(&v, stores) < voters:
		return No
	}
	lost := slices.DeleteFunc(slices.Clone(stores), func(s *Store) bool { return !domain(s) })
	worst := placeable(&v, lost)
	likely := 0
	for i := range v.Rules {
		likely += spreadIn(&v.Rules[i], stores, domain)
	}
	switch {
	case bearsLoss(voters, witnesses, worst):
		return Yes
	case voters-min(likely, worst) >= Majority(voters):
		return CannotTell
	}
	return No
}

// placeable is how many voters the rules can put on the stores.
func placeable(voting *RuleSet, stores []*Store) int {
	n := 0
	for _, fit := range voting.Fit(stores) {
		n += fit.Placed
	}
	return n
}

// bearsLoss reports whether a region surely goes on without that many voters. Where
// there are witnesses, a majority is not enough: someone with data that has every
// committed entry must be left, and the witnesses may have been part of the
// majority that committed the last ones.
func bearsLoss(voters, witnesses, lost int) bool {
	if voters-lost < Majority(voters) {
		return false
	}
	return lost == 0 || witnesses == 0 || Majority(voters)-witnesses > lost
}

// spreadIn is how many of the rule's peers are in the domain at most, where PD has
// spread them by location labels as far as it can.
func spreadIn(r *Rule, stores []*Store, domain func(*Store) bool) int {
	var accepted []*Store
	for _, s := range stores {
		if r.Accepts(s) {
			accepted = append(accepted, s)
		}
	}
	return spreadOver(accepted, r.Count, r.LocationLabels, domain)
}

func spreadOver(stores []*Store, count int, labels []string, domain func(*Store) bool) int {
	if count == 0 {
		return 0
	}
	if len(labels) == 0 {
		in := 0
		for _, s := range stores {
			if domain(s) {
				in++
			}
		}
		return min(in, count)
	}
	groups := make(map[string][]*Store)
	for _, s := range stores {
		groups[s.Label(labels[0])] = append(groups[s.Label(labels[0])], s)
	}
	total := 0
	for _, group := range groups {
		total += spreadOver(group, largestShare(len(group), groups, count), labels[1:], domain)
	}
	return min(total, count)
}

// largestShare is the most that a group of the size gets of count peers when they
// are dealt out to the groups one by one, round after round.
func largestShare(size int, groups map[string][]*Store, count int) int {
	share := 0
	for count > 0 && share < size {
		share++ // it may be the first of this round
		taken := 0
		for _, group := range groups {
			if len(group) >= share {
				taken++
			}
		}
		count -= taken
	}
	return share
}

// LocationOf names the place of a store down to a location label: the values of
// the labels up to and including the last, for one rack1 is not the rack1 of
// another zone. ok is false when the store lacks one of them.
func LocationOf(s *Store, labels []string) (place string, ok bool) {
	values := make([]string, 0, len(labels))
	for _, key := range labels {
		value := s.Label(key)
		if value == "" {
			return "", false
		}
		values = append(values, value)
	}
	return strings.Join(values, "/"), len(labels) > 0
}
