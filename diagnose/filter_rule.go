package diagnose

import (
	"math"
	"slices"
	"strings"

	"ebb/cluster"
)

// ruleFacts is what a rule says of each store whatever the region, by position.
type ruleFacts struct {
	// anyLabels: the replica checker has no label constraints.
	anyLabels bool
	accepts   []bool
	// levels has the values of the location labels of each store, as numbers. folded
	// ignores case and counts 0, no label, as equal to everything, like
	// StoreInfo.CompareLocation; exact is what filter.NewIsolationFilter compares.
	folded, exact [][]int
	// isolated is the number of leading labels that no two peers may share, 0 when
	// the rule has no isolation level.
	isolated int
}

func newRuleFacts(r *cluster.Rule, stores []storeFacts) *ruleFacts {
	f := &ruleFacts{}
	if r.IsolationLevel != "" && len(r.LocationLabels) > 0 {
		// An isolation level that is no location label isolates at the first one.
		f.isolated = max(slices.Index(r.LocationLabels, r.IsolationLevel), 0) + 1
	}
	exact, folded := numbering{"": 0}, numbering{"": 0}
	for i := range stores {
		s := stores[i].Store
		f.accepts = append(f.accepts, r.Accepts(s))
		values := make([]int, 0, 2*len(r.LocationLabels))
		for _, key := range r.LocationLabels {
			values = append(values, exact.of(s.Label(key)))
		}
		for _, key := range r.LocationLabels {
			values = append(values, folded.of(strings.ToLower(s.Label(key))))
		}
		f.exact = append(f.exact, values[:len(r.LocationLabels)])
		f.folded = append(f.folded, values[len(r.LocationLabels):])
	}
	return f
}

type numbering map[string]int

func (n numbering) of(s string) int {
	if _, ok := n[s]; !ok {
		n[s] = len(n)
	}
	return n[s]
}

// distance scores how far apart two stores are: a hundred times more for each
// level at which they differ earlier, 0 for the same place
// (StoreInfo.CompareLocation, replicaBaseScore).
func (f *ruleFacts) distance(a, b int) float64 {
	x, y := f.folded[a], f.folded[b]
	for i := range x {
		if x[i] != 0 && y[i] != 0 && x[i] != y[i] {
			return math.Pow(100, float64(len(x)-i-1))
		}
	}
	return 0
}

// apart is the sum of the distances of a store to the others.
func (f *ruleFacts) apart(store int, others []int) (score float64) {
	for _, o := range others {
		if o != store {
			score += f.distance(store, o)
		}
	}
	return score
}

// sharesPlace names the store of others that is in the same place under the
// isolation level, -1 for none. With nobody to be isolated from, PD's filter lets
// no store pass at all; then shared is true with store -1.
func (f *ruleFacts) sharesPlace(store int, others []int) (with int, shared bool) {
	if f.isolated == 0 {
		return -1, false
	}
	for _, o := range others {
		if slices.Equal(f.exact[o][:f.isolated], f.exact[store][:f.isolated]) {
			return o, true
		}
	}
	return -1, len(others) == 0
}

// search is PD's search for the store of a new peer.
type search struct {
	region    *cluster.Region
	facts     *ruleFacts
	colocated []int // positions of the stores to be apart from
	verdicts  []verdict
	scores    []float64
	result    searchResult
}

// searchResult is the outcome of a search, from the worst on.
type searchResult int

const (
	searchNone    searchResult = iota // no store passes the permanent filters
	searchBusy                        // the best places are blocked for the moment
	searchUnknown                     // it depends on what PD did not show
	searchFits                        // there is a store, once PD's own counters allow it
)

// look runs the search over all stores.
func (w *World) look(r *cluster.Region, facts *ruleFacts, colocated []int) *search {
	s := &search{region: r, facts: facts, colocated: colocated,
		verdicts: make([]verdict, len(w.stores)), scores: make([]float64, len(w.stores))}
	bestSure, bestMaybe := -1.0, -1.0
	for i := range w.stores {
		v := &s.verdicts[i]
		*v = w.stores[i].verdict
		if r.PeerOn(w.stores[i].ID) != nil {
			v.fails.add(filterHasPeer)
		}
		if !facts.anyLabels && !facts.accepts[i] {
			v.fails.add(filterLabel)
		}
		if _, shared := facts.sharesPlace(i, colocated); shared {
			v.fails.add(filterIsolation)
		}
		if v.fails.permanent() != 0 {
			continue
		}
		s.scores[i] = facts.apart(i, colocated)
		bestMaybe = max(bestMaybe, s.scores[i])
		if v.unknown.permanent() == 0 {
			bestSure = max(bestSure, s.scores[i])
		}
	}
	for i := range s.verdicts {
		v := &s.verdicts[i]
		switch {
		case v.fails.permanent() != 0:
			continue
		case s.scores[i] < bestSure:
			v.fails.add(filterBest)
		case s.scores[i] < bestMaybe:
			v.unknown.add(filterBest)
		}
		s.result = max(s.result, resultOf(*v))
	}
	return s
}

// resultOf is what one store that passes the permanent filters makes possible.
func resultOf(v verdict) searchResult {
	switch {
	case v.fails != 0:
		return searchBusy
	case v.fits():
		return searchFits
	}
	return searchUnknown
}
