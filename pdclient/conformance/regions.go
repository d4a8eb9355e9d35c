package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

func rules(t *testing.T, s *suite) {
	ctx := t.Context()
	replication, err := s.client.ReplicationConfig(ctx)
	must(t, err)
	list, err := s.client.Rules(ctx)
	if !replication.EnablePlacementRules {
		if !errors.Is(err, pdclient.ErrPlacementRulesDisabled) {
			t.Errorf("rules are off, got %v", err)
		}
		return
	}
	must(t, err)
	if len(list) == 0 || list[0].Count == 0 || list[0].Role == "" || list[0].GroupID == "" {
		t.Errorf("rules %+v", list)
	}
	fit, err := s.client.RegionFit(ctx, s.Region)
	if !s.atLeast(pdtest.V6_5) {
		if !errors.Is(err, pdclient.ErrNotSupported) {
			t.Errorf("fit: %v, want ErrNotSupported", err)
		}
	} else if err != nil || len(fit.Fits) == 0 || len(fit.Fits[0].Peers) == 0 {
		t.Errorf("fit %+v, %v", fit, err)
	}
	if _, err := s.client.RegionLabelRules(ctx); errors.Is(err, pdclient.ErrNotSupported) != !s.atLeast(pdtest.V5_4) {
		t.Errorf("region labels: %v", err)
	}
}

// rulesOff switches placement rules off and on again.
func rulesOff(t *testing.T, s *suite) {
	ctx := t.Context()
	const item = "replication.enable-placement-rules"
	replication, err := s.client.ReplicationConfig(ctx)
	must(t, err)
	if replication.EnablePlacementRules {
		t.Cleanup(func() {
			ctx, cancel := pdContext()
			defer cancel()
			if err := s.client.SetConfig(ctx, map[string]any{item: "true"}); err != nil {
				t.Error(err)
			}
		})
		must(t, s.client.SetConfig(ctx, map[string]any{item: "false"}))
	}
	if _, err := s.client.Rules(ctx); statusOf(err) != 412 || !errors.Is(err, pdclient.ErrPlacementRulesDisabled) {
		t.Errorf("got %v, want 412", err)
	}
}

func regions(t *testing.T, s *suite) {
	ctx := t.Context()
	var end []byte
	n := 0
	for r, err := range s.client.Regions(ctx, pdclient.RegionScan{PageSize: 3}) {
		must(t, err)
		if !bytes.Equal(r.StartKey, end) {
			t.Errorf("region %d starts at %x, the one before ends at %x", r.ID, r.StartKey, end)
		}
		end = r.EndKey
		n++
	}
	count, err := s.client.RegionCount(ctx)
	must(t, err)
	if n != count || len(end) != 0 {
		t.Errorf("scanned %d regions up to %x, pd counts %d", n, end, count)
	}
	r, ok, err := s.client.Region(ctx, s.Region)
	must(t, err)
	if !ok || !r.HasLeader() || len(r.Peers) == 0 || r.PeerOn(r.Leader.StoreID) == nil || r.Epoch.ConfVer == 0 {
		t.Errorf("region %d: %+v, %v", s.Region, r, ok)
	}
	found := false
	for of, err := range s.client.RegionsOfStore(ctx, r.Leader.StoreID) {
		must(t, err)
		if of.PeerOn(r.Leader.StoreID) == nil {
			t.Errorf("region %d has no peer on store %d", of.ID, r.Leader.StoreID)
		}
		found = found || of.ID == r.ID
	}
	if !found {
		t.Errorf("region %d is not among those of its leader's store %d", r.ID, r.Leader.StoreID)
	}
	for of, err := range s.client.RegionsOfStore(ctx, s.UnknownStore) {
		t.Errorf("unknown store has region %d, %v", of.ID, err)
	}
	for _, check := range []string{pdclient.CheckMissPeer, pdclient.CheckExtraPeer, pdclient.CheckDownPeer,
		pdclient.CheckPendingPeer, pdclient.CheckOfflinePeer, pdclient.CheckEmptyRegion} {
		for _, err := range s.client.RegionsCheck(ctx, check) {
			must(t, err)
		}
	}
	if err := s.client.AccelerateSchedule(ctx, cluster.KeyRange{Start: r.StartKey, End: r.EndKey}); err != nil {
		t.Errorf("accelerate: %v", err)
	}
}

// unknownRegion is answered in three ways.
func unknownRegion(t *testing.T, s *suite) {
	if _, ok, err := s.client.Region(t.Context(), s.UnknownRegion); ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
	got := s.raw(t, http.MethodGet, "/region/id/"+s.UnknownRegion.String(), nil, "")
	if s.Profile == pdtest.Master {
		got.want(t, 404)
		return
	}
	got.want(t, 200)
	var region *struct{ ID uint64 }
	if err := json.Unmarshal(got.body, &region); err != nil || region != nil && region.ID != 0 {
		t.Errorf("body %s, want null or an object with id 0", got.body)
	}
}

// regionStats compares PD's count with one by hand. Regions may move meanwhile,
// so it may take a few attempts.
func regionStats(t *testing.T, s *suite) {
	var difference string
	for range 5 {
		stats, err := s.client.RegionStats(t.Context())
		must(t, err)
		counted := cluster.RegionStats{PeerCount: map[cluster.StoreID]int{}, LeaderCount: map[cluster.StoreID]int{}}
		for r, err := range s.client.Regions(t.Context(), pdclient.RegionScan{}) {
			must(t, err)
			counted.Regions++
			for i := range r.Peers {
				counted.PeerCount[r.Peers[i].StoreID]++
			}
			if r.HasLeader() {
				counted.LeaderCount[r.Leader.StoreID]++
			}
		}
		if difference = compareStats(stats, &counted); difference == "" {
			return
		}
		s.Sleep(500 * time.Millisecond)
	}
	t.Error(difference)
}

func compareStats(a, b *cluster.RegionStats) string {
	if got, want := fmt.Sprint(*a), fmt.Sprint(*b); got != want { // maps print in order
		return "pd counts " + got + ", by hand " + want
	}
	return ""
}

func progress(t *testing.T, s *suite) {
	if p, ok, err := s.client.Progress(t.Context(), s.UnknownStore); ok || err != nil {
		t.Errorf("got %+v, %v, %v", p, ok, err)
	}
	s.raw(t, http.MethodGet, "/stores/progress", url.Values{"id": {s.UnknownStore.String()}}, "").want(t, 404)
}

func operators(t *testing.T, s *suite) {
	ctx := t.Context()
	if _, err := s.client.Operators(ctx, ""); err != nil {
		t.Error(err)
	}
	if _, err := s.client.Operators(ctx, "admin"); err != nil {
		t.Error(err)
	}
	if _, ok, err := s.client.Operator(ctx, s.UnknownRegion); ok || err != nil {
		t.Errorf("operator of an unknown region: %v, %v", ok, err)
	}
	if err := s.client.CancelOperator(ctx, s.UnknownRegion); statusOf(err) != 500 || !pdclient.IsNotFound(err) {
		t.Errorf("cancel: %v, want 500 and ErrNotFound", err)
	}
	if err := s.client.AddRemovePeer(ctx, s.UnknownRegion, s.Other); statusOf(err) != 500 {
		t.Errorf("remove-peer of an unknown region: %v, want 500", err)
	}
	if err := s.client.AddRemovePeer(ctx, s.Region, s.UnknownStore); statusOf(err) != 500 {
		t.Errorf("remove-peer of a peer that is not there: %v, want 500", err)
	}
	s.raw(t, http.MethodPost, "/operators", nil, `{"name":"remove-peer","store_id":1}`).want(t, 400)
	s.raw(t, http.MethodPost, "/operators", nil, `{"name":"remove-peer","region_id":"1","store_id":1}`).want(t, 400)
	_, err := s.client.OperatorRecords(ctx, time.Now().Add(-time.Minute))
	if errors.Is(err, pdclient.ErrNotSupported) != !s.atLeast(pdtest.V6_1) {
		t.Errorf("records: %v", err)
	}
}

func errorBodies(t *testing.T, s *suite) {
	unknown := "/store/" + s.UnknownStore.String()
	code := ""
	if s.atLeast(pdtest.V5_0) {
		code = "PD:core:ErrStoreNotFound"
		s.raw(t, http.MethodGet, unknown, nil, "").want(t, 404)
	}
	s.raw(t, http.MethodGet, unknown, nil, "").wantString(t, code)
	s.raw(t, http.MethodDelete, unknown, nil, "").wantString(t, code)
	bad := s.raw(t, http.MethodDelete, "/store/abc", nil, "")
	bad.want(t, 400)
	var object struct{ Code, Msg string }
	if err := json.Unmarshal(bad.body, &object); err != nil || object.Code == "" || object.Msg == "" {
		t.Errorf("bad id: body %s, want an object with code and msg", bad.body)
	}
	if got := bad.header.Get("TiDB-Error-Code"); got != object.Code {
		t.Errorf("header TiDB-Error-Code %q, body says %q", got, object.Code)
	}
	if bad.header.Get("Date") == "" {
		t.Error("no Date header")
	}
}
