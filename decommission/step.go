package decommission

import (
	"fmt"
	"strconv"
	"strings"

	"ebb/cluster"
)

// StepKind names a kind of change.
type StepKind string

// The changes that scale-in and cancel-offline make.
const (
	StepDeleteStore   StepKind = "delete-store"
	StepEvictLeader   StepKind = "evict-leader"
	StepMarkOffline   StepKind = "mark-offline"
	StepSetUp         StepKind = "set-up"
	StepRestoreLimit  StepKind = "restore-limit"
	StepStopEviction  StepKind = "remove-evict-leader"
	StepUnmarkOffline StepKind = "unmark-offline"
)

const (
	undoOffline  = "ebb cancel-offline, until it is Tombstone"
	undoEviction = "ebb cancel-offline; it is removed by itself when the store is Tombstone"
)

// Step is one change of a plan.
type Step struct {
	Kind    StepKind        `json:"kind"`
	StoreID cluster.StoreID `json:"store_id,omitempty"` // 0 for steps about the topology
	Nodes   []string        `json:"nodes,omitempty"`    // of steps about the topology
	// Text says what the step does, without full stop.
	Text string `json:"text"`
	// Undo says how and until when the step can be taken back.
	Undo string `json:"undo,omitempty"`
	// Done is set when there is nothing left to do for the step.
	Done bool `json:"already_done,omitempty"`
	// Limit is the value that a restore-limit step sets.
	Limit *cluster.StoreLimit `json:"limit,omitempty"`
	// Host, Unit, Path and To are set for steps on a machine: which one, the unit,
	// the file or directory, and its new name when it is renamed. Bytes is its size.
	Host  string `json:"host,omitempty"`
	Unit  string `json:"unit,omitempty"`
	Path  string `json:"path,omitempty"`
	To    string `json:"to,omitempty"`
	Bytes uint64 `json:"bytes,omitempty"`
	// Guessed is set when the old limit is not known and Limit is that of the
	// other stores: it is set only where PD left the store unlimited.
	Guessed bool `json:"guessed,omitempty"`
}

// ParseStepID takes the kind of a step and its store out of an ID, as a journal
// has it. The store is 0 for steps about none.
func ParseStepID(id string) (StepKind, cluster.StoreID) {
	kind, rest, _ := strings.Cut(id, "/")
	number, _, _ := strings.Cut(rest, "/")
	store, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		store = 0 // a path follows
	}
	return StepKind(kind), cluster.StoreID(store)
}

// ID tells the steps of a plan apart.
func (s *Step) ID() string {
	id := string(s.Kind)
	if s.StoreID != 0 {
		id = fmt.Sprintf("%s/%d", id, s.StoreID)
	}
	if s.Unit != "" {
		id += "/" + s.Unit
	}
	return id + s.Path
}
