package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"time"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/journal"
	"ebb/pdclient"
	"ebb/topology"
	"ebb/topology/file"
)

// deps joins a plan with PD, the topology file and the journal.
func (e *Env) deps(t *target, p *decommission.Plan, notify func(decommission.StepOutcome)) decommission.Deps {
	return decommission.Deps{
		PD: t.pd, Topology: &offlineMarker{t.file, e.Now},
		Journal: &recorder{e.journal(p.ClusterID).Begin(p.Verb)},
		Notify:  notify,
		OutcomeUnknown: func(err error) bool {
			return errors.Is(err, pdclient.ErrOutcomeUnknown)
		},
	}
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

// history finds in the journal what a store was like before its last leaving
// began. Only intents to delete it count: they are written while it is Up.
func (e *Env) history(clusterID uint64) (decommission.History, error) {
	records, _, err := e.journal(clusterID).Read()
	if err != nil {
		return nil, err
	}
	before := make(map[cluster.StoreID]decommission.UndoRecord)
	for i := range records {
		r := &records[i]
		var undo decommission.UndoRecord
		if r.Kind != journal.Intent || r.Verb != decommission.VerbScaleIn || len(r.Undo) == 0 || json.Unmarshal(r.Undo, &undo) != nil {
			continue
		}
		step := decommission.Step{Kind: decommission.StepDeleteStore, StoreID: undo.StoreID}
		if r.Step == step.ID() {
			before[undo.StoreID] = undo
		}
	}
	return func(id cluster.StoreID) (decommission.UndoRecord, bool) {
		undo, ok := before[id]
		return undo, ok
	}, nil
}

// offlineMarker edits tiup's offline flag in the topology file.
type offlineMarker struct {
	file *file.File
	now  func() time.Time
}

func (m *offlineMarker) MarkOffline(_ context.Context, nodes []string, offline bool) (changed []string, backup string, err error) {
	edited, changed, err := topology.SetOffline(m.file.Data, nodes, offline)
	if err != nil || len(changed) == 0 {
		return nil, "", err
	}
	backup, err = m.file.Write(edited, m.now())
	return changed, backup, err
}

// requestOf describes the selected nodes to a plan.
func requestOf(t *target, nodes []topology.Node) decommission.Request {
	req := decommission.Request{NodesMarked: make(map[string]bool)}
	if t.file != nil {
		req.Topology = t.file.Path
	}
	for i := range nodes {
		n := decommission.Target{StoreID: nodes[i].Store.ID}
		if instance := nodes[i].Instance; instance != nil {
			n.Node = instance.ID
			req.NodesMarked[instance.ID] = instance.Offline
		}
		req.Targets = append(req.Targets, n)
	}
	return req
}
