package cluster

// ReplicationStatus is PD's replication mode and how far it has come.
type ReplicationStatus struct {
	// Mode is "majority", or "dr-auto-sync" for two data centres.
	Mode string `json:"mode"`
	// State is that of dr-auto-sync: "sync", "async_wait", "async", "sync_recover";
	// "" in the other mode.
	State string `json:"state,omitempty"`
	// LabelKey is the store label that tells the data centres apart.
	LabelKey string `json:"label_key,omitempty"`
}
