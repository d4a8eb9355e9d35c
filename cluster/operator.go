package cluster

import (
	"slices"
	"time"
)

// Operator is one scheduling operation of PD on one region. PD prints operators
// as text for people; what could not be understood of it is left zero, Text
// always has all of it.
type Operator struct {
	RegionID RegionID `json:"region_id"`
	// Desc is the kind of work, such as "replace-rule-offline-peer" or
	// "admin-remove-peer".
	Desc string `json:"desc"`
	// Brief is what it does, such as "mv peer: store [4] to [5]".
	Brief string `json:"brief,omitempty"`
	// Kinds are PD's classes: "admin", "region", "leader", "replica", "merge", ...
	Kinds []string    `json:"kinds,omitempty"`
	Epoch RegionEpoch `json:"epoch"`
	// Status is RUNNING, SUCCESS, TIMEOUT, CANCEL, REPLACE, EXPIRED; "" in lists,
	// which do not tell. In records it is SUCCESS, TIMEOUT, or "" for another end.
	Status      string        `json:"status,omitempty"`
	CreatedAt   time.Time     `json:"created_at"`
	StartedAt   time.Time     `json:"started_at"`
	FinishedAt  time.Time     `json:"finished_at"` // records only
	CurrentStep int           `json:"current_step"`
	Steps       []string      `json:"steps,omitempty"`
	Timeout     time.Duration `json:"timeout,omitempty"`
	Text        string        `json:"text"`
}

// IsAdmin reports whether a person or a tool created the operator.
func (o *Operator) IsAdmin() bool { return slices.Contains(o.Kinds, "admin") }
