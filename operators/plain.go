package operators

import "ebb/cluster"

// plainRegions counts the regions that nothing is wrong with: voters and learners,
// all of them well, the voters and the leader on live stores, and no peer that is
// an orphan. That is nearly all regions of nearly all clusters, and what
// cluster.JudgeLoss and Judge say of them is known beforehand, so a scan need not
// ask: it saves two thirds of the judging.
type plainRegions struct {
	regions int
	// stores maps the stores that are not gone to their place in peers.
	stores map[cluster.StoreID]plainStore
	peers  []int // by place
}

type plainStore struct {
	place int
	live  bool
}

// newPlainRegions takes no region where certain stores are asked about, since any
// peer may then be one of theirs.
func newPlainRegions(s *Scene, asked []cluster.StoreID) *plainRegions {
	p := &plainRegions{stores: make(map[cluster.StoreID]plainStore, len(s.Stores))}
	if len(asked) > 0 {
		return p
	}
	for id, store := range s.Stores {
		if id != 0 && !store.Gone() {
			p.stores[id] = plainStore{len(p.peers), store.Live(s.ReadAt)}
			p.peers = append(p.peers, 0)
		}
	}
	return p
}

// mostPlain is more peers than a plain region has.
const mostPlain = 16

// take counts the region if it is plain.
func (p *plainRegions) take(r *cluster.Region) bool {
	if len(r.Peers) > mostPlain || len(r.Down) > 0 || len(r.Pending) > 0 {
		return false
	}
	var places [mostPlain]int
	voters, leads := 0, false
	for i := range r.Peers {
		peer := &r.Peers[i]
		store, known := p.stores[peer.StoreID]
		if !known || r.PeerOn(peer.StoreID) != peer { // two peers on one store
			return false
		}
		places[i] = store.place
		switch {
		case peer.Role == cluster.Learner:
		case peer.Role != cluster.Voter || peer.IsWitness || !store.live:
			return false
		default:
			voters++
			leads = leads || peer.StoreID == r.Leader.StoreID
		}
	}
	if voters == 0 || !leads {
		return false
	}
	p.regions++
	for _, place := range places[:len(r.Peers)] {
		p.peers[place]++
	}
	return true
}

func (p *plainRegions) addTo(t *Tally) {
	t.Regions += p.regions
	t.Majority += p.regions
	for id, store := range p.stores {
		if n := p.peers[store.place]; n > 0 {
			t.Peers[id] += n
		}
	}
}
