package decommission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"ebb/cluster"
)

// PruneDeps are what ApplyPrune works with.
type PruneDeps struct {
	PD interface {
		PruneReader
		TombstoneRemover
	}
	// Host connects to a machine by the name that targets give it.
	Host func(ctx context.Context, target *PruneTarget) (Host, error)
	// Topology is nil when the plan has no step about it.
	Topology       NodeRemover
	Journal        Recorder // is used by several machines at once
	OutcomeUnknown func(error) bool
	Notify         func(StepOutcome) // one call at a time; may be nil
	// Concurrency is how many machines are worked on at once.
	Concurrency int
	Sleep       func(ctx context.Context, d time.Duration) error
}

// ApplyPrune makes the steps of a plan. Machines are worked on in parallel, the
// targets of one machine one after the other. A target whose step fails keeps
// the rest of its steps for later, and stays in the topology and in PD; the
// other targets go on. Before the first step of a target its second opinion is
// taken again.
func ApplyPrune(ctx context.Context, p *PrunePlan, d PruneDeps) ([]StepOutcome, error) {
	snap, err := d.PD.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: read the cluster again before the first change: %w", p.Verb, err)
	}
	if err := checkUnmoved(&p.Plan, snap); err != nil {
		return nil, err
	}
	run := &pruneRun{plan: p, deps: d, failed: make(map[cluster.StoreID]error)}
	var wg sync.WaitGroup
	slots := make(chan struct{}, max(d.Concurrency, 1))
	for _, host := range p.hosts() {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			run.host(ctx, host)
		})
	}
	wg.Wait()
	run.finish(ctx)
	return run.outcomes, run.err()
}

// hosts lists the machines in the order of the targets.
func (p *PrunePlan) hosts() []string {
	var list []string
	for i := range p.Targets {
		if !slices.Contains(list, p.Targets[i].Host) {
			list = append(list, p.Targets[i].Host)
		}
	}
	return list
}

// pruneRun is the state of one ApplyPrune.
type pruneRun struct {
	plan *PrunePlan
	deps PruneDeps

	mu       sync.Mutex
	outcomes []StepOutcome
	failed   map[cluster.StoreID]error // why a target was not finished
	late     error                     // of the steps after the machines
}

func (r *pruneRun) report(o StepOutcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcomes = append(r.outcomes, o)
	if o.Err != nil && o.Step.StoreID != 0 && r.failed[o.Step.StoreID] == nil {
		r.failed[o.Step.StoreID] = o.Err
	}
	if r.deps.Notify != nil {
		r.deps.Notify(o)
	}
}

func (r *pruneRun) host(ctx context.Context, host string) {
	var before error // of a target on the same machine
	for i := range r.plan.Targets {
		t := &r.plan.Targets[i]
		if t.Host != host {
			continue
		}
		r.target(ctx, t, before)
		// A directory that two targets share was planned for the last of them.
		r.mu.Lock()
		before = errors.Join(before, r.failed[t.StoreID])
		r.mu.Unlock()
	}
}

// target makes the steps of one target until one fails.
func (r *pruneRun) target(ctx context.Context, t *PruneTarget, err error) {
	var h Host
	var proof Drained
	if err == nil {
		proof, err = r.prove(ctx, t)
	}
	for i := range r.plan.Steps {
		step := &r.plan.Steps[i]
		if step.StoreID != t.StoreID {
			continue
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && h == nil && step.Kind != StepCleanLater && !step.Done {
			h, err = r.deps.Host(ctx, t)
		}
		if err != nil {
			r.report(StepOutcome{Step: *step, Result: StepLeft, Err: err})
			continue
		}
		o := r.step(ctx, step, func(ctx context.Context) (string, error) { return "", r.onHost(ctx, h, proof, t, step) })
		err = o.Err
	}
	if err == nil && h != nil {
		r.recordCleaned(t)
	}
}

// recordCleaned notes that nothing is left on the machine, so that a later run
// may remove the PD record, and does not clean again what another store may have
// taken over by then.
func (r *pruneRun) recordCleaned(t *PruneTarget) {
	step := Step{Kind: StepCleaned, StoreID: t.StoreID, Host: t.Host}
	err := errors.Join(r.deps.Journal.Intent(step, nil), r.deps.Journal.Outcome(step, StepDone, nil))
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.failed[t.StoreID] = fmt.Errorf("record that %s is clean: %w", t.name(), err)
	}
}

func (r *pruneRun) prove(ctx context.Context, t *PruneTarget) (Drained, error) {
	proof, findings := ProveDrained(ctx, r.deps.PD, t.StoreID)
	if !proof.Of(t.StoreID) {
		return proof, Err(VerbPrune, findings)
	}
	return proof, nil
}

// step makes one step, unless there is nothing left to do for it.
func (r *pruneRun) step(ctx context.Context, step *Step, do func(context.Context) (string, error)) StepOutcome {
	o := StepOutcome{Step: *step, Result: StepAlready}
	if !step.Done {
		change := journaled{step: *step, undo: r.plan.targetOf(step), do: do, failed: failedAtPD(r.deps.OutcomeUnknown)}
		if step.Host != "" {
			change.failed = failedAtHost
		}
		o = change.make(ctx, r.deps.Journal)
	}
	r.report(o)
	return o
}

// targetOf is what a later run needs to clean a target that is in no file any
// more: the journal keeps it with every step.
func (p *PrunePlan) targetOf(step *Step) any {
	if step.Kind != StepCleanLater {
		return nil
	}
	for i := range p.Targets {
		if p.Targets[i].StoreID == step.StoreID {
			return p.Targets[i]
		}
	}
	return nil
}

// err sums up: nil, the one error when nothing was changed, else a *PartialError.
func (r *pruneRun) err() error {
	errs := []error{r.late}
	for i := range r.plan.Targets {
		errs = append(errs, r.failed[r.plan.Targets[i].StoreID])
	}
	err := errors.Join(errs...)
	if err == nil {
		return nil
	}
	changed := slices.ContainsFunc(r.outcomes, func(o StepOutcome) bool { return o.Result == StepDone || o.Result == StepUnknown })
	if changed {
		return &PartialError{Verb: VerbPrune, Outcomes: r.outcomes, Err: err}
	}
	return err
}
