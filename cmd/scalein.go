package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/decommission"
)

type scaleInOptions struct {
	changeOptions
	waitOptions
	evictLeader bool
	wait        bool
	risks       []string
	tune        string
}

func newScaleInCommand(env *Env) *cobra.Command {
	opts := scaleInOptions{changeOptions: changeOptions{choice: chooseLeaving}}
	c := &cobra.Command{
		Use:   "scale-in [CLUSTER] -N NODE[,NODE]",
		Short: "Start the leaving of TiKV and TiFlash stores",
		Long: `Check whether the stores may leave together, show the plan, ask, and set them
Offline in PD, which then moves their regions to other stores. All checks are
made before the first change. Without -N, a terminal offers the stores that are
Up to choose from. Nothing is stopped and no data is deleted: until a
store is Tombstone, ebb cancel-offline takes it back.

With --wait the command reports until PD says Tombstone. Ctrl-C then only stops
the reporting.

With --tune as well, what limits the leaving is raised for as long as the command
waits (see ebb tune), taken back when stores become slow or busy, and put back at
the end, on Ctrl-C and on errors; after a crash ebb tune restore does that.` + exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitDeclined, ExitInProgress, ExitPartly, ExitUnreachable, ExitLocked, ExitTuningNotUndone, ExitInterrupted),
		Example: `  ebb scale-in prod -N 10.0.1.7:20160 --wait
  ebb scale-in prod -N 10.0.1.7:20160 --wait --tune fast
  ebb scale-in -t topology.yaml -N 10.0.1.7:20160,10.0.1.8:20160 --evict-leader --dry-run`,
		GroupID: groupChange,
		Args:    clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := errors.Join(opts.changeOptions.check(env, c), opts.waitOptions.check(), opts.checkTune()); err != nil {
				return err
			}
			return runScaleIn(c.Context(), env, &opts, args)
		},
	}
	opts.changeOptions.register(c)
	opts.waitOptions.register(c)
	c.Flags().BoolVar(&opts.evictLeader, "evict-leader", false, "also put the stores under PD's evict-leader, until they are Tombstone")
	c.Flags().BoolVar(&opts.wait, "wait", false, "wait until the stores are Tombstone")
	c.Flags().StringVar(&opts.tune, "tune", "", "with --wait: leave at this `PROFILE`'s speed: gentle, fast or max")
	completeProfiles(c, "tune")
	c.Flags().StringSliceVar(&opts.risks, "accept-risk", nil, "go on in spite of the refusal that names this `RISK`")
	return c
}

func runScaleIn(ctx context.Context, env *Env, opts *scaleInOptions, args []string) error {
	r := newReporter(env, &opts.outputOptions, opts.interval)
	defer r.close()
	t, snap, nodes, err := opts.openForChange(ctx, env, args)
	if err != nil {
		return err
	}
	if err := env.noteTemporary(snap); err != nil {
		return err
	}
	req := requestOf(t, nodes)
	req.EvictLeader, req.Risks = opts.evictLeader, opts.risks
	ids := storeIDs(nodes)
	ev, _ := decommission.ReadLeaving(ctx, t.pd, snap, ids)
	ev.Tables = t.tables(ctx, decommission.ShortTables(snap, ids, maxTableNames))
	plan := decommission.PlanScaleIn(ev, req)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	question := fmt.Sprintf("Set %s Offline?", cluster.Plural(len(nodes), "store"))
	apply, err := opts.proceedTuned(ctx, env, t, r, snap, plan, question)
	if err != nil {
		return r.summary(ctx, nil, err)
	}
	if apply {
		if err := env.apply(ctx, t, r, plan); err != nil {
			return r.summary(ctx, nil, err)
		}
	}
	reattach := "ebb watch " + opts.reopenFlags(args)
	switch {
	case opts.dryRun:
		return r.summary(ctx, nil, nil)
	case !opts.wait:
		r.line("the stores are leaving; follow them with: %s", reattach)
		return r.summary(ctx, nil, nil)
	}
	r.line("waiting for Tombstone; Ctrl-C stops the waiting, not the leaving; come back with:")
	r.line("  %s", reattach)
	if err := opts.startTuner(ctx, env, t, r); err != nil {
		return r.summary(ctx, nil, &hintedError{err, "the stores are leaving; go on watching with: " + reattach})
	}
	opts.sampler = newSampler(env, t, snap, opts.interval)
	return waitAndFinish(ctx, env, t, r, nodes, opts.waitOptions, reattach)
}
