package decommission

import (
	"context"
	"fmt"

	"ebb/cluster"
)

// StepResult is what came of a step.
type StepResult string

// Results of a step.
const (
	StepDone    StepResult = "done"
	StepAlready StepResult = "already" // nothing was left to do
	StepFailed  StepResult = "failed"  // PD or the file said no; nothing changed
	StepUnknown StepResult = "unknown" // sent, but nobody knows whether it was done
	StepLeft    StepResult = "left"    // not tried, because an earlier step failed
)

// StepOutcome is a step and what came of it.
type StepOutcome struct {
	Step   Step       `json:"step"`
	Result StepResult `json:"result"`
	Err    error      `json:"-"`
	Note   string     `json:"note,omitempty"`
}

// PartialError says that some steps of a plan were made and others were not.
type PartialError struct {
	Verb     string
	Outcomes []StepOutcome
	// Err is why the rest was not made.
	Err error
}

func (e *PartialError) Error() string {
	done := 0
	for i := range e.Outcomes {
		if r := e.Outcomes[i].Result; r == StepDone || r == StepAlready {
			done++
		}
	}
	return fmt.Sprintf("%s: %d of %s made, %d left: %v", e.Verb, done, cluster.Plural(len(e.Outcomes), "step"), len(e.Outcomes)-done, e.Err)
}

func (e *PartialError) Unwrap() error { return e.Err }

// Hint says how to go on.
func (e *PartialError) Hint() string {
	return "run the same command again: what is done is skipped, the rest continues"
}

// Deps are what Apply works with.
type Deps struct {
	PD interface {
		SnapshotReader
		StoreWriter
	}
	// Topology is nil when the plan has no step about it.
	Topology OfflineMarker
	Journal  Recorder
	// OutcomeUnknown tells an error after which nobody knows whether PD made the
	// change from one after which it did not.
	OutcomeUnknown func(error) bool
	// Notify is told of every step when it ends. It may be nil.
	Notify func(StepOutcome)
}

// Apply makes the steps of a plan in order, after reading the cluster again
// and refusing with a *MovedError when it is no longer the one of the plan.
// It stops at the first step that fails, and between two steps when the context
// ends: with that error when nothing was changed, else with a *PartialError. A
// step that has begun is seen through, so that its outcome is known.
func Apply(ctx context.Context, p *Plan, d Deps) ([]StepOutcome, error) {
	snap, err := d.PD.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: read the cluster again before the first change: %w", p.Verb, err)
	}
	if err := checkUnmoved(p, snap); err != nil {
		return nil, err
	}
	outcomes := make([]StepOutcome, 0, len(p.Steps))
	changed, failed := false, error(nil)
	for i := range p.Steps {
		o := StepOutcome{Step: p.Steps[i], Result: StepLeft}
		if failed == nil {
			failed = ctx.Err()
		}
		if failed == nil {
			o = applyStep(ctx, p, &p.Steps[i], d)
			failed = o.Err
		}
		changed = changed || o.Result == StepDone || o.Result == StepUnknown
		outcomes = append(outcomes, o)
		if d.Notify != nil {
			d.Notify(o)
		}
	}
	switch {
	case failed == nil:
		return outcomes, nil
	case changed:
		return outcomes, &PartialError{Verb: p.Verb, Outcomes: outcomes, Err: failed}
	}
	return outcomes, failed
}

func applyStep(ctx context.Context, p *Plan, step *Step, d Deps) StepOutcome {
	if step.Done {
		return StepOutcome{Step: *step, Result: StepAlready}
	}
	change := journaled{
		step: *step, undo: p.undoOf(step), failed: failedAtPD(d.OutcomeUnknown),
		do: func(ctx context.Context) (string, error) { return perform(ctx, step, d) },
	}
	return change.make(ctx, d.Journal)
}

// undoOf is what must be known to take the step back later, written down before
// the change is made.
func (p *Plan) undoOf(step *Step) any {
	for i := range p.Stores {
		if s := &p.Stores[i]; s.ID == step.StoreID {
			return UndoRecord{StoreID: s.ID, Address: s.Address, Limit: s.Limit, EvictLeader: s.EvictLeader, State: s.StateName}
		}
	}
	return nil
}

// UndoRecord is the state of a store before the first change to it.
type UndoRecord struct {
	StoreID cluster.StoreID     `json:"store_id"`
	Address string              `json:"address"`
	State   string              `json:"state"`
	Limit   *cluster.StoreLimit `json:"limit,omitempty"`
	// EvictLeader is set when the store was under evict-leader before; it then
	// stays so when the store comes back.
	EvictLeader bool `json:"evict_leader"`
}

func perform(ctx context.Context, step *Step, d Deps) (note string, err error) {
	switch step.Kind {
	case StepDeleteStore:
		return "", d.PD.DeleteStore(ctx, step.StoreID)
	case StepSetUp:
		return "", d.PD.SetStoreUp(ctx, step.StoreID)
	case StepEvictLeader:
		return "", d.PD.AddEvictLeader(ctx, step.StoreID)
	case StepStopEviction:
		return "", d.PD.RemoveEvictLeader(ctx, step.StoreID)
	case StepRestoreLimit:
		return "", restoreLimit(ctx, step, d)
	case StepMarkOffline, StepUnmarkOffline:
		changed, backup, err := d.Topology.MarkOffline(ctx, step.Nodes, step.Kind == StepMarkOffline)
		if err == nil && len(changed) > 0 {
			note = "backup: " + backup
		}
		return note, err
	}
	return "", fmt.Errorf("apply step %s: this version does not know how", step.Kind)
}

// restoreLimit sets only what differs: PD puts the old limit back by itself as
// long as its leader has not changed since the delete (6.1 and later).
func restoreLimit(ctx context.Context, step *Step, d Deps) error {
	snap, err := d.PD.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("read the limits of store %d: %w", step.StoreID, err)
	}
	now, known := snap.Limits[step.StoreID]
	for _, t := range []cluster.LimitType{cluster.AddPeer, cluster.RemovePeer} {
		if known && (now.Rate(t) == step.Limit.Rate(t) || step.Guessed && now.Rate(t) < cluster.LimitUnlimited) {
			continue
		}
		if err := d.PD.SetStoreLimit(ctx, step.StoreID, t, step.Limit.Rate(t)); err != nil {
			return err
		}
	}
	return nil
}
