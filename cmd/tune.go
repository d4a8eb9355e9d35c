package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/topology"
	"ebb/tune"
)

func newTuneCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "tune",
		Short: "Make stores leave faster for a while",
		Long: `Show what limits how fast stores leave, raise that for a while, and put it back.

A profile only raises values, of the stores that receive regions and of the
cluster, and never lowers what is as fast already:

  gentle  twice PD's default rate for each receiver; all of it expires by itself
  fast    100 regions a minute for each receiver, leaders off the leaving stores
  max     400 a minute, and more snapshots at a time: clients will feel it

Where PD has values that expire by themselves those are used. PD's configuration
does not show such values to anybody. Those of other tools (BR, Lightning) are left
alone where PD tells of them (a configuration item, 6.1 and later), and cannot be
noticed elsewhere.` + exitStatus(ExitDone, ExitUsage),
		Example: "  ebb tune show prod\n  ebb tune apply prod --profile fast --for 2h\n  ebb tune restore prod",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newTuneShowCommand(env), newTuneApplyCommand(env), newTuneRestoreCommand(env))
	return c
}

type tuneShowOptions struct {
	selection
	outputOptions
}

func newTuneShowCommand(env *Env) *cobra.Command {
	var opts tuneShowOptions
	c := &cobra.Command{
		Use:   "show [CLUSTER]",
		Short: "Show how fast stores may leave, and what limits that",
		Long: `Show the values that decide how fast stores leave, with the defaults of this
version of PD, what each profile would make of them, what limits the leaving now,
and what is still to be put back.

With -N the stores named are taken for leaving, besides those that are.` + exitStatus(ExitDone, ExitFailed, ExitUsage, ExitCannotTell, ExitUnreachable, ExitInterrupted),
		Example: `  ebb tune show prod
  ebb tune show -u http://10.0.1.1:2379 --jq '.limits[] | select(.binding).text'`,
		Args: clusterArg,
		RunE: func(c *cobra.Command, args []string) error { return runTuneShow(c.Context(), env, &opts, args) },
	}
	opts.selection.register(c)
	opts.outputOptions.register(c)
	return c
}

func runTuneShow(ctx context.Context, env *Env, opts *tuneShowOptions, args []string) error {
	if err := opts.validate(); err != nil {
		return err
	}
	t, err := opts.open(env, args)
	if err != nil {
		return err
	}
	t.warn(env)
	snap, err := t.pd.Snapshot(ctx)
	if err != nil {
		return err
	}
	ev, err := opts.tuneEvidence(env, t, snap)
	if err != nil {
		return err
	}
	ev.Operators, ev.OperatorsErr = t.pd.Operators(ctx, "")
	o, err := tune.Look(ev)
	if err != nil {
		return err
	}
	if opts.json() {
		return opts.print(ctx, env, tuneShowDocument{head("tune-show"), o})
	}
	return render.TuneOverview(env.Streams.Out, env.prose(), o)
}

// tuneEvidence is a reading of PD with what the journal knows of values that were
// set before. The stores of -N are taken for leaving.
func (s *selection) tuneEvidence(env *Env, t *target, snap *cluster.Snapshot) (tune.Evidence, error) {
	ev := tune.Evidence{Snapshot: snap, Now: env.Now()}
	if snap.Members == nil {
		return ev, fmt.Errorf("read the members of PD: %w", snap.Unread["members"])
	}
	_, nodes, err := s.storesOf(t, snap)
	if err != nil {
		return ev, err
	}
	for i := range nodes {
		ev.Leaving = append(ev.Leaving, nodes[i].Store.ID)
	}
	ev.Held, err = env.held(snap.Members.ClusterID)
	return ev, err
}

type tuneApplyOptions struct {
	changeOptions
	profile string
	live    time.Duration
}

func newTuneApplyCommand(env *Env) *cobra.Command {
	var opts tuneApplyOptions
	c := &cobra.Command{
		Use:   "apply [CLUSTER] --profile gentle|fast|max",
		Short: "Raise what limits the leaving, for a while",
		Long: `Show which values a profile changes, ask, and set them. Every value is written
down before it is changed. What PD can set for a time expires after --for, also if
nobody ever comes back; the rest stays until ebb tune restore, and is named at the
end. If a value cannot be set, or on Ctrl-C, all of them are put back.

Nothing watches over the stores after that; ebb scale-in --tune does, for as long
as it waits. Applied again, values live on for --for; with a slower profile they go
down again.` + exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitDeclined, ExitPartly, ExitUnreachable, ExitLocked, ExitTuningNotUndone, ExitInterrupted),
		Example: `  ebb tune apply prod --profile fast --for 2h
  ebb tune apply -t topology.yaml --profile gentle -N 10.0.1.7:20160 --dry-run`,
		Args: clusterArg,
		RunE: func(c *cobra.Command, args []string) error { return runTuneApply(c.Context(), env, &opts, args) },
	}
	opts.register(c)
	c.Flags().StringVar(&opts.profile, "profile", "", "how fast: gentle, fast or max")
	c.Flags().DurationVar(&opts.live, "for", time.Hour, "how long, where PD can do that by itself")
	completeProfiles(c, "profile")
	return c
}

func completeProfiles(c *cobra.Command, flag string) {
	completeValues(c, flag, profileNames()...)
}

func profileNames() []string {
	names := make([]string, 0, len(tune.Profiles()))
	for _, p := range tune.Profiles() {
		names = append(names, string(p))
	}
	return names
}

// parseProfile reads the value of a flag.
func parseProfile(flag, name string) (tune.Profile, error) {
	if name == "" {
		return tune.None, &usageError{errors.New("no profile given"), fmt.Sprintf("choose %s gentle, fast or max; see ebb tune show", flag)}
	}
	p, err := tune.ParseProfile(name)
	if err != nil {
		hint := "" // the error names them all
		if near := topology.Nearest(name, profileNames(), 2); len(near) > 0 {
			hint = didYouMean(near)
		}
		return p, &usageError{err, hint}
	}
	return p, nil
}

// leastLife is the shortest time that PD keeps a temporary value for.
const leastLife = 5 * time.Second

func runTuneApply(ctx context.Context, env *Env, opts *tuneApplyOptions, args []string) error {
	profile, err := parseProfile("--profile", opts.profile)
	if err != nil {
		return err
	}
	if opts.live < leastLife || opts.live%time.Second != 0 {
		return &usageError{fmt.Errorf("--for %s: want whole seconds, and no less than %s", opts.live, leastLife), "for example --for 2h"}
	}
	r, t, ev, err := opts.openForTune(ctx, env, args)
	if err != nil {
		return err
	}
	defer r.close()
	plan, err := tune.PlanApply(ev, profile, opts.live)
	if err != nil {
		return r.summary(ctx, nil, err)
	}
	apply, err := opts.proceedTune(ctx, env, r, plan, fmt.Sprintf("Set %s?", cluster.Plural(len(plan.Changes), "value")))
	if err != nil || !apply {
		return r.summary(ctx, nil, err)
	}
	outcomes, err := env.applyTune(ctx, t, r, plan, nil)
	if err != nil {
		return r.summary(ctx, nil, takenBack(err, func() error { return env.restoreTune(ctx, t, r, nil) }))
	}
	r.wayBack(outcomes, opts.live, opts.reopenFlags(args))
	return r.summary(ctx, nil, nil)
}
