package store

import (
	"bytes"
	"testing"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// splitNow answers split orders at once with ids from 100.
func (w *world) splitNow() {
	next := uint64(100)
	w.askSplit = func(o splitOrder) {
		var ids []*pdpb.SplitID
		for range o.keys {
			id := &pdpb.SplitID{NewRegionId: next}
			for i := range o.region.Peers {
				id.NewPeerIds = append(id.NewPeerIds, next+uint64(i)+1)
			}
			ids = append(ids, id)
			next += 10
		}
		w.finishSplit(o, ids)
	}
}

func TestSplitByKeys(t *testing.T) {
	w := newWorld(t, 3)
	w.splitNow()
	r := w.region(1, 2, 1, 3)
	r.start, r.end = []byte("b"), []byte("p")
	keys := [][]byte{[]byte("m"), []byte("d"), []byte("d"), []byte("b"), []byte("z")}
	w.order(r, &pdpb.RegionHeartbeatResponse{SplitRegion: &pdpb.SplitRegion{Policy: pdpb.CheckPolicy_USEKEY, Keys: keys}})
	all := w.sorted()
	if len(all) != 3 {
		t.Fatalf("%d regions, want 3", len(all))
	}
	size := int64(0)
	for i, want := range []string{"bd", "dm", "mp"} {
		got := all[i]
		if string(got.start)+string(got.end) != want || got.version != 3 || w.leaderStore(got).id != 2 || len(got.peers) != 3 {
			t.Errorf("part %d is %q-%q version %d: %+v", i, got.start, got.end, got.version, got.peers)
		}
		size += got.size
	}
	if all[2] != r || size != 100 {
		t.Errorf("the right part is region %d, the sizes sum to %d", all[2].id, size)
	}
	if s := w.stores[2]; s.peers != 3 || s.size != 100 {
		t.Errorf("store 2 has %d peers, %d MiB", s.peers, s.size)
	}
}

func TestSplitInHalf(t *testing.T) {
	w := newWorld(t, 1)
	w.splitNow()
	r := w.region(1, 1)
	w.order(r, &pdpb.RegionHeartbeatResponse{SplitRegion: &pdpb.SplitRegion{Policy: pdpb.CheckPolicy_APPROXIMATE}})
	if len(w.regions) != 2 || r.size != 50 || r.version != 2 {
		t.Fatalf("%d regions; the first: %+v", len(w.regions), r)
	}
}

func TestSplitRefusedByPD(t *testing.T) {
	w := newWorld(t, 1)
	w.askSplit = func(o splitOrder) { w.finishSplit(o, nil) }
	r := w.region(1, 1)
	w.order(r, &pdpb.RegionHeartbeatResponse{SplitRegion: &pdpb.SplitRegion{}})
	if len(w.regions) != 1 || r.proposing {
		t.Fatal("a refused split changed the region or blocks it")
	}
}

func TestMerge(t *testing.T) {
	w := newWorld(t, 3)
	a, b, c := w.region(1, 1, 2, 3), w.region(2, 2, 1, 3), w.region(3, 3, 1)
	a.end, b.start, b.end, c.start = []byte("h"), []byte("h"), []byte("p"), []byte("p")
	a.version = 5
	merge := func(from, to *region) {
		w.order(from, &pdpb.RegionHeartbeatResponse{Merge: &pdpb.Merge{Target: to.meta()}})
	}
	merge(a, c)
	merge(b, c)
	if len(w.regions) != 3 {
		t.Fatal("regions that are not adjacent or not on the same stores merged")
	}
	stale := b.meta()
	stale.RegionEpoch = &metapb.RegionEpoch{Version: 9, ConfVer: 9}
	w.order(a, &pdpb.RegionHeartbeatResponse{Merge: &pdpb.Merge{Target: stale}})
	if len(w.regions) != 3 {
		t.Fatal("a merge with a stale target was done")
	}
	merge(a, b)
	if len(w.regions) != 2 || len(b.start) != 0 || !bytes.Equal(b.end, []byte("p")) || b.size != 200 {
		t.Fatalf("after the merge: %+v", b)
	}
	if b.version != 7 { // above the prepared source's 6
		t.Errorf("version %d, want 7", b.version)
	}
	if s := w.stores[1]; s.peers != 2 || len(s.led) != 0 {
		t.Errorf("store 1 has %d peers and leads %d", s.peers, len(s.led))
	}
}

func TestKeys(t *testing.T) {
	// From TiDB: codec.EncodeBytes of "t" + encoded 101 + "_r".
	want := "7480000000000000FF655F720000000000FA"
	if got := hexKey(recordKey(101)); got != want {
		t.Errorf("record key is %s, want %s", got, want)
	}
	for _, key := range [][]byte{tableKey(7), recordKey(7), RowKey(7, -5)} {
		if got := tableOf(key); got != 7 {
			t.Errorf("%s belongs to table %d, want 7", hexKey(key), got)
		}
	}
	if tableOf(nil) != 0 || tableOf([]byte("t")) != 0 {
		t.Error("other keys belong to a table")
	}
}

func TestLayout(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 100, 2000} {
		spans, rules := layout(n, true)
		if len(spans) != n {
			t.Fatalf("%d regions laid out as %d", n, len(spans))
		}
		for i, s := range spans[1:] {
			if bytes.Compare(spans[i].start, s.start) >= 0 || !bytes.Equal(spans[i].end, s.start) {
				t.Fatalf("of %d: region %d does not meet the next", n, i)
			}
		}
		for _, r := range rules {
			for _, s := range spans {
				inside := bytes.Compare(s.start, r.start) >= 0 && bytes.Compare(s.start, r.end) < 0
				if inside && !s.flash {
					t.Errorf("of %d: region at %s is in a rule and has no learner", n, hexKey(s.start))
				}
			}
		}
	}
}
