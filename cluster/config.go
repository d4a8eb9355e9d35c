package cluster

import "time"

// ScheduleConfig is the part of PD's schedule section that decides whether and
// how fast a store leaves. A pointer is nil when this PD does not have the key.
type ScheduleConfig struct {
	LeaderScheduleLimit     int           `json:"leader_schedule_limit"`
	RegionScheduleLimit     int           `json:"region_schedule_limit"`
	ReplicaScheduleLimit    int           `json:"replica_schedule_limit"`
	MergeScheduleLimit      int           `json:"merge_schedule_limit"`
	HotRegionScheduleLimit  int           `json:"hot_region_schedule_limit"`
	MaxSnapshotCount        int           `json:"max_snapshot_count"`
	MaxPendingPeerCount     int           `json:"max_pending_peer_count"`
	MaxStoreDownTime        time.Duration `json:"max_store_down_time"`
	PatrolRegionInterval    time.Duration `json:"patrol_region_interval"`
	LowSpaceRatio           float64       `json:"low_space_ratio"`
	HighSpaceRatio          float64       `json:"high_space_ratio"`
	ReplaceOfflineReplica   bool          `json:"enable_replace_offline_replica"`
	MakeUpReplica           bool          `json:"enable_make_up_replica"`
	RemoveExtraReplica      bool          `json:"enable_remove_extra_replica"`
	RemoveDownReplica       bool          `json:"enable_remove_down_replica"`
	LocationReplacement     bool          `json:"enable_location_replacement"`
	HaltScheduling          bool          `json:"halt_scheduling"` // 7.2 and later, false before
	StoreLimitVersion       string        `json:"store_limit_version,omitempty"`
	EnableJointConsensus    *bool         `json:"enable_joint_consensus,omitempty"`     // 5.0 and later
	PatrolRegionWorkerCount *int          `json:"patrol_region_worker_count,omitempty"` // 8.5 and later
}

// ReplicationConfig is PD's replicate section.
type ReplicationConfig struct {
	MaxReplicas          int      `json:"max_replicas"`
	LocationLabels       []string `json:"location_labels"`
	IsolationLevel       string   `json:"isolation_level"`
	StrictlyMatchLabel   bool     `json:"strictly_match_label"`
	EnablePlacementRules bool     `json:"enable_placement_rules"`
}

// DefaultRule is the rule that max-replicas, location-labels and isolation-level
// amount to. PD's replica checker works by it where placement rules are off.
func (c *ReplicationConfig) DefaultRule() Rule {
	return Rule{
		GroupID: "pd", ID: "default", Role: RoleVoter, Count: c.MaxReplicas,
		LocationLabels: c.LocationLabels, IsolationLevel: c.IsolationLevel,
	}
}
