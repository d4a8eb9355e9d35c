package store

import (
	"testing"
	"time"
)

func TestElection(t *testing.T) {
	w := newWorld(t, 3)
	r := w.region(1, 1, 2, 3)
	w.stop(w.stores[1])
	w.pass(w.timing.ElectionTimeout - time.Millisecond)
	w.wantLeader(r, 1) // nobody has noticed yet
	w.pass(time.Millisecond)
	if lead := r.leaderPeer(); lead == nil || lead.store == 1 || r.term != 7 {
		t.Fatalf("after the election timeout: leader %+v, term %d", lead, r.term)
	}
	w.stop(w.stores[r.leaderPeer().store])
	w.pass(w.timing.ElectionTimeout)
	w.wantLeader(r, 0)
	w.start(w.stores[1])
	w.pass(w.timing.ElectionTimeout)
	if r.leader == 0 {
		t.Fatal("two of three are back and there is no leader")
	}
	for id, s := range w.stores {
		led := 0
		if r.leaderPeer().store == id {
			led = 1
		}
		if len(s.led) != led {
			t.Errorf("store %d leads %d regions, want %d", id, len(s.led), led)
		}
	}
}

// A leader that has lost its majority steps down: it must not go on telling PD
// that all is well.
func TestCheckQuorum(t *testing.T) {
	w := newWorld(t, 3)
	r := w.region(1, 1, 2, 3)
	w.stop(w.stores[2])
	w.stop(w.stores[3])
	w.take(w.stores[1], 10)
	w.pass(w.timing.ElectionTimeout)
	w.wantLeader(r, 0)
	w.pass(time.Minute)
	if got := w.take(w.stores[1], 10); got != nil {
		t.Errorf("a region without majority reported %d times", len(got))
	}
}

func TestPendingPeerNeitherVotesNorLeads(t *testing.T) {
	w := newWorld(t, 3)
	r := w.region(1, 1, 2, 3)
	r.peers[1].pending, r.peers[1].stuck = true, true
	w.order(r, transferTo(r, 2))
	w.wantLeader(r, 1)
	w.stop(w.stores[1])
	w.pass(w.timing.ElectionTimeout)
	w.wantLeader(r, 0)
}

func TestDownPeers(t *testing.T) {
	w := newWorld(t, 3)
	r := w.region(1, 1, 2, 3)
	w.stop(w.stores[3])
	w.take(w.stores[1], 10)
	w.pass(w.timing.DownPeerAfter - time.Second)
	if hb := w.heartbeat(r, 1); len(hb.DownPeers) != 0 {
		t.Fatalf("down too early: %v", hb.DownPeers)
	}
	w.take(w.stores[1], 10)
	w.pass(time.Second)
	if got := w.take(w.stores[1], 10); len(got) != 1 {
		t.Fatalf("%d reports when the peer became down, want 1", len(got))
	}
	hb := w.heartbeat(r, 1)
	if len(hb.DownPeers) != 1 || hb.DownPeers[0].Peer.StoreId != 3 || hb.DownPeers[0].DownSeconds != uint64(w.timing.DownPeerAfter/time.Second) {
		t.Fatalf("down peers are %v", hb.DownPeers)
	}
	w.start(w.stores[3])
	w.pass(w.timing.OperatorDelay)
	if hb := w.heartbeat(r, 1); len(hb.DownPeers) != 0 || len(w.take(w.stores[1], 10)) != 1 {
		t.Fatalf("after the start: %v", hb.DownPeers)
	}
}

// An unknown store's peer votes if its process runs, and not otherwise.
func TestGhosts(t *testing.T) {
	w := newWorld(t, 3)
	r := w.region(1, 1, 2, 99)
	for _, alive := range []bool{false, true} {
		w.ghosts[99] = alive
		w.stop(w.stores[2])
		if got := w.canCommit(r); got != alive {
			t.Errorf("with the ghost alive=%v: majority %v", alive, got)
		}
		w.start(w.stores[2])
	}
}

func TestReportsSpreadOverInterval(t *testing.T) {
	w := newWorld(t, 1)
	for id := range uint64(100) {
		w.region(id+1, 1)
	}
	w.pass(w.timing.OperatorDelay) // the reports of the store's start
	w.take(w.stores[1], 1000)
	seen := map[uint64]bool{}
	for range reportSlices {
		w.pass(w.timing.RegionHeartbeat / reportSlices)
		batch := w.take(w.stores[1], 1000)
		if len(batch) > 100/reportSlices+2 {
			t.Fatalf("%d reports in one slice", len(batch))
		}
		for _, r := range batch {
			seen[r.id] = true
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d of 100 regions reported in one interval", len(seen))
	}
}
