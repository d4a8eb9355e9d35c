package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/decommission"
)

func newCancelOfflineCommand(env *Env) *cobra.Command {
	opts := changeOptions{choice: chooseReturning}
	c := &cobra.Command{
		Use:   "cancel-offline [CLUSTER] -N NODE[,NODE]",
		Short: "Take leaving stores back",
		Long: `Take stores that are Offline back to Up, and undo everything around it: the
store's own limits as they were (PD forgets them when its leader changes), its
evict-leader scheduler, and the offline flag in the topology. When no store is
leaving any more, what ebb tune has set is put back as well. Without -N, a
terminal offers the stores that are Offline to choose from.

A Tombstone and a store that was deleted by force cannot be taken back.` + exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitDeclined, ExitPartly, ExitUnreachable, ExitLocked, ExitTuningNotUndone, ExitInterrupted),
		Example: `  ebb cancel-offline prod -N 10.0.1.7:20160
  ebb cancel-offline -t topology.yaml -N 4 --dry-run -o json`,
		GroupID: groupChange,
		Args:    clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := opts.check(env, c); err != nil {
				return err
			}
			return runCancelOffline(c.Context(), env, &opts, args)
		},
	}
	opts.register(c)
	return c
}

func runCancelOffline(ctx context.Context, env *Env, opts *changeOptions, args []string) error {
	r := newReporter(env, &opts.outputOptions, 0)
	defer r.close()
	t, snap, nodes, err := opts.openForChange(ctx, env, args)
	if err != nil {
		return err
	}
	var clusterID uint64
	if snap.Members != nil {
		clusterID = snap.Members.ClusterID
	}
	history, err := env.history(clusterID)
	if err != nil {
		return err
	}
	plan := decommission.PlanCancel(snap, requestOf(t, nodes), history)
	if err := env.announceRestore(snap, clusterID, storeIDs(nodes)); err != nil {
		return err
	}
	apply, err := opts.proceed(ctx, env, r, plan, fmt.Sprintf("Take %s back to Up?", cluster.Plural(len(nodes), "store")))
	if err != nil || !apply {
		return r.summary(ctx, nil, err)
	}
	if err = env.apply(ctx, t, r, plan); err == nil {
		err = env.restoreUnused(ctx, t, r)
	}
	return r.summary(ctx, nil, err)
}
