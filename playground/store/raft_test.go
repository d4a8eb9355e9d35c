package store

import (
	"errors"
	"testing"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// TestMajorityExhaustive compares hasMajority with the definition of joint
// consensus for every configuration of up to five peers and every set of voting
// peers: each half commits if there is a set of its own members, larger than
// half of it, that all vote.
func TestMajorityExhaustive(t *testing.T) {
	for n := 1; n <= 5; n++ {
		for config := range pow(4, n) {
			peers := make([]peer, n)
			for i, c := 0, config; i < n; i, c = i+1, c/4 {
				peers[i] = peer{id: uint64(i), role: metapb.PeerRole(c % 4)}
			}
			for up := range 1 << n {
				votes := func(p peer) bool { return up>>p.id&1 == 1 }
				want := halfCommits(peers, up, metapb.PeerRole_DemotingVoter) && halfCommits(peers, up, metapb.PeerRole_IncomingVoter)
				if got := hasMajority(peers, votes); got != want {
					t.Fatalf("%v with votes %b: %v, want %v", peers, up, got, want)
				}
			}
		}
	}
}

// halfCommits looks for a quorum by trying every subset of a half.
func halfCommits(peers []peer, up int, extra metapb.PeerRole) bool {
	members := 0
	for _, p := range peers {
		if p.role == metapb.PeerRole_Voter || p.role == extra {
			members |= 1 << p.id
		}
	}
	for quorum := 1; quorum < 1<<len(peers); quorum++ {
		if quorum&^members == 0 && quorum&^up == 0 && 2*ones(quorum) > ones(members) {
			return true
		}
	}
	return false
}

func ones(set int) (n int) {
	for ; set > 0; set &= set - 1 {
		n++
	}
	return n
}

func pow(base, exp int) int {
	if exp == 0 {
		return 1
	}
	return base * pow(base, exp-1)
}

func TestJointConsensus(t *testing.T) {
	w := newWorld(t, 4)
	r := w.region(1, 1, 2, 3)
	w.change(r, learn(r, 4))
	if p := r.peers[3]; p.role != metapb.PeerRole_Learner || !p.pending || r.confVer != 2 {
		t.Fatalf("after adding a learner: %+v, conf_ver %d", r.peers, r.confVer)
	}
	w.pass(w.timing.RegionHeartbeat)
	if r.peers[3].pending {
		t.Fatal("the snapshot has not arrived")
	}
	w.change(r, add(r, 4), learn(r, 1)) // demotes the leader
	want := map[uint64]metapb.PeerRole{1: metapb.PeerRole_DemotingVoter, 2: 0, 3: 0, 4: metapb.PeerRole_IncomingVoter}
	if got := w.roles(r); len(got) != 4 || got[1] != want[1] || got[4] != want[4] || r.confVer != 4 {
		t.Fatalf("after entering: %v, conf_ver %d", got, r.confVer)
	}
	w.change(r, remove(r, 3))
	w.change(r)
	if r.confVer != 4 {
		t.Fatal("a joint state took a change, or was left while its leader is demoted")
	}
	w.order(r, transferTo(r, 2))
	w.wantLeader(r, 2)
	w.change(r)
	if got := w.roles(r); got[1] != metapb.PeerRole_Learner || got[4] != metapb.PeerRole_Voter || r.confVer != 6 {
		t.Fatalf("after leaving: %v, conf_ver %d", got, r.confVer)
	}
	w.change(r, remove(r, 1))
	if len(r.peers) != 3 || r.confVer != 7 {
		t.Fatalf("after removing: %+v, conf_ver %d", r.peers, r.confVer)
	}
}

func TestConfChangeNeedsMajority(t *testing.T) {
	w := newWorld(t, 4)
	r := w.region(1, 1, 2, 3)
	w.stop(w.stores[2])
	w.change(r, remove(r, 2))
	if len(r.peers) != 2 {
		t.Fatal("two of three could not remove the third")
	}
	w.change(r, learn(r, 4))
	w.stop(w.stores[3])
	w.change(r, remove(r, 4))
	if len(r.peers) != 3 {
		t.Fatal("one of two voters removed a learner")
	}
	// Both halves of a joint configuration must commit.
	j := w.region(2, 1, 4)
	j.peers[1].role = metapb.PeerRole_DemotingVoter
	if !w.canCommit(j) {
		t.Fatal("a joint region of running stores cannot commit")
	}
	w.stop(w.stores[4])
	if w.canCommit(j) {
		t.Fatal("the old half of two commits with one")
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, 5)
	r := w.region(1, 1, 2, 3)
	cases := []struct {
		name string
		run  func() error
		want error
	}{
		{"remove the leader", func() error { return refused(r, remove(r, 1)) }, errLeaderChange},
		{"demote the leader", func() error { return refused(r, learn(r, 1)) }, errLeaderChange},
		{"leave without joint", func() error { return refused(r) }, nil},
		{"voter twice", func() error { return refused(r, add(r, 2)) }, nil},
		{"remove a voter jointly", func() error { return refused(r, remove(r, 2), learn(r, 4)) }, nil},
		{"majority without the log", func() error {
			r.peers[1].pending, r.peers[2].pending = true, true
			defer func() { r.peers[1].pending, r.peers[2].pending = false, false }()
			return refused(r, learn(r, 4))
		}, errUnsafe},
	}
	for _, c := range cases {
		if err := c.run(); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	// A single voter may always grow, or no cluster could.
	one := w.region(2, 1)
	if err := refused(one, add(one, 2)); err != nil {
		t.Error(err)
	}
}

func refused(r *region, changes ...*pdpb.ChangePeer) error {
	_, _, err := changePeers(r.peers, changes, r.leader)
	return err
}

func transferTo(r *region, store uint64) *pdpb.RegionHeartbeatResponse {
	to := r.peers[peerOnStore(r.peers, store)]
	return &pdpb.RegionHeartbeatResponse{TransferLeader: &pdpb.TransferLeader{Peer: to.meta()}}
}
