package pdtest

import "ebb/cluster"

// getReplicationStatus always has the part of dr-auto-sync, empty in the other
// mode: omitempty does nothing to a struct.
func (pd *PD) getReplicationStatus(*request) reply {
	r := pd.replication
	if r.Mode == "" {
		r.Mode = "majority"
	}
	return ok(map[string]any{"mode": r.Mode, "dr-auto-sync": map[string]any{"label_key": r.LabelKey, "state": r.State}})
}

// SetReplicationStatus sets the replication mode; the zero value is the one by
// majority.
func (pd *PD) SetReplicationStatus(r cluster.ReplicationStatus) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.replication = r
}
