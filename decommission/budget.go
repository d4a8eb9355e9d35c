package decommission

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"ebb/cluster"
)

// Budget is what can be lost on top: of each kind of failure domain, whether any
// one may be lost with every region going on. Before is today, After is when the
// stores have left and PD has made up for them by the rules. Both are about what
// the rules allow, not about the regions as they lie now.
type Budget struct {
	Dimensions []BudgetDimension `json:"dimensions"`
}

// BudgetDimension is one kind of failure domain.
type BudgetDimension struct {
	// Name is "host", the address without port, or location labels from the
	// outermost down to the one meant: "zone", "zone/rack".
	Name   string     `json:"dimension"`
	Before BudgetSide `json:"before"`
	After  BudgetSide `json:"after"`
	// Unlabelled are the stores that lack the labels; they could be anywhere, so
	// they count for each domain.
	Unlabelled []cluster.StoreID `json:"unlabelled,omitempty"`
}

// BudgetSide says which domains may be lost.
type BudgetSide struct {
	// Any answers whether any single one may be lost.
	Any     cluster.Answer `json:"any_one_may_be_lost"`
	Domains int            `json:"domains"`
	// Fatal are those without which regions would have no majority, and Unsure
	// those without which that depends on how far PD could spread them.
	Fatal  []string `json:"fatal,omitempty"`
	Unsure []string `json:"unsure,omitempty"`
}

// hostDimension is the dimension of the hosts in store addresses.
const hostDimension = "host"

// dimension names the failure domain of a store; ok is false where it has none.
type dimension struct {
	name   string
	domain func(*cluster.Store) (name string, ok bool)
}

// budget is nil when the rules could not be read.
func (c *checker) budget() *Budget {
	sets, ok := c.snap.RuleSets()
	if !ok {
		return nil
	}
	sets = cluster.VotingSets(sets)
	b := new(Budget)
	for _, d := range c.dimensions(sets) {
		before, unlabelled := survivable(sets, c.present, d)
		after, _ := survivable(sets, c.receivers, d)
		b.Dimensions = append(b.Dimensions, BudgetDimension{Name: d.name, Before: before, After: after, Unlabelled: unlabelled})
	}
	return b
}

// dimensions are the location labels of the rules and of PD, outermost first, and
// the hosts.
func (c *checker) dimensions(sets []cluster.RuleSet) []dimension {
	list := []dimension{{hostDimension, func(s *cluster.Store) (string, bool) { return hostOf(s), true }}}
	add := func(labels []string) {
		for depth := range labels {
			path := labels[:depth+1]
			name := strings.Join(path, "/")
			if name == hostDimension {
				name += " label" // addresses and labels may tell different stories
			}
			if !slices.ContainsFunc(list, func(d dimension) bool { return d.name == name }) {
				list = append(list, dimension{name, func(s *cluster.Store) (string, bool) { return cluster.LocationOf(s, path) }})
			}
		}
	}
	for i := range sets {
		for j := range sets[i].Rules {
			add(sets[i].Rules[j].LocationLabels)
		}
	}
	if c.snap.Replication != nil {
		add(c.snap.Replication.LocationLabels)
	}
	return list
}

// hostOf is the address without port.
func hostOf(s *cluster.Store) string {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return s.Address
	}
	return host
}

// survivable judges the domains of the stores that voters may be on.
func survivable(sets []cluster.RuleSet, stores []*cluster.Store, d dimension) (side BudgetSide, unlabelled []cluster.StoreID) {
	side.Any = cluster.Yes
	var names []string
	stray := make(map[*cluster.Store]bool)
	for _, s := range stores {
		if !takesVoters(sets, s) {
			continue
		}
		name, ok := d.domain(s)
		switch {
		case !ok:
			stray[s] = true
			unlabelled = append(unlabelled, s.ID)
		case !slices.Contains(names, name):
			names = append(names, name)
		}
	}
	slices.Sort(names)
	side.Domains = len(names)
	for _, name := range names {
		in := func(s *cluster.Store) bool { n, ok := d.domain(s); return ok && n == name }
		answer := bears(sets, stores, in)
		if answer == cluster.Yes && len(stray) > 0 {
			if bears(sets, stores, func(s *cluster.Store) bool { return in(s) || stray[s] }) != cluster.Yes {
				answer = cluster.CannotTell
			}
		}
		switch answer {
		case cluster.No:
			side.Fatal, side.Any = append(side.Fatal, name), cluster.No
		case cluster.CannotTell:
			side.Unsure = append(side.Unsure, name)
			if side.Any == cluster.Yes {
				side.Any = cluster.CannotTell
			}
		}
	}
	if len(names) == 0 {
		side.Any = cluster.CannotTell
	}
	return side, unlabelled
}

func takesVoters(sets []cluster.RuleSet, s *cluster.Store) bool {
	for i := range sets {
		if slices.ContainsFunc(sets[i].Rules, func(r cluster.Rule) bool { return r.Accepts(s) }) {
			return true
		}
	}
	return false
}

// bears is the worst answer of all sets.
func bears(sets []cluster.RuleSet, stores []*cluster.Store, domain func(*cluster.Store) bool) cluster.Answer {
	worst := cluster.Yes
	for i := range sets {
		switch sets[i].Bears(stores, domain) {
		case cluster.No:
			return cluster.No
		case cluster.CannotTell:
			worst = cluster.CannotTell
		}
	}
	return worst
}

// failureBudget warns when the cluster bears less after the stores have left than
// before. That is no reason against their leaving in order.
func (c *checker) failureBudget() []Finding {
	const name = "failure-budget"
	b := c.budget()
	if b == nil {
		return []Finding{{Check: name, Result: NotApplicable, Summary: "not known without the placement rules"}}
	}
	f := Finding{Check: name, Result: OK}
	var parts []string
	for i := range b.Dimensions {
		d := &b.Dimensions[i]
		parts = append(parts, d.After.text(d.Name))
		if rank(d.After.Any) < rank(d.Before.Any) {
			f.Result = Warning
			f.Evidence = append(f.Evidence, fmt.Sprintf("before: %s; after: %s", d.Before.text(d.Name), d.After.text(d.Name)))
		}
		if len(d.Unlabelled) > 0 {
			f.Evidence = append(f.Evidence, fmt.Sprintf("%s without label %s, which may be anywhere", cluster.Plural(len(d.Unlabelled), "store"), d.Name))
		}
	}
	f.Summary = "afterwards may be lost: " + strings.Join(parts, ", ")
	if f.Result == Warning {
		f.Summary = "the cluster bears less afterwards; may then be lost: " + strings.Join(parts, ", ")
	}
	return []Finding{f}
}

// rank orders answers by how much one can rely on them.
func rank(a cluster.Answer) int {
	return map[cluster.Answer]int{cluster.No: 0, cluster.CannotTell: 1, cluster.Yes: 2}[a]
}

func (s *BudgetSide) text(noun string) string {
	switch {
	case s.Domains == 0:
		return fmt.Sprintf("no %s is known", noun)
	case s.Any == cluster.CannotTell:
		return fmt.Sprintf("any 1 of %s as long as PD can spread the regions", cluster.Plural(s.Domains, noun))
	case s.Any == cluster.Yes:
		return "any 1 of " + cluster.Plural(s.Domains, noun)
	case len(s.Fatal) == s.Domains:
		return "none of " + cluster.Plural(s.Domains, noun)
	}
	return fmt.Sprintf("%d of %s, not %s", s.Domains-len(s.Fatal), cluster.Plural(s.Domains, noun), few(s.Fatal))
}

// Text says it in a few words: "any 1 of 3", with a star where it holds only as
// long as PD can spread the regions.
func (s *BudgetSide) Text() string {
	switch {
	case s.Domains == 0:
		return "not known"
	case s.Any == cluster.Yes:
		return fmt.Sprintf("any 1 of %d", s.Domains)
	case s.Any == cluster.CannotTell:
		return fmt.Sprintf("any 1 of %d *", s.Domains)
	case len(s.Fatal) == s.Domains:
		return fmt.Sprintf("none of %d", s.Domains)
	}
	return fmt.Sprintf("%d of %d, not %s", s.Domains-len(s.Fatal), s.Domains, few(s.Fatal))
}

// few lists the first of many names.
func few(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
