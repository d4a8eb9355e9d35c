package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/decommission"
)

type fencingOptions struct {
	changeOptions
	sshOptions
	fenceOptions
}

func newFenceCommand(env *Env) *cobra.Command {
	opts := fencingOptions{changeOptions: changeOptions{choice: chooseFenced, readsTopology: true}}
	c := &cobra.Command{
		Use:   "fence [CLUSTER] -N NODE[,NODE]",
		Short: "Make sure that dead stores stay dead",
		Long: `A store that PD does not hear may be alive all the same: its machine may be cut
off, hang, or come back. fence collects evidence until that is settled: the
machine is the store's (host key, unit, directories); its unit is stopped,
disabled and masked; no process uses its directories; nothing listens on its
ports, seen from there and from here; PD hears nothing while it is watched. Where
the machine does not answer, --fence-hook may switch it off.

It ends in one of these, per store: FENCED, FENCED-BY-HOOK, ALIVE (exit 3), or
UNREACHABLE-NOT-FENCED (exit 5): a machine that does not answer is unknown, not
dead. With --dry-run it only looks; a store that could be fenced is FENCEABLE.
Stores that PD hears are refused: they leave by ebb scale-in. Without -N, a
terminal offers the stores that PD does not hear to choose from.` +
			exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitDeclined, ExitPartly, ExitUnreachable, ExitLocked, ExitInterrupted),
		Example: `  ebb fence prod -N 10.0.1.7:20160 --dry-run
  ebb fence -t topology.yaml -N 10.0.1.7:20160 --fence-hook ./fence_ipmilan.sh`,
		GroupID: groupChange,
		Args:    clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := errors.Join(opts.changeOptions.check(env, c), opts.sshOptions.check(), opts.fenceOptions.check()); err != nil {
				return err
			}
			return runFence(c.Context(), env, &opts, args)
		},
	}
	opts.changeOptions.register(c)
	opts.sshOptions.register(c)
	opts.fenceOptions.register(c)
	return c
}

func runFence(ctx context.Context, env *Env, opts *fencingOptions, args []string) error {
	r := newReporter(env, &opts.outputOptions, 0)
	defer r.close()
	t, snap, nodes, err := opts.openForChange(ctx, env, args)
	if err != nil {
		return err
	}
	targets := fenceTargets(t, snap, nodes)
	deps, closeHosts, err := env.fenceDeps(t, &opts.sshOptions, &opts.fenceOptions)
	if err != nil {
		return err
	}
	defer closeHosts()
	look := deps
	if look.Window = 0; opts.dryRun {
		look.Window = opts.window
		r.line("watching for %s that PD does not hear the stores", opts.window)
	}
	looks, _, err := decommission.Fence(ctx, targets, look)
	if err != nil {
		return err
	}
	if opts.dryRun {
		return r.summary(ctx, nil, r.fences(ctx, looks))
	}
	plan := decommission.PlanFence(snap, targets, looks, opts.hook, opts.window)
	apply, err := opts.proceed(ctx, env, r, &plan.Plan, fmt.Sprintf("Fence %s?", cluster.Plural(len(targets), "store")))
	if err != nil || !apply {
		return r.summary(ctx, nil, err)
	}
	r.line("watching for %s that PD does not hear the stores", opts.window)
	err = env.operation(ctx, t, r, plan.ClusterID, plan.Verb, plan, func(j *recorder) error {
		deps.Journal = j
		reports, _, err := decommission.Fence(ctx, targets, deps)
		if fenced := r.fences(ctx, reports); err == nil { // what was cut off is no verdict
			err = fenced
		}
		return partlyFenced(plan, reports, err)
	})
	return r.summary(ctx, nil, err)
}

// partlyFenced says of a fencing that failed whether something was done to the
// machines.
func partlyFenced(plan *decommission.FencePlan, reports []decommission.FenceReport, err error) error {
	if err == nil {
		return nil
	}
	changed := false
	outcomes := make([]decommission.StepOutcome, 0, len(reports))
	for i := range reports {
		changed = changed || reports[i].Changed
		o := decommission.StepOutcome{Step: plan.Steps[i], Result: decommission.StepDone, Err: reports[i].Err()}
		if o.Err != nil {
			o.Result = decommission.StepFailed
		}
		outcomes = append(outcomes, o)
	}
	if !changed {
		return err
	}
	return &decommission.PartialError{Verb: plan.Verb, Outcomes: outcomes, Err: err}
}

// fences shows how the fencing ended, and returns why some stores are not.
func (r *reporter) fences(ctx context.Context, reports []decommission.FenceReport) error {
	var errs []error
	for i := range reports {
		r.fence(ctx, &reports[i])
		if err := reports[i].Err(); err != nil {
			errs = append(errs, fmt.Errorf("store %d (%s) is %s: %w", reports[i].StoreID, reports[i].Address, reports[i].Verdict, err))
		}
	}
	return errors.Join(errs...)
}

// fenceDeps joins what fencing works with, but for the journal. Nobody is
// connected to before the first host is asked for.
func (e *Env) fenceDeps(t *target, ssh *sshOptions, opts *fenceOptions) (deps decommission.FenceDeps, closeHosts func(), err error) {
	deps = decommission.FenceDeps{
		PD: t.pd, Dial: e.portState, Hook: opts.program(), Window: opts.window, Now: e.Now, Sleep: e.Sleep,
	}
	if t.topology == nil { // nobody knows a machine
		return deps, func() {}, nil
	}
	dialer, err := e.Hosts(t, ssh)
	if err != nil {
		return deps, nil, err
	}
	deps.Host = func(ctx context.Context, f *decommission.FenceTarget) (decommission.Host, error) {
		return dialer.Host(ctx, f.Host, !f.UserUnits)
	}
	return deps, func() { _ = dialer.Close() }, nil // everything that matters has been answered
}
