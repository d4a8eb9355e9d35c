package store

import (
	"math/rand/v2"
	"slices"
)

// placer spreads new regions over the stores as PD would have: replicas as far
// apart as the labels allow, then evenly. A layout PD dislikes would set its
// balancers to work the moment it is loaded.
type placer struct {
	stores  []*member
	peers   map[uint64]int
	leaders map[uint64]int
	rng     *rand.Rand
}

func newPlacer(m *sim) *placer {
	p := &placer{peers: map[uint64]int{}, leaders: map[uint64]int{}, rng: m.rng}
	for _, s := range m.stores {
		p.stores = append(p.stores, s)
	}
	// Maps have no order; a seeded layout must.
	slices.SortFunc(p.stores, func(a, b *member) int { return int(a.id) - int(b.id) })
	return p
}

// pick chooses n stores of one engine for a region.
func (p *placer) pick(engine string, n int) []*member {
	var chosen []*member
	for len(chosen) < n {
		var best *member
		ties := 0
		for _, s := range p.stores {
			if s.spec.Engine != engine || slices.Contains(chosen, s) {
				continue
			}
			switch c := p.compare(s, best, chosen); {
			case best == nil || c < 0:
				best, ties = s, 1
			case c == 0:
				// Each of several equals is chosen with the same chance.
				if ties++; p.rng.IntN(ties) == 0 {
					best = s
				}
			}
		}
		chosen = append(chosen, best)
		p.peers[best.id]++
	}
	return chosen
}

// compare is negative if a is the better next store than b.
func (p *placer) compare(a, b *member, chosen []*member) int {
	if b == nil {
		return -1
	}
	if d := distance(b, chosen) - distance(a, chosen); d != 0 {
		return d
	}
	return p.peers[a.id] - p.peers[b.id]
}

// distance counts the labels in which a store differs from those chosen before.
func distance(s *member, chosen []*member) int {
	d := 0
	for _, c := range chosen {
		for k, v := range s.spec.Labels {
			if c.spec.Labels[k] != v {
				d++
			}
		}
	}
	return d
}

// leader chooses the peer whose store leads the fewest regions so far.
func (p *placer) leader(r *region) uint64 {
	best := r.peers[0]
	for _, c := range r.peers[1:] {
		if p.leaders[c.store] < p.leaders[best.store] {
			best = c
		}
	}
	p.leaders[best.store]++
	return best.id
}
