package cluster

import (
	"slices"
	"strings"
)

// KeyRange is a range of raw keys; an empty End is the end of the key space.
type KeyRange struct {
	Start []byte `json:"start_key"`
	End   []byte `json:"end_key"`
}

// RegionLabel is a label that a RegionLabelRule puts on regions.
type RegionLabel struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	// TTL is Go's notation of a duration from StartAt on, "" for a permanent label.
	TTL     string `json:"ttl,omitempty"`
	StartAt string `json:"start_at,omitempty"`
}

// RegionLabelRule labels the regions of some key ranges (PD 5.3 and later).
type RegionLabelRule struct {
	ID       string        `json:"id"`
	Index    int           `json:"index"`
	Labels   []RegionLabel `json:"labels"`
	RuleType string        `json:"rule_type"`
	// Ranges is empty for rule types other than "key-range".
	Ranges []KeyRange `json:"ranges,omitempty"`
}

// DeniesScheduling reports whether the rule keeps PD from scheduling its regions
// (label schedule=deny), which backup and import tools set for a while.
func (r *RegionLabelRule) DeniesScheduling() bool {
	return slices.ContainsFunc(r.Labels, func(l RegionLabel) bool {
		return l.Key == "schedule" && strings.EqualFold(l.Value, "deny")
	})
}
