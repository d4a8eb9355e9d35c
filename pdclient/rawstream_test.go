package pdclient_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

func TestRawStreams(t *testing.T) {
	for _, p := range []pdtest.Profile{pdtest.V4_0_16, pdtest.V8_5} {
		pd := newPD(t, p)
		pd.EditRegion(1003, func(r *cluster.Region) { r.Peers, r.Leader = r.Peers[:2], r.Peers[0] })
		pd.EditRegion(1005, func(r *cluster.Region) { r.Peers[1].StoreID = 99 })
		c := newClient(t, pd.URLs()...)
		for store, want := range map[cluster.StoreID]int{99: 1, 98: 0} {
			if all, err := spans(rawSpans(c.RawRegionsOfStore(t.Context(), store))); err != nil || len(all) != want {
				t.Errorf("%v: regions of store %d: %v, %v", p, store, all, err)
			}
		}
		if all, err := spans(rawSpans(c.RawRegionsCheck(t.Context(), pdclient.CheckMissPeer))); err != nil || len(all) != 1 || all[0].id != 1003 {
			t.Errorf("%v: miss-peer: %v, %v", p, all, err)
		}
		_, err := spans(rawSpans(c.RawRegionsCheck(t.Context(), pdclient.CheckLearnerPeer)))
		if (p < pdtest.V5_0) != errors.Is(err, pdclient.ErrNotSupported) {
			t.Errorf("%v: learner-peer: %v", p, err)
		}
	}
}

// A stream that is cut, ended early or added to is never taken for the whole.
func TestBrokenRawStreams(t *testing.T) {
	faults := map[string]pdtest.Fault{
		"ended early":    {Truncate: 3000},
		"connection cut": {Truncate: 3000, CutBody: true},
		"garbage behind": {Append: `{"error"`},
		"html":           {Status: 200, Body: "<html>login</html>"},
		"empty":          {Status: 200, Body: " "},
		"count":          {Status: 200, Body: `{"count":2,"regions":[{"id":1}]}`},
	}
	for name, f := range faults {
		pd := newPD(t, pdtest.V8_5)
		f.On, f.Times = "GET /regions/store/4", -1
		pd.Inject(f)
		_, err := spans(rawSpans(newClient(t, pd.URLs()...).RawRegionsOfStore(t.Context(), 4)))
		var decode *pdclient.DecodeError
		if !errors.As(err, &decode) || !strings.Contains(decode.URL, "/regions/store/4") {
			t.Errorf("%s: got %v, want a *DecodeError that names the url", name, err)
		}
	}
}

func TestRawStores(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	pd.EditStore(2, func(s *cluster.Store) { s.State = cluster.Tombstone })
	c := newClient(t, pd.URLs()...)
	var ids []cluster.StoreID
	for batch, err := range c.RawStores(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range batch {
			var s struct {
				Store struct {
					ID cluster.StoreID `json:"id"`
				} `json:"store"`
			}
			if err := json.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, s.Store.ID)
		}
	}
	slices.Sort(ids)
	if !slices.Equal(ids, []cluster.StoreID{1, 2, 3, 4}) {
		t.Errorf("stores %v; a Tombstone is one too", ids)
	}
	if text, err := c.RawStore(t.Context(), 2); err != nil || !json.Valid(text) || !strings.Contains(string(text), "Tombstone") {
		t.Errorf("store 2: %s, %v", text, err)
	}
	if _, err := c.RawStore(t.Context(), 77); !pdclient.IsNotFound(err) {
		t.Errorf("store 77: %v, want ErrNotFound", err)
	}
	for _, body := range []string{`{"count":2,"stores":[{"store":{"id":1},"status":{}}]}`, `{"count":1,"stores":[{"store":{}}]}`, `{"count":1,"stores":[{"store":7}]}`, `{"count":0}`} {
		pd.Inject(pdtest.Fault{On: "GET /stores", Status: 200, Body: body})
		var last error
		for _, err := range c.RawStores(t.Context()) {
			last = err
		}
		if last == nil {
			t.Errorf("took %s", body)
		}
	}
}

func TestRawRegion(t *testing.T) {
	for _, p := range pdtest.Profiles() {
		pd := newPD(t, p)
		c := newClient(t, pd.URLs()...)
		text, ok, err := c.RawRegion(t.Context(), 1003)
		if err != nil || !ok || !json.Valid(text) || text[0] != '{' || text[len(text)-1] != '}' {
			t.Errorf("%v: %s, %v, %v", p, text, ok, err)
		}
		if text, ok, err := c.RawRegion(t.Context(), 5); ok || err != nil || text != nil {
			t.Errorf("%v: unknown region: %s, %v, %v", p, text, ok, err)
		}
		pd.Inject(pdtest.Fault{On: "GET /region/id/*", Append: "x"})
		if _, _, err := c.RawRegion(t.Context(), 1003); err == nil {
			t.Errorf("%v: took what had garbage behind it", p)
		}
	}
}
