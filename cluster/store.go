package cluster

import (
	"strconv"
	"strings"
	"time"
)

// StoreID is the id that PD gave to a TiKV or TiFlash store. 0 means "none".
type StoreID uint64

func (id StoreID) String() string { return strconv.FormatUint(uint64(id), 10) }

// StoreState is metapb.StoreState, the part of a store's life that PD persists.
type StoreState int

// The three states of metapb.StoreState (kvproto, unchanged since 4.0).
const (
	Up StoreState = iota
	Offline
	Tombstone
)

func (s StoreState) String() string {
	switch s {
	case Up:
		return "Up"
	case Offline:
		return "Offline"
	case Tombstone:
		return "Tombstone"
	}
	return "StoreState(" + strconv.Itoa(int(s)) + ")"
}

// State names which PD computes for a store that is Up. They are not persisted
// and never shown for an Offline store, however dead it is (PD 4.0 to master).
const (
	StateUp           = "Up"
	StateDisconnected = "Disconnected" // Up, last heartbeat more than 20 s ago
	StateDown         = "Down"         // Up, silent for more than max-store-down-time
	StateOffline      = "Offline"
	StateTombstone    = "Tombstone"
)

// NodeState is metapb.NodeState (PD 6.0 and later).
type NodeState int

// NodeStateUnknown stands for PDs before 6.0, which do not report a node state.
const (
	NodeStateUnknown NodeState = iota - 1
	Preparing
	Serving
	Removing
	Removed
)

func (s NodeState) String() string {
	switch s {
	case Preparing:
		return "Preparing"
	case Serving:
		return "Serving"
	case Removing:
		return "Removing"
	case Removed:
		return "Removed"
	}
	return ""
}

// Label is one key=value pair of a store.
type Label struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// DisconnectedAfter is the silence after which PD calls an Up store
// Disconnected: storeDisconnectDuration, 20 s in PD 4.0 to master.
const DisconnectedAfter = 20 * time.Second

// SlowStoreScore is the slow score, of 1 to 100, from which TiKV calls itself slow
// and PD's evict-slow-store scheduler acts on it (5.2 and later).
const SlowStoreScore = 80

// Store is one TiKV or TiFlash store as PD reports it.
type Store struct {
	ID            StoreID `json:"id"`
	Address       string  `json:"address"`
	PeerAddress   string  `json:"peer_address,omitempty"`
	StatusAddress string  `json:"status_address,omitempty"`
	DeployPath    string  `json:"deploy_path,omitempty"`
	Version       string  `json:"version,omitempty"`
	Labels        []Label `json:"labels,omitempty"`

	State StoreState `json:"state"`
	// StateName is PD's own word, kept as sent; see the State constants.
	StateName string    `json:"state_name"`
	NodeState NodeState `json:"node_state"`
	// PhysicallyDestroyed is set by a forced delete (PD 5.0 and later) and
	// cannot be taken back.
	PhysicallyDestroyed bool `json:"physically_destroyed,omitempty"`

	// StartTime is the start of the store's process; zero when PD does not know.
	StartTime time.Time `json:"start_time"`
	// LastHeartbeat is zero when the store never sent one to this PD.
	LastHeartbeat time.Time `json:"last_heartbeat"`

	// Capacity, Available and Used are rounded by PD; see Size.
	Capacity  Size `json:"capacity"`
	Available Size `json:"available"`
	Used      Size `json:"used"`

	LeaderCount int `json:"leader_count"`
	RegionCount int `json:"region_count"`
	// LeaderSizeMiB and RegionSizeMiB are sums of approximate region sizes.
	LeaderSizeMiB int64 `json:"leader_size_mib"`
	RegionSizeMiB int64 `json:"region_size_mib"`
	// LearnerCount is reported by PD 7.1 and later, else 0.
	LearnerCount     int `json:"learner_count,omitempty"`
	PendingPeerCount int `json:"pending_peer_count,omitempty"`

	IsBusy             bool `json:"is_busy,omitempty"`
	SlowScore          int  `json:"slow_score,omitempty"`
	SendingSnapCount   int  `json:"sending_snap_count,omitempty"`
	ReceivingSnapCount int  `json:"receiving_snap_count,omitempty"`
	ApplyingSnapCount  int  `json:"applying_snap_count,omitempty"`
}

// Label returns the value of a label, "" when the store does not have it. Keys
// are compared without case, as PD's StoreInfo.GetLabelValue does.
func (s *Store) Label(key string) string {
	for _, l := range s.Labels {
		if strings.EqualFold(l.Key, key) {
			return l.Value
		}
	}
	return ""
}

// Engine names what a store runs.
type Engine string

// Engines. TiFlashCompute nodes hold no region (disaggregated TiFlash).
const (
	TiKV           Engine = "tikv"
	TiFlash        Engine = "tiflash"
	TiFlashCompute Engine = "tiflash_compute"
)

// EngineLabel is the store label that tells TiFlash from TiKV. TiKV stores do
// not carry it.
const EngineLabel = "engine"

// Engine tells what the store runs, from its engine label.
func (s *Store) Engine() Engine {
	switch s.Label(EngineLabel) {
	case "tiflash":
		return TiFlash
	case "tiflash_compute":
		return TiFlashCompute
	}
	return TiKV
}

// HeartbeatAge is the time since the last heartbeat at the instant now, which
// must come from PD's clock. ok is false when the store never sent one, and
// when the heartbeat lies in the future of now by more than a second, which
// means that two clocks were mixed: in both cases the age is not known.
func (s *Store) HeartbeatAge(now time.Time) (age time.Duration, ok bool) {
	if s.LastHeartbeat.IsZero() {
		return 0, false
	}
	age = now.Sub(s.LastHeartbeat)
	switch {
	case age < -time.Second-clockResolution:
		return 0, false
	case age < 0:
		return 0, true
	}
	return age, true
}

// clockResolution is the granularity of the HTTP Date header (one second),
// which is the only reading of PD's clock that PD gives.
const clockResolution = time.Second

// Live reports whether the store can be counted on for a vote: PD knows it, it
// is Up or Offline (an Offline store still serves), it is not marked as
// destroyed, and it sent a heartbeat within DisconnectedAfter.
func (s *Store) Live(now time.Time) bool {
	if s == nil || s.State == Tombstone || s.PhysicallyDestroyed {
		return false
	}
	// PD measures with a finer clock than the one it shows us, so its own word
	// comes up to a second earlier.
	if s.StateName == StateDisconnected || s.StateName == StateDown {
		return false
	}
	age, ok := s.HeartbeatAge(now)
	return ok && age <= DisconnectedAfter
}

// Gone reports whether PD has no record of the store, which is nil, or calls it
// Tombstone. A peer that a region still has there is an orphan.
func (s *Store) Gone() bool { return s == nil || s.State == Tombstone }

// Leaving reports whether PD is moving the store's regions away.
func (s *Store) Leaving() bool { return s.State == Offline }
