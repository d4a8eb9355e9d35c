package pdclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ebb/cluster"
)

// looseBool reads true, "true" and "1": PD prints some switches as strings.
type looseBool bool

func (b *looseBool) UnmarshalJSON(data []byte) error {
	v, err := strconv.ParseBool(string(bytes.Trim(data, `"`)))
	if err != nil {
		return fmt.Errorf("want a boolean, got %s", data)
	}
	*b = looseBool(v)
	return nil
}

// looseDuration reads Go's notation, "30m0s".
type looseDuration time.Duration

func (d *looseDuration) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("want a duration, got %s", data)
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("want a duration, got %s", data)
	}
	*d = looseDuration(v)
	return nil
}

// looseList reads a comma-joined string or an array.
type looseList []string

func (l *looseList) UnmarshalJSON(data []byte) error {
	var list []string
	if err := json.Unmarshal(data, &list); err == nil {
		*l = list
		return nil
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("want a list of names, got %s", data)
	}
	for name := range strings.SplitSeq(s, ",") {
		if name = strings.TrimSpace(name); name != "" {
			*l = append(*l, name)
		}
	}
	return nil
}

// ScheduleConfig returns the schedule section. Temporary values (SetConfigTTL)
// are not in it, in any version.
func (c *Client) ScheduleConfig(ctx context.Context) (*cluster.ScheduleConfig, error) {
	var w struct {
		LeaderScheduleLimit     int           `json:"leader-schedule-limit"`
		RegionScheduleLimit     int           `json:"region-schedule-limit"`
		ReplicaScheduleLimit    int           `json:"replica-schedule-limit"`
		MergeScheduleLimit      int           `json:"merge-schedule-limit"`
		HotRegionScheduleLimit  int           `json:"hot-region-schedule-limit"`
		MaxSnapshotCount        int           `json:"max-snapshot-count"`
		MaxPendingPeerCount     int           `json:"max-pending-peer-count"`
		MaxStoreDownTime        looseDuration `json:"max-store-down-time"`
		PatrolRegionInterval    looseDuration `json:"patrol-region-interval"`
		LowSpaceRatio           float64       `json:"low-space-ratio"`
		HighSpaceRatio          float64       `json:"high-space-ratio"`
		ReplaceOfflineReplica   looseBool     `json:"enable-replace-offline-replica"`
		MakeUpReplica           looseBool     `json:"enable-make-up-replica"`
		RemoveExtraReplica      looseBool     `json:"enable-remove-extra-replica"`
		RemoveDownReplica       looseBool     `json:"enable-remove-down-replica"`
		LocationReplacement     looseBool     `json:"enable-location-replacement"`
		HaltScheduling          looseBool     `json:"halt-scheduling"`
		StoreLimitVersion       string        `json:"store-limit-version"`
		EnableJointConsensus    *looseBool    `json:"enable-joint-consensus"`
		PatrolRegionWorkerCount *int          `json:"patrol-region-worker-count"`
	}
	if err := c.readJSON(ctx, get("/config/schedule", nil), &w); err != nil {
		return nil, err
	}
	return &cluster.ScheduleConfig{
		LeaderScheduleLimit:     w.LeaderScheduleLimit,
		RegionScheduleLimit:     w.RegionScheduleLimit,
		ReplicaScheduleLimit:    w.ReplicaScheduleLimit,
		MergeScheduleLimit:      w.MergeScheduleLimit,
		HotRegionScheduleLimit:  w.HotRegionScheduleLimit,
		MaxSnapshotCount:        w.MaxSnapshotCount,
		MaxPendingPeerCount:     w.MaxPendingPeerCount,
		MaxStoreDownTime:        time.Duration(w.MaxStoreDownTime),
		PatrolRegionInterval:    time.Duration(w.PatrolRegionInterval),
		LowSpaceRatio:           w.LowSpaceRatio,
		HighSpaceRatio:          w.HighSpaceRatio,
		ReplaceOfflineReplica:   bool(w.ReplaceOfflineReplica),
		MakeUpReplica:           bool(w.MakeUpReplica),
		RemoveExtraReplica:      bool(w.RemoveExtraReplica),
		RemoveDownReplica:       bool(w.RemoveDownReplica),
		LocationReplacement:     bool(w.LocationReplacement),
		HaltScheduling:          bool(w.HaltScheduling),
		StoreLimitVersion:       w.StoreLimitVersion,
		EnableJointConsensus:    (*bool)(w.EnableJointConsensus),
		PatrolRegionWorkerCount: w.PatrolRegionWorkerCount,
	}, nil
}

// ReplicationConfig returns the replicate section.
func (c *Client) ReplicationConfig(ctx context.Context) (*cluster.ReplicationConfig, error) {
	var w struct {
		MaxReplicas          int       `json:"max-replicas"`
		LocationLabels       looseList `json:"location-labels"`
		IsolationLevel       string    `json:"isolation-level"`
		StrictlyMatchLabel   looseBool `json:"strictly-match-label"`
		EnablePlacementRules looseBool `json:"enable-placement-rules"`
	}
	if err := c.readJSON(ctx, get("/config/replicate", nil), &w); err != nil {
		return nil, err
	}
	return &cluster.ReplicationConfig{
		MaxReplicas:          w.MaxReplicas,
		LocationLabels:       w.LocationLabels,
		IsolationLevel:       w.IsolationLevel,
		StrictlyMatchLabel:   bool(w.StrictlyMatchLabel),
		EnablePlacementRules: bool(w.EnablePlacementRules),
	}, nil
}
