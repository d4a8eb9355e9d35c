package cluster

import "time"

// Stores finds stores by id. A missing id is a store that PD has no record of.
type Stores map[StoreID]*Store

// IndexStores makes a Stores of a list. The stores are shared, not copied.
func IndexStores(list []Store) Stores {
	m := make(Stores, len(list))
	for i := range list {
		m[list[i].ID] = &list[i]
	}
	return m
}

// PeerLive reports whether a peer can be counted on for a vote: its store is
// Live, and the region's leader reports it neither as down nor as pending (a
// pending peer cannot acknowledge entries before its snapshot has arrived).
func PeerLive(r *Region, p *Peer, stores Stores, now time.Time) bool {
	return stores[p.StoreID].Live(now) && !r.IsDown(p.ID) && !r.IsPending(p.ID)
}

// Majority is the number of votes that a configuration of n voters needs.
func Majority(n int) int { return n/2 + 1 }

// Half is one of the two voter sets of a joint configuration. A region that is
// not in a joint state has two equal halves.
type Half int

// OldHalf is what the region leaves ({Voter, DemotingVoter}) and NewHalf what
// it enters ({Voter, IncomingVoter}). Raft section 4.3 (Ongaro's thesis): an
// entry commits in a joint configuration only with a majority of both.
const (
	OldHalf Half = iota
	NewHalf
)

// Votes reports whether a role belongs to the half.
func (h Half) Votes(role PeerRole) bool {
	switch role {
	case Voter:
		return true
	case DemotingVoter:
		return h == OldHalf
	case IncomingVoter:
		return h == NewHalf
	}
	return false
}

// QuorumReport is the vote count of one half of a region.
type QuorumReport struct {
	Voters   int `json:"voters"`
	Live     int `json:"live"`
	LiveData int `json:"live_data"` // live voters that hold data, i.e. are no witness
}

// OK reports whether the half can commit and has a peer that may lead.
func (q QuorumReport) OK() bool {
	return q.majority() && q.LiveData > 0
}

func (q QuorumReport) majority() bool { return q.Voters > 0 && q.Live >= Majority(q.Voters) }

// QuorumOf counts the votes of one half, treating every store in lost as gone.
// lost may be nil.
func QuorumOf(r *Region, h Half, stores Stores, lost map[StoreID]bool, now time.Time) QuorumReport {
	return countVotes(r, h, func(p *Peer) bool { return !lost[p.StoreID] && PeerLive(r, p, stores, now) })
}

func countVotes(r *Region, h Half, live func(*Peer) bool) QuorumReport {
	var q QuorumReport
	for i := range r.Peers {
		p := &r.Peers[i]
		if !h.Votes(p.Role) {
			continue
		}
		q.Voters++
		if !live(p) {
			continue
		}
		q.Live++
		if !p.IsWitness {
			q.LiveData++
		}
	}
	return q
}

// HasQuorum reports whether both halves of the region keep a live majority
// when every store in lost is gone. lost may be nil.
func HasQuorum(r *Region, stores Stores, lost map[StoreID]bool, now time.Time) bool {
	return QuorumOf(r, OldHalf, stores, lost, now).OK() &&
		QuorumOf(r, NewHalf, stores, lost, now).OK()
}

// LeaderLive reports whether the region has a leader whose store still sends
// heartbeats. Without one nothing that PD schedules can reach the region.
func LeaderLive(r *Region, stores Stores, now time.Time) bool {
	return r.HasLeader() && r.PeerOn(r.Leader.StoreID) != nil && stores[r.Leader.StoreID].Live(now)
}
