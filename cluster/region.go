package cluster

import "strconv"

// RegionID is a region's id. 0 means "none".
type RegionID uint64

func (id RegionID) String() string { return strconv.FormatUint(uint64(id), 10) }

// PeerRole is metapb.PeerRole as a number: 0 voter, 1 learner, 2 incoming voter, 3
// demoting voter.
type PeerRole int

// The roles of metapb.PeerRole. IncomingVoter and DemotingVoter exist only
// while a region is in a joint configuration (PD and TiKV 5.0 and later).
const (
	Voter PeerRole = iota
	Learner
	IncomingVoter
	DemotingVoter
)

func (r PeerRole) String() string {
	switch r {
	case Voter:
		return "Voter"
	case Learner:
		return "Learner"
	case IncomingVoter:
		return "IncomingVoter"
	case DemotingVoter:
		return "DemotingVoter"
	}
	return "PeerRole(" + strconv.Itoa(int(r)) + ")"
}

// Peer is one copy of a region on one store.
type Peer struct {
	ID        uint64   `json:"id"`
	StoreID   StoreID  `json:"store_id"`
	Role      PeerRole `json:"role"`
	IsWitness bool     `json:"is_witness,omitempty"` // votes, holds no data (6.5 and later)
}

// DownPeer is a peer whose leader has not heard from it for DownSeconds.
// TiKV reports it only after max-peer-down-duration (10 min by default).
type DownPeer struct {
	Peer        Peer   `json:"peer"`
	DownSeconds uint64 `json:"down_seconds"`
}

// RegionEpoch counts the changes of a region: ConfVer those of its peers,
// Version those of its key range.
type RegionEpoch struct {
	ConfVer uint64 `json:"conf_ver"`
	Version uint64 `json:"version"`
}

// Region is a key range and its peers, as its leader last told PD. PD has no
// time of that report: a region without leader keeps its last one for ever.
type Region struct {
	ID RegionID `json:"id"`
	// StartKey and EndKey are raw bytes (PD sends them as hex). An empty EndKey
	// is the end of the key space.
	StartKey []byte      `json:"start_key"`
	EndKey   []byte      `json:"end_key"`
	Epoch    RegionEpoch `json:"epoch"`
	Peers    []Peer      `json:"peers"`
	// Leader has StoreID 0 when PD knows of no leader.
	Leader  Peer       `json:"leader"`
	Down    []DownPeer `json:"down_peers,omitempty"`
	Pending []Peer     `json:"pending_peers,omitempty"`
	// ApproximateSizeMiB is 0 until the first heartbeat after a PD restart.
	ApproximateSizeMiB int64 `json:"approximate_size_mib"`
	ApproximateKeys    int64 `json:"approximate_keys"`
}

// HasLeader reports whether PD knows a leader. It is no sign of health: PD
// keeps the last known leader of a region that went silent.
func (r *Region) HasLeader() bool { return r.Leader.StoreID != 0 }

// PeerOn returns the peer on a store, or nil.
func (r *Region) PeerOn(id StoreID) *Peer {
	for i := range r.Peers {
		if r.Peers[i].StoreID == id {
			return &r.Peers[i]
		}
	}
	return nil
}

// InJointState reports whether a configuration change is half done.
func (r *Region) InJointState() bool {
	for i := range r.Peers {
		if role := r.Peers[i].Role; role == IncomingVoter || role == DemotingVoter {
			return true
		}
	}
	return false
}

// IsDown reports whether the leader reported the peer as down.
func (r *Region) IsDown(peerID uint64) bool {
	for i := range r.Down {
		if r.Down[i].Peer.ID == peerID {
			return true
		}
	}
	return false
}

// IsPending reports whether the peer still waits for a snapshot or log.
func (r *Region) IsPending(peerID uint64) bool {
	for i := range r.Pending {
		if r.Pending[i].ID == peerID {
			return true
		}
	}
	return false
}
