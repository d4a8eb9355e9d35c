package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/topology"
)

type watchOptions struct {
	selection
	waitOptions
	outputOptions
}

func newWatchCommand(env *Env) *cobra.Command {
	var opts watchOptions
	c := &cobra.Command{
		Use:   "watch [CLUSTER]",
		Short: "Watch stores leave until they are Tombstone",
		Long: `Attach to stores that are leaving, from any machine, and report until PD says
Tombstone and no region names them any more. Without -N all leaving stores are
watched. When a store is Tombstone, its evict-leader scheduler is removed.

Ctrl-C stops watching; the stores go on leaving.` + exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitInProgress, ExitPartly, ExitUnreachable, ExitLocked, ExitInterrupted),
		Example: `  ebb watch prod
  ebb watch -t topology.yaml -N 10.0.1.7:20160 --timeout 2h -o json`,
		GroupID: groupRead,
		Args:    clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			return runWatch(c.Context(), env, &opts, args)
		},
	}
	opts.selection.register(c)
	opts.waitOptions.register(c)
	opts.outputOptions.register(c)
	return c
}

func runWatch(ctx context.Context, env *Env, opts *watchOptions, args []string) error {
	if err := errors.Join(opts.validate(), opts.check()); err != nil {
		return err
	}
	t, err := opts.open(env, args)
	if err != nil {
		return err
	}
	snap, err := t.pd.Snapshot(ctx)
	if err != nil {
		return err
	}
	nodes, err := opts.watched(t, snap)
	if err != nil {
		return err
	}
	r := newReporter(env, &opts.outputOptions, opts.interval)
	defer r.close()
	r.curve = true
	if len(nodes) == 0 {
		r.line("no store is leaving")
		return r.summary(ctx, nil, nil)
	}
	r.line("waiting for Tombstone; Ctrl-C stops the waiting, not the leaving")
	opts.sampler = newSampler(env, t, snap, opts.interval)
	return waitAndFinish(ctx, env, t, r, nodes, opts.waitOptions, "ebb watch "+opts.reopenFlags(args))
}

// watched are the stores named by -N, else all that are leaving.
func (opts *watchOptions) watched(t *target, snap *cluster.Snapshot) ([]topology.Node, error) {
	if len(opts.nodes) == 0 {
		match := topology.MatchStores(t.topology, snap.Stores)
		var nodes []topology.Node
		for _, n := range match.All() {
			if n.Store != nil && n.Store.Leaving() {
				nodes = append(nodes, n)
			}
		}
		return nodes, nil
	}
	_, nodes, err := opts.storesOf(t, snap)
	if err != nil {
		return nil, err
	}
	for i := range nodes {
		if s := nodes[i].Store; s.State == cluster.Up {
			return nil, &codedError{
				&hintedError{fmt.Errorf("watch: store %d (%s) is %s, it is not leaving", s.ID, s.Address, s.StateName), "start its leaving with ebb scale-in"},
				ExitNo,
			}
		}
	}
	return nodes, nil
}

// waitOptions are the flags of every verb that waits.
type waitOptions struct {
	timeout  time.Duration
	interval time.Duration
	// tuner watches over the speed that was set for the time of the wait, if any.
	tuner *tuner
	// sampler records for ebb report, if there is one.
	sampler *sampler
}

func (w *waitOptions) register(c *cobra.Command) {
	c.Flags().DurationVar(&w.timeout, "timeout", 0, "stop waiting after this time (0: wait for ever); the stores go on leaving")
	c.Flags().DurationVar(&w.interval, "interval", 2*time.Second, "time between two readings of PD")
}

// check refuses times that mean nothing.
func (w *waitOptions) check() error {
	if w.timeout < 0 || w.interval <= 0 {
		return &usageError{
			fmt.Errorf("--timeout %s and --interval %s: want no negative time, and an interval", w.timeout, w.interval),
			"leave them out for the defaults",
		}
	}
	return nil
}

// contactTimeout is how long a wait bears a silent PD. An election takes
// seconds; a PD that is away for longer needs somebody's attention.
const contactTimeout = 5 * time.Minute

// worthReporting is how long a wait has to be for a report to tell more than its
// last line.
const worthReporting = time.Minute

// waitAndFinish waits until the stores have left, and then takes back what is
// of no use for a Tombstone.
//
// reattach is the command that goes on watching.
func waitAndFinish(ctx context.Context, env *Env, t *target, r *reporter, nodes []topology.Node, opts waitOptions, reattach string) error {
	var ids []cluster.StoreID
	for i := range nodes {
		ids = append(ids, nodes[i].Store.ID)
	}
	w, err := waitForEnd(ctx, env, t, r, ids, nodes, opts)
	switch {
	case errors.Is(err, decommission.ErrDetached), errors.Is(err, decommission.ErrTimeout):
		err = &hintedError{err, "go on watching with: " + reattach}
	default:
		err = errors.Join(err, finishEviction(ctx, env, t, r, ids))
		if took := env.Now().Sub(w.Started); err == nil && took >= worthReporting {
			r.line("how they left: ebb report --html report.html")
		}
	}
	if opts.tuner != nil {
		err = errors.Join(err, opts.tuner.end(ctx))
	}
	return r.summary(ctx, w.Stores, err)
}

// waitForEnd reports until every store has come to an end, and judges that. nodes
// give the stores their names.
func waitForEnd(ctx context.Context, env *Env, t *target, r *reporter, ids []cluster.StoreID, nodes []topology.Node, opts waitOptions) (decommission.Watch, error) {
	names := make(map[cluster.StoreID]string)
	for i := range nodes {
		if nodes[i].Instance != nil {
			names[nodes[i].Store.ID] = nodes[i].Instance.ID
		}
	}
	pd, sleep := decommission.WatchReader(t.pd), env.Sleep
	if opts.tuner != nil {
		pd, sleep = &tunedReader{pd, opts.tuner}, opts.tuner.sleep
	}
	doctor := &stallDoctor{env, t, r, opts.sampler}
	w, err := decommission.Wait(ctx, pd, decommission.NewWatch(ids, names), decommission.WaitOptions{
		Interval: opts.interval, Timeout: opts.timeout, ContactTimeout: contactTimeout, Now: env.Now, Sleep: sleep,
		CountStuck: doctor.countStuck,
	}, doctor.watch(ctx))
	if err == nil {
		err = w.Verdict()
	}
	return w, err
}

// finishEviction removes the evict-leader schedulers of Tombstone stores.
func finishEviction(ctx context.Context, env *Env, t *target, r *reporter, ids []cluster.StoreID) error {
	snap, err := t.pd.Snapshot(ctx)
	if err != nil {
		return err
	}
	plan := decommission.PlanFinish(snap, ids)
	if plan.Changes() == 0 {
		return nil
	}
	return env.apply(ctx, t, r, plan)
}
