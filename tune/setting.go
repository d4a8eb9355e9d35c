package tune

import (
	"strconv"
	"strings"
	"time"

	"ebb/cluster"
)

// Setting names a thing in PD that decides how fast regions move.
type Setting string

// The settings that profiles change. Those of the configuration are named as PD
// names them.
const (
	ReplicaScheduleLimit Setting = "schedule.replica-schedule-limit"
	MaxSnapshotCount     Setting = "schedule.max-snapshot-count"
	MaxPendingPeerCount  Setting = "schedule.max-pending-peer-count"
	PatrolRegionInterval Setting = "schedule.patrol-region-interval"
	// AddPeer and RemovePeer are limits of one store, in peers a minute.
	AddPeer    Setting = "add-peer"
	RemovePeer Setting = "remove-peer"
	// EvictLeader is whether a store is under the evict-leader scheduler.
	EvictLeader Setting = "evict-leader"
)

// configSettings are those of the whole cluster, in the order in which they are
// shown and changed.
var configSettings = []Setting{ReplicaScheduleLimit, MaxSnapshotCount, MaxPendingPeerCount, PatrolRegionInterval}

// isConfig reports a setting of the whole cluster.
func (s Setting) isConfig() bool { return strings.HasPrefix(string(s), "schedule.") }

// isLimit reports a store limit.
func (s Setting) isLimit() bool { return s == AddPeer || s == RemovePeer }

// Item is one value in PD: a setting of the cluster, or of one store.
type Item struct {
	Setting Setting         `json:"setting"`
	StoreID cluster.StoreID `json:"store_id,omitempty"` // 0 for settings of the cluster
}

// String is the name of the item in journals: "add-peer/4".
func (i Item) String() string {
	if i.StoreID == 0 {
		return string(i.Setting)
	}
	return string(i.Setting) + "/" + i.StoreID.String()
}

// Value is a value in the form in which it is compared: "64", "10ms", "on". ""
// is a value that is not known.
type Value string

// The values of EvictLeader.
const (
	On  Value = "on"
	Off Value = "off"
)

func number(n float64) Value { return Value(strconv.FormatFloat(n, 'f', -1, 64)) }

// float is the number of a number, and the milliseconds of an interval.
func (v Value) float() (float64, bool) {
	if n, err := strconv.ParseFloat(string(v), 64); err == nil {
		return n, true
	}
	if d, err := time.ParseDuration(string(v)); err == nil {
		return float64(d) / float64(time.Millisecond), true
	}
	return 0, false
}

// wire is the value as PD's API takes it: numbers as such, the rest as text.
func (v Value) wire() any {
	if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
		return n
	}
	return string(v)
}

// fasterOrSame reports whether PD is at least as fast with a as with b. A value
// that cannot be compared is as fast as anything, so it is left alone.
func (s Setting) fasterOrSame(a, b Value) bool {
	if a == b {
		return true
	}
	if s == EvictLeader {
		return a == On
	}
	x, known := a.float()
	y, alsoKnown := b.float()
	switch {
	case !known || !alsoKnown:
		return true
	case s == PatrolRegionInterval:
		return x <= y
	case s == MaxPendingPeerCount && x == 0: // PendingPeerCountFilter: 0 is off
		return true
	case s == MaxPendingPeerCount && y == 0:
		return false
	case s.isLimit() && x >= cluster.LimitUnlimited:
		return true
	}
	return x >= y
}
