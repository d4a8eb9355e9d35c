package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/topology"
	"ebb/ui"
)

// changeOptions are the flags of every verb that changes something.
type changeOptions struct {
	selection
	outputOptions
	yes    bool
	dryRun bool
	// choice is what to offer when -N names nothing; nil: -N is needed, or the verb
	// does without it.
	choice *choice
	// readsTopology is set for a verb that changes things and not the topology.
	readsTopology bool
}

func (o *changeOptions) register(c *cobra.Command) {
	o.selection.register(c)
	o.registerConfirm(c)
}

// registerConfirm is register for verbs that do not take their nodes from -N.
func (o *changeOptions) registerConfirm(c *cobra.Command) {
	o.outputOptions.register(c)
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask for confirmation")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "show the plan and stop")
}

// check finds the mistakes that can be seen without asking anybody.
func (o *changeOptions) check(env *Env, c *cobra.Command) error {
	if len(o.nodes) == 0 && (o.choice == nil || !o.mayChoose(env)) {
		return &usageError{errors.New("no node given"), fmt.Sprintf("name the nodes with -N, as ebb display has them; see %s --help", c.CommandPath())}
	}
	return o.checkConfirmable(env)
}

// checkConfirmable refuses to begin what could not be confirmed.
func (o *changeOptions) checkConfirmable(env *Env) error {
	if err := o.validate(); err != nil {
		return err
	}
	if !o.yes && !o.dryRun && !env.Streams.CanPrompt() {
		return &usageError{errors.New("cannot ask for confirmation: this is no terminal"), "confirm with --yes, or look first with --dry-run"}
	}
	return nil
}

// openForChange is open for verbs that act on what the topology says.
func (o *changeOptions) openForChange(ctx context.Context, env *Env, args []string) (*target, *cluster.Snapshot, []topology.Node, error) {
	t, err := o.open(env, args)
	if err != nil {
		return nil, nil, nil, err
	}
	if t.conflicts != nil {
		return nil, nil, nil, &usageError{err: t.conflicts}
	}
	if t.file != nil && !o.readsTopology {
		// tiup itself refuses most things while it is in the middle of a scale-out.
		if err := t.file.CheckScaleOut(); err != nil {
			return nil, nil, nil, err
		}
	}
	t.warn(env)
	snap, err := settledSnapshot(ctx, env, t)
	if err != nil {
		return nil, nil, nil, err
	}
	if len(o.nodes) == 0 && o.choice != nil && o.mayChoose(env) {
		if snap, err = o.choose(ctx, env, t, snap); err != nil {
			return nil, nil, nil, err
		}
	}
	_, nodes, err := o.storesOf(t, snap)
	return t, snap, nodes, err
}

// For a second or two after a change of its leader PD calls members unhealthy
// that are well (seen with 8.1), so a bad word on them is asked for again.
const (
	settleAttempts = 4
	settlePause    = time.Second
)

func settledSnapshot(ctx context.Context, env *Env, t *target) (*cluster.Snapshot, error) {
	for attempt := 1; ; attempt++ {
		snap, err := t.pd.Snapshot(ctx)
		if err != nil || attempt >= settleAttempts || allHealthy(snap) {
			return snap, err
		}
		if err := env.Sleep(ctx, settlePause); err != nil {
			return nil, err
		}
	}
}

func allHealthy(snap *cluster.Snapshot) bool {
	return !slices.ContainsFunc(snap.Health, func(m cluster.MemberHealth) bool { return !m.Healthy })
}

// proceed shows the plan of a change that can be taken back, and asks. It
// returns false when the plan is all that was asked for, or there is nothing to
// change.
func (o *changeOptions) proceed(ctx context.Context, env *Env, r *reporter, p *decommission.Plan, question string) (bool, error) {
	return o.confirm(ctx, r, p, p, func() (bool, error) { return env.Prompter.Confirm(ctx, question) })
}

// proceedTyped is proceed for a change that cannot be taken back: something has
// to be typed. document is the plan as JSON, which may hold more than Plan.
func (o *changeOptions) proceedTyped(ctx context.Context, env *Env, r *reporter, p *decommission.Plan, document any, what, expected string) (bool, error) {
	return o.confirm(ctx, r, p, document, func() (bool, error) { return env.Prompter.TypedConfirm(ctx, what, expected) })
}

func (o *changeOptions) confirm(ctx context.Context, r *reporter, p *decommission.Plan, document any, ask func() (bool, error)) (bool, error) {
	if err := r.plan(ctx, p, document); err != nil {
		return false, err
	}
	if err := decommission.Err(p.Verb, p.Findings); err != nil {
		return false, err
	}
	if !o.dryRun && p.Changes() == 0 {
		r.line("nothing to change: everything is as asked already")
		return false, nil
	}
	return o.agreed(ctx, r, ask)
}

// agreed asks whether to go on, unless the flags have the answer.
func (o *changeOptions) agreed(ctx context.Context, r *reporter, ask func() (bool, error)) (bool, error) {
	if o.dryRun {
		r.line("dry run: nothing was changed")
		return false, nil
	}
	if o.yes {
		return true, nil
	}
	ok, err := ask()
	switch {
	case errors.Is(err, ui.ErrInterrupted), ctx.Err() != nil:
		return false, err
	case err != nil:
		return false, fmt.Errorf("ask for confirmation: %w", err)
	case !ok:
		return false, errDeclined
	}
	return true, nil
}
