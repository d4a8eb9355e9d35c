package cmd

import (
	"context"
	"encoding/json"
	"time"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/journal"
	"ebb/topology"
	"ebb/topology/file"
)

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
