package cluster

import "time"

// Answer is a yes, a no, or that nobody can tell. The zero value is CannotTell,
// so that what forgets to answer is never taken for a yes.
type Answer int

// The three answers.
const (
	CannotTell Answer = iota
	Yes
	No
)

func (a Answer) String() string {
	switch a {
	case Yes:
		return "yes"
	case No:
		return "no"
	}
	return "cannot tell"
}

// MarshalText writes the answer by name.
func (a Answer) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// LossReason says why a region bears the loss of some stores, or does not.
type LossReason string

// Reasons of a LossVerdict.
const (
	LossKeepsMajority LossReason = "keeps-majority"
	// LossLearnersOnly: only learners are lost; they have no vote.
	LossLearnersOnly LossReason = "learners-only"

	LossNoMajority    LossReason = "no-majority"
	LossNoOldMajority LossReason = "no-old-majority" // of a joint configuration
	LossNoNewMajority LossReason = "no-new-majority" // of a joint configuration
	LossOnlyWitnesses LossReason = "only-witnesses"  // votes are left, but nobody with data to lead

	// LossNotHeard: it depends on stores that this PD leader has not heard yet.
	LossNotHeard LossReason = "stores-not-heard"
	// LossLeaderGone: a majority seems to be left, but the region has no leader on
	// a live store that stays. What PD knows of it then dates from before.
	LossLeaderGone LossReason = "leader-gone"
	// LossMalformed: PD's record of the region makes no sense.
	LossMalformed LossReason = "malformed"
)

// LossVerdict says whether a region bears the loss of some stores for good.
type LossVerdict struct {
	Answer Answer     `json:"answer"`
	Reason LossReason `json:"reason"`
	Joint  bool       `json:"joint,omitempty"`
	// Old and New count the votes that are surely left in each half. The halves
	// are equal where the region is not in a joint state.
	Old QuorumReport `json:"old"`
	New QuorumReport `json:"new"`
	// LastTiFlash: the last live TiFlash replica of the region goes too. Raft does
	// not mind; queries do.
	LastTiFlash bool `json:"last_tiflash,omitempty"`
}

// JudgeLoss judges one region: may every store in lost be written off, so that
// the others, of which only the live ones count, still commit and lead?
//
// The answer is yes only if in each half of the configuration a majority of the
// voters is live and stays, one that holds data is left in the half that remains
// after a joint state, and the leader is among those that stay. The leader matters
// for two reasons. PD knows a region from its leader alone, so without one its list
// of peers may be old. And a majority of votes is not enough where there are
// witnesses: if the last entries are on a lost peer and a witness only, the peer
// with data that is left cannot win an election. A leader has all entries.
//
// Stores that PD does not know, that are Tombstone or destroyed, Disconnected or
// Down count as dead, whether they are in lost or not. Where the answer depends
// on stores of which this PD leader has no heartbeat at all, nobody can tell.
func JudgeLoss(r *Region, stores Stores, lost map[StoreID]bool, now time.Time) LossVerdict {
	v := LossVerdict{
		Joint: r.InJointState(), LastTiFlash: losesTiFlash(r, stores, lost, now),
		Old: QuorumOf(r, OldHalf, stores, lost, now),
	}
	if v.New = v.Old; v.Joint {
		v.New = QuorumOf(r, NewHalf, stores, lost, now)
	}
	if malformed(r) || v.Old.Voters == 0 || v.New.Voters == 0 {
		v.Reason = LossMalformed
		return v
	}
	if survivesIn(v.Old, v.New) {
		v.Answer, v.Reason = Yes, LossKeepsMajority
		switch {
		case !leaderStays(r, stores, lost, now):
			v.Answer, v.Reason = CannotTell, LossLeaderGone
		case !losesVoter(r, lost):
			v.Reason = LossLearnersOnly
		}
		return v
	}
	hopeful := func(p *Peer) bool {
		return !lost[p.StoreID] && mayLive(stores[p.StoreID], now) && !r.IsDown(p.ID) && !r.IsPending(p.ID)
	}
	oldBest, newBest := countVotes(r, OldHalf, hopeful), countVotes(r, NewHalf, hopeful)
	if survivesIn(oldBest, newBest) {
		v.Reason = LossNotHeard
		return v
	}
	v.Answer, v.Reason = No, shortage(v.Joint, oldBest, newBest)
	return v
}

// survivesIn reports whether what is left can commit in both halves, and can
// lead once the old one is left behind. A joint state is always left towards
// the new half; until then a peer of either half may lead.
func survivesIn(before, after QuorumReport) bool { return before.majority() && after.OK() }

// shortage names what a region lacks that does not survive.
func shortage(joint bool, before, after QuorumReport) LossReason {
	switch {
	case before.majority() && after.majority():
		return LossOnlyWitnesses
	case !joint:
		return LossNoMajority
	case before.majority():
		return LossNoNewMajority
	}
	return LossNoOldMajority
}

// malformed reports records that cannot come from a healthy PD: a peer on no store,
// two peers on one, or a role that this program does not know.
func malformed(r *Region) bool {
	for i := range r.Peers {
		p := &r.Peers[i]
		// The first peer on its store is p itself, or there are two.
		if p.StoreID == 0 || r.PeerOn(p.StoreID) != p || p.Role < Voter || p.Role > DemotingVoter {
			return true
		}
	}
	return false
}

// leaderStays reports whether a voter with data that is live and not lost leads
// the region.
func leaderStays(r *Region, stores Stores, lost map[StoreID]bool, now time.Time) bool {
	p := r.PeerOn(r.Leader.StoreID)
	return p != nil && p.Role != Learner && !p.IsWitness && !lost[p.StoreID] && PeerLive(r, p, stores, now)
}

func losesVoter(r *Region, lost map[StoreID]bool) bool {
	for i := range r.Peers {
		if lost[r.Peers[i].StoreID] && r.Peers[i].Role != Learner {
			return true
		}
	}
	return false
}

// losesTiFlash reports whether a TiFlash replica is lost and no live one stays.
func losesTiFlash(r *Region, stores Stores, lost map[StoreID]bool, now time.Time) bool {
	loses := false
	for i := range r.Peers {
		p := &r.Peers[i]
		s := stores[p.StoreID]
		switch {
		case p.Role != Learner || s == nil || s.Engine() != TiFlash:
		case lost[p.StoreID]:
			loses = true
		case PeerLive(r, p, stores, now):
			return false
		}
	}
	return loses
}

// mayLive also counts a store that may turn out to be live: one of which this PD
// leader has no heartbeat, or one by another clock. PD calls such a store Down.
func mayLive(s *Store, now time.Time) bool {
	if s == nil || s.State == Tombstone || s.PhysicallyDestroyed {
		return false
	}
	_, known := s.HeartbeatAge(now)
	return !known || s.Live(now)
}
