package cluster

// MaintenanceTask is what PD says of the one maintenance task that may run in a
// cluster (PD 8.5.5 and master, RFC 0118).
type MaintenanceTask struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	Description string `json:"description"`
}
