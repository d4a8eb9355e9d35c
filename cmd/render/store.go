package render

import (
	"time"

	"ebb/cluster"
	"ebb/decommission"
)

// StoreInfo is what PD says of the store of a node.
type StoreInfo struct {
	ID             cluster.StoreID     `json:"id"`
	Address        string              `json:"address"`
	State          string              `json:"state"`
	NodeState      string              `json:"node_state,omitempty"`
	Leaders        int                 `json:"leaders"`
	Regions        int                 `json:"regions"`
	RegionSizeMiB  int64               `json:"region_size_mib"`
	CapacityBytes  uint64              `json:"capacity_bytes"`
	AvailableBytes uint64              `json:"available_bytes"`
	Version        string              `json:"version,omitempty"`
	Labels         []cluster.Label     `json:"labels,omitempty"`
	LastHeartbeat  *time.Time          `json:"last_heartbeat"`
	HeartbeatAge   *float64            `json:"heartbeat_age_seconds"`
	Leaving        *LeavingInfo        `json:"leaving,omitempty"`
	FormerIDs      []cluster.StoreID   `json:"former_ids,omitempty"`
	Limit          *cluster.StoreLimit `json:"limit,omitempty"`
}

// LeavingInfo is how far a leaving store has come.
type LeavingInfo struct {
	// Fraction is 0..1, absent while nobody knows where it began.
	Fraction         *float64 `json:"fraction"`
	RegionsPerSecond *float64 `json:"regions_per_second"`
	ETASeconds       *float64 `json:"eta_seconds"`
	// Basis names whose figures the rate and the time are: "counted" or "pd".
	Basis string `json:"basis"`
}

func (inv *Inventory) storeInfo(s *cluster.Store) *StoreInfo {
	info := &StoreInfo{
		ID: s.ID, Address: s.Address, State: s.StateName, NodeState: s.NodeState.String(),
		Leaders: s.LeaderCount, Regions: s.RegionCount, RegionSizeMiB: s.RegionSizeMiB,
		CapacityBytes: s.Capacity.Bytes, AvailableBytes: s.Available.Bytes, Version: s.Version, Labels: s.Labels,
	}
	if !s.LastHeartbeat.IsZero() {
		info.LastHeartbeat = &s.LastHeartbeat
	}
	if age, ok := s.HeartbeatAge(inv.Snapshot.ReadAt); ok {
		seconds := age.Seconds()
		info.HeartbeatAge = &seconds
	}
	if limit, ok := inv.Snapshot.Limits[s.ID]; ok {
		info.Limit = &limit
	}
	if w, ok := inv.Leaving[s.ID]; ok {
		info.Leaving = Leaving(&w)
	}
	return info
}

// Leaving prefers a rate that was counted to PD's own, which starts over at a
// change of its leader and is not there before 6.1. How far the store has come is
// at least what either has seen: a watch may have begun late, and so may a leader.
func Leaving(w *decommission.StoreWatch) *LeavingInfo {
	info := &LeavingInfo{Basis: "counted"}
	if done := doneShare(w); done > 0 {
		info.Fraction = &done
	}
	if w.PerSecond > 0 {
		eta := w.ETA.Seconds()
		info.RegionsPerSecond, info.ETASeconds = &w.PerSecond, &eta
	}
	if w.PD == nil || w.PerSecond > 0 {
		return info
	}
	info.Basis = "pd"
	if info.Fraction == nil && w.PD.Fraction == 0 {
		info.Fraction = &w.PD.Fraction
	}
	if w.PD.Left > 0 && w.PD.SpeedMiB > 0 {
		eta := w.PD.Left.Seconds()
		info.ETASeconds = &eta
		if w.RegionSizeMiB > 0 {
			rate := w.PD.SpeedMiB * float64(w.Regions) / float64(w.RegionSizeMiB)
			info.RegionsPerSecond = &rate
		}
	}
	return info
}

// doneShare is the part that has left, as far as anybody has seen: 0..1.
func doneShare(w *decommission.StoreWatch) float64 {
	done := 0.0
	if w.InitialRegions > w.Regions {
		done = float64(w.InitialRegions-w.Regions) / float64(w.InitialRegions)
	}
	if w.PD != nil && w.PD.Fraction <= 1 { // it has been seen above
		done = max(done, w.PD.Fraction)
	}
	return done
}
