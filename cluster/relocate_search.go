package cluster

import "slices"

// maxRelocationStates bounds the search for dead ends of one kind of region. It
// is needed only where rules compete for stores; beyond it nobody can tell.
const maxRelocationStates = 4096

// relocation searches what can come of one kind of region.
type relocation struct {
	*Relocator
	rules    []Rule
	disjoint bool
	known    map[string]Answer
	left     int
}

// moving reports whether PD takes the peer away from where it is.
func (r *relocation) moving(s seat) bool { return r.asked[s.store] || r.others[s.store] }

func (r *relocation) judge(s seats) Answer {
	if !slices.ContainsFunc(s, func(s seat) bool { return r.asked[s.store] }) {
		return Yes
	}
	if r.roomForAll(s) {
		return Yes
	}
	return r.explore(s)
}

// roomForAll reports whether each asked peer has more places than all other peers
// that move can take from it, whichever rule it is counted for and whichever
// peers are counted for the same rule. No order of moves is then a dead end.
func (r *relocation) roomForAll(s seats) bool {
	ways := r.assignments(s)
	missing := r.missing(ways[0])
	rivals := missing - 1
	for _, p := range s {
		if r.moving(p) {
			rivals++
		}
	}
	if rivals > 0 && !r.disjoint {
		return false // a move may change which peers are counted for which rule
	}
	for i, p := range s {
		if !r.asked[p.store] {
			continue
		}
		// PD drops a peer that no rule has only when no rule lacks one.
		if missing > 0 && slices.ContainsFunc(ways, func(ruleOf []int) bool { return ruleOf[i] < 0 }) {
			return false
		}
		if !r.roomFor(s, p, rivals, missing) {
			return false
		}
	}
	return true
}

func (r *relocation) roomFor(s seats, p seat, rivals, missing int) bool {
	for i := range r.rules {
		rule := &r.rules[i]
		if !r.wants(rule, p) {
			continue
		}
		if rule.isolated() && (rule.Count == 1 || missing > 0) {
			return false // it may be the only one of the rule; see candidates
		}
		if r.places(s, p, rule, func(q seat) bool { return r.wants(rule, q) }) <= rivals {
			return false
		}
	}
	return true
}

// missing is the number of peers that the rules ask for and the region lacks.
func (r *relocation) missing(ruleOf []int) int {
	missing := 0
	for i := range r.rules {
		missing += r.rules[i].Count
	}
	for _, j := range ruleOf {
		if j >= 0 {
			missing--
		}
	}
	return missing
}

// places counts the places that the rule leaves for p: stores, or where it has
// an isolation level, places under that.
func (r *relocation) places(s seats, p seat, rule *Rule, same func(seat) bool) int {
	free := make(map[string]bool)
	for _, t := range r.candidates(s, p, rule, same) {
		if rule.isolated() {
			free[rule.place(t)] = true
		} else {
			free[t.ID.String()] = true
		}
	}
	return len(free)
}

// candidates are the stores that PD can move p to: it has no peer of the region
// there, the rule accepts the store, and no other peer of the rule is in the
// same place. Where there is no other peer, PD takes no place for a good one
// under an isolation level (filter.isolationFilter, seen in PD 8.1).
func (r *relocation) candidates(s seats, p seat, rule *Rule, same func(seat) bool) []*Store {
	taken := make(map[string]bool)
	if rule.isolated() {
		for _, q := range s {
			if store := r.stores[q.store]; q != p && store != nil && same(q) {
				taken[rule.place(store)] = true
			}
		}
		if len(taken) == 0 {
			return nil
		}
	}
	var list []*Store
	for _, t := range r.targets {
		if rule.Accepts(t) && !s.on(t.ID) && (!rule.isolated() || !taken[rule.place(t)]) {
			list = append(list, t)
		}
	}
	return list
}

// isolated reports whether PD keeps the rule's peers in places of their own.
func (r *Rule) isolated() bool { return r.IsolationLevel != "" && len(r.LocationLabels) > 0 }

// explore tries everything that PD may do next: it counts the peers for the rules
// in any of the best ways, takes any of the moving peers, and gives it any store
// that it may have. Every step leaves one peer fewer to move, so it ends.
func (r *relocation) explore(s seats) Answer {
	if !slices.ContainsFunc(s, func(s seat) bool { return r.asked[s.store] }) {
		return Yes
	}
	key := s.key()
	if a, ok := r.known[key]; ok {
		return a
	}
	if r.left--; r.left < 0 {
		return CannotTell
	}
	var v votes
	for _, ruleOf := range r.assignments(s) {
		missing := r.missing(ruleOf) > 0
		if missing {
			v.add(CannotTell) // PD also looks for stores for these
		}
		// PD drops a peer that no rule has before it moves others, which frees a place:
		// a region whose peer is on its way has one more for a while.
		drops := !missing && slices.Contains(ruleOf, -1)
		for i, p := range s {
			switch {
			case ruleOf[i] >= 0 && r.moving(p):
				r.move(s, i, ruleOf, drops, &v)
			case ruleOf[i] < 0 && (drops || r.moving(p)):
				v.add(r.explore(slices.Delete(slices.Clone(s), i, i+1)))
			}
		}
	}
	a := v.answer()
	r.known[key] = a
	return a
}

func (r *relocation) move(s seats, i int, ruleOf []int, drops bool, v *votes) {
	p := s[i]
	rule := &r.rules[ruleOf[i]]
	targets := r.candidates(s, p, rule, func(q seat) bool {
		at := slices.Index(s, q)
		return ruleOf[at] == ruleOf[i]
	})
	if len(targets) == 0 && r.asked[p.store] && !drops {
		v.add(No)
	}
	for _, t := range targets {
		next := slices.Clone(s)
		next[i].store = t.ID
		v.add(r.explore(next.sorted()))
	}
}

// votes are the ends of several ways.
type votes struct{ yes, no, unclear bool }

func (v *votes) add(a Answer) {
	v.yes = v.yes || a == Yes
	v.no = v.no || a == No
	v.unclear = v.unclear || a == CannotTell
}

func (v *votes) answer() Answer {
	switch {
	case v.yes && !v.no && !v.unclear:
		return Yes
	case v.no && !v.yes && !v.unclear:
		return No
	}
	return CannotTell
}
