package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/journal"
	"ebb/pdclient"
	"ebb/tune"
)

type tuneRestoreOptions struct {
	changeOptions
	toDefaults bool
}

func newTuneRestoreCommand(env *Env) *cobra.Command {
	var opts tuneRestoreOptions
	c := &cobra.Command{
		Use:   "restore [CLUSTER]",
		Short: "Put back what was set to make stores leave faster",
		Long: `Put back, from the journal of this machine, every value that ebb tune apply and
ebb scale-in --tune have set, also after a crash. A value that somebody else has
changed meanwhile is left as it is.

Where there is no journal (another machine, a lost disk), temporary values expire
by themselves; values that look like those of a profile are shown, and with
--to-defaults taken to the defaults of this version of PD.` + exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitDeclined, ExitPartly, ExitUnreachable, ExitLocked, ExitTuningNotUndone, ExitInterrupted),
		Example: `  ebb tune restore prod
  ebb tune restore -u http://10.0.1.1:2379 --to-defaults --dry-run`,
		Args: clusterArg,
		RunE: func(c *cobra.Command, args []string) error { return runTuneRestore(c.Context(), env, &opts, args) },
	}
	opts.register(c)
	c.Flags().BoolVar(&opts.toDefaults, "to-defaults", false, "without a journal: take what looks like a profile's value to the default")
	return c
}

func runTuneRestore(ctx context.Context, env *Env, opts *tuneRestoreOptions, args []string) error {
	if len(opts.nodes) > 0 {
		return &usageError{errors.New("-N has no meaning here"), "ebb tune restore puts back all that was set"}
	}
	r, t, ev, err := opts.openForTune(ctx, env, args)
	if err != nil {
		return err
	}
	defer r.close()
	source := tune.PlanRestore
	if len(ev.Held) == 0 {
		r.line("the journal of this machine has nothing to put back")
		source = tune.PlanDefaults
	}
	plan, err := source(ev)
	if err != nil {
		return r.summary(ctx, nil, err)
	}
	if len(ev.Held) == 0 && !opts.toDefaults {
		err := r.tunePlan(ctx, plan)
		if err == nil && len(plan.Changes) > 0 {
			err = &codedError{&hintedError{
				fmt.Errorf("tune restore: %s like set by a profile, and no journal says who set them", cluster.Agree(len(plan.Changes), "value", "looks", "look")),
				"take them to the defaults with: ebb tune restore --to-defaults " + opts.reopenFlags(args),
			}, ExitNo}
		}
		return r.summary(ctx, nil, err)
	}
	apply, err := opts.proceedTune(ctx, env, r, plan, fmt.Sprintf("Put %s back?", cluster.Plural(len(plan.Changes), "value")))
	if err == nil && apply {
		_, err = env.applyTune(ctx, t, r, plan, nil)
	}
	return r.summary(ctx, nil, err)
}

// openForTune reads what a change of the speed is planned from.
func (o *changeOptions) openForTune(ctx context.Context, env *Env, args []string) (*reporter, *target, tune.Evidence, error) {
	var ev tune.Evidence
	if err := o.checkConfirmable(env); err != nil {
		return nil, nil, ev, err
	}
	t, err := o.open(env, args)
	if err != nil {
		return nil, nil, ev, err
	}
	t.warn(env)
	snap, err := t.pd.Snapshot(ctx)
	if err != nil {
		return nil, nil, ev, err
	}
	ev, err = o.tuneEvidence(env, t, snap)
	return newReporter(env, &o.outputOptions, 0), t, ev, err
}

// proceedTune shows a plan and asks.
func (o *changeOptions) proceedTune(ctx context.Context, env *Env, r *reporter, p *tune.Plan, question string) (bool, error) {
	if err := r.tunePlan(ctx, p); err != nil {
		return false, err
	}
	if !o.dryRun && len(p.Changes) == 0 {
		r.line("nothing to change: everything is as asked already")
		return false, nil
	}
	return o.agreed(ctx, r, func() (bool, error) { return env.Prompter.Confirm(ctx, question) })
}

// held is what the journal of this machine says is still to be put back.
func (e *Env) held(clusterID uint64) ([]tune.Held, error) {
	records, _, err := e.journal(clusterID).Read()
	if err != nil {
		return nil, err
	}
	var entries []tune.Entry
	for _, run := range journal.Runs(records) {
		for i := range run.Steps {
			s := &run.Steps[i]
			entries = append(entries, tune.Entry{Operation: run.ID, Actor: run.Actor, Step: s.Step, At: s.At, Result: s.Result, Undo: s.Undo})
		}
	}
	held, err := tune.Outstanding(entries, e.Now())
	if err, ok := errors.AsType[*tune.EntryError](err); ok {
		return nil, &codedError{&hintedError{err, "see what was set with: ebb audit show " + err.Operation}, ExitCannotTell}
	}
	return held, err
}

// tuneDeps join package tune to PD and to a journal.
func (e *Env) tuneDeps(t *target, r *reporter, op *journal.Operation) tune.Deps {
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	return tune.Deps{
		PD: t.pd, Journal: op, OutcomeUnknown: outcomeUnknown, TTLActive: is(pdclient.ErrTTLActive), NotSupported: is(pdclient.ErrNotSupported),
		Notify: r.tuneStep, Now: e.Now,
	}
}

// applyTune makes the changes of a plan; began is told the operation, if given.
func (e *Env) applyTune(ctx context.Context, t *target, r *reporter, p *tune.Plan, began func(id string)) (outcomes []tune.Outcome, err error) {
	err = e.operation(ctx, t, r, p.ClusterID, p.Verb, p, func(j *recorder) (err error) {
		if began != nil {
			began(j.op.ID())
		}
		outcomes, err = tune.Apply(ctx, p, e.tuneDeps(t, r, j.op))
		return err
	})
	return outcomes, err
}

// restoreTune puts back what is held, also after an interrupt: all of it, or what
// mine accepts. Whatever keeps it from that is a *tune.NotRestoredError.
func (e *Env) restoreTune(ctx context.Context, t *target, r *reporter, mine func(*tune.Held) bool) error {
	ctx = context.WithoutCancel(ctx)
	snap, err := t.pd.Snapshot(ctx)
	if err != nil {
		return &tune.NotRestoredError{Err: err}
	}
	ev, err := new(selection).tuneEvidence(e, t, snap)
	if err != nil {
		return &tune.NotRestoredError{Err: err}
	}
	if mine != nil {
		var kept []tune.Held
		for i := range ev.Held {
			if mine(&ev.Held[i]) {
				kept = append(kept, ev.Held[i])
			}
		}
		ev.Held = kept
	}
	if len(ev.Held) == 0 {
		return nil
	}
	plan, err := tune.PlanRestore(ev)
	if err != nil {
		return &tune.NotRestoredError{Err: err}
	}
	_, err = e.applyTune(ctx, t, r, plan, nil)
	if err != nil && !errors.As(err, new(*tune.NotRestoredError)) {
		err = &tune.NotRestoredError{Err: err}
	}
	return err
}

// takenBack puts back what was set before something failed. When that was all of
// it, nothing is left of the attempt but why it failed. What set nothing has
// nothing to take back.
func takenBack(failed error, restore func() error) error {
	var partial *tune.PartialError
	if !errors.As(failed, &partial) {
		return failed
	}
	if err := restore(); err != nil {
		return errors.Join(failed, err)
	}
	return fmt.Errorf("%s: what had been set was put back: %w", tune.VerbApply, partial.Err)
}

func (r *reporter) tunePlan(ctx context.Context, p *tune.Plan) error {
	if r.out.json() {
		r.emit(ctx, render.Event{Type: "plan", Plan: p})
		return r.failed
	}
	return render.TunePlan(r.env.Streams.Out, p)
}

func (r *reporter) tuneStep(o tune.Outcome) {
	if r.out.json() {
		e := render.Event{Type: "tune-step", Tune: &o}
		if o.Err != nil {
			e.Error = o.Err.Error()
		}
		r.emit(context.Background(), e)
		return
	}
	if err := render.TuneOutcome(r.env.Streams.Err, o); err != nil && r.failed == nil {
		r.failed = err
	}
}

// wayBack says what comes back by itself, and what does not.
func (r *reporter) wayBack(outcomes []tune.Outcome, live time.Duration, reopen string) {
	expiring, staying := 0, 0
	for i := range outcomes {
		switch o := &outcomes[i]; {
		case o.Change.Kind != tune.Set || o.Result != tune.Done:
		case o.Change.Expires:
			expiring++
		default:
			staying++
		}
	}
	if expiring > 0 {
		r.line("%s after %s, without ebb", cluster.Agree(expiring, "value", "expires", "expire"), live)
	}
	if staying > 0 {
		r.line("%s until put back", cluster.Agree(staying, "value", "stays", "stay"))
	}
	r.line("put all of it back with: ebb tune restore %s", reopen)
}
