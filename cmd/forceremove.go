package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/decommission"
	"ebb/topology"
)

type forceRemoveOptions struct {
	changeOptions
	waitOptions
	sshOptions
	fenceOptions
	risks     []string
	clusterID uint64
}

func newForceRemoveCommand(env *Env) *cobra.Command {
	opts := forceRemoveOptions{changeOptions: changeOptions{choice: chooseDead}}
	c := &cobra.Command{
		Use:   "force-remove [CLUSTER] -N NODE[,NODE]",
		Short: "Write off stores whose hosts are dead",
		Long: `For stores that PD does not hear and that will not come back. Every region with a
peer on one of them is looked at: without all of the stores together, each must
keep a live majority in every half of its configuration, and its leader. Dead and
disconnected stores count as dead, named or not. One region that would not is
enough to refuse; the plan then names regions, tables and keys, and what can be
done instead.

Then the stores are fenced (see ebb fence), PD is told that they are physically
destroyed, which cannot be taken back, PD replaces their peers, and at last the
nodes are removed from the topology. A store whose machine cannot be asked needs
--fence-hook, or --accept-risk=unfenced. Each store's address has to be typed;
--yes takes the place of that only together with --cluster-id.

Without -N, a terminal offers the stores that PD does not hear to choose from.

Ctrl-C while PD replaces peers stops the waiting only. Run again, the same command
goes on where it was cut off.` +
			exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitDeclined, ExitInProgress, ExitPartly, ExitUnreachable, ExitLocked, ExitInterrupted),
		Example: `  ebb force-remove prod -N 10.0.1.7:20160 --dry-run
  ebb force-remove -t topology.yaml -N 10.0.1.7:20160,10.0.1.8:20160 --fence-hook ./fence_ipmilan.sh`,
		GroupID: groupChange,
		Args:    clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := errors.Join(opts.check(env, c), opts.waitOptions.check(), opts.sshOptions.check(), opts.fenceOptions.check()); err != nil {
				return err
			}
			return runForceRemove(c.Context(), env, &opts, args)
		},
	}
	opts.changeOptions.register(c)
	opts.waitOptions.register(c)
	opts.sshOptions.register(c)
	opts.fenceOptions.register(c)
	c.Flags().StringSliceVar(&opts.risks, "accept-risk", nil, "go on in spite of the refusal that names this `RISK`")
	c.Flags().Uint64Var(&opts.clusterID, "cluster-id", 0, "`ID` of the cluster; --yes needs it")
	return c
}

// check is changeOptions.check with one more condition: --yes alone must not
// write off a store of whatever cluster a script happens to point at.
func (o *forceRemoveOptions) check(env *Env, c *cobra.Command) error {
	if err := o.changeOptions.check(env, c); err != nil {
		return err
	}
	if o.yes && !o.dryRun && o.clusterID == 0 {
		return &usageError{errors.New("--yes is not enough to write off stores"), "also name the cluster with --cluster-id; the plan of --dry-run has the id"}
	}
	return nil
}

func runForceRemove(ctx context.Context, env *Env, opts *forceRemoveOptions, args []string) error {
	r := newReporter(env, &opts.outputOptions, opts.interval)
	defer r.close()
	t, snap, nodes, err := opts.openForChange(ctx, env, args)
	if err != nil {
		return err
	}
	if snap.Members != nil && opts.clusterID != 0 && snap.Members.ClusterID != opts.clusterID {
		return &usageError{fmt.Errorf("--cluster-id is %d, but PD's cluster is %d", opts.clusterID, snap.Members.ClusterID), "look at the address of PD"}
	}
	deps, closeHosts, err := env.fenceDeps(t, &opts.sshOptions, &opts.fenceOptions)
	if err != nil {
		return err
	}
	defer closeHosts()
	plan, err := planForceRemove(ctx, t, snap, nodes, deps, opts)
	if err != nil {
		return err
	}
	confirmed := make(map[cluster.StoreID]string)
	apply, err := opts.confirm(ctx, r, &plan.Plan, plan, func() (bool, error) { return typeAddresses(ctx, env, plan, confirmed) })
	if err != nil || !apply && (opts.dryRun || plan.Changes() > 0) {
		return r.summary(ctx, nil, errors.Join(err, r.instead(plan)))
	}
	if opts.yes {
		for i := range plan.Targets {
			confirmed[plan.Targets[i].StoreID] = plan.Targets[i].Address
		}
	}
	if err := env.forceRemove(ctx, t, r, plan, deps, confirmed); err != nil {
		return r.summary(ctx, nil, err)
	}
	opts.sampler = newSampler(env, t, snap, opts.interval)
	return waitAndForget(ctx, env, t, r, nodes, plan, opts.waitOptions)
}

// planForceRemove looks at the regions and at the machines. Stores that PD has
// written off already are past that.
func planForceRemove(ctx context.Context, t *target, snap *cluster.Snapshot, nodes []topology.Node, deps decommission.FenceDeps, opts *forceRemoveOptions) (*decommission.ForceRemovePlan, error) {
	req := decommission.ForceRemoveRequest{Targets: fenceTargets(t, snap, nodes), Hook: opts.hook, Risks: opts.risks, Window: opts.window}
	if t.file != nil {
		req.Topology = t.file.Path
	}
	var left []decommission.FenceTarget
	var ids []cluster.StoreID
	for i := range nodes {
		ids = append(ids, nodes[i].Store.ID)
		if nodes[i].Instance != nil {
			req.InTopology = append(req.InTopology, nodes[i].Instance.ID)
		}
		if !nodes[i].Store.PhysicallyDestroyed {
			left = append(left, req.Targets[i])
		}
	}
	ev := decommission.ForceRemoveEvidence{Snapshot: snap, Looks: make(map[cluster.StoreID]*decommission.FenceReport)}
	if len(left) > 0 {
		ev.Losses, _ = decommission.ReadLosses(ctx, t.pd, snap, ids)
		deps.Window = 0
		looks, _, err := decommission.Fence(ctx, left, deps)
		if err != nil {
			return nil, err
		}
		for i := range looks {
			ev.Looks[looks[i].StoreID] = &looks[i]
		}
	}
	return decommission.PlanForceRemove(ev, req), ctx.Err()
}

// typeAddresses asks for the address of every store, one after the other.
func typeAddresses(ctx context.Context, env *Env, plan *decommission.ForceRemovePlan, confirmed map[cluster.StoreID]string) (bool, error) {
	for i := range plan.Targets {
		t := &plan.Targets[i]
		ok, err := env.Prompter.TypedConfirm(ctx, fmt.Sprintf("write off store %d for good", t.StoreID), t.Address)
		if err != nil || !ok {
			return false, err
		}
		confirmed[t.StoreID] = t.Address
	}
	return true, nil
}

func (e *Env) forceRemove(ctx context.Context, t *target, r *reporter, plan *decommission.ForceRemovePlan, deps decommission.FenceDeps, confirmed map[cluster.StoreID]string) error {
	return e.operationByTopology(ctx, t, r, plan.ClusterID, plan.Verb, plan, func(j *recorder) error {
		deps.Journal = j
		_, err := decommission.ApplyForceRemove(ctx, plan, decommission.ForceRemoveDeps{
			PD: t.pd, Fence: deps, Confirmed: confirmed, OutcomeUnknown: outcomeUnknown, Notify: r.step,
			Fenced: func(report decommission.FenceReport) { r.fence(ctx, &report) },
		})
		return err
	})
}

// waitAndForget waits until PD has replaced the peers, and then drops the nodes
// from the topology.
func waitAndForget(ctx context.Context, env *Env, t *target, r *reporter, nodes []topology.Node, plan *decommission.ForceRemovePlan, opts waitOptions) error {
	r.line("waiting until PD has replaced all peers; Ctrl-C stops the waiting only")
	w, err := waitForEnd(ctx, env, t, r, plan.StoreIDs(), nodes, opts)
	if r.frame != nil {
		r.frame.Update() // takes the progress lines away
	}
	switch {
	case errors.Is(err, decommission.ErrDetached), errors.Is(err, decommission.ErrTimeout):
		err = &hintedError{err, "run the same command again: it goes on from there; the topology is edited at the end"}
	case err == nil:
		err = errors.Join(env.forget(ctx, t, r, plan), finishEviction(ctx, env, t, r, plan.StoreIDs()))
	}
	return r.summary(ctx, w.Stores, err)
}

func (e *Env) forget(ctx context.Context, t *target, r *reporter, plan *decommission.ForceRemovePlan) error {
	if t.file == nil {
		return nil
	}
	return e.operation(ctx, t, r, plan.ClusterID, plan.Verb, plan, func(j *recorder) error {
		return decommission.FinishForceRemove(ctx, plan, &nodeRemover{t.file, e.Now}, j, r.step)
	})
}

// instead shows what can be done where the plan refuses; in JSON the plan has it.
func (r *reporter) instead(plan *decommission.ForceRemovePlan) error {
	if r.out.json() {
		return nil
	}
	return render.Alternatives(r.env.Streams.Out, plan.Instead)
}

// fence shows how the fencing of a store ended.
func (r *reporter) fence(ctx context.Context, report *decommission.FenceReport) {
	if r.out.json() {
		r.emit(ctx, render.Event{Type: "fence", Fence: report})
		return
	}
	if err := render.Fence(r.env.Streams.Err, report); err != nil && r.failed == nil {
		r.failed = err
	}
}
