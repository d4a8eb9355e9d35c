package cmd

import (
	"context"
	"errors"
	"path/filepath"

	"ebb/decommission"
	"ebb/journal"
	"ebb/pdclient"
)

// apply makes the steps of a plan, under the lock of the cluster and with a
// journal entry that begins before the first step and ends after the last.
func (e *Env) apply(ctx context.Context, t *target, p *decommission.Plan, notify func(decommission.StepOutcome)) error {
	release, err := journal.Lock(filepath.Join(e.stateDir(), "journal"), p.ClusterID,
		journal.Holder{Verb: p.Verb, Actor: e.Actor, PID: e.PID, Since: e.Now()})
	if err != nil {
		return err
	}
	defer release()
	op, err := e.journal(p.ClusterID).Begin(p.Verb, e.Args, p)
	if err != nil {
		return err
	}
	_, err = decommission.Apply(ctx, p, decommission.Deps{
		PD: t.pd, Topology: &offlineMarker{t.file, e.Now}, Journal: &recorder{op}, Notify: notify,
		OutcomeUnknown: func(err error) bool { return errors.Is(err, pdclient.ErrOutcomeUnknown) },
	})
	return errors.Join(err, op.End(exitCodeOf(err).String(), err))
}

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
