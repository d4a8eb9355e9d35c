package diagnose

import (
	"cmp"
	"math/bits"
	"slices"

	"ebb/cluster"
)

// fitted is how the peers of a region meet its rules.
type fitted struct {
	rules []ruleFit
	// orphans are peers that no rule takes, as positions in the region's peers.
	orphans []int
}

// ruleFit is what one rule got. Peers are positions in the region's peers, the
// healthy ones first, then by id.
type ruleFit struct {
	rule      *cluster.Rule
	facts     *ruleFacts
	peers     []int
	wrongRole []int
	score     float64 // isolation, more is better
}

func (f *ruleFit) short() bool     { return len(f.peers) < f.rule.Count }
func (f *ruleFit) satisfied() bool { return len(f.peers) == f.rule.Count && len(f.wrongRole) == 0 }

// of is the index of the rule that took the peer, -1 for none.
func (f *fitted) of(peer int) int {
	return slices.IndexFunc(f.rules, func(rf ruleFit) bool { return slices.Contains(rf.peers, peer) })
}

// maxFitPeers bounds the search, which is exponential in the number of peers. No
// region that works has more than a handful.
const maxFitPeers = 16

// fit assigns peers to rules as placement.fitWorker does (PD 4.0 to master): the
// earlier rule chooses first; more peers beat fewer, then right roles beat wrong
// ones, then better isolation; what is found first stays among equals. ok is
// false when the region has too many peers.
func (w *World) fit(r *cluster.Region, rules []cluster.Rule) (f fitted, ok bool) {
	if len(r.Peers) > maxFitPeers {
		return fitted{}, false
	}
	s := &fitSearch{w: w, r: r, order: make([]int, len(r.Peers)), best: make([]ruleFit, len(rules))}
	for i := range rules {
		s.best[i] = ruleFit{rule: &rules[i], facts: w.factsOf(&rules[i]), score: unset}
	}
	for i := range s.order {
		s.order[i] = i
	}
	slices.SortFunc(s.order, func(a, b int) int {
		return cmp.Or(-cmp.Compare(s.health(a), s.health(b)), cmp.Compare(r.Peers[a].ID, r.Peers[b].ID))
	})
	s.assign(0)
	var taken uint
	for i := range s.best {
		for _, p := range s.best[i].peers {
			taken |= 1 << p
		}
	}
	for _, p := range s.order {
		if taken&(1<<p) == 0 {
			f.orphans = append(f.orphans, p)
		}
	}
	f.rules = s.best
	return f, true
}

// unset marks a rule that has no assignment yet; a real score is never negative.
const unset = -1

type fitSearch struct {
	w     *World
	r     *cluster.Region
	order []int // peers, in the order in which they are tried
	used  uint  // positions in order
	best  []ruleFit
}

func (s *fitSearch) health(peer int) int {
	switch id := s.r.Peers[peer].ID; {
	case s.r.IsDown(id):
		return 0
	case s.r.IsPending(id):
		return 1
	}
	return 2
}

// assign tries every choice of peers for the rule and what follows from it for
// the later ones. It reports whether something better than before was found.
func (s *fitSearch) assign(rule int) (better bool) {
	if rule == len(s.best) {
		return false
	}
	var candidates []int
	for at, p := range s.order {
		store := s.w.at(s.r.Peers[p].StoreID)
		if s.used&(1<<at) == 0 && store >= 0 && s.best[rule].facts.accepts[store] {
			candidates = append(candidates, at)
		}
	}
	count := min(len(candidates), s.best[rule].rule.Count)
	for pick := uint(1)<<count - 1; pick < 1<<len(candidates); pick++ {
		if bits.OnesCount(pick) != count {
			continue
		}
		var chosen uint
		for i, at := range candidates {
			if pick&(1<<i) != 0 {
				chosen |= 1 << at
			}
		}
		s.used |= chosen
		better = s.compare(rule, chosen) || better
		s.used &^= chosen
	}
	return better
}

func (s *fitSearch) compare(rule int, chosen uint) (better bool) {
	candidate := s.evaluate(&s.best[rule], chosen)
	switch c := compareFits(&candidate, &s.best[rule]); {
	case c > 0:
		s.best[rule] = candidate
		for i := rule + 1; i < len(s.best); i++ {
			s.best[i] = ruleFit{rule: s.best[i].rule, facts: s.best[i].facts, score: unset}
		}
		s.assign(rule + 1)
		return true
	case c == 0 && s.assign(rule+1):
		s.best[rule] = candidate
		return true
	}
	return false
}

func compareFits(a, b *ruleFit) int {
	if b.score == unset {
		return 1
	}
	return cmp.Or(
		cmp.Compare(len(a.peers), len(b.peers)),
		-cmp.Compare(len(a.wrongRole), len(b.wrongRole)),
		cmp.Compare(a.score, b.score),
	)
}

func (s *fitSearch) evaluate(old *ruleFit, chosen uint) ruleFit {
	f := ruleFit{rule: old.rule, facts: old.facts}
	for at, p := range s.order {
		if chosen&(1<<at) == 0 {
			continue
		}
		for _, q := range f.peers {
			f.score += f.facts.distance(s.w.at(s.r.Peers[q].StoreID), s.w.at(s.r.Peers[p].StoreID))
		}
		f.peers = append(f.peers, p)
		if !plays(s.r, p, f.rule) {
			f.wrongRole = append(f.wrongRole, p)
		}
	}
	return f
}

// plays reports whether the peer has the role that the rule asks for. Nothing
// shows whether witnesses are enabled; they are taken to be where a rule asks for
// them.
func plays(r *cluster.Region, peer int, rule *cluster.Rule) bool {
	p := &r.Peers[peer]
	learner, leader := p.Role == cluster.Learner, p.ID == r.Leader.ID
	if p.IsWitness && !rule.IsWitness {
		return false
	}
	switch rule.Role {
	case cluster.RoleVoter:
		return !learner
	case cluster.RoleLeader:
		return leader
	case cluster.RoleFollower:
		return !learner && !leader
	case cluster.RoleLearner:
		return learner
	}
	return false
}

// storesOf are the positions of the stores of the rule's peers but one; PD keeps
// the store of a new peer apart from them.
func (w *World) storesOf(r *cluster.Region, f *ruleFit, but int) []int {
	stores := make([]int, 0, len(f.peers))
	for _, p := range f.peers {
		if p != but {
			stores = append(stores, w.at(r.Peers[p].StoreID))
		}
	}
	return stores
}
