package cmd

import (
	"context"
	"errors"
	"fmt"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/tune"
)

// checkTune refuses a speed that nobody would put back.
func (o *scaleInOptions) checkTune() error {
	if o.tune == "" {
		return nil
	}
	if _, err := parseProfile("--tune", o.tune); err != nil {
		return err
	}
	if !o.wait && !o.dryRun {
		return &usageError{errors.New("--tune without --wait: nobody would put the speed back"), "add --wait, or use ebb tune apply --for after ebb scale-in"}
	}
	return nil
}

// tunedPlan is the plan of a scale-in together with the speed.
type tunedPlan struct {
	*decommission.Plan
	// Tune is the speed that is to be set with --tune, absent without.
	Tune *tune.Plan `json:"tune,omitempty"`
}

// proceedTuned is proceed with the speed in the plan, if there is to be one.
func (o *scaleInOptions) proceedTuned(ctx context.Context, env *Env, t *target, r *reporter, snap *cluster.Snapshot, p *decommission.Plan, question string) (bool, error) {
	if o.tune == "" {
		return o.proceed(ctx, env, r, p, question)
	}
	ev, err := o.tuneEvidence(env, t, snap)
	if err != nil {
		return false, err
	}
	speed, err := tune.PlanApply(ev, tune.Profile(o.tune), tunedLife)
	// A plan that is refused has nobody leaving; its findings say why.
	if err != nil && !errors.As(err, new(*tune.NothingLeavingError)) {
		return false, err
	}
	if err != nil {
		return o.proceed(ctx, env, r, p, question)
	}
	document := &tunedPlan{p, speed}
	if p.Changes() > 0 || o.dryRun || decommission.Err(p.Verb, p.Findings) != nil {
		return o.confirm(ctx, r, p, document, func() (bool, error) { return env.Prompter.Confirm(ctx, question) })
	}
	// The stores are leaving already: the speed is all there is to ask about.
	if err := r.plan(ctx, p, document); err != nil {
		return false, err
	}
	question = fmt.Sprintf("Set %s until the stores have left?", cluster.Plural(len(speed.Changes), "value"))
	_, err = o.agreed(ctx, r, func() (bool, error) { return env.Prompter.Confirm(ctx, question) })
	return false, err
}

// startTuner sets the speed, now that the stores are leaving.
func (o *scaleInOptions) startTuner(ctx context.Context, env *Env, t *target, r *reporter) error {
	if o.tune == "" {
		return nil
	}
	u := &tuner{env: env, target: t, report: r}
	plan, err := u.plan(ctx, tune.Profile(o.tune))
	switch {
	case errors.As(err, new(*tune.NothingLeavingError)):
		return nil // they have left already
	case err != nil:
		return err
	}
	u.cluster, u.guard = plan.ClusterID, tune.NewGuard(plan)
	o.tuner = u
	err = takenBack(u.set(ctx, plan), func() error { return u.end(ctx) })
	if err != nil && ctx.Err() != nil && !errors.As(err, new(*tune.NotRestoredError)) {
		return decommission.ErrDetached // the stores are leaving
	}
	return err
}
