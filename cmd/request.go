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
// began. Only intents to delete it count: they are written while it is Up. One
// that a cancel-offline has seen to its end is over: when another tool takes the
// store out later, what it was like long ago is no way back.
func (e *Env) history(clusterID uint64) (decommission.History, error) {
	records, _, err := e.journal(clusterID).Read()
	if err != nil {
		return nil, err
	}
	before := make(map[cluster.StoreID]decommission.UndoRecord)
	back, over := make(map[string][]cluster.StoreID), make(map[cluster.StoreID]bool) // back is by operation
	for i := range records {
		r := &records[i]
		if r.Verb == decommission.VerbCancelOffline {
			switch id, ok := decommission.ReturnedStore(r.Step); {
			case r.Kind == journal.Outcome && ok:
				back[r.Operation] = append(back[r.Operation], id)
			case r.Kind == journal.End && r.Result == ExitDone.String():
				for _, id := range back[r.Operation] {
					over[id] = true
				}
			}
			continue
		}
		var undo decommission.UndoRecord
		if r.Kind != journal.Intent || r.Verb != decommission.VerbScaleIn || len(r.Undo) == 0 || json.Unmarshal(r.Undo, &undo) != nil {
			continue
		}
		step := decommission.Step{Kind: decommission.StepDeleteStore, StoreID: undo.StoreID}
		if r.Step == step.ID() {
			before[undo.StoreID], over[undo.StoreID] = undo, false
		}
	}
	return func(id cluster.StoreID) (decommission.UndoRecord, bool) {
		undo, ok := before[id]
		return undo, ok && !over[id]
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
