package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/sshexec"
	"ebb/topology"
)

type pruneOptions struct {
	changeOptions
	sshOptions
	keepData        bool
	skipUnreachable bool
	risks           []string
	// only are the stores that were chosen from a list; nil: all that there are.
	only map[cluster.StoreID]bool
}

func newPruneCommand(env *Env) *cobra.Command {
	var opts pruneOptions
	c := &cobra.Command{
		Use:   "prune [CLUSTER] [-N NODE[,NODE]]",
		Short: "Stop and delete what stores left behind",
		Long: `For nodes whose stores are Tombstone: stop the service, verify that nothing of it
runs any more, disable it, remove its unit file, delete exactly its own
directories, drop the node from the topology, and remove PD's record. Without -N
all Tombstone nodes of the topology are taken, and those that an earlier run left
to be cleaned later; at a terminal they can be chosen from a list.

Before a byte is deleted a second opinion is taken: PD says Tombstone now, no
region names the store, and unit, processes, ports and directories on the host
are its own. The plan names every directory with its size.` +
			exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitDeclined, ExitPartly, ExitUnreachable, ExitLocked, ExitInterrupted),
		Example: `  ebb prune prod --dry-run
  ebb prune -t topology.yaml -N 10.0.1.7:20160 --keep-data`,
		GroupID: groupChange,
		Args:    clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := errors.Join(opts.check(env, args), opts.sshOptions.check()); err != nil {
				return err
			}
			return runPrune(c.Context(), env, &opts, args)
		},
	}
	opts.changeOptions.register(c)
	opts.sshOptions.register(c)
	c.Flags().BoolVar(&opts.keepData, "keep-data", false, "rename the directories instead of deleting them")
	c.Flags().BoolVar(&opts.skipUnreachable, "skip-unreachable", false, "take nodes with unreachable hosts out all the same, and clean their hosts in a later run")
	c.Flags().StringSliceVar(&opts.risks, "accept-risk", nil, "go on in spite of the refusal that names this `RISK`")
	return c
}

// check is changeOptions.check without the need for -N, but with one for a
// topology: PD does not know where anything lies.
func (o *pruneOptions) check(env *Env, args []string) error {
	if o.topologyPath == "" && len(args) == 0 {
		return &usageError{errors.New("prune needs the topology: PD does not know where a store keeps its data"), "name a tiup cluster, or use -t topology.yaml"}
	}
	return o.checkConfirmable(env)
}

func runPrune(ctx context.Context, env *Env, opts *pruneOptions, args []string) error {
	r := newReporter(env, &opts.outputOptions, 0)
	defer r.close()
	t, snap, nodes, err := opts.openForChange(ctx, env, args)
	if err != nil {
		return err
	}
	if len(opts.nodes) == 0 && !opts.dryRun && opts.mayChoose(env) {
		if snap, err = opts.choosePruned(ctx, env, t, snap); err != nil {
			return err
		}
	}
	if err := wantMembers(snap); err != nil {
		return err
	}
	req, err := env.pruneRequest(t, snap, nodes, opts)
	if err != nil {
		return err
	}
	if len(req.Targets) == 0 && !req.RecordsLeft(snap.Stores) {
		r.line("nothing to prune: no node of the topology is Tombstone")
		return r.summary(ctx, nil, nil)
	}
	dialer, err := env.Hosts(t, &opts.sshOptions)
	if err != nil {
		return err
	}
	defer func() { _ = dialer.Close() }() // everything that matters has been answered
	plan := decommission.PlanPrune(gatherPrune(ctx, t, dialer, snap, req, opts.concurrency), *req)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	apply, err := opts.proceedTyped(ctx, env, r, &plan.Plan, plan, "delete what is listed above", typedPrune(req))
	if err != nil || !apply {
		return r.summary(ctx, nil, err)
	}
	err = env.operationByTopology(ctx, t, r, plan.ClusterID, plan.Verb, plan, func(j *recorder) error {
		_, err := decommission.ApplyPrune(ctx, plan, decommission.PruneDeps{
			PD: t.pd, Journal: j, Notify: r.step, Concurrency: opts.concurrency, Sleep: env.Sleep,
			Topology: &nodeRemover{t.file, env.Now}, OutcomeUnknown: outcomeUnknown,
			Host: func(ctx context.Context, target *decommission.PruneTarget) (decommission.Host, error) {
				return dialer.Host(ctx, target.Host, !target.UserUnits)
			},
		})
		return err
	})
	return r.summary(ctx, nil, err)
}

// wantMembers reports why nobody knows which cluster the snapshot is of.
func wantMembers(snap *cluster.Snapshot) error {
	if snap.Members == nil {
		return fmt.Errorf("read the PD members: %w", snap.Unread["members"])
	}
	return nil
}

// typedPrune is what has to be typed before anything is deleted.
func typedPrune(req *decommission.PruneRequest) string {
	switch len(req.Targets) {
	case 0:
		return "remove records"
	case 1:
		return req.Targets[0].Address
	}
	return fmt.Sprintf("prune %d nodes", len(req.Targets))
}

// gatherPrune asks PD and the machines, each machine once at a time.
func gatherPrune(ctx context.Context, t *target, dialer hostDialer, snap *cluster.Snapshot, req *decommission.PruneRequest, concurrency int) decommission.PruneEvidence {
	tlsConfig, _ := t.tls.Load() // has been read without an error for PD's client
	ev := decommission.PruneEvidence{
		Snapshot: snap, Drained: make(map[cluster.StoreID][]decommission.Finding), Hosts: make(map[cluster.StoreID]*decommission.HostEvidence),
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, concurrency)
	for i := range req.Targets {
		target := &req.Targets[i]
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			_, drained := decommission.ProveDrained(ctx, t.pd, target.StoreID)
			host := inspect(ctx, dialer, target)
			host.StatusDirs = statusDirs(ctx, tlsConfig, target.StatusAddress)
			mu.Lock()
			defer mu.Unlock()
			ev.Drained[target.StoreID], ev.Hosts[target.StoreID] = drained, host
		})
	}
	wg.Wait()
	return ev
}

func inspect(ctx context.Context, dialer hostDialer, target *decommission.PruneTarget) *decommission.HostEvidence {
	h, err := dialer.Host(ctx, target.Host, !target.UserUnits)
	if err != nil {
		return &decommission.HostEvidence{Err: err, Unreachable: errors.Is(err, sshexec.ErrUnreachable)}
	}
	return decommission.InspectHost(ctx, h, target)
}

// pruneRequest resolves what is to be pruned: the nodes that were named, else
// all Tombstone nodes of the topology, and what earlier runs left for later.
func (e *Env) pruneRequest(t *target, snap *cluster.Snapshot, named []topology.Node, opts *pruneOptions) (*decommission.PruneRequest, error) {
	later, cleaned, err := e.pruneHistory(snap.Members.ClusterID)
	if err != nil {
		return nil, err
	}
	req := &decommission.PruneRequest{
		Topology: t.file.Path, KeepData: opts.keepData, SkipUnreachable: opts.skipUnreachable,
		Risks: opts.risks, Cleaned: cleaned, Now: e.Now(),
	}
	nodes := named
	if len(opts.nodes) == 0 {
		match := topology.MatchStores(t.topology, snap.Stores)
		for _, n := range match.Nodes {
			if n.Store != nil && n.Store.State == cluster.Tombstone && opts.wants(n.Store.ID) {
				nodes = append(nodes, n)
			}
		}
		for _, n := range nodes {
			delete(later, n.Store.ID) // the run that left it was cut off before the topology
		}
		for _, id := range slices.Sorted(maps.Keys(later)) {
			if !opts.wants(id) {
				continue
			}
			req.Targets = append(req.Targets, revisit(t, snap, later[id]))
		}
	}
	var present []topology.Node
	for i := range nodes {
		switch target, waiting := later[nodes[i].Store.ID]; {
		case waiting && nodes[i].Instance == nil:
			req.Targets = append(req.Targets, revisit(t, snap, target))
		case nodes[i].Instance == nil && cleaned[nodes[i].Store.ID]:
			// An earlier run was cut off after the topology: at most the record is left.
		case nodes[i].Instance == nil:
			return nil, &usageError{
				fmt.Errorf("store %d (%s): the topology does not have it, so nobody knows where its data lies", nodes[i].Store.ID, nodes[i].Store.Address),
				"remove its record with pd-ctl store remove-tombstone",
			}
		default:
			present = append(present, nodes[i])
		}
	}
	targets, err := pruneTargets(t, present)
	req.Targets = append(req.Targets, targets...)
	return req, err
}
