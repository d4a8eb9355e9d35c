package topology

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"ebb/cluster"
)

// Select resolves what a user wrote after -N: a tiup id, a store's address in
// PD, or a store id (digits). Elements may hold several, separated by commas.
// The nodes come in the order of the arguments, each once.
//
// A store id also chooses between the candidates of an ambiguous node; the
// node's Candidates then still hold the others, for whoever is about to touch
// the host. The id of a former store of a node that has a newer one selects the
// PD record alone, without Instance: the host no longer belongs to it.
//
// The errors of all arguments are joined: *UnknownNodeError,
// *AmbiguousNodeError, *NotAStoreError. No nodes are returned beside an error.
func (m *Match) Select(specs []string) ([]Node, error) {
	var selected []Node
	var errs []error
	for _, list := range specs {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			n, err := m.find(name)
			if err != nil {
				errs = append(errs, err)
			} else if !slices.ContainsFunc(selected, n.same) {
				selected = append(selected, n)
			}
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return selected, nil
}

// same reports whether two nodes are one.
func (n *Node) same(o Node) bool {
	if n.Instance != o.Instance {
		return false
	}
	if n.Store == nil || o.Store == nil {
		return n.Store == o.Store
	}
	return n.Store.ID == o.Store.ID
}

func (m *Match) find(name string) (Node, error) {
	if id, err := strconv.ParseUint(name, 10, 64); err == nil {
		return m.findID(cluster.StoreID(id), name)
	}
	return m.findAddress(name)
}

func (m *Match) findID(id cluster.StoreID, name string) (Node, error) {
	for _, n := range m.All() {
		if n.Store != nil && n.Store.ID == id {
			return n, nil
		}
		for i := range n.Candidates {
			if n.Candidates[i].ID == id {
				s := n.Candidates[i]
				n.Store, n.Candidates = &s, slices.Delete(slices.Clone(n.Candidates), i, i+1)
				return n, nil
			}
		}
		for i := range n.Former {
			if n.Former[i].ID == id {
				return Node{Store: &n.Former[i]}, nil
			}
		}
	}
	return Node{}, &UnknownNodeError{Name: name, Nearest: m.nearby(name)}
}

// findAddress takes a name for a tiup id first: that is what tiup's users type,
// and only a TiFlash, or a TiKV with an advertise_addr, has another address.
func (m *Match) findAddress(name string) (Node, error) {
	address := normalAddress(name)
	var found []Node
	for _, n := range m.All() {
		if n.Instance != nil && normalAddress(n.Instance.ID) == address || normalAddress(n.Address()) == address {
			found = append(found, n)
		}
	}
	switch {
	case len(found) == 1 && !found[0].Ambiguous():
		return found[0], nil
	case len(found) > 0:
		if preferred, ok := notTombstone(found); ok {
			return preferred, nil
		}
		return Node{}, ambiguous(name, found)
	}
	if m.Topology != nil {
		if in := m.Topology.Instance(name); in != nil && !in.Role.IsStore() {
			return Node{}, &NotAStoreError{Instance: in, ClusterName: m.Topology.ClusterName}
		}
	}
	return Node{}, &UnknownNodeError{Name: name, Nearest: m.nearby(name)}
}

func ambiguous(name string, found []Node) *AmbiguousNodeError {
	err := &AmbiguousNodeError{Name: name}
	for _, n := range found {
		if n.Store != nil {
			err.Candidates = append(err.Candidates, *n.Store)
		}
		err.Candidates = append(err.Candidates, n.Candidates...)
	}
	return err
}

// notTombstone chooses among records of one address that only PD knows: the one
// that is not Tombstone, if there is just one. Nodes of the topology are never
// chosen between.
func notTombstone(found []Node) (chosen Node, ok bool) {
	for _, n := range found {
		switch {
		case n.Instance != nil || n.Store == nil:
			return Node{}, false
		case n.Store.State == cluster.Tombstone:
		case ok:
			return Node{}, false
		default:
			chosen, ok = n, true
		}
	}
	return chosen, ok
}

// nearby suggests names for one that is unknown: everything on the host that it
// names, else what is spelt alike.
func (m *Match) nearby(name string) []string {
	const most = 3
	var all, onHost []string
	host := hostOf(normalAddress(name))
	for _, n := range m.All() {
		all = append(all, n.Name())
		if normalAddress(n.Address()) != normalAddress(n.Name()) {
			all = append(all, n.Address())
		}
		if hostOf(normalAddress(n.Name())) == host && len(onHost) < most {
			onHost = append(onHost, n.Name())
		}
	}
	if len(onHost) > 0 {
		return onHost
	}
	return Nearest(name, all, most)
}
