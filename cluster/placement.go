package cluster

// RuleFit says how many of a rule's peers find a store.
type RuleFit struct {
	Rule Rule `json:"rule"`
	// Placed of the rule's Count peers find a store of their own, together with
	// all the other rules of the set.
	Placed int `json:"placed"`
	// Accepting is the number of stores whose labels the rule accepts, and Places
	// the number of places that its isolation level leaves of them.
	Accepting int `json:"accepting"`
	Places    int `json:"places"`
}

// Short is the number of peers that find no store.
func (f *RuleFit) Short() int { return max(f.Rule.Count-f.Placed, 0) }

// Fit places one region under the rules of the set on the given stores: every
// peer on a store of its own, no two peers of one rule in one place where the
// rule has an isolation level. It is a maximum flow, so a shortage that it
// reports is real; labels are the only thing it looks at, so the caller decides
// which stores count (live, not leaving, not full).
func (s *RuleSet) Fit(stores []*Store) []RuleFit {
	n := newNetwork()
	fits := make([]RuleFit, len(s.Rules))
	storeNodes := make([]int, len(stores))
	for i := range stores {
		storeNodes[i] = n.addNode()
		n.addEdge(storeNodes[i], sink, 1)
	}
	for i := range s.Rules {
		fits[i] = n.addRule(&s.Rules[i], stores, storeNodes)
	}
	n.saturate()
	for i := range fits {
		fits[i].Placed = n.flowFromSource(i)
	}
	return fits
}

// network is a unit-size flow network: source -> rules -> (places ->) stores ->
// sink. It has a few thousand edges at most, so plain augmenting paths do.
type network struct {
	edges []edge
	out   [][]int // per node, indexes into edges
	rules []int   // per rule, its edge from the source
}

// edge i and its reverse i^1 lie next to each other.
type edge struct{ to, capacity int }

const (
	source = iota
	sink
	firstFree
)

func newNetwork() *network { return &network{out: make([][]int, firstFree)} }

func (n *network) addNode() int {
	n.out = append(n.out, nil)
	return len(n.out) - 1
}

func (n *network) addEdge(from, to, capacity int) {
	n.out[from] = append(n.out[from], len(n.edges))
	n.edges = append(n.edges, edge{to, capacity})
	n.out[to] = append(n.out[to], len(n.edges))
	n.edges = append(n.edges, edge{from, 0})
}

func (n *network) addRule(r *Rule, stores []*Store, storeNodes []int) RuleFit {
	fit := RuleFit{Rule: *r}
	node := n.addNode()
	n.rules = append(n.rules, len(n.edges))
	n.addEdge(source, node, r.Count)
	isolated := r.IsolationLevel != "" && len(r.LocationLabels) > 0
	places := make(map[string]int)
	for i, s := range stores {
		if !r.Accepts(s) {
			continue
		}
		fit.Accepting++
		from := node
		if isolated {
			place, seen := places[r.place(s)]
			if !seen {
				place = n.addNode()
				places[r.place(s)] = place
				n.addEdge(node, place, 1)
			}
			from = place
		}
		n.addEdge(from, storeNodes[i], 1)
	}
	fit.Places = fit.Accepting
	if isolated {
		fit.Places = len(places)
	}
	return fit
}

// saturate pushes one unit along augmenting paths until none is left.
func (n *network) saturate() {
	for n.augment(source, make([]bool, len(n.out))) {
	}
}

func (n *network) augment(node int, seen []bool) bool {
	if node == sink {
		return true
	}
	seen[node] = true
	for _, e := range n.out[node] {
		if n.edges[e].capacity > 0 && !seen[n.edges[e].to] && n.augment(n.edges[e].to, seen) {
			n.edges[e].capacity--
			n.edges[e^1].capacity++
			return true
		}
	}
	return false
}

// flowFromSource is what a rule got: the capacity of its reverse edge.
func (n *network) flowFromSource(rule int) int { return n.edges[n.rules[rule]^1].capacity }
