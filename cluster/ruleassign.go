package cluster

import (
	"math"
	"slices"
	"strings"
)

// assignments are the best ways to count the peers of a region for the rules:
// for each peer the index of its rule, -1 for none. PD compares rule by rule, in
// their order: more peers, then fewer of the wrong role, then better isolation
// (placement.fitRegion, PD 4.0 to master; it then takes the first of those which
// are equal). Leaders and followers change places without moving, so they are
// one here; where rules tell them apart, isolation is not compared.
func (r *relocation) assignments(s seats) [][]int {
	isolation := !slices.ContainsFunc(r.rules, func(rule Rule) bool { return rule.Role == RoleLeader || rule.Role == RoleFollower })
	a := &assigner{relocation: r, seats: s, ruleOf: make([]int, len(s)), used: make([]int, len(r.rules)), isolation: isolation}
	a.assign(0)
	return a.best
}

type assigner struct {
	*relocation
	seats     seats
	ruleOf    []int
	used      []int
	isolation bool

	best  [][]int
	score []float64 // of each of best
}

func (a *assigner) assign(i int) {
	if i == len(a.seats) {
		a.keep()
		return
	}
	for j := range a.rules {
		if a.used[j] < a.rules[j].Count && a.wants(&a.rules[j], a.seats[i]) {
			a.used[j]++
			a.ruleOf[i] = j
			a.assign(i + 1)
			a.used[j]--
		}
	}
	a.ruleOf[i] = -1
	a.assign(i + 1)
}

func (a *assigner) keep() {
	score := make([]float64, 0, 3*len(a.rules))
	for j := range a.rules {
		n, wrong, isolation := a.fit(j)
		score = append(score, n, -wrong, isolation)
	}
	switch order := slices.Compare(score, a.score); {
	case len(a.best) > 0 && order < 0:
		return
	case len(a.best) == 0 || order > 0:
		a.best, a.score = nil, score
	}
	a.best = append(a.best, slices.Clone(a.ruleOf))
}

// isolationBase is replicaBaseScore of PD.
const isolationBase = 100

// fit scores the peers that are counted for one rule.
func (a *assigner) fit(rule int) (n, wrong, isolation float64) {
	r := &a.rules[rule]
	var stores []*Store
	for i, seat := range a.seats {
		if a.ruleOf[i] != rule {
			continue
		}
		n++
		if seat.learner != (r.Role == RoleLearner) {
			wrong++
		}
		for _, other := range stores {
			if level := differAt(r.LocationLabels, other, a.stores[seat.store]); a.isolation && level >= 0 {
				isolation += math.Pow(isolationBase, float64(len(r.LocationLabels)-level-1))
			}
		}
		stores = append(stores, a.stores[seat.store])
	}
	return n, wrong, isolation
}

// differAt is the first location label in which two stores differ, -1 where they
// are in one place. A store without the label is in the place of any other
// (core.StoreInfo.CompareLocation, PD 4.0 to master).
func differAt(labels []string, a, b *Store) int {
	for i, key := range labels {
		va, vb := a.Label(key), b.Label(key)
		if va != "" && vb != "" && !strings.EqualFold(va, vb) {
			return i
		}
	}
	return -1
}
