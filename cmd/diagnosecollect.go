package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ebb/cluster"
	"ebb/diagnose"
	"ebb/pdclient"
	"ebb/topology"
)

// collectEvidence reads PD, and what the topology leads to: TiDB for the names of
// tables, and the hosts if they were asked for.
func collectEvidence(ctx context.Context, env *Env, t *target, opts *diagnoseOptions) (*diagnose.Evidence, error) {
	snap, err := t.pd.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if err := env.noteTemporary(snap); err != nil {
		return nil, err
	}
	stores := diagnose.Leaving(snap)
	if len(opts.nodes) > 0 {
		_, nodes, err := opts.storesOf(t, snap)
		if err != nil {
			return nil, err
		}
		stores = nil
		for i := range nodes {
			stores = append(stores, nodes[i].Store.ID)
		}
	}
	ev, err := evidenceOf(ctx, env, t, snap, stores, opts.between)
	if err != nil {
		return nil, err
	}
	if opts.hosts {
		return ev, addHosts(ctx, env, ev, t, snap, &opts.sshOptions)
	}
	ev.NoteAbsent(diagnose.FieldHosts, "the hosts were not asked; --hosts does")
	return ev, nil
}

// evidenceOf is what PD, TiDB and the topology say about some stores.
func evidenceOf(ctx context.Context, env *Env, t *target, snap *cluster.Snapshot, stores []cluster.StoreID, between time.Duration) (*diagnose.Evidence, error) {
	ev, err := diagnose.Collect(ctx, t.pd, snap, diagnose.CollectOptions{
		Stores: stores, For: between, Sleep: env.Sleep, TaskType: maintenanceType,
		Unsupported: func(err error) bool { return errors.Is(err, pdclient.ErrNotSupported) },
	})
	if err != nil {
		return nil, err
	}
	ev.Tool = "ebb " + Version
	addNodes(ev, t, snap)
	addTables(ctx, ev, t)
	return ev, nil
}

// addNodes adds the stores as the topology has them.
func addNodes(ev *diagnose.Evidence, t *target, snap *cluster.Snapshot) {
	if t.topology == nil {
		ev.NoteAbsent(diagnose.FieldTopology, "no topology was given")
		return
	}
	ev.Nodes = []diagnose.Node{}
	match := topology.MatchStores(t.topology, snap.Stores)
	for _, n := range match.Nodes {
		if !n.Instance.Role.IsStore() {
			continue
		}
		node := diagnose.Node{ID: n.Instance.ID, Offline: n.Instance.Offline}
		if n.Store != nil {
			node.StoreID = n.Store.ID
		}
		ev.Nodes = append(ev.Nodes, node)
		for i := range n.Candidates {
			ev.Nodes = append(ev.Nodes, diagnose.Node{ID: n.Instance.ID, Offline: n.Instance.Offline, StoreID: n.Candidates[i].ID})
		}
	}
}

// addHosts asks the machines of the stores. A machine that cannot be asked is no
// error: the rule that needs it then says so.
func addHosts(ctx context.Context, env *Env, ev *diagnose.Evidence, t *target, snap *cluster.Snapshot, opts *sshOptions) error {
	if t.topology == nil {
		return &usageError{errors.New("--hosts needs a topology: PD does not know how to log in"), "give it with -t, or name the tiup cluster"}
	}
	ev.Hosts = make(map[cluster.StoreID]diagnose.Host)
	match := topology.MatchStores(t.topology, snap.Stores)
	dialer, err := env.Hosts(t, opts)
	if err != nil {
		return err
	}
	defer func() { _ = dialer.Close() }() // the connections are of no use any more
	for _, id := range ev.Stores {
		for _, n := range match.Nodes {
			if n.Store == nil || n.Store.ID != id {
				continue
			}
			h := askHost(ctx, dialer, t, n.Instance)
			ev.Hosts[id] = h
			if h.Err != "" {
				ev.NoteUnread(diagnose.FieldHosts, fmt.Errorf("host of store %d: %s", id, h.Err))
			}
		}
	}
	return ctx.Err()
}
