package cluster

import (
	"encoding/binary"
	"slices"
	"strings"
)

// Relocator answers whether PD finds a new store for each peer that has to go,
// region by region, from where the peers are today. Placing a region anew, as
// RuleSet.Fit does, is not enough: PD replaces one peer at a time and leaves the
// others where they are, so that it can run into a dead end that a better order
// would have avoided (RuleChecker.replaceUnexpectedRulePeer and
// ReplicaStrategy.SelectStoreToAdd, PD 5.0 to master).
//
// Regions with the same rules and the same stores are judged once.
type Relocator struct {
	stores Stores
	// targets can be given a peer.
	targets []*Store
	// asked are the stores that are to be emptied; others are those whose peers PD
	// replaces as well, because they leave too or are dead.
	asked, others map[StoreID]bool

	kinds   map[*Rule]*ruleKind // by the first rule of a slice of RuleIndex
	byRules map[string]*ruleKind
}

// ruleKind is one distinct set of rules, with what was found out under it.
type ruleKind struct {
	rules []Rule
	// disjoint: no store is accepted by two of the rules.
	disjoint bool
	known    map[string]Relocation
}

// Relocation is what PD can do about the peers of one region on the asked stores.
type Relocation struct {
	// Answer is Yes when every peer finds a place whatever PD does first, No when
	// one finds none whatever PD does, and CannotTell in between.
	Answer Answer
	// Targets are the stores that the rule of the first of these peers accepts,
	// sorted by id; the slice is shared. It is empty where no rule wants the peer:
	// PD then drops it.
	Targets []StoreID
}

// NewRelocator prepares for stores that are to be emptied. targets are the stores
// that PD gives peers to, and others those that it takes peers from on top of
// the asked ones.
func NewRelocator(stores Stores, targets []*Store, asked, others map[StoreID]bool) *Relocator {
	return &Relocator{
		stores: stores, targets: targets, asked: asked, others: others,
		kinds: make(map[*Rule]*ruleKind), byRules: make(map[string]*ruleKind),
	}
}

// Judge looks at one region. rules are what RuleIndex.At returned for it, so they
// are not empty.
func (l *Relocator) Judge(r *Region, rules []Rule) Relocation {
	kind := l.kinds[&rules[0]]
	if kind == nil {
		// In PD's order, which decides which peers are counted for which rule.
		key := strings.Join(signatures(rules), "\n")
		if kind = l.byRules[key]; kind == nil {
			kind = &ruleKind{rules: rules, disjoint: l.disjoint(rules), known: make(map[string]Relocation)}
			l.byRules[key] = kind
		}
		l.kinds[&rules[0]] = kind
	}
	s := l.seatsOf(r)
	key := s.key()
	known, ok := kind.known[key]
	if !ok {
		known = l.relocate(kind, s)
		kind.known[key] = known
	}
	return known
}

func (l *Relocator) disjoint(rules []Rule) bool {
	for _, s := range l.stores {
		accepted := 0
		for i := range rules {
			if rules[i].Accepts(s) {
				accepted++
			}
		}
		if accepted > 1 {
			return false
		}
	}
	return true
}

func (l *Relocator) relocate(kind *ruleKind, s seats) Relocation {
	rules := kind.rules
	search := &relocation{Relocator: l, rules: rules, disjoint: kind.disjoint, known: make(map[string]Answer), left: maxRelocationStates}
	result := Relocation{Answer: search.judge(s), Targets: []StoreID{}}
	for _, seat := range s {
		if !l.asked[seat.store] {
			continue
		}
		for i := range rules {
			if l.wants(&rules[i], seat) {
				for _, t := range l.targets {
					if rules[i].Accepts(t) && !slices.Contains(result.Targets, t.ID) {
						result.Targets = append(result.Targets, t.ID)
					}
				}
			}
		}
		break
	}
	slices.Sort(result.Targets)
	return result
}

// seat is a peer, as far as placement is concerned.
type seat struct {
	store   StoreID
	learner bool
}

// seats are the peers of a region, sorted by store.
type seats []seat

func (l *Relocator) seatsOf(r *Region) seats {
	s := make(seats, 0, len(r.Peers))
	for i := range r.Peers {
		s = append(s, seat{r.Peers[i].StoreID, r.Peers[i].Role == Learner})
	}
	return s.sorted()
}

func (s seats) sorted() seats {
	slices.SortFunc(s, func(a, b seat) int {
		if a.store < b.store {
			return -1
		}
		return 1
	})
	return s
}

func (s seats) key() string {
	b := make([]byte, 0, 8*len(s))
	for _, seat := range s {
		id := uint64(seat.store) << 1
		if seat.learner {
			id |= 1
		}
		b = binary.AppendUvarint(b, id)
	}
	return string(b)
}

func (s seats) on(id StoreID) bool {
	return slices.ContainsFunc(s, func(seat seat) bool { return seat.store == id })
}

// wants reports whether PD may count the seat for the rule. The role does not
// matter for that: PD turns learners into voters and back.
func (l *Relocator) wants(r *Rule, s seat) bool {
	store := l.stores[s.store]
	return store != nil && r.Accepts(store)
}
