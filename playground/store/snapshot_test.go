package store

import (
	"testing"
	"time"
)

// arrival is how long a region's peer on a store stays pending.
func (w *world) arrival(r *region, store uint64) time.Duration {
	began := w.clock
	for range 1000 {
		if !r.peers[peerOnStore(r.peers, store)].pending {
			return w.clock.Sub(began)
		}
		w.pass(50 * time.Millisecond)
	}
	w.t.Fatalf("the snapshot of region %d never arrived", r.id)
	return 0
}

func TestSnapshotTime(t *testing.T) {
	w := newWorld(t, 3)
	w.timing.SnapshotBandwidth = 100 // MiB/s; regions have 100 MiB
	r := w.region(1, 1, 2)
	w.change(r, learn(r, 3))
	if w.stores[1].sending != 1 || w.stores[3].receiving != 1 {
		t.Fatalf("sending %d, receiving %d", w.stores[1].sending, w.stores[3].receiving)
	}
	if got := w.arrival(r, 3); got < time.Second || got > 1200*time.Millisecond {
		t.Errorf("100 MiB at 100 MiB/s took %v", got)
	}
	if s := w.stores[3]; s.receiving != 0 || s.applying != 0 || w.stores[1].sending != 0 {
		t.Errorf("slots left taken: %+v", s)
	}

	w.stores[3].slowFactor = 4
	slow := w.region(2, 1, 2)
	w.change(slow, learn(slow, 3))
	if got := w.arrival(slow, 3); got < 4*time.Second || got > 5*time.Second {
		t.Errorf("on a store four times as slow it took %v", got)
	}
}

func TestSnapshotsShareBandwidth(t *testing.T) {
	w := newWorld(t, 3)
	w.timing.SnapshotBandwidth = 100
	a, b := w.region(1, 1), w.region(2, 2)
	w.change(a, learn(a, 3))
	w.change(b, learn(b, 3))
	began := w.clock
	w.arrival(a, 3)
	w.arrival(b, 3)
	if got := w.clock.Sub(began); got < 1900*time.Millisecond || got > 2200*time.Millisecond {
		t.Errorf("two snapshots to one store took %v, want about 2s", got)
	}
}

func TestSnapshotLimit(t *testing.T) {
	w := newWorld(t, 2)
	w.timing.SnapshotLimit = 3
	var regions []*region
	for id := uint64(1); id <= 10; id++ {
		r := w.region(id, 1)
		regions = append(regions, r)
		w.change(r, learn(r, 2))
		if s := w.stores[2]; s.receiving > 3 {
			t.Fatalf("%d snapshots received at once", s.receiving)
		}
	}
	for _, r := range regions {
		w.arrival(r, 2)
	}
	if len(w.snapshots) != 0 {
		t.Errorf("%d snapshots still wait", len(w.snapshots))
	}
}

func TestSnapshotBeginsAgainAfterRestart(t *testing.T) {
	w := newWorld(t, 2)
	w.timing.SnapshotBandwidth = 100
	r := w.region(1, 1)
	w.change(r, learn(r, 2))
	w.pass(500 * time.Millisecond)
	w.stop(w.stores[2])
	w.pass(5 * time.Second)
	if !r.peers[1].pending {
		t.Fatal("a stopped store received a snapshot")
	}
	w.start(w.stores[2])
	if got := w.arrival(r, 2); got < time.Second {
		t.Errorf("it went on after %v instead of beginning again", got)
	}
}

func TestRemovedPeerNeedsNoSnapshot(t *testing.T) {
	w := newWorld(t, 2)
	w.stop(w.stores[2])
	r := w.region(1, 1)
	w.change(r, learn(r, 2))
	w.change(r, remove(r, 2))
	w.start(w.stores[2])
	w.pass(time.Second)
	if len(w.snapshots) != 0 || w.stores[2].peers != 0 {
		t.Errorf("%d snapshots wait, %d peers", len(w.snapshots), w.stores[2].peers)
	}
}
