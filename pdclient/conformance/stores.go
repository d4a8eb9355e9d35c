package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

func members(t *testing.T, s *suite) {
	m, err := s.client.Members(t.Context())
	must(t, err)
	if m.ClusterID == 0 || len(m.Members) == 0 || m.Leader.ID == 0 || len(m.Leader.ClientURLs) == 0 {
		t.Errorf("members %+v", m)
	}
	health, err := s.client.Health(t.Context())
	must(t, err)
	if len(health) != len(m.Members) || !health[0].Healthy {
		t.Errorf("health %+v", health)
	}
	version, err := s.client.PDVersion(t.Context())
	must(t, err)
	status, err := s.client.Status(t.Context())
	must(t, err)
	if version == "" || status.Version != version || status.StartTime.IsZero() {
		t.Errorf("version %q, status %+v", version, status)
	}
	if v, err := s.client.ClusterVersion(t.Context()); err != nil || v == "" {
		t.Errorf("cluster version %q, %v", v, err)
	}
}

func stores(t *testing.T, s *suite) {
	list, readAt, err := s.client.Stores(t.Context())
	must(t, err)
	byID := cluster.IndexStores(list)
	if age := time.Since(readAt); age < -2*time.Second || age > 10*time.Second {
		t.Errorf("pd's clock says %v, ours %v", readAt, time.Now())
	}
	for _, id := range []cluster.StoreID{s.Victim, s.Other} {
		store := byID[id]
		if store == nil || store.State != cluster.Up || store.StateName == "" || store.Address == "" {
			t.Fatalf("store %d is %+v, want one that is up", id, store)
		}
		if (store.NodeState == cluster.NodeStateUnknown) != !s.atLeast(pdtest.V6_1) {
			t.Errorf("store %d has node state %d", id, store.NodeState)
		}
		one, err := s.client.Store(t.Context(), id)
		must(t, err)
		if one.Address != store.Address || one.State != store.State || one.NodeState != store.NodeState {
			t.Errorf("alone it is %+v, in the list %+v", one, store)
		}
	}
	if _, err := s.client.Store(t.Context(), s.UnknownStore); !pdclient.IsNotFound(err) {
		t.Errorf("unknown store: %v", err)
	}
	if err := s.client.SetStoreUp(t.Context(), s.UnknownStore); s.atLeast(pdtest.V5_0) && !pdclient.IsNotFound(err) {
		t.Errorf("unknown store up: %v", err)
	}
	if err := s.client.DeleteStore(t.Context(), s.UnknownStore); !pdclient.IsNotFound(err) {
		t.Errorf("delete unknown store: %v", err)
	}
	if s.atLeast(pdtest.V5_0) {
		s.raw(t, http.MethodPost, "/store/"+s.Other.String()+"/state", url.Values{"state": {"Nonsense"}}, "").want(t, 400)
		s.raw(t, http.MethodPost, "/store/"+s.Other.String()+"/state", url.Values{"state": {"Tombstone"}}, "").want(t, 400)
	}
	s.raw(t, http.MethodGet, "/stores", url.Values{"state": {"7"}}, "").want(t, 500)
}

// storeLife takes a store out and back.
func storeLife(t *testing.T, s *suite) {
	ctx := t.Context()
	before, err := s.client.StoreLimits(ctx)
	must(t, err)
	old := before[s.Victim]
	t.Cleanup(func() { s.restore(t, s.Victim, old) })

	must(t, s.client.DeleteStore(ctx, s.Victim))
	store, err := s.client.Store(ctx, s.Victim)
	must(t, err)
	if store.State != cluster.Offline || store.StateName != cluster.StateOffline || store.PhysicallyDestroyed {
		t.Errorf("after DELETE: %+v", store)
	}
	if s.atLeast(pdtest.V6_1) && store.NodeState != cluster.Removing {
		t.Errorf("node state %v, want Removing", store.NodeState)
	}
	limits, err := s.client.StoreLimits(ctx)
	must(t, err)
	if got := limits[s.Victim]; got.RemovePeer != cluster.LimitUnlimited || got.AddPeer != old.AddPeer {
		t.Errorf("limits after DELETE: %+v, before %+v; want remove-peer %v", got, old, float64(cluster.LimitUnlimited))
	}
	if err := s.client.DeleteStore(ctx, s.Victim); err != nil {
		t.Errorf("DELETE again: %v", err)
	}
	must(t, s.client.SetStoreUp(ctx, s.Victim))
	if err := s.client.SetStoreUp(ctx, s.Victim); err != nil {
		t.Errorf("Up again: %v", err)
	}
	if store, err = s.client.Store(ctx, s.Victim); err != nil || store.State != cluster.Up {
		t.Errorf("after Up: %v, %v", store.State, err)
	}
	limits, err = s.client.StoreLimits(ctx)
	must(t, err)
	want := old
	if !s.atLeast(pdtest.V6_1) {
		want.RemovePeer = cluster.LimitUnlimited // forgotten, see Client.SetStoreUp
	}
	if limits[s.Victim] != want {
		t.Errorf("limits after Up: %+v, want %+v", limits[s.Victim], want)
	}
}

func (s *suite) restore(t *testing.T, id cluster.StoreID, old cluster.StoreLimit) {
	ctx, cancel := pdContext()
	defer cancel()
	if err := s.client.SetStoreUp(ctx, id); err != nil {
		t.Errorf("restore store %d: %v", id, err)
	}
	for _, limit := range []cluster.LimitType{cluster.AddPeer, cluster.RemovePeer} {
		if err := s.client.SetStoreLimit(ctx, id, limit, old.Rate(limit)); err != nil {
			t.Errorf("restore %s of store %d: %v", limit, id, err)
		}
	}
}

// tombstone: PD lists them only when asked, and they are final.
func tombstone(t *testing.T, s *suite) {
	if s.Tombstone == 0 {
		t.Skip("the target has no tombstone")
	}
	ctx := t.Context()
	list, _, err := s.client.Stores(ctx)
	must(t, err)
	if !slices.ContainsFunc(list, func(st cluster.Store) bool { return st.ID == s.Tombstone && st.State == cluster.Tombstone }) {
		t.Errorf("store %d is not among all stores as a tombstone", s.Tombstone)
	}
	plain := s.raw(t, http.MethodGet, "/stores", nil, "")
	plain.want(t, 200)
	if contains(plain.body, `"state_name":"Tombstone"`) {
		t.Error("a tombstone is listed without being asked for")
	}
	if got := statusOf(s.client.DeleteStore(ctx, s.Tombstone)); got != http.StatusGone {
		t.Errorf("DELETE of a tombstone: %d, want 410", got)
	}
	if got := statusOf(s.client.SetStoreUp(ctx, s.Tombstone)); s.atLeast(pdtest.V5_0) && got != http.StatusGone {
		t.Errorf("Up of a tombstone: %d, want 410", got)
	}
	limits, err := s.client.StoreLimits(ctx)
	must(t, err)
	if l, listed := limits[s.Tombstone]; listed {
		t.Errorf("a tombstone has limits %+v", l)
	}
}
