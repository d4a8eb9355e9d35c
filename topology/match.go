package topology

import (
	"cmp"
	"slices"

	"ebb/cluster"
)

// Node is a store as both sides see it: the instance that tiup manages and the
// record that PD keeps. Either may be missing.
type Node struct {
	// Instance is nil for a store that only PD knows.
	Instance *Instance
	// Store is nil when PD has no record at the instance's address, or several of
	// which none can be preferred (see Candidates).
	Store *cluster.Store
	// Candidates are the other records at the address that may be the one meant:
	// PD has two ids that are not Tombstone for one address. While there are any,
	// nobody can tell whose data lies on the host. Empty for nearly every node.
	Candidates []cluster.Store
	// Former are Tombstone records of earlier stores at the same address.
	Former []cluster.Store
}

// Missing reports whether PD has no record of the instance. The store may have
// never started, or was removed from PD by other means.
func (n *Node) Missing() bool { return n.Store == nil && len(n.Candidates) == 0 }

// Ambiguous reports whether PD has several stores that the instance may be.
func (n *Node) Ambiguous() bool { return n.Store == nil && len(n.Candidates) > 0 }

// PDOnly reports whether the topology does not have the store.
func (n *Node) PDOnly() bool { return n.Instance == nil }

// Address is the store's address in PD.
func (n *Node) Address() string {
	if n.Store != nil {
		return n.Store.Address
	}
	if n.Instance != nil {
		return n.Instance.StoreAddress
	}
	return ""
}

// Name is what to call the node: its tiup id, or PD's address for a store that
// tiup does not manage.
func (n *Node) Name() string {
	if n.Instance != nil {
		return n.Instance.ID
	}
	return n.Address()
}

// Match is the topology's stores joined with PD's.
type Match struct {
	// Topology is nil when there is none: every node is then PDOnly.
	Topology *Topology
	// Nodes has one element per TiKV and TiFlash instance, in the topology's order.
	Nodes []Node
	// PDOnly are the stores at addresses that the topology does not have, by id.
	PDOnly []Node
}

// MatchStores joins the stores of a topology with PD's by address. stores must
// hold those of all three states: asked without Tombstones, PD makes a finished
// node look as if it had never existed. t may be nil.
//
// Ids do not tell which of two records is newer (they do not grow across PD
// leader changes, tikv/pd#3303). Any record that is not Tombstone is preferred,
// as tiup does (api/pdapi.go); but unlike tiup, two of them are never chosen
// between. Among Tombstones alone the last heartbeat decides, if one is last.
func MatchStores(t *Topology, stores []cluster.Store) Match {
	m := Match{Topology: t}
	byAddress := make(map[string][]cluster.Store)
	for _, s := range stores {
		key := normalAddress(s.Address)
		byAddress[key] = append(byAddress[key], s)
	}
	known := make(map[string]bool)
	if t != nil {
		for _, in := range t.Stores() {
			key := normalAddress(in.StoreAddress)
			known[key] = true
			m.Nodes = append(m.Nodes, joinRecords(in, byAddress[key]))
		}
	}
	for _, s := range stores {
		if !known[normalAddress(s.Address)] {
			m.PDOnly = append(m.PDOnly, Node{Store: &s})
		}
	}
	slices.SortFunc(m.PDOnly, func(a, b Node) int { return compareIDs(*a.Store, *b.Store) })
	return m
}

func joinRecords(in *Instance, records []cluster.Store) Node {
	n := Node{Instance: in}
	var current []cluster.Store
	for _, s := range records {
		if s.State == cluster.Tombstone {
			n.Former = append(n.Former, s)
		} else {
			current = append(current, s)
		}
	}
	slices.SortFunc(n.Former, compareIDs)
	switch {
	case len(current) == 1:
		n.Store = &current[0]
	case len(current) > 1:
		slices.SortFunc(current, compareIDs)
		n.Candidates = current
	case len(n.Former) > 0:
		last, ok := lastAlive(n.Former)
		if !ok {
			n.Candidates, n.Former = n.Former, nil
			break
		}
		s := n.Former[last]
		n.Store, n.Former = &s, slices.Delete(n.Former, last, last+1)
	}
	return n
}

// lastAlive finds the one record with the latest heartbeat.
func lastAlive(records []cluster.Store) (index int, ok bool) {
	ok = true
	for i := 1; i < len(records); i++ {
		switch records[i].LastHeartbeat.Compare(records[index].LastHeartbeat) {
		case 1:
			index, ok = i, true
		case 0:
			ok = false
		}
	}
	return index, ok
}

func compareIDs(a, b cluster.Store) int { return cmp.Compare(a.ID, b.ID) }

// All returns the topology's nodes and then PD's own, as one list.
func (m *Match) All() []Node { return append(slices.Clone(m.Nodes), m.PDOnly...) }
