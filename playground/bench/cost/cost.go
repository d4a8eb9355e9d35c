// Package cost is what a command costs.
package cost

import "time"

// Cost is that of a command and of all processes that it waited for.
type Cost struct {
	Wall time.Duration `json:"wall"`
	CPU  time.Duration `json:"cpu"` // user and system
	// PeakKiB is the resident memory of the largest of the processes.
	PeakKiB int64 `json:"peak_kib"`
	Exit    int   `json:"exit"`
}
