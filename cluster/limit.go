package cluster

// LimitUnlimited is the rate that PD treats as no limit. PD itself sets it as
// the remove-peer limit of a store that goes Offline (4.0 to master).
const LimitUnlimited = 1e8

// LimitType is one of the two per-store limits.
type LimitType string

// The limit types of POST /store/{id}/limit.
const (
	AddPeer    LimitType = "add-peer"
	RemovePeer LimitType = "remove-peer"
)

// StoreLimit is how many peers a minute PD adds to and removes from a store.
type StoreLimit struct {
	AddPeer    float64 `json:"add-peer"`    // per minute
	RemovePeer float64 `json:"remove-peer"` // per minute
}

// Rate returns the limit of one type.
func (l StoreLimit) Rate(t LimitType) float64 {
	if t == AddPeer {
		return l.AddPeer
	}
	return l.RemovePeer
}

// DefaultStoreLimit is the limit that PD gives a new store of the engine (4.0 to
// master).
func DefaultStoreLimit(engine Engine) StoreLimit {
	if engine == TiFlash {
		return StoreLimit{AddPeer: 30, RemovePeer: 30}
	}
	return StoreLimit{AddPeer: 15, RemovePeer: 15}
}

// A region counts against the limits of a store by its size: not at all up to
// EmptyRegionMiB, a fifth up to SmallRegionMiB, else as one
// (core.EmptyRegionApproximateSize, storelimit.SmallRegionThreshold, PD 4.0 to
// master).
const (
	EmptyRegionMiB = 1
	SmallRegionMiB = 20
)

// StoreLimits holds the limits of each store that PD lists. A store without an
// entry has the default, which PD does not show.
type StoreLimits map[StoreID]StoreLimit
