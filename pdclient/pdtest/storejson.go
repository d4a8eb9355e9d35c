package pdtest

import (
	"fmt"
	"time"

	"ebb/cluster"
)

// wireStore prints a store as this version does. PD leaves out zero values of
// the first part, so an Up store has no state.
func (pd *PD) wireStore(s *store) map[string]any {
	meta := map[string]any{
		"id": s.ID, "address": s.Address, "version": s.Version, "state_name": pd.stateName(s),
	}
	last := pd.lastHeartbeat(s)
	putNonZero(meta, "state", int(s.State))
	putNonZero(meta, "peer_address", s.PeerAddress)
	putNonZero(meta, "status_address", s.StatusAddress)
	putNonZero(meta, "deploy_path", s.DeployPath)
	putNonZero(meta, "start_timestamp", s.StartTime.Unix())
	if len(s.Labels) > 0 {
		meta["labels"] = s.Labels
	}
	if !last.IsZero() {
		meta["last_heartbeat"] = last.UnixNano()
	}
	if pd.profile.hasPhysicallyDestroyed() && s.PhysicallyDestroyed {
		meta["physically_destroyed"] = true
	}
	if pd.profile.hasNodeState() {
		putNonZero(meta, "node_state", int(pd.nodeState(s)))
	}
	return map[string]any{"store": meta, "status": pd.wireStatus(s, last)}
}

// nodeState follows the state, except that a store may be Preparing.
func (pd *PD) nodeState(s *store) cluster.NodeState {
	switch {
	case s.State == cluster.Offline:
		return cluster.Removing
	case s.State == cluster.Tombstone:
		return cluster.Removed
	case s.NodeState == cluster.Preparing:
		return cluster.Preparing
	}
	return cluster.Serving
}

func (pd *PD) wireStatus(s *store, last time.Time) map[string]any {
	regions, leaders, size := pd.counts(s)
	status := map[string]any{
		"capacity": humanSize(s.Capacity), "available": humanSize(s.Available), "used_size": humanSize(s.Used),
		"leader_count": leaders, "leader_weight": 1, "leader_score": leaders, "leader_size": s.LeaderSizeMiB,
		"region_count": regions, "region_weight": 1, "region_score": regions, "region_size": size,
	}
	if s.neverBeat {
		status = map[string]any{"leader_count": leaders, "region_count": regions, "leader_weight": 1, "region_weight": 1}
	}
	putNonZero(status, "sending_snap_count", s.SendingSnapCount)
	putNonZero(status, "receiving_snap_count", s.ReceivingSnapCount)
	putNonZero(status, "applying_snap_count", s.ApplyingSnapCount)
	putNonZero(status, "slow_score", s.SlowScore)
	if s.IsBusy {
		status["is_busy"] = true
	}
	if pd.profile.hasLearnerCount() {
		putNonZero(status, "learner_count", s.LearnerCount)
	}
	if pd.profile.hasPatrolWorkers() { // 8.5, as pending_peer_count
		putNonZero(status, "pending_peer_count", s.PendingPeerCount)
	}
	if !last.IsZero() {
		status["start_ts"] = s.StartTime.Format(time.RFC3339)
		status["last_heartbeat_ts"] = last.Format(time.RFC3339Nano)
		status["uptime"] = last.Sub(s.StartTime).String()
	}
	return status
}

func putNonZero[T comparable](m map[string]any, name string, v T) {
	var zero T
	if v != zero {
		m[name] = v
	}
}

// humanSize prints as docker/go-units.BytesSize: four significant digits and a
// binary unit.
func humanSize(s cluster.Size) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	f, i := float64(s.Bytes), 0
	for f >= 1024 && i < len(units)-1 {
		f /= 1024
		i++
	}
	return fmt.Sprintf("%.4g%s", f, units[i])
}
