package cmd

import (
	"context"
	"errors"

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
	Tune *tune.Plan `json:"tune"`
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
	var document any = p
	if err == nil {
		document = &tunedPlan{p, speed}
	}
	return o.confirm(ctx, r, p, document, func() (bool, error) { return env.Prompter.Confirm(ctx, question) })
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
	if err := u.set(ctx, plan); err != nil {
		return errors.Join(err, u.end(ctx))
	}
	return nil
}
