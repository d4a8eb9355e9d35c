package cmd

import (
	"context"
	"sync"
	"time"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/decommission"
	"ebb/topology"
)

// probeTimeout bounds the look at all components that are no stores together: a
// dead host costs it once, however many of its components are listed.
const probeTimeout = 2 * time.Second

// readInventory asks PD and the other components in parallel. A PD that does
// not answer is an error, and the inventory is then what the topology says.
func readInventory(ctx context.Context, env *Env, t *target, watch *decommission.Watch) (*render.Inventory, error) {
	inv := &render.Inventory{Cluster: t.name(), Topology: t.topology}
	answers := make(chan map[string]bool, 1)
	go func() { answers <- probe(ctx, env, t.topology) }()
	snap, err := t.pd.Snapshot(ctx)
	if err == nil {
		inv.Snapshot = snap
		inv.Leaving = leavingStores(ctx, env, t, snap, watch)
	}
	inv.Answers = <-answers
	var stores []cluster.Store
	if snap != nil {
		stores = snap.Stores
	}
	inv.Match = topology.MatchStores(t.topology, stores)
	return inv, err
}

// leavingStores adds PD's own estimates for the stores that are leaving, and
// the counts of a running watch.
func leavingStores(ctx context.Context, env *Env, t *target, snap *cluster.Snapshot, watch *decommission.Watch) map[cluster.StoreID]decommission.StoreWatch {
	var ids []cluster.StoreID
	for i := range snap.Stores {
		if snap.Stores[i].Leaving() {
			ids = append(ids, snap.Stores[i].ID)
		}
	}
	w := decommission.NewWatch(ids, nil)
	if watch != nil {
		w = watch.With(ids)
	}
	w, _ = w.Step(decommission.Observation{
		At: env.Now(), ReadAt: snap.ReadAt, Stores: snap.Stores,
		Progress: decommission.ReadProgress(ctx, t.pd, ids),
	})
	if watch != nil {
		*watch = w
	}
	leaving := make(map[cluster.StoreID]decommission.StoreWatch, len(ids))
	for _, s := range w.Stores {
		if s.Phase == decommission.PhaseLeaving {
			leaving[s.ID] = s
		}
	}
	return leaving
}

// probe tries the main port of every component that PD does not report on.
func probe(ctx context.Context, env *Env, t *topology.Topology) map[string]bool {
	answers := make(map[string]bool)
	if t == nil {
		return answers
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range t.Instances {
		instance := &t.Instances[i]
		if instance.Role.IsStore() || instance.Role == topology.RolePD {
			continue
		}
		wg.Go(func() {
			conn, err := env.Dial(ctx, "tcp", topology.JoinHostPort(instance.ManageHost, instance.Port))
			if err != nil {
				return
			}
			_ = conn.Close() // nothing was sent, nothing can be lost
			mu.Lock()
			answers[instance.ID] = true
			mu.Unlock()
		})
	}
	wg.Wait()
	return answers
}
