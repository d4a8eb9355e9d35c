package cmd

import (
	"context"
	"errors"
	"path/filepath"

	"ebb/decommission"
	"ebb/journal"
	"ebb/pdclient"
)

// operation runs a change under the lock of the cluster, with a journal entry
// that begins before its first step and ends after its last.
func (e *Env) operation(clusterID uint64, verb string, plan any, change func(*recorder) error) error {
	release, err := journal.Lock(filepath.Join(e.stateDir(), "journal"), clusterID,
		journal.Holder{Verb: verb, Actor: e.Actor, PID: e.PID, Since: e.Now()})
	if err != nil {
		return err
	}
	defer release()
	op, err := e.journal(clusterID).Begin(verb, e.Args, plan)
	if err != nil {
		return err
	}
	err = change(&recorder{op})
	return errors.Join(err, op.End(exitCodeOf(err).String(), err))
}

// apply makes the steps of a plan.
func (e *Env) apply(ctx context.Context, t *target, p *decommission.Plan, notify func(decommission.StepOutcome)) error {
	return e.operation(p.ClusterID, p.Verb, p, func(j *recorder) error {
		_, err := decommission.Apply(ctx, p, decommission.Deps{
			PD: t.pd, Topology: &offlineMarker{t.file, e.Now}, Journal: j, Notify: notify, OutcomeUnknown: outcomeUnknown,
		})
		return err
	})
}

// outcomeUnknown reports errors after which nobody knows whether PD made a change.
func outcomeUnknown(err error) bool { return errors.Is(err, pdclient.ErrOutcomeUnknown) }

func (e *Env) journal(clusterID uint64) *journal.Journal {
	return journal.Open(filepath.Join(e.stateDir(), "journal"), clusterID, e.Actor, e.Now)
}

// recorder writes the steps of a plan into the journal.
type recorder struct{ op *journal.Operation }

func (r *recorder) Intent(step decommission.Step, undo any) error {
	return r.op.Intent(step.ID(), undo)
}

func (r *recorder) Outcome(step decommission.Step, result decommission.StepResult, err error) error {
	return r.op.Outcome(step.ID(), string(result), err)
}
