package diagnose

import "ebb/cluster"

// FilterOutcome is what a filter says of a store.
type FilterOutcome string

// Outcomes of a filter.
const (
	FilterPass FilterOutcome = "pass"
	FilterFail FilterOutcome = "fail"
	// FilterUnknown: PD did not show what it goes by here.
	FilterUnknown FilterOutcome = "unknown"
)

// FilterResult is one of PD's filters applied to one store.
type FilterResult struct {
	Filter string        `json:"filter"`
	Result FilterOutcome `json:"result"`
	// Temporary filters are about how the store is just now. PD looks at them last,
	// among the best places only: it waits for a good place instead of taking a
	// worse one.
	Temporary bool   `json:"temporary"`
	Sentence  string `json:"sentence"`
}

// Candidate is one store as a place for the peer.
type Candidate struct {
	Store   cluster.StoreID `json:"store_id"`
	Address string          `json:"address"`
	// Eligible is Yes when every filter passes, No when one fails.
	Eligible cluster.Answer `json:"eligible"`
	// Filters are in the order in which PD applies them.
	Filters []FilterResult `json:"filters"`
}

// filter is one of PD's target filters.
type filter uint

// The filters of ReplicaStrategy.SelectStoreToAdd, in its order.
const (
	filterHasPeer filter = iota
	filterLowSpace
	filterSpecialUse
	filterRemoved
	filterRemoving
	filterDown
	filterIsolation
	filterLabel
	// filterBest is no filter of PD but its choice of the best isolated places,
	// which comes before the temporary filters.
	filterBest
	filterDisconnected
	filterBusy
	filterAddLimit
	filterSnapshots
	filterPending
	filterCount
)

var filterNames = [filterCount]string{
	filterHasPeer: "has-peer", filterLowSpace: "low-space", filterSpecialUse: "special-use",
	filterRemoved: "removed", filterRemoving: "removing", filterDown: "down",
	filterIsolation: "isolation", filterLabel: "label-constraint", filterBest: "best-location",
	filterDisconnected: "disconnected", filterBusy: "busy", filterAddLimit: "add-peer-limit",
	filterSnapshots: "snapshots", filterPending: "pending-peers",
}

func (f filter) String() string { return filterNames[f] }

// Filters names all filters in the order in which PD applies them. Which of them
// a candidate lists depends on the rule.
func Filters() []string { return filterNames[:] }

// temporary reports whether PD ignores the filter while it looks for the best
// place.
func (f filter) temporary() bool { return f >= filterDisconnected }

// marks is a set of filters.
type marks uint32

const temporaryMarks = ^marks(1<<filterDisconnected - 1)

// invisibleMarks are the filters by whose input PD keeps to itself, always or in
// some versions. They say when PD moves a region, not whether.
const invisibleMarks = marks(1<<filterAddLimit | 1<<filterPending)

func (m marks) has(f filter) bool     { return m&(1<<f) != 0 }
func (m *marks) add(f filter)         { *m |= 1 << f }
func (m marks) permanent() marks      { return m &^ temporaryMarks }
func (m marks) without(o marks) marks { return m &^ o }

// verdict is what all filters together say of one store as a target.
type verdict struct{ fails, unknown marks }

func (v verdict) eligible() cluster.Answer {
	switch {
	case v.fails != 0:
		return cluster.No
	case v.unknown != 0:
		return cluster.CannotTell
	}
	return cluster.Yes
}

// fits reports that only PD's invisible counters can still hold the store back
// for a while.
func (v verdict) fits() bool { return v.fails == 0 && v.unknown.without(invisibleMarks) == 0 }
