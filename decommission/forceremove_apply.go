package decommission

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ebb/cluster"
)

// ForceRemoveDeps are what ApplyForceRemove works with.
type ForceRemoveDeps struct {
	PD interface {
		SnapshotReader
		RegionReader
		ForceDeleter
	}
	// Fence has the journal and the clocks.
	Fence FenceDeps
	// Confirmed are the addresses that were typed, or named with --yes.
	Confirmed map[cluster.StoreID]string
	// Fenced is told of the end of every ladder. It may be nil.
	Fenced         func(FenceReport)
	OutcomeUnknown func(error) bool
	Notify         func(StepOutcome) // may be nil
}

// ApplyForceRemove fences the stores, judges the regions once more, and deletes
// the stores in PD. It ends before the first store is deleted unless each is
// cleared and every region survives without all of them. What is left in the
// topology is removed later, by FinishForceRemove.
func ApplyForceRemove(ctx context.Context, p *ForceRemovePlan, d ForceRemoveDeps) ([]StepOutcome, error) {
	run := &forceRun{plan: p, deps: d}
	targets := p.left()
	for i := range p.Steps {
		if p.Steps[i].Done {
			run.report(StepOutcome{Step: p.Steps[i], Result: StepAlready})
		}
	}
	if len(targets) == 0 {
		return run.outcomes, nil
	}
	if _, err := run.unmoved(ctx); err != nil {
		return nil, err
	}
	cleared, err := run.fence(ctx, targets)
	if err == nil {
		err = run.remove(ctx, targets, cleared)
	}
	return run.end(err)
}

// forceRun is the state of one ApplyForceRemove.
type forceRun struct {
	plan     *ForceRemovePlan
	deps     ForceRemoveDeps
	outcomes []StepOutcome
	changed  bool
}

func (r *forceRun) report(o StepOutcome) {
	r.outcomes = append(r.outcomes, o)
	if r.deps.Notify != nil {
		r.deps.Notify(o)
	}
}

func (r *forceRun) step(kind StepKind, id cluster.StoreID) Step {
	for i := range r.plan.Steps {
		if s := r.plan.Steps[i]; s.Kind == kind && s.StoreID == id {
			return s
		}
	}
	return Step{Kind: kind, StoreID: id}
}

// unmoved reads the cluster again and compares it with that of the plan.
func (r *forceRun) unmoved(ctx context.Context) (*cluster.Snapshot, error) {
	snap, err := r.deps.PD.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: read the cluster again: %w", r.plan.Verb, err)
	}
	return snap, checkUnmoved(&r.plan.Plan, snap)
}

// fence climbs the ladder for all stores and collects what clears them.
func (r *forceRun) fence(ctx context.Context, targets []FenceTarget) (map[cluster.StoreID]Clearance, error) {
	journal := r.deps.Fence.Journal
	for i := range targets {
		if err := journal.Intent(r.step(StepFence, targets[i].StoreID), nil); err != nil {
			return nil, fmt.Errorf("write the journal before fencing: %w", err)
		}
	}
	reports, proofs, err := Fence(ctx, targets, r.deps.Fence)
	errs := []error{err}
	cleared := make(map[cluster.StoreID]Clearance)
	for i := range reports {
		report := &reports[i]
		r.changed = r.changed || report.Changed
		o := StepOutcome{Step: r.step(StepFence, report.StoreID), Result: StepDone, Note: string(report.Verdict)}
		if proof := proofs[report.StoreID]; proof.Clears(report.StoreID) {
			cleared[report.StoreID] = proof
		} else if risk, ok := r.plan.acceptedUnfenced(report, r.deps.Confirmed[report.StoreID]); ok {
			cleared[report.StoreID] = risk
			o.Note += "; the risk was accepted"
			errs = append(errs, r.recordAcceptance(report))
		} else {
			o.Result, o.Err = StepFailed, err // what was cut off is no verdict
			if err == nil {
				o.Err = notCleared(report)
				errs = append(errs, o.Err)
			}
		}
		if r.deps.Fenced != nil {
			r.deps.Fenced(*report)
		}
		errs = append(errs, journal.Outcome(o.Step, o.Result, o.Err))
		r.report(o)
	}
	return cleared, errors.Join(errs...)
}

// notCleared is why a store is not cleared. Somebody may have accepted that
// nobody can tell, and yet PD was not silent all the time.
func notCleared(report *FenceReport) error {
	name := cluster.StoreName(report.StoreID, report.Address)
	if err := report.Err(); err != nil {
		return fmt.Errorf("fence %s: %s: %w", name, report.Verdict, err)
	}
	return fmt.Errorf("fence %s: %s", name, report.Verdict)
}

// recordAcceptance keeps in the journal what was known when the risk was taken.
func (r *forceRun) recordAcceptance(report *FenceReport) error {
	step := Step{Kind: StepAcceptUnfenced, StoreID: report.StoreID}
	journal := r.deps.Fence.Journal
	return errors.Join(journal.Intent(step, report), journal.Outcome(step, StepDone, nil))
}

// remove deletes the cleared stores, after a last look: that PD has not heard
// them, and that the regions still survive without all of them.
func (r *forceRun) remove(ctx context.Context, targets []FenceTarget, cleared map[cluster.StoreID]Clearance) error {
	snap, err := r.unmoved(ctx)
	if err != nil {
		return err
	}
	for i := range targets {
		id := targets[i].StoreID
		if s := snap.Store(id); !s.LastHeartbeat.Equal(cleared[id].lastHeartbeat()) {
			return &MovedError{Verb: r.plan.Verb, Changes: []string{s.String() + " has sent a heartbeat"}}
		}
	}
	set := r.plan.StoreIDs()
	losses, proof := ReadLosses(ctx, r.deps.PD, snap, set)
	if err := Err(r.plan.Verb, losses.findings()); err != nil {
		return err
	}
	for i := range targets {
		if err := r.delete(ctx, &targets[i], set, proof, cleared[targets[i].StoreID]); err != nil {
			return err
		}
	}
	return nil
}

func (r *forceRun) delete(ctx context.Context, t *FenceTarget, set []cluster.StoreID, proof Survivable, c Clearance) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	step := r.step(StepForceDelete, t.StoreID)
	change := journaled{
		step: step, undo: r.plan.undoOf(&step), failed: failedAtPD(r.deps.OutcomeUnknown),
		do: func(ctx context.Context) (string, error) {
			return "", ForceRemove(ctx, r.deps.PD, t.StoreID, set, proof, c)
		},
	}
	o := change.make(ctx, r.deps.Fence.Journal)
	r.changed = r.changed || o.Result != StepFailed
	r.report(o)
	return o.Err
}

// end lists what was not tried, but for the topology, whose turn comes later.
func (r *forceRun) end(err error) ([]StepOutcome, error) {
	if err == nil {
		return r.outcomes, nil
	}
	for _, step := range r.plan.Steps {
		tried := slices.ContainsFunc(r.outcomes, func(o StepOutcome) bool { return o.Step.ID() == step.ID() })
		if !tried {
			r.report(StepOutcome{Step: step, Result: StepLeft})
		}
	}
	if r.changed {
		return r.outcomes, &PartialError{Verb: r.plan.Verb, Outcomes: r.outcomes, Err: err}
	}
	return r.outcomes, err
}
