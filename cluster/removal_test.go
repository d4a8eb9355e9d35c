package cluster

import (
	"slices"
	"strings"
	"testing"
)

// peersOf reads peers of shorthand: "live* live learner-orphan", the leader with a
// star, the peer to remove with an exclamation mark (else the first orphan).
func peersOf(t *testing.T, text string) (r *Region, peers []shown, leader, victim int) {
	t.Helper()
	states := map[string]modelState{
		"live": isLive, "disconnected": isDisconnected, "down": isDown, "pending": isPending,
		"orphan": isOrphan, "tombstone": isTombstone, "unheard": isUnheard,
	}
	leader, victim = noLeader, -1
	for i, word := range strings.Fields(text) {
		var p shown
		for _, mark := range []struct {
			text string
			do   func()
		}{
			{"*", func() { leader = i }}, {"!", func() { victim = i }},
			{"witness-", func() { p.witness = true }}, {"learner-", func() { p.role = Learner }},
			{"incoming-", func() { p.role = IncomingVoter }}, {"demoting-", func() { p.role = DemotingVoter }},
		} {
			if strings.Contains(word, mark.text) {
				word = strings.Replace(word, mark.text, "", 1)
				mark.do()
			}
		}
		state, ok := states[word]
		if !ok {
			t.Fatalf("no such peer: %q", word)
		}
		p.state = state
		peers = append(peers, p)
	}
	if victim < 0 {
		victim = slices.IndexFunc(peers, func(p shown) bool { return p.state.gone() })
	}
	r = shownRegion(peers)
	if leader >= 0 {
		r.Leader = r.Peers[leader]
	}
	return r, peers, leader, victim
}

func TestJudgeRemoval(t *testing.T) {
	tests := []struct {
		name, peers string
		want        Answer
		reason      RemovalReason
	}{
		{"3 voters, 1 orphan, 2 live", "live* live orphan", Yes, RemovalKeepsMajority},
		{"4 voters, 1 orphan, 3 live", "live* live live orphan", Yes, RemovalKeepsMajority},
		{"4 voters, 2 orphans, 2 live", "live* live orphan orphan", No, RemovalNoMajority},
		{"5 voters, 2 orphans, 3 live, the first", "live* live live !orphan orphan", Yes, RemovalKeepsMajority},
		{"5 voters, 2 orphans, 3 live, the second", "live* live live orphan !orphan", Yes, RemovalKeepsMajority},
		{"5 voters, 3 orphans", "live* live orphan orphan orphan", No, RemovalNoMajority},
		{"2 voters, 1 orphan", "live* orphan", No, RemovalNoMajority},
		{"1 voter, the orphan", "orphan", No, RemovalNoLeader},
		{"1 voter, the orphan, which leads", "orphan*", No, RemovalIsLeader},
		{"3 voters, 1 orphan, 1 disconnected", "live* disconnected orphan", No, RemovalNoMajority},
		{"3 voters, 1 orphan, 1 down", "live* down orphan", No, RemovalNoMajority},
		{"3 voters, 1 orphan, 1 pending", "live* pending orphan", No, RemovalNoMajority},
		{"3 live voters, orphan learner", "live* live live learner-orphan", Yes, RemovalKeepsMajority},
		{"orphan learner, 2 of 3 voters live", "live* live down learner-orphan", Yes, RemovalKeepsMajority},
		{"orphan learner, no live majority", "live* down down learner-orphan", No, RemovalNoMajority},
		{"orphans, mixed: the learner", "live* live live orphan !learner-orphan", Yes, RemovalKeepsMajority},
		{"orphans, mixed: the voter", "live* live live !orphan learner-orphan", Yes, RemovalKeepsMajority},
		{"orphans, mixed, short of votes", "live* live orphan orphan !learner-orphan", No, RemovalNoMajority},
		{"an incoming voter", "live* live incoming-live orphan", No, RemovalJoint},
		{"a demoting voter", "live* live live demoting-orphan", No, RemovalJoint},
		{"the orphan leads", "live live orphan*", No, RemovalIsLeader},
		{"no leader", "live live live orphan", No, RemovalNoLeader},
		{"the leader is on a silent store", "live live live disconnected* orphan", No, RemovalLeaderDead},
		{"the leader is on another orphan store", "live live live orphan* !orphan", No, RemovalLeaderDead},
		{"the leader is said to be pending", "live live live pending* orphan", No, RemovalLeaderDead},
		{"a learner is said to lead", "live live learner-live* orphan", No, RemovalLeaderDead},
		{"a witness is said to lead", "live live witness-live* orphan", No, RemovalLeaderDead},
		{"a live witness votes", "live* witness-live orphan", Yes, RemovalKeepsMajority},
		{"a silent witness does not", "live* witness-down orphan", No, RemovalNoMajority},
		{"only witnesses are left", "witness-live* witness-live orphan", No, RemovalNoMajority},
		{"the orphan is a witness", "live* live witness-orphan", Yes, RemovalKeepsMajority},

		{"on a Tombstone store", "live* live tombstone", Yes, RemovalKeepsMajority},
		{"other orphan peers are on Tombstone stores", "live* live !orphan tombstone", No, RemovalNoMajority},
		{"on a live store", "live* live !live", No, RemovalStoreKnown},
		{"on a store that is down", "live* live !down", No, RemovalStoreKnown},
		{"on a store not heard yet", "live* live !unheard", No, RemovalStoreKnown},
		{"on a destroyed store", "live* live !disconnected", No, RemovalStoreKnown},

		{"a vote is not heard yet", "live* unheard orphan", CannotTell, RemovalNotHeard},
		{"the leader is not heard yet", "live live unheard* orphan", CannotTell, RemovalNotHeard},
		{"nobody is heard yet", "unheard* unheard orphan", CannotTell, RemovalNotHeard},
		{"not heard yet, not needed", "live* live live unheard orphan", Yes, RemovalKeepsMajority},
		{"not heard yet, and too few anyway", "live* unheard orphan orphan", No, RemovalNoMajority},
		{"not heard yet, and pending", "live* pending unheard orphan", No, RemovalNoMajority},
		{"not heard yet, but the leader is dead", "unheard unheard unheard disconnected* orphan", No, RemovalNoMajority},
		{"only a witness is not heard", "live* witness-unheard orphan", CannotTell, RemovalNotHeard},
	}
	stores := shownStores()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, peers, leader, victim := peersOf(t, tt.peers)
			v := JudgeRemoval(r, r.Peers[victim].StoreID, stores, testNow)
			if v.Answer != tt.want || v.Reason != tt.reason {
				t.Errorf("JudgeRemoval() = %v, %s; want %v, %s", v.Answer, v.Reason, tt.want, tt.reason)
			}
			if known := v.Reason == RemovalStoreKnown; !known && fine(voices(peers), leader, victim, false) != (tt.want == Yes) {
				t.Errorf("the model disagrees with %v", tt.want)
			}
		})
	}
}

// TestJudgeRemovalOfNonsense: records that no healthy PD shows get no yes.
func TestJudgeRemovalOfNonsense(t *testing.T) {
	const sound = "live* live live orphan"
	tests := []struct {
		name   string
		edit   func(*Region)
		want   Answer
		reason RemovalReason
	}{
		{"sound", func(*Region) {}, Yes, RemovalKeepsMajority},
		{"no peers", func(r *Region) { r.Peers = nil }, No, RemovalNoPeer},
		{"the peer has left", func(r *Region) { r.Peers = r.Peers[:3] }, No, RemovalNoPeer},
		{"two peers on one store", func(r *Region) { r.Peers[2].StoreID = r.Peers[1].StoreID }, CannotTell, RemovalMalformed},
		{"two peers on the orphan's store", func(r *Region) { r.Peers[2].StoreID = r.Peers[3].StoreID }, CannotTell, RemovalMalformed},
		{"a peer on no store", func(r *Region) { r.Peers[2].StoreID = 0 }, CannotTell, RemovalMalformed},
		{"a role of the future", func(r *Region) { r.Peers[2].Role = DemotingVoter + 1 }, CannotTell, RemovalMalformed},
		{"a role below all", func(r *Region) { r.Peers[3].Role = -1 }, CannotTell, RemovalMalformed},
		{"the leader is none of the peers", func(r *Region) { r.Leader = Peer{ID: 9, StoreID: 50} }, No, RemovalLeaderDead},
		{"the orphan is reported down, as it should be", func(r *Region) { r.Down = []DownPeer{{Peer: r.Peers[3]}} }, Yes, RemovalKeepsMajority},
		{"peers that are not there are down and pending", func(r *Region) {
			r.Down, r.Pending = []DownPeer{{Peer: Peer{ID: 77}}}, []Peer{{ID: 78}}
		}, Yes, RemovalKeepsMajority},
		{"the leader reports all others", func(r *Region) {
			r.Pending = []Peer{r.Peers[1], r.Peers[2]}
		}, No, RemovalNoMajority},
	}
	stores := shownStores()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, _, _, victim := peersOf(t, sound)
			orphan := r.Peers[victim].StoreID
			tt.edit(r)
			if v := JudgeRemoval(r, orphan, stores, testNow); v.Answer != tt.want || v.Reason != tt.reason {
				t.Errorf("JudgeRemoval() = %v, %s; want %v, %s", v.Answer, v.Reason, tt.want, tt.reason)
			}
		})
	}
}

// TestJudgeRemovalOfNoStore: store 0 is none, so nothing there is an orphan.
func TestJudgeRemovalOfNoStore(t *testing.T) {
	r, _, _, victim := peersOf(t, "live* live orphan")
	r.Peers[victim].StoreID = 0
	if v := JudgeRemoval(r, 0, shownStores(), testNow); v.Answer != CannotTell || v.Reason != RemovalMalformed {
		t.Errorf("JudgeRemoval() = %v, %s; want cannot tell, malformed", v.Answer, v.Reason)
	}
}

func TestRemovalVotes(t *testing.T) {
	r, _, _, victim := peersOf(t, "live* witness-live down orphan learner-live")
	want := QuorumReport{Voters: 4, Live: 2, LiveData: 1}
	if v := JudgeRemoval(r, r.Peers[victim].StoreID, shownStores(), testNow); v.Votes != want {
		t.Errorf("Votes = %+v, want %+v", v.Votes, want)
	}
}

// TestRemovalModel: the model must be able to say no for each of its own reasons.
func TestRemovalModel(t *testing.T) {
	tests := []struct {
		name, peers string
		want        bool
	}{
		{"plain", "live* live orphan", true},
		{"the orphan and the leader alone would commit", "live* down orphan", false},
		{"one of two", "live* orphan", false},
		{"two by two", "live* live orphan orphan", false},
		{"no leader", "live live live orphan", false},
		{"only a witness leads", "witness-live* live orphan", false},
		{"a learner goes", "live* live live learner-orphan", true},
		{"a learner counts for nothing", "live* learner-live learner-live orphan", false},
		{"joint", "live* live live incoming-live orphan", false},
	}
	for _, tt := range tests {
		_, peers, leader, victim := peersOf(t, tt.peers)
		if got := fine(voices(peers), leader, victim, false); got != tt.want {
			t.Errorf("%s: fine = %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := tolerance(0b0111, 0b1111); got != 0 {
		t.Errorf("3 of 4: tolerance %d, want 0", got)
	}
	if got := tolerance(0b0111, 0b0111); got != 1 {
		t.Errorf("3 of 3: tolerance %d, want 1", got)
	}
	if got := tolerance(0b0011, 0b1111); got != -1 {
		t.Errorf("2 of 4: tolerance %d, want -1", got)
	}
}

// TestJudgesAgree: a peer on a store that is gone may be removed just if the
// region bears the loss of that store.
func TestJudgesAgree(t *testing.T) {
	stores := shownStores()
	options := append(
		shownOptions([]PeerRole{Voter}, true, isLive, isDisconnected, isPending, isOrphan, isUnheard),
		shownOptions([]PeerRole{Learner}, false, isLive, isOrphan)...,
	)
	cases := 0
	for n := 1; n <= 5; n++ {
		multisets(nil, options, n, func(peers []shown) {
			r := shownRegion(peers)
			for leader := noLeader; leader < len(peers); leader++ {
				r.Leader = Peer{}
				if leader >= 0 {
					r.Leader = r.Peers[leader]
				}
				for i, p := range r.Peers {
					if !peers[i].state.gone() {
						continue
					}
					cases++
					removal := JudgeRemoval(r, p.StoreID, stores, testNow)
					loss := JudgeLoss(r, stores, map[StoreID]bool{p.StoreID: true}, testNow)
					if (removal.Answer == Yes) != (loss.Answer == Yes) {
						t.Errorf("%+v, leader %d: remove %d: %+v, lose its store: %+v", peers, leader, i, removal, loss)
					}
				}
			}
		})
	}
	t.Logf("%d cases", cases)
}
