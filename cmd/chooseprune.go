package cmd

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"ebb/cluster"
	"ebb/topology"
	"ebb/ui"
)

// wants reports whether a store is one of those to prune without -N.
func (o *pruneOptions) wants(id cluster.StoreID) bool { return o.only == nil || o.only[id] }

// choosePruned is changeOptions.choose for prune, which may find no Tombstone
// node and still have hosts to clean that an earlier run left. It offers what
// prune takes when nobody is asked; where that is nothing it leaves prune to say
// so.
func (o *pruneOptions) choosePruned(ctx context.Context, env *Env, t *target, snap *cluster.Snapshot) (*cluster.Snapshot, error) {
	if err := wantMembers(snap); err != nil {
		return nil, err
	}
	later, _, err := env.pruneHistory(snap.Members.ClusterID)
	if err != nil {
		return nil, err
	}
	match := topology.MatchStores(t.topology, snap.Stores)
	var ids []cluster.StoreID
	var rows [][]string
	for _, n := range match.Nodes {
		if n.Store != nil && n.Store.State == cluster.Tombstone {
			ids = append(ids, n.Store.ID)
			rows = append(rows, []string{n.Name(), "store " + n.Store.ID.String(), n.Store.StateName})
			delete(later, n.Store.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(later)) {
		ids = append(ids, id)
		rows = append(rows, []string{later[id].Address, "store " + id.String(), "host left to be cleaned"})
	}
	if len(ids) == 0 {
		return snap, nil
	}
	chosen, err := env.pick(ctx, "Which nodes shall be pruned?", alignColumns(rows))
	if err != nil {
		return nil, err
	}
	o.only = make(map[cluster.StoreID]bool, len(chosen))
	fmt.Fprintf(env.Streams.Err, "chosen:\n")
	for _, i := range chosen {
		o.only[ids[i]] = true
		fmt.Fprintf(env.Streams.Err, "  %s (store %d)\n", ui.Clean(rows[i][0]), ids[i])
	}
	return settledSnapshot(ctx, env, t)
}
