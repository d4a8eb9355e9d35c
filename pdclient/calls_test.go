package pdclient_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

func TestStoresOfEveryVersion(t *testing.T) {
	for _, p := range pdtest.Profiles() {
		t.Run(p.String(), func(t *testing.T) {
			pd := newPD(t, p)
			pd.SetStore(cluster.Store{ID: 5, State: cluster.Tombstone, Labels: []cluster.Label{{Key: "engine", Value: "tiflash"}}})
			pd.EditStore(2, func(s *cluster.Store) { s.State = cluster.Offline })
			pd.Silence(2, time.Hour)
			pd.Silence(3, time.Hour)
			pd.NeverBeat(4)
			stores, readAt, err := newClient(t, pd.URLs()...).Stores(t.Context())
			if err != nil || len(stores) != 5 {
				t.Fatalf("%d stores, %v", len(stores), err)
			}
			if age := pd.Now().Sub(readAt); age < 0 || age > 2*time.Second {
				t.Errorf("read at %v, pd's clock says %v", readAt, pd.Now())
			}
			byID := cluster.IndexStores(stores)
			states := map[cluster.StoreID]string{1: "Up", 2: "Offline", 3: "Down", 4: "Down", 5: "Tombstone"}
			for id, want := range states {
				if byID[id].StateName != want {
					t.Errorf("store %d is %s, want %s", id, byID[id].StateName, want)
				}
			}
			live := map[cluster.StoreID]bool{1: true}
			for id, s := range byID {
				if s.Live(readAt) != live[id] {
					t.Errorf("store %d live: %v", id, s.Live(readAt))
				}
			}
			if byID[4].Capacity.Known || !byID[1].Capacity.Known || byID[5].Engine() != cluster.TiFlash {
				t.Errorf("capacity of a silent store %+v, of a live one %+v, engine %v", byID[4].Capacity, byID[1].Capacity, byID[5].Engine())
			}
			want := cluster.Serving
			if p < pdtest.V6_1 {
				want = cluster.NodeStateUnknown
			}
			if byID[1].NodeState != want {
				t.Errorf("node state %v, want %v", byID[1].NodeState, want)
			}
		})
	}
}

func TestPreparingStore(t *testing.T) {
	for _, p := range []pdtest.Profile{pdtest.V5_4, pdtest.V8_1, pdtest.V8_5} {
		pd := newPD(t, p)
		pd.EditStore(1, func(s *cluster.Store) { s.NodeState = cluster.Preparing })
		stores, _, err := newClient(t, pd.URLs()...).Stores(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := cluster.Preparing
		if p == pdtest.V5_4 {
			want = cluster.NodeStateUnknown
		}
		if stores[0].NodeState != want {
			t.Errorf("%v: node state %v, want %v", p, stores[0].NodeState, want)
		}
	}
}

func TestUnknownStore(t *testing.T) {
	for _, p := range pdtest.Profiles() {
		pd := newPD(t, p)
		c := newClient(t, pd.URLs()...)
		if _, err := c.Store(t.Context(), 77); !pdclient.IsNotFound(err) {
			t.Errorf("%v: read: %v, want ErrNotFound", p, err)
		}
		if err := c.DeleteStore(t.Context(), 77); !pdclient.IsNotFound(err) {
			t.Errorf("%v: delete: %v, want ErrNotFound", p, err)
		}
		if err := c.SetStoreLimit(t.Context(), 77, cluster.AddPeer, 10); !pdclient.IsNotFound(err) {
			t.Errorf("%v: limit: %v, want ErrNotFound", p, err)
		}
	}
}

func TestProgress(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	c := newClient(t, pd.URLs()...)
	if _, ok, err := c.Progress(t.Context(), 4); ok || err != nil {
		t.Errorf("before: %v, %v", ok, err)
	}
	if err := c.DeleteStore(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	p, ok, err := c.Progress(t.Context(), 4)
	if err != nil || !ok || p.Action == cluster.ActionRemoving || p.Fraction < 1 || p.Left >= 0 {
		t.Errorf("right after DELETE: %+v, %v, %v; want preparing 1.10, time left unknown", p, ok, err)
	}
	pd.MoveRegions(4, 15)
	pd.RefreshProgress()
	p, ok, err = c.Progress(t.Context(), 4)
	if err != nil || !ok || p.Action != cluster.ActionRemoving || p.Fraction != 0.5 || p.SpeedMiB != 144 || p.Left != 10*time.Second {
		t.Errorf("half way: %+v, %v, %v", p, ok, err)
	}
	pd.Elect(-1)
	pd.Elect(0)
	if _, ok, err := c.Progress(t.Context(), 4); ok || err != nil {
		t.Errorf("after a leader change: %v, %v", ok, err)
	}
	pd.MoveRegions(4, 100)
	pd.RefreshProgress() // starts over with nothing left
	if _, ok, err := c.Progress(t.Context(), 4); ok || err != nil {
		t.Errorf("NaN: %v, %v", ok, err)
	}
	old := newPD(t, pdtest.V5_4)
	if _, ok, err := newClient(t, old.URLs()...).Progress(t.Context(), 4); ok || err != nil {
		t.Errorf("5.4 has none: %v, %v", ok, err)
	}
}

func TestEvictLeader(t *testing.T) {
	for _, p := range []pdtest.Profile{pdtest.V4_0_16, pdtest.V8_5} {
		pd := newPD(t, p)
		c := newClient(t, pd.URLs()...)
		if ids, err := c.EvictLeaderStores(t.Context()); err != nil || len(ids) != 0 {
			t.Errorf("%v: without scheduler: %v, %v", p, ids, err)
		}
		for _, id := range []cluster.StoreID{4, 2, 4} {
			if err := c.AddEvictLeader(t.Context(), id); err != nil {
				t.Errorf("%v: add %d: %v", p, id, err)
			}
		}
		if ids, err := c.EvictLeaderStores(t.Context()); err != nil || !slices.Equal(ids, []cluster.StoreID{2, 4}) {
			t.Errorf("%v: got %v, %v", p, ids, err)
		}
		for range 2 { // the second is a 404
			if err := c.RemoveEvictLeader(t.Context(), 4); err != nil {
				t.Errorf("%v: remove: %v", p, err)
			}
		}
		if got := pd.EvictLeaders(); !slices.Equal(got, []cluster.StoreID{2}) {
			t.Errorf("%v: left %v", p, got)
		}
	}
}

func TestSchedulerControllerNotReady(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	pd.SetEvictLeaders(4)
	c := newClient(t, pd.URLs()...)
	pd.Inject(pdtest.Fault{On: "GET /scheduler-config/*", Status: 406, Body: `"not ready"`, Times: 2})
	pd.Inject(pdtest.Fault{On: "DELETE /schedulers/*", Status: 406, Body: `"not ready"`, Times: 2})
	if ids, err := c.EvictLeaderStores(t.Context()); err != nil || len(ids) != 1 {
		t.Errorf("list: %v, %v", ids, err)
	}
	if err := c.RemoveEvictLeader(t.Context(), 4); err != nil {
		t.Errorf("remove: %v", err)
	}
	pd.Inject(pdtest.Fault{On: "GET /scheduler-config/*", Status: 406, Body: `"not ready"`, Times: -1})
	if _, err := c.EvictLeaderStores(t.Context()); err == nil {
		t.Error("no error although it never gets ready")
	}
}

func TestRules(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	rule := cluster.Rule{
		GroupID: "tiflash", ID: "table-5-r", Role: cluster.RoleLearner, Count: 2, StartKey: []byte("t\x01"), EndKey: []byte("t\x02"),
		LabelConstraints: []cluster.LabelConstraint{{Key: "engine", Op: "in", Values: []string{"tiflash"}}},
		LocationLabels:   []string{"zone"}, IsolationLevel: "zone", Index: 120, Override: true,
	}
	pd.SetRules(rule)
	c := newClient(t, pd.URLs()...)
	if got, err := c.Rules(t.Context()); err != nil || !reflect.DeepEqual(got, []cluster.Rule{rule}) {
		t.Errorf("got %+v, %v", got, err)
	}
	pd.SetRules()
	if _, err := c.Rules(t.Context()); !errors.Is(err, pdclient.ErrPlacementRulesDisabled) {
		t.Errorf("got %v, want ErrPlacementRulesDisabled", err)
	}
	if _, err := c.RegionFit(t.Context(), 1000); !errors.Is(err, pdclient.ErrPlacementRulesDisabled) {
		t.Errorf("fit: %v, want ErrPlacementRulesDisabled", err)
	}
}

func TestRegionFit(t *testing.T) {
	pd := newPD(t, pdtest.V6_5)
	pd.EditRegion(1000, func(r *cluster.Region) { r.Peers[2].StoreID = 99 })
	c := newClient(t, pd.URLs()...)
	fit, err := c.RegionFit(t.Context(), 1000)
	if err != nil || len(fit.Fits) != 1 || len(fit.Fits[0].Peers) != 2 || len(fit.Orphans) != 1 || fit.Orphans[0].StoreID != 99 {
		t.Errorf("got %+v, %v", fit, err)
	}
	if _, err := c.RegionFit(t.Context(), 5); !pdclient.IsNotFound(err) {
		t.Errorf("unknown region: %v", err)
	}
	old := newPD(t, pdtest.V6_1)
	if _, err := newClient(t, old.URLs()...).RegionFit(t.Context(), 1000); !errors.Is(err, pdclient.ErrNotSupported) {
		t.Errorf("6.1: %v, want ErrNotSupported", err)
	}
}

func TestRegionLabelRules(t *testing.T) {
	pd := newPD(t, pdtest.V6_1)
	rule := cluster.RegionLabelRule{
		ID: "br", RuleType: "key-range", Labels: []cluster.RegionLabel{{Key: "schedule", Value: "deny", TTL: "5m0s"}},
		Ranges: []cluster.KeyRange{{Start: []byte("t"), End: []byte("u")}},
	}
	pd.SetLabelRules(rule)
	got, err := newClient(t, pd.URLs()...).RegionLabelRules(t.Context())
	if err != nil || !reflect.DeepEqual(got, []cluster.RegionLabelRule{rule}) || !got[0].DeniesScheduling() {
		t.Errorf("got %+v, %v", got, err)
	}
	old := newPD(t, pdtest.V5_0)
	if _, err := newClient(t, old.URLs()...).RegionLabelRules(t.Context()); !errors.Is(err, pdclient.ErrNotSupported) {
		t.Errorf("5.0: %v, want ErrNotSupported", err)
	}
}
