package decommission

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// FinishForceRemove takes the nodes out of the topology. It is for stores that
// have come to a good end in PD: the caller has waited for that.
func FinishForceRemove(ctx context.Context, p *ForceRemovePlan, topology NodeRemover, journal Recorder, notify func(StepOutcome)) error {
	for _, step := range p.Steps {
		if step.Kind != StepRemoveFromTopology || step.Done {
			continue
		}
		if err := journal.Intent(step, nil); err != nil {
			return fmt.Errorf("%s: write the journal before the change: %w", step.Text, err)
		}
		o := StepOutcome{Step: step, Result: StepDone}
		removed, backup, err := topology.RemoveNodes(ctx, step.Nodes)
		if o.Err = err; err != nil {
			o.Result = StepFailed
		} else if len(removed) > 0 {
			o.Note = fmt.Sprintf("%s; backup: %s", strings.Join(removed, ", "), backup)
		}
		if err := journal.Outcome(step, o.Result, o.Err); err != nil {
			o.Err = errors.Join(o.Err, fmt.Errorf("%s: write the journal after the change: %w", step.Text, err))
		}
		notify(o)
		if o.Err != nil {
			return o.Err
		}
	}
	return nil
}
