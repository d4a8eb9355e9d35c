package cmd

import (
	"context"
	"slices"
	"sync"
	"time"

	"ebb/cluster"
	"ebb/operators"
	"ebb/topology"
)

// answerTimeout bounds the look at one port. A process that takes longer to accept
// a connection is not told from one that is not there: only votes decide then.
const answerTimeout = 2 * time.Second

// answering finds out whether processes of gone stores still answer. PD knows the
// address of a Tombstone; the journal of this machine knows those of stores that
// left from here; and a node of the topology that PD does not know may be any of
// the others. An address that a store of PD has now is that store's.
//
// What was found is also noted in gone.
func (e *Env) answering(ctx context.Context, t *target, snap *cluster.Snapshot, gone []operators.GoneStore) map[cluster.StoreID]string {
	candidates := e.goneAddresses(t, snap, gone)
	var mu sync.Mutex
	var wg sync.WaitGroup
	found := make(map[cluster.StoreID]string)
	for id, addresses := range candidates {
		for _, address := range addresses {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, answerTimeout)
				defer cancel()
				conn, err := e.Dial(ctx, "tcp", address)
				if err != nil {
					return
				}
				_ = conn.Close() // only that it could be made matters
				mu.Lock()
				defer mu.Unlock()
				found[id] = address
			})
		}
	}
	wg.Wait()
	for i := range gone {
		gone[i].Probed, gone[i].Answers = len(candidates[gone[i].ID]) > 0, found[gone[i].ID]
	}
	return found
}

// answersAge is how long an apply believes what it found out about processes: an
// address behind which nobody refuses takes all of answerTimeout, longer than what
// is read of PD may be old. No verdict counts on the vote of such a process.
const answersAge = 10 * time.Second

// answerMemo remembers what find found. It is used by one goroutine at a time.
type answerMemo struct {
	now   func() time.Time
	find  answerFinder
	at    time.Time
	asked map[cluster.StoreID]bool
	found map[cluster.StoreID]string
}

func (m *answerMemo) answering(ctx context.Context, t *target, snap *cluster.Snapshot, gone []operators.GoneStore) map[cluster.StoreID]string {
	unasked := func(g operators.GoneStore) bool { return !m.asked[g.ID] }
	if m.asked == nil || m.now().Sub(m.at) >= answersAge || slices.ContainsFunc(gone, unasked) {
		m.found, m.asked = m.find(ctx, t, snap, gone), make(map[cluster.StoreID]bool)
		m.at = m.now()
		for i := range gone {
			m.asked[gone[i].ID] = true
		}
	}
	return m.found
}

// goneAddresses maps stores to where their process may be.
func (e *Env) goneAddresses(t *target, snap *cluster.Snapshot, gone []operators.GoneStore) map[cluster.StoreID][]string {
	inUse := make(map[string]bool)
	for i := range snap.Stores {
		if s := &snap.Stores[i]; s.State != cluster.Tombstone {
			inUse[s.Address] = true
		}
	}
	var missing []string
	match := topology.MatchStores(t.topology, snap.Stores)
	for i := range match.Nodes {
		if n := &match.Nodes[i]; n.Missing() {
			missing = append(missing, n.Address())
		}
	}
	remembered := e.rememberedAddress(snap)
	out := make(map[cluster.StoreID][]string)
	for _, g := range gone {
		var addresses []string
		switch {
		case g.State != operators.StateUnknown && g.State != cluster.StateTombstone:
			continue // PD's heartbeats say more about it than a port
		case g.Address != "":
			addresses = []string{g.Address}
		case remembered(g.ID) != "":
			addresses = []string{remembered(g.ID)}
		default:
			addresses = missing
		}
		out[g.ID] = slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return inUse[a] })
	}
	return out
}

// rememberedAddress is that of a store whose leaving began on this machine, ""
// when it did not.
func (e *Env) rememberedAddress(snap *cluster.Snapshot) func(cluster.StoreID) string {
	nobody := func(cluster.StoreID) string { return "" }
	if snap.Members == nil {
		return nobody
	}
	history, err := e.history(snap.Members.ClusterID)
	if err != nil {
		e.say(kindWarning, "addresses of stores that left are not known: %v", err)
		return nobody
	}
	return func(id cluster.StoreID) string {
		before, _ := history(id)
		return before.Address
	}
}
