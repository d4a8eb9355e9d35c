package cluster

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The model below decides what JudgeLoss decides, from Raft itself and without
// counting: it plays elections. It shares no code with the judge.
//
// A world says which peers really run. The last committed entry lies on some set
// of voters that was a quorum of every half; which one, nobody knows. A region
// survives in a world if, wherever that entry lies, the peers that are left can
// elect one of them that has it and holds data, now and, in a joint state, also
// after it has been left.

// condition is what the test knows of a peer.
type condition int

const (
	running     condition = iota
	named                 // its store is to be written off
	dead                  // another dead store
	unheard               // no heartbeat of its store: may run or not
	reportedBad           // down or pending by the leader's word
	conditions
)

// modelPeer is one peer of the model.
type modelPeer struct {
	role    PeerRole
	witness bool
	is      condition
}

// beats reports whether the voters in yes win against all voters of one half: no
// majority can be formed without them. It tries them all.
func beats(peers []modelPeer, voter func(PeerRole) bool, yes uint) bool {
	pro, contra := 0, 0
	for i, p := range peers {
		switch {
		case !voter(p.role):
		case yes&(1<<i) != 0:
			pro++
		default:
			contra++
		}
	}
	return pro > contra
}

func votesOld(r PeerRole) bool { return r == Voter || r == DemotingVoter }
func votesNew(r PeerRole) bool { return r == Voter || r == IncomingVoter }

// electable reports whether some peer of alive wins an election in which peers
// that hold the entry vote only for peers that hold it too.
func electable(peers []modelPeer, halves []func(PeerRole) bool, alive, holders uint) bool {
candidates:
	for c, p := range peers {
		voter := false
		for _, half := range halves {
			voter = voter || half(p.role)
		}
		if !voter || p.witness || alive&(1<<c) == 0 || holders&(1<<c) == 0 {
			continue
		}
		for _, half := range halves {
			if !beats(peers, half, alive) { // everybody alive votes for a holder
				continue candidates
			}
		}
		return true
	}
	return false
}

// survives plays one world. leader is the index of the leader that is known to
// run, -1 when none is.
func survives(peers []modelPeer, alive uint, leader int) bool {
	joint := []func(PeerRole) bool{votesOld, votesNew}
	for holders := uint(0); holders < 1<<len(peers); holders++ {
		possible := beats(peers, votesOld, holders) && beats(peers, votesNew, holders) &&
			(leader < 0 || holders&(1<<leader) != 0)
		if possible && !electable(peers, joint, alive, holders) {
			return false
		}
	}
	// Leaving the joint state: the leader has brought everybody alive up to date.
	return electable(peers, []func(PeerRole) bool{votesNew}, alive, alive)
}

// worst and best play the worlds in which none or all of the unheard peers run.
// More peers that run never hurt, so these two bound all others.
func worst(peers []modelPeer, leader int) bool {
	return survives(peers, aliveIn(peers, false), leader)
}

func best(peers []modelPeer) bool {
	alive := aliveIn(peers, true)
	for holders := uint(0); holders < 1<<len(peers); holders++ {
		if beats(peers, votesOld, holders) && beats(peers, votesNew, holders) &&
			electable(peers, []func(PeerRole) bool{votesOld, votesNew}, alive, holders) &&
			electable(peers, []func(PeerRole) bool{votesNew}, alive, alive) {
			return true
		}
	}
	return false
}

func aliveIn(peers []modelPeer, unheardRun bool) uint {
	var alive uint
	for i, p := range peers {
		if p.is == running || p.is == unheard && unheardRun {
			alive |= 1 << i
		}
	}
	return alive
}

// modelStores has, for each place in a region, one store for every condition.
func modelStores() (Stores, map[StoreID]bool) {
	stores, lost := make(Stores), make(map[StoreID]bool)
	for place := range 8 {
		for c := range conditions {
			id := modelStore(place, c)
			s := &Store{ID: id, StateName: StateUp, LastHeartbeat: testNow.Add(-time.Second)}
			switch c {
			case named:
				// Named stores are gone, whatever PD hears of them.
				s.LastHeartbeat = []time.Time{testNow, {}, testNow.Add(-time.Hour)}[place%3]
				lost[id] = true
			case dead:
				s.StateName, s.LastHeartbeat = StateDisconnected, testNow.Add(-time.Minute)
			case unheard:
				s.StateName, s.LastHeartbeat = StateDown, time.Time{}
			}
			stores[id] = s
		}
	}
	return stores, lost
}

func modelStore(place int, c condition) StoreID { return StoreID(place*int(conditions) + int(c) + 1) }

func modelRegion(peers []modelPeer, leader int) *Region {
	r := &Region{ID: 1}
	for i, p := range peers {
		peer := Peer{ID: uint64(i + 1), StoreID: modelStore(i, p.is), Role: p.role, IsWitness: p.witness}
		r.Peers = append(r.Peers, peer)
		if p.is == reportedBad && i%2 == 0 {
			r.Down = append(r.Down, DownPeer{Peer: peer})
		} else if p.is == reportedBad {
			r.Pending = append(r.Pending, peer)
		}
		if i == leader {
			r.Leader = peer
		}
	}
	return r
}

// lossProof compares the judge with the model over an enumeration.
type lossProof struct {
	t      *testing.T
	stores Stores
	lost   map[StoreID]bool
	// cases, and how many of each answer.
	cases, yes, no, open, failures atomic.Int64
}

func (l *lossProof) check(peers []modelPeer) {
	for leader := -1; leader < len(peers); leader++ {
		if leader >= 0 && (peers[leader].role == Learner || peers[leader].witness || peers[leader].is == reportedBad) {
			continue // cannot be
		}
		known := leader
		if known >= 0 && peers[known].is != running {
			known = -1
		}
		v := JudgeLoss(modelRegion(peers, leader), l.stores, l.lost, testNow)
		l.cases.Add(1)
		switch v.Answer {
		case Yes:
			l.yes.Add(1)
			if known < 0 || !worst(peers, known) {
				l.fail("unsafe yes", v, peers, leader)
			}
		case No:
			l.no.Add(1)
			if best(peers) {
				l.fail("a no that may survive", v, peers, leader)
			}
		default:
			l.open.Add(1)
			empty := v.Old.Voters == 0 || v.New.Voters == 0 // Raft has no such configuration
			if known >= 0 && worst(peers, known) && !empty {
				l.fail("cannot tell, though it surely survives", v, peers, leader)
			}
		}
	}
}

func (l *lossProof) fail(what string, v LossVerdict, peers []modelPeer, leader int) {
	if l.failures.Add(1) <= 5 {
		l.t.Errorf("%s: verdict %+v, peers (role, witness, condition) %+v, leader %d", what, v, peers, leader)
	}
}

// enumerate checks all multisets of n of the options on top of prefix. The order
// of peers means nothing to Raft.
func (l *lossProof) enumerate(prefix, options []modelPeer, n int) {
	if n == 0 {
		l.check(prefix)
		return
	}
	for i, option := range options {
		l.enumerate(append(slices.Clip(prefix), option), options[i:], n-1)
	}
}

// modelOptions are all peers made of the given roles and conditions.
func modelOptions(roles []PeerRole, witnesses bool, in ...condition) []modelPeer {
	var options []modelPeer
	for _, role := range roles {
		for _, c := range in {
			options = append(options, modelPeer{role: role, is: c})
			if witnesses && role != Learner {
				options = append(options, modelPeer{role: role, witness: true, is: c})
			}
		}
	}
	return options
}

// TestJudgeLossAgainstRaft enumerates small regions: there must be no yes in
// which the region could lose data or stand still, no no in which it could go
// on, and no "cannot tell" in which it surely would.
func TestJudgeLossAgainstRaft(t *testing.T) {
	all := []PeerRole{Voter, Learner, IncomingVoter, DemotingVoter}
	voting := []PeerRole{Voter, IncomingVoter, DemotingVoter}
	l := &lossProof{t: t}
	l.stores, l.lost = modelStores()
	tasks := make(chan func())
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for task := range tasks {
				task()
			}
		})
	}
	spread := func(options []modelPeer, n int) { // one task for each smallest peer
		for i, option := range options {
			tasks <- func() { l.enumerate([]modelPeer{option}, options[i:], n-1) }
		}
	}
	for n := 1; n <= 4; n++ {
		spread(modelOptions(all, true, running, named, dead, unheard, reportedBad), n)
	}
	if !testing.Short() {
		spread(modelOptions(all, true, running, named, dead, unheard, reportedBad), 5)
		// Down, pending and dead weigh the same, so the larger regions do with less:
		// joint states of two times three voters, and five voters with learners.
		spread(modelOptions(voting, true, running, named, unheard), 6)
		spread(modelOptions([]PeerRole{Voter, Learner}, true, running, named, unheard), 6)
		spread(modelOptions([]PeerRole{Voter, Learner}, false, running, named, dead, unheard, reportedBad), 7)
	}
	close(tasks)
	wg.Wait()
	t.Logf("%d cases: %d yes, %d no, %d cannot tell", l.cases.Load(), l.yes.Load(), l.no.Load(), l.open.Load())
	if l.yes.Load() == 0 || l.no.Load() == 0 || l.open.Load() == 0 {
		t.Error("an answer never came up")
	}
}
