package cluster

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// The tests of this file compare Bears and Relocator with models that know
// nothing of flows, places or shares: they enumerate every placement that a
// reading of the rules allows, and everything that PD may do next.

// world is a small random cluster.
type world struct {
	stores []*Store
	rules  []Rule
}

func randomWorld(r *rand.Rand) world {
	var w world
	for id := range 3 + r.IntN(4) {
		s := &Store{ID: StoreID(id + 1)}
		for key, values := range map[string][]string{"zone": {"a", "b", "c", ""}, "host": {"x", "y"}, "disk": {"ssd", "hdd"}} {
			if v := values[r.IntN(len(values))]; v != "" {
				s.Labels = append(s.Labels, Label{key, v})
			}
		}
		w.stores = append(w.stores, s)
	}
	for i := range 1 + r.IntN(2) {
		rule := Rule{ID: fmt.Sprint(i), Role: RoleVoter, Count: 1 + r.IntN(3-i)}
		if i == 0 {
			rule.Count = 1 + r.IntN(3)
		}
		rule.IsWitness = i > 0 && r.IntN(4) == 0
		if r.IntN(2) == 0 {
			rule.LabelConstraints = []LabelConstraint{{Key: "disk", Op: []string{"in", "notIn"}[r.IntN(2)], Values: []string{"ssd"}}}
		}
		if r.IntN(3) > 0 {
			rule.LocationLabels = [][]string{{"zone"}, {"zone", "host"}, {"host"}}[r.IntN(3)]
			if r.IntN(2) == 0 {
				rule.IsolationLevel = rule.LocationLabels[r.IntN(len(rule.LocationLabels))]
			}
		}
		w.rules = append(w.rules, rule)
	}
	if r.IntN(4) == 0 {
		w.rules = append(w.rules, Rule{ID: "learner", Role: RoleLearner, Count: 1})
	}
	return w
}

func (w world) describe() string {
	var b strings.Builder
	for _, s := range w.stores {
		fmt.Fprintf(&b, "store %d %v; ", s.ID, s.Labels)
	}
	for _, r := range w.rules {
		fmt.Fprintf(&b, "rule %s %s x%d witness %t %v %v isolation %q; ", r.ID, r.Role, r.Count, r.IsWitness, r.LabelConstraints, r.LocationLabels, r.IsolationLevel)
	}
	return b.String()
}

// modelAccepts reads a constraint of randomWorld.
func modelAccepts(r *Rule, s *Store) bool {
	if len(r.LabelConstraints) == 0 {
		return true
	}
	return (s.Label("disk") == "ssd") == (r.LabelConstraints[0].Op == "in")
}

// modelTogether reports whether two stores are in one place of the isolation
// level.
func modelTogether(r *Rule, a, b *Store) bool {
	if r.IsolationLevel == "" || len(r.LocationLabels) == 0 {
		return false
	}
	for _, key := range r.LocationLabels {
		if a.Label(key) != b.Label(key) {
			return false
		}
		if key == r.IsolationLevel {
			break
		}
	}
	return true
}

// placements calls visit with every way to give each peer of each rule a store.
func (w world) placements(visit func(byRule [][]*Store)) {
	byRule := make([][]*Store, len(w.rules))
	used := make(map[StoreID]bool)
	var place func(rule, from int)
	place = func(rule, from int) {
		if rule == len(w.rules) {
			visit(byRule)
			return
		}
		r := &w.rules[rule]
		if len(byRule[rule]) == r.Count {
			place(rule+1, 0)
			return
		}
		for i := from; i < len(w.stores); i++ {
			s := w.stores[i]
			if used[s.ID] || !modelAccepts(r, s) || slices.ContainsFunc(byRule[rule], func(o *Store) bool { return modelTogether(r, o, s) }) {
				continue
			}
			used[s.ID] = true
			byRule[rule] = append(byRule[rule], s)
			place(rule, i+1)
			byRule[rule] = byRule[rule][:len(byRule[rule])-1]
			used[s.ID] = false
		}
	}
	place(0, 0)
}

// modelBears judges one placement: a majority of the voters stays, and whichever
// majority committed the last entry, someone with data who has it stays too.
func (w world) modelBears(byRule [][]*Store, domain map[StoreID]bool) bool {
	type voter struct{ stays, data bool }
	var voters []voter
	for i, stores := range byRule {
		if w.rules[i].Role == RoleLearner {
			continue
		}
		for _, s := range stores {
			voters = append(voters, voter{!domain[s.ID], !w.rules[i].IsWitness})
		}
	}
	stay := 0
	for _, v := range voters {
		if v.stays {
			stay++
		}
	}
	if 2*stay <= len(voters) {
		return false
	}
	for committed := range 1 << len(voters) {
		members, leaders, heirs := 0, 0, 0
		for i, v := range voters {
			if committed>>i&1 == 1 {
				members++
				if v.data {
					leaders++
				}
				if v.stays && v.data {
					heirs++
				}
			}
		}
		// Only a majority commits, and someone in it had the data to lead.
		if 2*members > len(voters) && leaders > 0 && heirs == 0 {
			return false
		}
	}
	return true
}

func TestBearsAgainstAllPlacements(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	answers := make(map[Answer]int)
	for range 20000 {
		w := randomWorld(r)
		domain := make(map[StoreID]bool)
		for _, s := range w.stores {
			if r.IntN(3) == 0 {
				domain[s.ID] = true
			}
		}
		set := RuleSet{Rules: w.rules}
		got := set.Bears(w.stores, func(s *Store) bool { return domain[s.ID] })
		answers[got]++
		some, all := false, true
		w.rules = set.Voting().Rules
		w.placements(func(byRule [][]*Store) {
			some = true
			all = all && w.modelBears(byRule, domain)
		})
		if got == Yes && (!some || !all) {
			t.Fatalf("yes, but there is a placement that does not bear the loss of %v: %s", domain, w.describe())
		}
		if got == No && some && all {
			t.Fatalf("no, but every placement bears the loss of %v: %s", domain, w.describe())
		}
	}
	t.Log(answers)
	for _, a := range []Answer{Yes, No, CannotTell} {
		if answers[a] < 200 {
			t.Errorf("answer %v came up %d times only: the test shows little", a, answers[a])
		}
	}
}

// modelPD replaces peers the way the rule checker does, one at a time.
type modelPD struct {
	world
	asked, others map[StoreID]bool
	full          map[StoreID]bool // stores that take no peer
	memo          map[string][2]bool
}

func (m *modelPD) store(id StoreID) *Store { return m.stores[id-1] }

// outcomes reports whether some way ends with the asked stores empty, and
// whether some way ends with one of them stuck.
func (m *modelPD) outcomes(at []StoreID) (good, bad bool) {
	if !slices.ContainsFunc(at, func(id StoreID) bool { return m.asked[id] }) {
		return true, false
	}
	key := fmt.Sprint(at)
	if known, ok := m.memo[key]; ok {
		return known[0], known[1]
	}
	follow := func(next []StoreID) {
		g, b := m.outcomes(next)
		good, bad = good || g, bad || b
	}
	for _, ruleOf := range m.fits(at) {
		moved, added, dropped := false, false, false
		for i, id := range at {
			if !m.asked[id] && !m.others[id] && ruleOf[i] >= 0 {
				continue
			}
			for _, next := range m.replacements(at, ruleOf, i) {
				moved = true
				dropped = dropped || ruleOf[i] < 0
				follow(next)
			}
		}
		for rule := range m.rules {
			for _, next := range m.additions(at, ruleOf, rule) {
				moved, added = true, true
				follow(next)
			}
		}
		// Peers elsewhere may take for ever, so one that is stuck now counts as stuck,
		// unless it only waits until PD has added what is missing, or dropped a peer too
		// many, which it does first.
		for i, id := range at {
			if m.asked[id] && len(m.replacements(at, ruleOf, i)) == 0 && !dropped && (ruleOf[i] >= 0 || !added) {
				bad = true
			}
		}
		bad = bad || !moved
	}
	m.memo[key] = [2]bool{good, bad}
	return good, bad
}

func (m *modelPD) replacements(at []StoreID, ruleOf []int, i int) [][]StoreID {
	if ruleOf[i] < 0 {
		counted := 0
		for _, rule := range ruleOf {
			if rule >= 0 {
				counted++
			}
		}
		wanted := 0
		for j := range m.rules {
			wanted += m.rules[j].Count
		}
		if counted < wanted {
			return nil // PD drops a peer only when all rules have theirs
		}
		return [][]StoreID{slices.Delete(slices.Clone(at), i, i+1)}
	}
	var next [][]StoreID
	for _, target := range m.targets(at, ruleOf, ruleOf[i], i) {
		moved := slices.Clone(at)
		moved[i] = target
		slices.Sort(moved)
		next = append(next, moved)
	}
	return next
}

func (m *modelPD) additions(at []StoreID, ruleOf []int, rule int) [][]StoreID {
	have := 0
	for _, r := range ruleOf {
		if r == rule {
			have++
		}
	}
	if have >= m.rules[rule].Count {
		return nil
	}
	var next [][]StoreID
	for _, target := range m.targets(at, ruleOf, rule, -1) {
		next = append(next, slices.Sorted(slices.Values(append(slices.Clone(at), target))))
	}
	return next
}

func (m *modelPD) targets(at []StoreID, ruleOf []int, rule, moving int) []StoreID {
	r := &m.rules[rule]
	var list []StoreID
	for _, s := range m.stores {
		if m.asked[s.ID] || m.others[s.ID] || m.full[s.ID] || slices.Contains(at, s.ID) || !modelAccepts(r, s) {
			continue
		}
		clash, mates := false, 0
		for i, id := range at {
			if i != moving && ruleOf[i] == rule {
				mates++
				clash = clash || modelTogether(r, m.store(id), s)
			}
		}
		if r.IsolationLevel != "" && len(r.LocationLabels) > 0 && mates == 0 || clash {
			continue
		}
		list = append(list, s.ID)
	}
	return list
}

// fits are the best ways to count peers for rules, by trying all.
func (m *modelPD) fits(at []StoreID) [][]int {
	var best [][]int
	var bestScore []float64
	total := 1
	for range at {
		total *= len(m.rules) + 1
	}
next:
	for code := range total {
		ruleOf, rest := make([]int, len(at)), code
		score := make([]float64, 2*len(m.rules))
		for i := range at {
			ruleOf[i] = rest%(len(m.rules)+1) - 1
			rest /= len(m.rules) + 1
			j := ruleOf[i]
			if j < 0 {
				continue
			}
			if score[2*j]++; score[2*j] > float64(m.rules[j].Count) || !modelAccepts(&m.rules[j], m.store(at[i])) {
				continue next
			}
			for k := range i {
				if ruleOf[k] == j {
					score[2*j+1] += modelDistance(m.rules[j].LocationLabels, m.store(at[i]), m.store(at[k]))
				}
			}
		}
		if c := slices.Compare(score, bestScore); bestScore == nil || c > 0 {
			best, bestScore = [][]int{ruleOf}, score
		} else if c == 0 {
			best = append(best, ruleOf)
		}
	}
	return best
}

func modelDistance(labels []string, a, b *Store) float64 {
	for i, key := range labels {
		if va, vb := a.Label(key), b.Label(key); va != "" && vb != "" && va != vb {
			return math.Pow(100, float64(len(labels)-i-1))
		}
	}
	return 0
}

func TestRelocatorAgainstAllMoves(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	answers := make(map[Answer]int)
	for range 20000 {
		w := randomWorld(r)
		w.rules = slices.DeleteFunc(w.rules, func(r Rule) bool { return r.Role == RoleLearner })
		m := &modelPD{world: w, asked: map[StoreID]bool{}, others: map[StoreID]bool{}, full: map[StoreID]bool{}, memo: map[string][2]bool{}}
		region := &Region{}
		var at []StoreID
		var targets []*Store
		peers := 0
		for i := range w.rules {
			peers += w.rules[i].Count
		}
		if r.IntN(5) == 0 {
			peers += r.IntN(3) - 1 // one short, or one too many, as on the way
		}
		for _, i := range r.Perm(len(w.stores)) {
			s := w.stores[i]
			switch r.IntN(7) {
			case 0, 1:
				m.asked[s.ID] = true
			case 2:
				m.others[s.ID] = true
			case 3:
				m.full[s.ID] = true
			default:
				targets = append(targets, s)
			}
			if len(at) < peers {
				at = append(at, s.ID)
			}
		}
		slices.Sort(at)
		for _, id := range at {
			region.Peers = append(region.Peers, Peer{ID: uint64(id), StoreID: id})
		}
		stores := make(Stores)
		for _, s := range w.stores {
			stores[s.ID] = s
		}
		got := NewRelocator(stores, targets, m.asked, m.others).Judge(region, w.rules).Answer
		answers[got]++
		good, bad := m.outcomes(at)
		if got == Yes && bad || got == No && good {
			t.Fatalf("%v, but PD can end well: %t, badly: %t; region on %v, asked %v, others %v, full %v; %s",
				got, good, bad, at, m.asked, m.others, m.full, w.describe())
		}
	}
	t.Log(answers)
	for _, a := range []Answer{Yes, No, CannotTell} {
		if answers[a] < 200 {
			t.Errorf("answer %v came up %d times only: the test shows little", a, answers[a])
		}
	}
}
