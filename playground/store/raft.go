package store

import (
	"errors"
	"fmt"

	"github.com/pingcap/kvproto/pkg/eraftpb"
	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// This file is Raft's membership arithmetic as TiKV applies it. It knows peers
// and votes only, so that it can be checked exhaustively.

// inOldHalf and inNewHalf say in which half of a (possibly joint) configuration
// a peer votes. Outside a joint state both halves are the plain voters.
func inOldHalf(r metapb.PeerRole) bool {
	return r == metapb.PeerRole_Voter || r == metapb.PeerRole_DemotingVoter
}

func inNewHalf(r metapb.PeerRole) bool {
	return r == metapb.PeerRole_Voter || r == metapb.PeerRole_IncomingVoter
}

func isJoint(peers []peer) bool {
	for _, p := range peers {
		if p.role == metapb.PeerRole_IncomingVoter || p.role == metapb.PeerRole_DemotingVoter {
			return true
		}
	}
	return false
}

// hasMajority reports whether the voters for which votes is true can commit: a
// majority of both halves of the configuration. A half without any voter cannot
// commit, so a configuration of learners alone is dead.
func hasMajority(peers []peer, votes func(peer) bool) bool {
	var oldAll, oldYes, newAll, newYes int
	for _, p := range peers {
		if inOldHalf(p.role) {
			oldAll++
			if votes(p) {
				oldYes++
			}
		}
		if inNewHalf(p.role) {
			newAll++
			if votes(p) {
				newYes++
			}
		}
	}
	return oldYes > oldAll/2 && newYes > newAll/2
}

var (
	errLeaderChange = errors.New("reject conf change: it removes or demotes the leader")
	errJoint        = errors.New("reject conf change: region is in a joint state")
	errUnsafe       = errors.New("reject conf change: too few voters of the new configuration have caught up")
)

// changePeers applies PD's changes to a configuration and returns the new one
// and by how much conf_ver grows. One change is a simple change; several enter
// a joint state; none leaves it. leader is the id of the leader's peer. The
// rules and refusals are those of TiKV's check_conf_change and
// exec_change_peer_v2 (components/raftstore/src/store/fsm/apply.rs).
func changePeers(peers []peer, changes []*pdpb.ChangePeer, leader uint64) ([]peer, uint64, error) {
	next := append([]peer(nil), peers...)
	if len(changes) == 0 {
		return leaveJoint(next, leader)
	}
	if isJoint(peers) {
		return nil, 0, errJoint
	}
	joint := len(changes) > 1
	for _, c := range changes {
		var err error
		if next, err = changeOne(next, c, leader, joint); err != nil {
			return nil, 0, err
		}
	}
	if !safeAfter(peers, next) {
		return nil, 0, errUnsafe
	}
	return next, uint64(len(changes)), nil
}

// safeAfter is TiKV's guard against conf changes that would stall the region: a
// majority of the new configuration must have the log. It is about log
// progress, not liveness, so a peer that died is still counted as caught up.
// A region of one voter may always change, or it could never grow.
func safeAfter(before, after []peer) bool {
	voters := 0
	for _, p := range before {
		if p.role != metapb.PeerRole_Learner {
			voters++
		}
	}
	return voters == 1 || hasMajority(after, func(p peer) bool { return !p.pending })
}

func changeOne(peers []peer, c *pdpb.ChangePeer, leader uint64, joint bool) ([]peer, error) {
	at := peerOnStore(peers, c.GetPeer().GetStoreId())
	switch c.GetChangeType() {
	case eraftpb.ConfChangeType_RemoveNode:
		switch {
		case at < 0:
			return nil, fmt.Errorf("reject conf change: no peer on store %d", c.GetPeer().GetStoreId())
		case peers[at].id == leader:
			return nil, errLeaderChange
		case joint && peers[at].role != metapb.PeerRole_Learner:
			return nil, errors.New("reject conf change: a voter must be demoted before a joint change removes it")
		}
		return append(peers[:at], peers[at+1:]...), nil
	case eraftpb.ConfChangeType_AddNode:
		return addVoter(peers, at, c.GetPeer(), joint)
	default:
		return addLearner(peers, at, c.GetPeer(), leader, joint)
	}
}

func addVoter(peers []peer, at int, p *metapb.Peer, joint bool) ([]peer, error) {
	role := metapb.PeerRole_Voter
	if joint {
		role = metapb.PeerRole_IncomingVoter
	}
	if at < 0 {
		return append(peers, peer{id: p.GetId(), store: p.GetStoreId(), role: role, pending: true}), nil
	}
	if peers[at].id != p.GetId() || peers[at].role != metapb.PeerRole_Learner {
		return nil, fmt.Errorf("reject conf change: store %d has peer %d already", p.GetStoreId(), peers[at].id)
	}
	peers[at].role = role
	return peers, nil
}

func addLearner(peers []peer, at int, p *metapb.Peer, leader uint64, joint bool) ([]peer, error) {
	if at < 0 {
		return append(peers, peer{id: p.GetId(), store: p.GetStoreId(), role: metapb.PeerRole_Learner, pending: true}), nil
	}
	if peers[at].id != p.GetId() || peers[at].role == metapb.PeerRole_Learner {
		return nil, fmt.Errorf("reject conf change: store %d has peer %d already", p.GetStoreId(), peers[at].id)
	}
	if joint {
		peers[at].role = metapb.PeerRole_DemotingVoter
		return peers, nil
	}
	if peers[at].id == leader {
		return nil, errLeaderChange
	}
	peers[at].role = metapb.PeerRole_Learner
	return peers, nil
}

// leaveJoint settles a joint state. A leader that is being demoted must be
// replaced first: TiKV ignores the order until PD has moved the leadership.
func leaveJoint(peers []peer, leader uint64) ([]peer, uint64, error) {
	var n uint64
	for i := range peers {
		switch peers[i].role {
		case metapb.PeerRole_IncomingVoter:
			peers[i].role = metapb.PeerRole_Voter
		case metapb.PeerRole_DemotingVoter:
			if peers[i].id == leader {
				return nil, 0, errLeaderChange
			}
			peers[i].role = metapb.PeerRole_Learner
		default:
			continue
		}
		n++
	}
	if n == 0 {
		return nil, 0, errors.New("reject conf change: region is not in a joint state")
	}
	if !hasMajority(peers, func(p peer) bool { return !p.pending }) {
		return nil, 0, errUnsafe
	}
	return peers, n, nil
}

func peerOnStore(peers []peer, store uint64) int {
	for i, p := range peers {
		if p.store == store {
			return i
		}
	}
	return -1
}

func peerByID(peers []peer, id uint64) int {
	for i, p := range peers {
		if p.id == id {
			return i
		}
	}
	return -1
}
