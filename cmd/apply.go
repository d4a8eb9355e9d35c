package cmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"ebb/decommission"
	"ebb/journal"
	"ebb/pdclient"
	"ebb/topology/file"
)

// operation runs a change under the lock of the cluster, with a journal entry
// that begins before its first step and ends after its last.
func (e *Env) operation(ctx context.Context, t *target, r *reporter, clusterID uint64, verb string, plan any, change func(*recorder) error) error {
	release, err := journal.Lock(e.journalDir(), clusterID,
		journal.Holder{Verb: verb, Actor: e.Actor, PID: e.PID, Since: e.Now()})
	if err != nil {
		return err
	}
	defer release()
	end, err := e.maintenance(ctx, t, r, verb)
	if err != nil {
		return err
	}
	defer end()
	op, err := e.journal(clusterID).Begin(verb, e.Args, plan)
	if err != nil {
		return err
	}
	err = change(&recorder{op})
	return errors.Join(err, op.End(exitCodeOf(err).String(), err))
}

// operationByTopology is operation for a change that was decided from the
// topology, or that edits it: it begins only while the file is what was read.
func (e *Env) operationByTopology(ctx context.Context, t *target, r *reporter, clusterID uint64, verb string, plan any, change func(*recorder) error) error {
	return e.operation(ctx, t, r, clusterID, verb, plan, func(j *recorder) error {
		switch err := t.topologyUnmoved(); {
		case errors.Is(err, file.ErrChanged):
			return &hintedError{fmt.Errorf("%s: nothing was changed: %w", verb, err), "run the command again for a new plan"}
		case err != nil:
			return fmt.Errorf("%s: nothing was changed: %w", verb, err)
		}
		return change(j)
	})
}

// maintenanceType is the type of our tasks in PD's lock for maintenance.
const maintenanceType = "ebb"

// maintenance keeps other machines out as well, where PD has a lock for that. Our
// task is named after this machine: the local lock says that nobody else here
// works on the cluster, so a task of that name was left by a run that was cut off.
func (e *Env) maintenance(ctx context.Context, t *target, r *reporter, verb string) (end func(), err error) {
	_, machine, _ := strings.Cut(e.Actor, "@")
	err = t.pd.StartMaintenance(ctx, maintenanceType, machine, verb+" by "+e.Actor)
	switch {
	case errors.Is(err, pdclient.ErrNotSupported):
		r.once("this PD has no maintenance lock: ebb on another machine is not kept out")
		return func() {}, nil
	case err != nil:
		return nil, err
	}
	return func() {
		// Also after an interrupt; PD's own deadline bounds it.
		if err := t.pd.EndMaintenance(context.WithoutCancel(ctx), maintenanceType, machine); err != nil {
			e.printError(fmt.Errorf("give PD's maintenance lock back: %w", err), ExitFailed, r.out.json())
		}
	}, nil
}

// apply makes the steps of a plan. One that leaves the topology alone does not
// mind what became of it: such are made long after it was read.
func (e *Env) apply(ctx context.Context, t *target, r *reporter, p *decommission.Plan) error {
	operation := e.operation
	if p.EditsTopology() {
		operation = e.operationByTopology
	}
	return operation(ctx, t, r, p.ClusterID, p.Verb, p, func(j *recorder) error {
		_, err := decommission.Apply(ctx, p, decommission.Deps{
			PD: t.pd, Topology: &offlineMarker{t.file, e.Now}, Journal: j, Notify: r.step, OutcomeUnknown: outcomeUnknown,
		})
		return err
	})
}

// outcomeUnknown reports errors after which nobody knows whether PD made a change.
func outcomeUnknown(err error) bool { return errors.Is(err, pdclient.ErrOutcomeUnknown) }

// journalDir holds the journals and the locks of all clusters.
func (e *Env) journalDir() string { return filepath.Join(e.stateDir(), "journal") }

func (e *Env) journal(clusterID uint64) *journal.Journal {
	return journal.Open(e.journalDir(), clusterID, e.Actor, e.Now)
}

// recorder writes the steps of a plan into the journal.
type recorder struct{ op *journal.Operation }

func (r *recorder) Intent(step decommission.Step, undo any) error {
	return r.op.Intent(step.ID(), undo)
}

func (r *recorder) Outcome(step decommission.Step, result decommission.StepResult, err error) error {
	return r.op.Outcome(step.ID(), string(result), err)
}
