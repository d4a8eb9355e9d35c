package cluster

import "time"

// RemovalReason says why the peer of a region on some store may be removed, or not.
type RemovalReason string

// Reasons of a RemovalVerdict.
const (
	// RemovalKeepsMajority: the other voters are a live majority of what the region
	// has now, so they commit the change, and go on without it.
	RemovalKeepsMajority RemovalReason = "keeps-majority"

	// RemovalNoPeer: the region has no peer there (any more).
	RemovalNoPeer RemovalReason = "no-peer"
	// RemovalStoreKnown: PD has a record of the store which is not Tombstone. Its
	// peers may serve, and PD moves them away itself once the store is Offline.
	RemovalStoreKnown RemovalReason = "store-known"
	// RemovalJoint: a change of peers is half done. PD refuses another one (5.0 to
	// master).
	RemovalJoint RemovalReason = "joint-state"
	// RemovalIsLeader: PD names the peer as leader. Its word is old, or the process
	// is alive, and then holds the newest data.
	RemovalIsLeader RemovalReason = "leader-is-orphan"
	RemovalNoLeader RemovalReason = "no-leader"
	// RemovalLeaderDead: the leader's store is silent, or the peer is down, pending,
	// a learner or a witness: no operator reaches the region.
	RemovalLeaderDead RemovalReason = "leader-not-live"
	// RemovalNoMajority: too few live voters to commit the change.
	RemovalNoMajority RemovalReason = "no-majority"
	// RemovalNotHeard: it depends on stores that this PD leader has not heard yet.
	RemovalNotHeard RemovalReason = "stores-not-heard"
	// RemovalMalformed: PD's record of the region makes no sense.
	RemovalMalformed RemovalReason = "malformed"
)

// RemovalVerdict says whether one peer may be removed from a region.
type RemovalVerdict struct {
	Answer Answer        `json:"answer"`
	Reason RemovalReason `json:"reason"`
	// Votes counts the voters of the region. The vote of the peer to be removed is
	// among Voters and never among Live.
	Votes QuorumReport `json:"votes"`
}

// JudgeRemoval judges one change of one region: may its peer on a store that is
// gone be removed, so that the change is sure to be committed and the region
// serves on?
//
// The answer is yes only if the store is unknown to PD or Tombstone; the region is
// in no joint state; its leader is a live voter with data and another peer; and
// the live voters without the peer are a majority of all voters with it. PD checks
// none of that (4.0 to master), and TiKV's own check is about the progress of the
// log, not about who lives.
//
// The vote of the peer is not counted even if its process may run: with one voter
// live, one dead and one such "orphan", the first and the last would commit a
// change that leaves the region to the first and the dead one. A majority of the
// old size is also one of the new size, so the region stays writable.
func JudgeRemoval(r *Region, store StoreID, stores Stores, now time.Time) RemovalVerdict {
	p := r.PeerOn(store)
	live := func(other *Peer) bool { return other.StoreID != store && PeerLive(r, other, stores, now) }
	v := RemovalVerdict{Votes: countVotes(r, OldHalf, live)}
	switch {
	case malformed(r):
		v.Reason = RemovalMalformed
	case p == nil:
		v.Answer, v.Reason = No, RemovalNoPeer
	case !stores[store].Gone():
		v.Answer, v.Reason = No, RemovalStoreKnown
	case r.InJointState():
		v.Answer, v.Reason = No, RemovalJoint
	case !r.HasLeader():
		v.Answer, v.Reason = No, RemovalNoLeader
	case r.Leader.StoreID == store:
		v.Answer, v.Reason = No, RemovalIsLeader
	case leaderStays(r, stores, map[StoreID]bool{store: true}, now) && v.Votes.OK():
		v.Answer, v.Reason = Yes, RemovalKeepsMajority
	default:
		v.Answer, v.Reason = shortOfVotes(r, store, stores, now, v.Votes)
	}
	return v
}

// shortOfVotes tells a no from a "not yet": stores that this PD leader has not
// heard since its election may turn out to be live.
func shortOfVotes(r *Region, store StoreID, stores Stores, now time.Time, sure QuorumReport) (Answer, RemovalReason) {
	hopeful := func(p *Peer) bool {
		return p.StoreID != store && mayLive(stores[p.StoreID], now) && !r.IsDown(p.ID) && !r.IsPending(p.ID)
	}
	leader := r.PeerOn(r.Leader.StoreID)
	mayLead := leader != nil && leader.Role == Voter && !leader.IsWitness && hopeful(leader)
	switch {
	case mayLead && countVotes(r, OldHalf, hopeful).OK():
		return CannotTell, RemovalNotHeard
	case !sure.OK():
		return No, RemovalNoMajority
	}
	return No, RemovalLeaderDead
}
