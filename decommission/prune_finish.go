package decommission

import (
	"context"
	"errors"
	"fmt"
)

// finish edits the topology for the targets that are clean, and then removes
// PD's records if that touches nobody else.
func (r *pruneRun) finish(ctx context.Context) {
	for i := range r.plan.Steps {
		step := &r.plan.Steps[i]
		switch {
		case step.StoreID != 0:
			continue
		case r.late != nil || ctx.Err() != nil:
			r.late = errors.Join(r.late, ctx.Err())
			r.report(StepOutcome{Step: *step, Result: StepLeft})
		case step.Kind == StepRemoveFromTopology:
			r.removeNodes(ctx, step)
		case step.Kind == StepRemoveTombstone:
			r.removeRecords(ctx, step)
		}
	}
}

func (r *pruneRun) removeNodes(ctx context.Context, step *Step) {
	clean := *step
	clean.Nodes = nil
	for i := range r.plan.Targets {
		if t := &r.plan.Targets[i]; t.Node != "" && r.failed[t.StoreID] == nil {
			clean.Nodes = append(clean.Nodes, t.Node)
		}
	}
	if len(clean.Nodes) == 0 {
		r.report(StepOutcome{Step: *step, Result: StepLeft})
		return
	}
	o := r.step(ctx, &clean, func(ctx context.Context) (string, error) {
		return removeNodes(ctx, r.deps.Topology, clean.Nodes)
	})
	r.late = o.Err
}

func (r *pruneRun) removeRecords(ctx context.Context, step *Step) {
	if len(r.failed) > 0 {
		r.report(StepOutcome{Step: *step, Result: StepLeft, Note: "not all hosts are clean"})
		return
	}
	// Deleting may have taken hours: other stores may have become Tombstone since.
	stores, _, err := r.deps.PD.Stores(ctx)
	if err != nil {
		r.late = fmt.Errorf("read the stores before their records go: %w", err)
		r.report(StepOutcome{Step: *step, Result: StepLeft, Err: r.late})
		return
	}
	if others := otherTombstones(stores, r.plan.Targets, r.plan.cleaned); len(others) > 0 {
		r.report(StepOutcome{Step: *step, Result: StepLeft, Note: "there are others by now: " + storeNames(others)})
		return
	}
	o := r.step(ctx, step, func(ctx context.Context) (string, error) { return "", r.deps.PD.RemoveTombstones(ctx) })
	r.late = o.Err
}
