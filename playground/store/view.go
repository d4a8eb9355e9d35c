package store

import (
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/pingcap/kvproto/pkg/metapb"
)

// StoreState is the truth about one simulated store.
type StoreState struct {
	ID uint64 `json:"id"`
	Spec
	Address       string `json:"address"` // as registered with PD
	StatusAddress string `json:"status_address"`
	Running       bool   `json:"running"`
	Forgotten     bool   `json:"forgotten,omitempty"`
	Regions       int    `json:"regions"` // peers here
	Leaders       int    `json:"leaders"`
	Used          uint64 `json:"used"` // bytes

	SendingSnapshots   int `json:"sending_snapshots"`
	ReceivingSnapshots int `json:"receiving_snapshots"`
	ApplyingSnapshots  int `json:"applying_snapshots"`

	SlowFactor      float64 `json:"slow_factor"`
	SlowScore       uint64  `json:"slow_score"`
	Busy            bool    `json:"busy,omitempty"`
	IgnoreOperators bool    `json:"ignore_operators,omitempty"`
	// LastError is PD's latest refusal, such as "store is tombstone"; it is
	// empty again after the next accepted heartbeat.
	LastError string `json:"last_error,omitempty"`
}

// RegionState is the truth about one region; PD's view may be older.
type RegionState struct {
	ID       uint64 `json:"id"`
	StartKey string `json:"start_key"` // upper-case hex, as PD prints it
	EndKey   string `json:"end_key"`
	Table    int64  `json:"table,omitempty"`
	ConfVer  uint64 `json:"conf_ver"`
	Version  uint64 `json:"version"`
	Term     uint64 `json:"term"`
	SizeMiB  int64  `json:"size_mib"`
	// LeaderStore is 0 when the region has no leader.
	LeaderStore uint64 `json:"leader_store"`
	// Majority says whether the group can commit: a majority of voters, in both
	// halves of a joint configuration, run and hold the log.
	Majority   bool        `json:"majority"`
	Joint      bool        `json:"joint,omitempty"`
	JointStuck bool        `json:"joint_stuck,omitempty"`
	Muted      bool        `json:"muted,omitempty"`
	Peers      []PeerState `json:"peers"`
}

// PeerState is the truth about one replica.
type PeerState struct {
	ID    uint64 `json:"id"`
	Store uint64 `json:"store"`
	Role  string `json:"role"` // PD's role_name: Voter, Learner, IncomingVoter, DemotingVoter
	// Alive: the process behind it runs and the peer is not lost.
	Alive   bool `json:"alive"`
	Pending bool `json:"pending,omitempty"`
	// Votes: alive and not pending, and no learner.
	Votes bool `json:"votes"`
	// Orphan: on a store id that PD had no record of when the peer was made.
	Orphan bool `json:"orphan,omitempty"`
}

// RegionFilter selects regions; zero fields select all.
type RegionFilter struct {
	Store      uint64 // with a peer on this store
	ID         uint64
	NoMajority bool // only regions that cannot commit
	Limit      int
}

// Stores returns all stores by id, those stopped or forgotten included.
func (f *Fleet) Stores() []StoreState {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]StoreState, 0, len(f.sim.stores))
	for _, s := range f.sim.stores {
		out = append(out, s.state())
	}
	slices.SortFunc(out, func(a, b StoreState) int { return int(a.ID) - int(b.ID) })
	return out
}

// Store returns one store.
func (f *Fleet) Store(id uint64) (StoreState, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.member(id)
	if err != nil {
		return StoreState{}, err
	}
	return s.state(), nil
}

// Regions returns the regions that pass the filter, in key order.
func (f *Fleet) Regions(filter RegionFilter) []RegionState {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []RegionState{}
	if filter.ID != 0 {
		if r := f.sim.regions[filter.ID]; r != nil {
			out = append(out, f.sim.regionState(r))
		}
		return out
	}
	for _, r := range f.sim.sorted() {
		if filter.Limit > 0 && len(out) >= filter.Limit {
			break
		}
		if filter.Store != 0 && peerOnStore(r.peers, filter.Store) < 0 || filter.NoMajority && f.sim.canCommit(r) {
			continue
		}
		out = append(out, f.sim.regionState(r))
	}
	return out
}

func (s *member) state() StoreState {
	return StoreState{
		ID: s.id, Spec: s.spec, Address: s.spec.address(), StatusAddress: s.spec.statusAddress(),
		Running: s.running, Forgotten: s.forgotten, Regions: s.peers, Leaders: len(s.led), Used: s.used(),
		SendingSnapshots: s.sending, ReceivingSnapshots: s.receiving, ApplyingSnapshots: s.applying,
		SlowFactor: s.slowFactor, SlowScore: s.slowScore, Busy: s.busy, IgnoreOperators: s.ignore, LastError: s.lastError,
	}
}

func (m *sim) regionState(r *region) RegionState {
	st := RegionState{
		ID: r.id, StartKey: hexKey(r.start), EndKey: hexKey(r.end), Table: tableOf(r.start),
		ConfVer: r.confVer, Version: r.version, Term: r.term, SizeMiB: r.size,
		Majority: m.canCommit(r), Joint: isJoint(r.peers), JointStuck: r.jointStuck, Muted: r.muted,
	}
	if lead := r.leaderPeer(); lead != nil {
		st.LeaderStore = lead.store
	}
	for _, p := range r.peers {
		_, ghost := m.ghosts[p.store]
		st.Peers = append(st.Peers, PeerState{
			ID: p.id, Store: p.store, Role: p.role.String(), Alive: m.responds(p), Pending: p.pending,
			Votes: m.votes(p) && p.role != metapb.PeerRole_Learner, Orphan: ghost,
		})
	}
	return st
}

func hexKey(key []byte) string { return strings.ToUpper(hex.EncodeToString(key)) }

func (s Spec) address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

func (s Spec) statusAddress() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.StatusPort)) }

func (s Spec) peerAddress() string {
	if s.Engine != TiFlash {
		return s.address()
	}
	return net.JoinHostPort(s.Host, strconv.Itoa(s.PeerPort))
}

// baseSize is what an empty store uses, in MiB.
const baseSize = 64

// used is what a store reports as occupied, never more than it has.
func (s *member) used() uint64 {
	return min(uint64(s.size+s.ballast+baseSize)<<20, s.spec.Capacity)
}

func (f *Fleet) member(id uint64) (*member, error) {
	if s := f.sim.stores[id]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("find store %d: %w", id, ErrNotFound)
}

func (f *Fleet) region(id uint64) (*region, error) {
	if r := f.sim.regions[id]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("find region %d: %w", id, ErrNotFound)
}
