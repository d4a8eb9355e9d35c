package store

import (
	"errors"
	"net"
	"testing"

	"github.com/pingcap/kvproto/pkg/pdpb"
)

func TestStopStartForget(t *testing.T) {
	f, pd := startFleet(t, 3, 12)
	s := f.Stores()[0]
	must(t, f.StopStore(s.ID))
	must(t, f.StopStore(s.ID))
	if _, err := net.Dial("tcp", s.Address); err == nil {
		t.Error("a stopped store answers")
	}
	await(t, "leaders moved away", func() bool { st, _ := f.Store(s.ID); return st.Leaders == 0 && !st.Running })
	r := f.Regions(RegionFilter{})[0]
	await(t, "the peer is reported down", func() bool { return len(pd.Region(r.ID).GetDownPeers()) == 1 })
	must(t, f.RestartStore(s.ID))
	if conn, err := net.Dial("tcp", s.Address); err != nil {
		t.Error("a started store does not answer at its old address:", err)
	} else {
		conn.Close()
	}
	await(t, "the peer is up again", func() bool { return len(pd.Region(r.ID).GetDownPeers()) == 0 })
	must(t, f.ForgetStore(s.ID))
	if err := f.StartStore(s.ID); !errors.Is(err, ErrConflict) {
		t.Errorf("a forgotten store started: %v", err)
	}
	if err := f.StopStore(77777); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown store stopped: %v", err)
	}
}

func TestTombstoneKeepsAsking(t *testing.T) {
	f, pd := startFleet(t, 3, 3)
	id := f.Stores()[1].ID
	says := func(want string) func() bool {
		return func() bool { s, _ := f.Store(id); return s.Running && s.LastError == want }
	}
	pd.SetTombstone(id, true)
	await(t, "the refusal is noted", says("store is tombstone"))
	must(t, f.RestartStore(id))
	await(t, "the refusal after a restart", says("store is tombstone"))
	pd.SetTombstone(id, false)
	await(t, "the store is accepted again", says(""))
}

func TestSlowFillAddIgnore(t *testing.T) {
	f, pd := startFleet(t, 3, 3)
	id := f.Stores()[2].ID
	factor, score, busy := 4.0, uint64(90), true
	must(t, f.SlowStore(id, Slowness{Factor: &factor, Score: &score, Busy: &busy}))
	must(t, f.FillStore(id, 0.9))
	await(t, "slow, busy and full", func() bool {
		_, s := pd.Store(id)
		return s.GetIsBusy() && s.GetSlowScore() == 90 && float64(s.GetAvailable()) < 0.11*float64(s.GetCapacity())
	})
	for _, wrong := range []error{f.FillStore(id, 1.5), f.SlowStore(id, Slowness{Factor: new(float64)})} {
		if !errors.Is(wrong, ErrConflict) {
			t.Errorf("accepted nonsense: %v", wrong)
		}
	}
	added, err := f.AddStore(t.Context(), Spec{})
	must(t, err)
	if s, err := f.Store(added); err != nil || !s.Running || s.Regions != 0 {
		t.Errorf("added: %+v %v", s, err)
	}
	must(t, f.IgnoreOperators(Obedience{Ignore: true}))
	r := f.Regions(RegionFilter{})[0]
	to := r.Peers[0]
	if to.Store == r.LeaderStore {
		to = r.Peers[1]
	}
	f.withSim(func(m *sim) {
		w := m.regions[r.ID]
		m.obey(m.leaderStore(w), transferOrder(w, to.Store))
		if w.proposing {
			t.Error("an order was obeyed")
		}
	})
}

func transferOrder(r *region, store uint64) *pdpb.RegionHeartbeatResponse {
	resp := transferTo(r, store)
	resp.RegionId, resp.RegionEpoch, resp.TargetPeer = r.id, r.meta().RegionEpoch, r.leaderPeer().meta()
	return resp
}

func TestLoseMajority(t *testing.T) {
	f, _ := startFleet(t, 4, 20)
	keep := f.Stores()[0].ID
	ids, err := f.LoseMajority(Loss{Store: keep, Count: 3})
	must(t, err)
	if len(ids) != 3 || len(f.Regions(RegionFilter{NoMajority: true})) != 3 {
		t.Fatalf("hit %v", ids)
	}
	for _, r := range f.Regions(RegionFilter{NoMajority: true}) {
		for _, p := range r.Peers {
			if (p.Store == keep) != p.Alive {
				t.Errorf("region %d: peer on store %d alive=%v", r.ID, p.Store, p.Alive)
			}
		}
	}
	silent := func(id uint64) func() bool {
		return func() bool { return f.Regions(RegionFilter{ID: id})[0].LeaderStore == 0 }
	}
	await(t, "the region is silent", silent(ids[0]))
	must(t, f.HealRegion(ids[0]))
	await(t, "the region is healed", func() bool { return !silent(ids[0])() })
	if _, err := f.LoseMajority(Loss{Store: keep, Count: 1000}); !errors.Is(err, ErrConflict) {
		t.Errorf("too many: %v", err)
	}
	if _, err := f.LoseMajority(Loss{Region: 12345678}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown region: %v", err)
	}
}

func TestOrphanPeers(t *testing.T) {
	f, pd := startFleet(t, 3, 12)
	if _, err := f.OrphanPeers(t.Context(), Orphan{Count: 1, Store: f.Stores()[0].ID}); !errors.Is(err, ErrConflict) {
		t.Errorf("a known store: %v", err)
	}
	for _, o := range []Orphan{{Count: 2, Store: 901}, {Count: 2, Store: 902, Replace: true}, {Count: 1, Store: 903, Learner: true, Alive: true}} {
		ids, err := f.OrphanPeers(t.Context(), o)
		must(t, err)
		if len(ids) != o.Count {
			t.Fatalf("%+v hit %v", o, ids)
		}
		want := 4
		if o.Replace {
			want = 3
		}
		for _, r := range f.Regions(RegionFilter{Store: o.Store}) {
			last := r.Peers[peerIndex(r, o.Store)]
			if len(r.Peers) != want || !last.Orphan || last.Alive != o.Alive || (last.Role == "Learner") != o.Learner || !r.Majority {
				t.Errorf("%+v made %+v", o, r)
			}
		}
		await(t, "PD sees the orphan", func() bool { return onMeta(pd.Region(ids[0]), o.Store) })
	}
}

func TestRegionFaults(t *testing.T) {
	f, pd := startFleet(t, 4, 8)
	r := f.Regions(RegionFilter{})[2]
	follower := r.Peers[0].Store
	if follower == r.LeaderStore {
		follower = r.Peers[1].Store
	}
	must(t, f.ResizeRegion(r.ID, 7))
	await(t, "the new size", func() bool { return pd.Region(r.ID).GetApproximateSize() == 7<<20 })
	must(t, f.PendingPeer(r.ID, follower))
	await(t, "the pending peer", func() bool { return len(pd.Region(r.ID).GetPendingPeers()) == 1 })
	must(t, f.DownPeer(r.ID, follower))
	await(t, "the down peer", func() bool { return len(pd.Region(r.ID).GetDownPeers()) == 1 })
	must(t, f.HealRegion(r.ID))
	await(t, "the healed region", func() bool {
		hb := pd.Region(r.ID)
		return len(hb.GetPendingPeers())+len(hb.GetDownPeers()) == 0
	})
	must(t, f.JointStuck(t.Context(), r.ID))
	await(t, "the joint state", func() bool {
		return f.Regions(RegionFilter{ID: r.ID})[0].Joint && len(pd.Region(r.ID).GetRegion().GetPeers()) == 4
	})
	must(t, pd.Order(r.ID, &pdpb.RegionHeartbeatResponse{ChangePeerV2: &pdpb.ChangePeerV2{}}))
	must(t, f.MuteRegion(r.ID, true))
	must(t, f.ResizeRegion(r.ID, 9))
	if err := f.DownPeer(r.ID, 4711); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such peer: %v", err)
	}
	now := f.Regions(RegionFilter{ID: r.ID})[0]
	if !now.Joint || !now.Muted || pd.Region(r.ID).GetApproximateSize() != 7<<20 {
		t.Errorf("after muting: %+v", now)
	}
}

func peerIndex(r RegionState, store uint64) int {
	for i, p := range r.Peers {
		if p.Store == store {
			return i
		}
	}
	return -1
}

func onMeta(hb *pdpb.RegionHeartbeatRequest, store uint64) bool {
	for _, p := range hb.GetRegion().GetPeers() {
		if p.GetStoreId() == store {
			return true
		}
	}
	return false
}
