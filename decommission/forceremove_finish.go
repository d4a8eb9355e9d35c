package decommission

import (
	"context"
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
		change := journaled{
			step: step, failed: func(error) StepResult { return StepFailed },
			do: func(ctx context.Context) (string, error) { return removeNodes(ctx, topology, step.Nodes) },
		}
		o := change.make(ctx, journal)
		notify(o)
		if o.Err != nil {
			return o.Err
		}
	}
	return nil
}

// removeNodes notes what was removed, and where the file of before is.
func removeNodes(ctx context.Context, topology NodeRemover, nodes []string) (note string, err error) {
	removed, backup, err := topology.RemoveNodes(ctx, nodes)
	if err != nil || len(removed) == 0 {
		return "", err
	}
	return fmt.Sprintf("%s; backup: %s", strings.Join(removed, ", "), backup), nil
}
