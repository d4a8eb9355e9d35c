package cluster

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// modelState is what PD shows of a peer.
type modelState int

const (
	isLive modelState = iota
	isDisconnected
	isDown
	isPending
	isOrphan // of a store that PD does not know
	isTombstone
	isUnheard
	modelStates
)

func (s modelState) gone() bool { return s == isOrphan || s == isTombstone }

func (s modelState) fate() fate {
	switch s {
	case isLive:
		return runs
	case isUnheard:
		return silent
	}
	return mayRun
}

// shown is one peer as PD shows it.
type shown struct {
	role    PeerRole
	witness bool
	state   modelState
}

// shownStores has a store for each place in a region and each state. The ways in
// which PD shows the same thing take turns.
func shownStores() Stores {
	ago := func(d time.Duration) time.Time { return testNow.Add(-d) }
	faces := map[modelState][]Store{
		isLive: {
			{StateName: StateUp, LastHeartbeat: ago(time.Second)},
			{State: Offline, StateName: StateOffline, LastHeartbeat: ago(DisconnectedAfter)},
		},
		isDisconnected: {
			{StateName: StateDisconnected, LastHeartbeat: ago(DisconnectedAfter)},
			{State: Offline, StateName: StateOffline, LastHeartbeat: ago(DisconnectedAfter + time.Second)},
			{State: Offline, StateName: StateOffline, LastHeartbeat: testNow, PhysicallyDestroyed: true},
			{State: Offline, StateName: StateOffline, PhysicallyDestroyed: true},
		},
		isDown: {
			{StateName: StateUp, LastHeartbeat: testNow}, // down by the leader's word, as the third
			{StateName: StateDown, LastHeartbeat: ago(time.Hour)},
			{StateName: StateDown},
		},
		isPending: {{StateName: StateUp, LastHeartbeat: testNow}, {StateName: StateDown}},
		isTombstone: {
			{State: Tombstone, StateName: StateTombstone, LastHeartbeat: testNow},
			{State: Tombstone, StateName: StateTombstone},
		},
		isUnheard: {
			{StateName: StateDown},
			{State: Offline, StateName: StateOffline},
			{StateName: StateUp, LastHeartbeat: testNow.Add(time.Hour)}, // by another clock
		},
	}
	stores := make(Stores)
	for place := range 8 {
		for state, list := range faces {
			s := list[place%len(list)]
			s.ID = shownStore(place, state)
			stores[s.ID] = &s
		}
	}
	return stores
}

func shownStore(place int, s modelState) StoreID { return StoreID(place*int(modelStates) + int(s) + 1) }

// shownRegion is the region without its leader.
func shownRegion(peers []shown) *Region {
	r := &Region{ID: 1}
	for i, p := range peers {
		peer := Peer{ID: uint64(i + 1), StoreID: shownStore(i, p.state), Role: p.role, IsWitness: p.witness}
		r.Peers = append(r.Peers, peer)
		switch {
		case p.state == isDown && i%3 != 1:
			r.Down = append(r.Down, DownPeer{Peer: peer})
		case p.state == isPending:
			r.Pending = append(r.Pending, peer)
		}
	}
	return r
}

// shownOptions are all peers of the given roles and states.
func shownOptions(roles []PeerRole, witnesses bool, in ...modelState) []shown {
	var options []shown
	for _, role := range roles {
		for _, s := range in {
			options = append(options, shown{role: role, state: s})
			if witnesses {
				options = append(options, shown{role: role, witness: true, state: s})
			}
		}
	}
	return options
}

// multisets calls yield with all multisets of n of the options on top of prefix:
// to Raft, and to the judge, the order of peers means nothing.
func multisets(prefix, options []shown, n int, yield func([]shown)) {
	if n == 0 {
		yield(prefix)
		return
	}
	for i, option := range options {
		multisets(append(slices.Clip(prefix), option), options[i:], n-1, yield)
	}
}

// space is a set of regions: up to so many voters and learners of these kinds.
type space struct {
	voters, learners   []shown
	most, mostLearners int
}

// TestJudgeRemovalAgainstRaft enumerates regions, leaders and peers to remove, and
// compares the judge with the model. EBB_EXHAUSTIVE=1 takes everything up to five
// voters and two learners, which takes some 20 minutes of processor time.
func TestJudgeRemovalAgainstRaft(t *testing.T) {
	voting := []PeerRole{Voter, IncomingVoter, DemotingVoter}
	all := []modelState{isLive, isDisconnected, isDown, isPending, isOrphan, isTombstone, isUnheard}
	few := []modelState{isLive, isOrphan, isUnheard}
	learners := shownOptions([]PeerRole{Learner}, false, all...)
	fewLearners := shownOptions([]PeerRole{Learner}, false, few...)
	var spaces []space
	switch {
	case os.Getenv("EBB_EXHAUSTIVE") != "":
		spaces = []space{{shownOptions(voting, true, all...), learners, 5, 2}}
	case testing.Short():
		spaces = []space{
			{shownOptions(voting, true, all...), learners, 2, 1},
			{shownOptions([]PeerRole{Voter}, true, all...), fewLearners, 4, 1},
		}
	default:
		spaces = []space{
			// All that is no joint state; and of those a part, since they differ by it alone.
			{shownOptions([]PeerRole{Voter}, true, all...), learners, 5, 2},
			{shownOptions(voting, true, all...), learners, 3, 1},
			{shownOptions(voting, false, all...), learners, 4, 1},
			{shownOptions(voting, true, few...), fewLearners, 4, 2},
			{shownOptions(voting, false, few...), fewLearners, 5, 1},
		}
	}
	proof := newRemovalProof(t)
	tasks := make(chan func(*removalRun))
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		run := proof.newRun()
		wg.Go(func() {
			for task := range tasks {
				task(run)
			}
			mu.Lock()
			defer mu.Unlock()
			proof.add(run.removalCount)
		})
	}
	for _, s := range spaces {
		for n := range s.mostLearners + 1 {
			multisets(nil, s.learners, n, func(learners []shown) {
				for n := range s.most + 1 {
					tasks <- func(run *removalRun) { multisets(learners, s.voters, n, run.check) }
				}
			})
		}
	}
	close(tasks)
	wg.Wait()
	proof.report()
}

// allowedRefusals are the reasons for which the judge may refuse what Raft would
// bear, and why. Any other such refusal fails the test, and so does any at all of
// what is an orphan.
var allowedRefusals = map[RemovalReason]string{
	RemovalStoreKnown: "no orphan: PD moves the peers of a store that it knows itself, and never below the majority",
}

// removalProof compares the judge with the model over an enumeration.
type removalProof struct {
	t      *testing.T
	stores Stores
	total  removalCount
}

// removalCount counts cases.
type removalCount struct {
	regions, cases, failures int
	verdicts                 map[Answer]map[RemovalReason]int
	refusals                 map[RemovalReason]int
	sequences                int
}

// removalRun is the part of the proof that one goroutine does.
type removalRun struct {
	*removalProof
	removalCount
	known map[uint64][2]bool // what the model said, in the worst and in the best case
}

func newRemovalProof(t *testing.T) *removalProof {
	return &removalProof{t: t, stores: shownStores(), total: newRemovalCount()}
}

func newRemovalCount() removalCount {
	return removalCount{
		verdicts: map[Answer]map[RemovalReason]int{Yes: {}, No: {}, CannotTell: {}},
		refusals: make(map[RemovalReason]int),
	}
}

func (p *removalProof) newRun() *removalRun {
	return &removalRun{removalProof: p, removalCount: newRemovalCount(), known: make(map[uint64][2]bool)}
}

// add takes over what a run counted, after it has ended.
func (p *removalProof) add(c removalCount) {
	p.total.regions += c.regions
	p.total.cases += c.cases
	p.total.sequences += c.sequences
	for answer, reasons := range c.verdicts {
		for reason, n := range reasons {
			p.total.verdicts[answer][reason] += n
		}
	}
	for reason, n := range c.refusals {
		p.total.refusals[reason] += n
	}
}

func (p *removalProof) report() {
	p.t.Logf("%d regions, %d cases, %d sequences", p.total.regions, p.total.cases, p.total.sequences)
	for _, expect := range []struct {
		answer  Answer
		reasons []RemovalReason
	}{
		{Yes, []RemovalReason{RemovalKeepsMajority}},
		{No, []RemovalReason{
			RemovalStoreKnown, RemovalJoint, RemovalIsLeader, RemovalNoLeader, RemovalLeaderDead, RemovalNoMajority,
		}},
		{CannotTell, []RemovalReason{RemovalNotHeard}},
	} {
		got := p.total.verdicts[expect.answer]
		p.t.Logf("%v: %v", expect.answer, got)
		if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, slices.Sorted(slices.Values(expect.reasons))) {
			p.t.Errorf("reasons for %v: %v, want all of %v and no other", expect.answer, keys, expect.reasons)
		}
	}
	p.t.Logf("refused though Raft would bear it: %v", p.total.refusals)
}

// voices is what Raft knows of the peers.
func voices(peers []shown) []voice {
	list := make([]voice, len(peers))
	for i, p := range peers {
		list[i] = voice{p.role, p.witness, p.state.fate()}
	}
	return list
}

// model asks the model for the worst and for the best case. It remembers, since
// many states of PD are one to Raft.
func (run *removalRun) model(peers []shown, leader, victim int) (worst, best bool) {
	key := uint64(victim)<<4 | uint64(leader+2) // -2 is the least
	for _, p := range peers {
		key = key<<5 | uint64(p.role)<<3 | uint64(p.state.fate())<<1
		if p.witness {
			key |= 1
		}
	}
	key = key<<4 | uint64(len(peers))
	answer, ok := run.known[key]
	if !ok {
		list := voices(peers)
		answer = [2]bool{fine(list, leader, victim, false), fine(list, leader, victim, true)}
		run.known[key] = answer
	}
	return answer[0], answer[1]
}

// check takes one region through all leaders and all peers to remove. Of equal
// peers one stands for the others, but for the leader.
func (run *removalRun) check(peers []shown) {
	if len(peers) == 0 {
		return
	}
	run.regions++
	r := shownRegion(peers)
	for leader := noPeer; leader < len(peers); leader++ {
		switch {
		case leader == noPeer:
			r.Leader = Peer{ID: 99, StoreID: shownStore(7, isLive)} // of a live store
		case leader == noLeader:
			r.Leader = Peer{}
		case first(peers, leader, noLeader) != leader:
			continue
		default:
			r.Leader = r.Peers[leader]
		}
		for victim := range peers {
			if first(peers, victim, leader) == victim {
				run.compare(r, peers, leader, victim)
			}
		}
	}
}

// Leaders that are none of the peers.
const (
	noPeer   = -2
	noLeader = -1
)

// first is the first peer that equals the one at i, leaving out the leader.
func first(peers []shown, i, leader int) int {
	for j := range i {
		if peers[j] == peers[i] && j != leader && i != leader {
			return j
		}
	}
	return i
}

func (run *removalRun) compare(r *Region, peers []shown, leader, victim int) {
	run.cases++
	v := JudgeRemoval(r, r.Peers[victim].StoreID, run.stores, testNow)
	run.verdicts[v.Answer][v.Reason]++
	worst, best := run.model(peers, leader, victim)
	say := func(what string) { run.fail(what, v, peers, leader, victim) }
	if want := wantVotes(peers, victim); v.Votes != want {
		say("votes miscounted")
	}
	switch v.Answer {
	case Yes:
		w := worldsOf(voices(peers), false)
		gone := set(1) << victim
		switch {
		case !worst:
			say("unsafe yes")
		case !peers[victim].state.gone():
			say("yes for the peer of a store that PD knows")
		case tolerance(w.certain&^gone, w.voters&^gone) < tolerance(w.certain&^gone, w.voters):
			say("yes, though the region then bears fewer failures")
		}
		run.sequence(r, peers, leader, victim)
	case No:
		if best {
			run.refusals[v.Reason]++
			if allowedRefusals[v.Reason] == "" || peers[victim].state.gone() {
				say("a no, though it may be fine")
			}
		}
	default:
		switch {
		case worst:
			run.refusals[v.Reason]++
			say("nobody can tell, though it surely is fine")
		case !best:
			say("nobody can tell, though it surely is not fine")
		}
	}
}

func wantVotes(peers []shown, victim int) QuorumReport {
	var q QuorumReport
	for i, p := range peers {
		if p.role != Voter && p.role != DemotingVoter {
			continue
		}
		q.Voters++
		if p.state == isLive && i != victim {
			q.Live++
			if !p.witness {
				q.LiveData++
			}
		}
	}
	return q
}

// sequence goes on after a yes: the peer is gone, and each other orphan is judged
// as the region then is. All of them may go, in every order, and what is left has
// a live majority.
func (run *removalRun) sequence(r *Region, peers []shown, leader, victim int) {
	run.sequences++
	left := append(append([]shown(nil), peers[:victim]...), peers[victim+1:]...)
	next := *r
	next.Peers = append(append([]Peer(nil), r.Peers[:victim]...), r.Peers[victim+1:]...)
	if leader > victim {
		leader--
	}
	more := false
	for i, p := range left {
		if !p.state.gone() {
			continue
		}
		more = true
		v := JudgeRemoval(&next, next.Peers[i].StoreID, run.stores, testNow)
		if worst, _ := run.model(left, leader, i); v.Answer != Yes || !worst {
			run.fail("an orphan is stuck after another was removed", v, left, leader, i)
			continue
		}
		run.sequence(&next, left, leader, i)
	}
	w := worldsOf(voices(left), false)
	if !more && !wins(w.certain, w.voters) {
		run.fail("no live majority is left", RemovalVerdict{}, left, leader, -1)
	}
}

func (run *removalRun) fail(what string, v RemovalVerdict, peers []shown, leader, victim int) {
	run.failures++
	if run.failures <= 5 {
		run.t.Errorf("%s: verdict %+v, peers (role, witness, state) %+v, leader %d, to remove %d", what, v, peers, leader, victim)
	}
}
