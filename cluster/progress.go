package cluster

import "time"

// Progress is PD's own estimate for a store that leaves (6.1 and later). PD
// refreshes it every 10 s, forgets it when its leader changes, and right after
// a DELETE still answers with the action "preparing"; so it is only ever shown
// beside numbers that were counted.
type Progress struct {
	Action string `json:"action"` // "removing" or "preparing"
	// Fraction is 0..1 by region size.
	Fraction float64 `json:"progress"`
	// SpeedMiB is MiB per second.
	SpeedMiB float64 `json:"speed_mib"`
	// Left is negative when PD does not know.
	Left time.Duration `json:"left"`
}

// ActionRemoving is the only action whose numbers say anything about leaving.
const ActionRemoving = "removing"
