package cluster

import "math/bits"

// The model below decides what JudgeRemoval decides, by playing it out on sets of
// processes. It shares no code with the judge and knows nothing of stores,
// heartbeats or the formula; only of Raft.
//
// The change is fine if, whichever of the doubtful processes run while it is under
// way, it is committed without the vote of the removed peer; and if afterwards,
// whichever of them run then, and wherever what has been committed lies, those
// that run elect a leader that has all of it, and nobody else can.

// fate is what may be true of a peer's process.
type fate uint8

const (
	runs   fate = iota // it certainly runs and acknowledges
	mayRun             // nobody knows: it may wake up or stay dead, at any moment
	silent             // as mayRun, but because PD's leader has not heard anyone there yet
)

// voice is one peer as Raft sees it.
type voice struct {
	role    PeerRole
	witness bool
	fate    fate
}

// set is a set of the peers of a region, by their places.
type set uint

func (s set) has(i int) bool { return s&(1<<i) != 0 }

// wins reports whether yes is a majority of voters: more than are against it.
func wins(yes, voters set) bool {
	return bits.OnesCount(uint(yes&voters)) > bits.OnesCount(uint(voters&^yes))
}

// supersets calls yield for every set between lower and upper until it says no.
func supersets(lower, upper set, yield func(set) bool) bool {
	free := upper &^ lower
	for extra := free; ; extra = (extra - 1) & free {
		if !yield(lower | extra) {
			return false
		}
		if extra == 0 {
			return true
		}
	}
}

// worlds are the sets of processes that may turn out to run.
type worlds struct {
	voters, data     set // who votes; who holds data
	certain, all     set
	incoming, demote set
}

func worldsOf(peers []voice, silentRun bool) worlds {
	var w worlds
	for i, p := range peers {
		bit := set(1) << i
		w.all |= bit
		switch p.role {
		case Voter:
			w.voters |= bit
		case IncomingVoter:
			w.incoming |= bit
		case DemotingVoter:
			w.demote |= bit
		}
		if !p.witness {
			w.data |= bit
		}
		if p.fate == runs || p.fate == silent && silentRun {
			w.certain |= bit
		}
	}
	return w
}

// fine plays the removal of a peer. leader is the place of the peer that PD takes
// for the leader, negative if that is none of them. silentRun plays the best case
// for what has not been heard, instead of the worst.
func fine(peers []voice, leader, victim int, silentRun bool) bool {
	w := worldsOf(peers, silentRun)
	switch {
	case w.incoming|w.demote != 0:
		return false // one change at a time
	case leader < 0 || !w.certain.has(leader) || !w.voters.has(leader) || !w.data.has(leader):
		return false // nobody whom PD can reach, or nobody who can be leader
	case leader == victim:
		return false // a leader cannot be removed
	}
	gone := set(1) << victim
	rest := w.voters &^ gone
	// PD makes one change of it, or two by way of a joint state, in which both
	// configurations must agree. That is the same as the old one, then the new one.
	return supersets(w.certain, w.all, func(now set) bool {
		return wins(now&^gone, w.voters) && wins(now&^gone, rest)
	}) && supersets(set(1)<<leader, w.voters, func(holders set) bool {
		// Committed before: it lies on some majority of the old voters.
		return !wins(holders, w.voters) || goesOn(w, rest, holders)
	}) && supersets(set(1)<<leader, rest, func(holders set) bool {
		// Committed after: those who have not heard of the change, the removed peer
		// among them, must not form a majority of the old voters.
		return !wins(holders, rest) || goesOn(w, rest, holders) && !wins(w.all&^holders, w.voters)
	})
}

// goesOn reports whether in each world somebody who holds data and everything
// committed wins an election, and those who lack some of it can win none.
func goesOn(w worlds, voters, holders set) bool {
	return supersets(w.certain, w.all, func(now set) bool {
		candidates := now & voters & holders & w.data
		return candidates != 0 && wins(now, voters) && !wins(now&^holders, voters)
	})
}

// tolerance is how many of those that certainly run may fail, whichever they are,
// before the voters have no majority; -1 if they have none now.
func tolerance(certain, voters set) int {
	least := -1
	for failed := 0; failed <= bits.OnesCount(uint(certain&voters)); failed++ {
		if !supersets(0, certain&voters, func(down set) bool {
			return bits.OnesCount(uint(down)) != failed || wins(certain&^down, voters)
		}) {
			break
		}
		least = failed
	}
	return least
}
