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

// pruneHistory reads from the journal which hosts were left to be cleaned later,
// and which stores' hosts are clean.
func (e *Env) pruneHistory(clusterID uint64) (later map[cluster.StoreID]decommission.PruneTarget, cleaned map[cluster.StoreID]bool, err error) {
	records, _, err := e.journal(clusterID).Read()
	if err != nil {
		return nil, nil, err
	}
	later, cleaned = make(map[cluster.StoreID]decommission.PruneTarget), make(map[cluster.StoreID]bool)
	for i := range records {
		r := &records[i]
		if r.Verb != decommission.VerbPrune {
			continue
		}
		var target decommission.PruneTarget
		if r.Kind == journal.Intent && len(r.Undo) > 0 && json.Unmarshal(r.Undo, &target) == nil {
			step := decommission.Step{Kind: decommission.StepCleanLater, StoreID: target.StoreID}
			if r.Step == step.ID() {
				target.Node = "" // the topology no longer has it
				later[target.StoreID] = target
			}
		}
		if r.Kind == journal.Outcome {
			markCleaned(r.Step, later, cleaned)
		}
	}
	return later, cleaned, nil
}

func markCleaned(step string, later map[cluster.StoreID]decommission.PruneTarget, cleaned map[cluster.StoreID]bool) {
	id, ok := decommission.CleanedStore(step)
	if !ok {
		return
	}
	cleaned[id] = true
	delete(later, id)
}

// nodeRemover drops nodes from the topology file.
type nodeRemover struct {
	file *file.File
	now  func() time.Time
}

func (m *nodeRemover) RemoveNodes(_ context.Context, nodes []string) (removed []string, backup string, err error) {
	edited, removed, err := topology.Remove(m.file.Data, nodes)
	if err != nil || len(removed) == 0 {
		return nil, "", err
	}
	backup, err = m.file.Write(edited, m.now())
	return removed, backup, err
}
