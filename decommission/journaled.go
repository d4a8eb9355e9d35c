package decommission

import (
	"context"
	"errors"
	"fmt"
)

// journaled is a step with what it takes to make it.
type journaled struct {
	step Step
	// undo is what has to be known to take the step back later.
	undo any
	do   func(context.Context) (note string, err error)
	// failed says what an error of do means: StepFailed, or StepUnknown.
	failed func(error) StepResult
}

// make makes the step between its intent and its outcome in the journal. Without
// the intent nothing is done. A step that has begun is seen through, so that its
// outcome is known.
func (j *journaled) make(ctx context.Context, journal Recorder) StepOutcome {
	o := StepOutcome{Step: j.step, Result: StepDone}
	if err := journal.Intent(j.step, j.undo); err != nil {
		o.Result, o.Err = StepFailed, fmt.Errorf("%s: write the journal before the change: %w", j.step.Text, err)
		return o
	}
	if o.Note, o.Err = j.do(context.WithoutCancel(ctx)); o.Err != nil {
		o.Result = j.failed(o.Err)
	}
	if err := journal.Outcome(j.step, o.Result, o.Err); err != nil {
		o.Err = errors.Join(o.Err, fmt.Errorf("%s: write the journal after the change: %w", j.step.Text, err))
	}
	return o
}

// failedAtPD is what an error of a call to PD means.
func failedAtPD(outcomeUnknown func(error) bool) func(error) StepResult {
	return func(err error) StepResult {
		if outcomeUnknown(err) {
			return StepUnknown
		}
		return StepFailed
	}
}

// failedAtHost is what an error of a command on a host means: only one that ended
// has surely not done what was asked.
func failedAtHost(err error) StepResult {
	if commandEnded(err) {
		return StepFailed
	}
	return StepUnknown
}
