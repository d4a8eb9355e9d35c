package control

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"ebb/playground/store"
	"ebb/playground/store/pdfake"
)

// fakePD records what it is asked to do.
type fakePD struct{ leader, did string }

func (f *fakePD) Leader(context.Context) (string, error) { return f.leader, nil }
func (f *fakePD) TransferLeader(_ context.Context, to string) error {
	f.did = "transfer " + to
	return nil
}
func (f *fakePD) StopMember(_ context.Context, name string) error {
	f.did = "stop " + name
	return nil
}
func (f *fakePD) StartMember(_ context.Context, name string) error {
	f.did = "start " + name
	return errors.New("start PD member: it is running")
}

// serve starts the API over four stores with 24 regions.
func serve(t *testing.T, pd PD) (*httptest.Server, *Client) {
	t.Helper()
	fleet, err := store.Start(t.Context(), store.Config{
		PD: []string{pdfake.Start(t).URL}, Stores: make([]store.Spec, 4), Regions: 24, Timing: store.DefaultTiming().Faster(20),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(NewHandler(fleet, pd, nil))
	t.Cleanup(func() {
		server.Close()
		if err := fleet.Close(); err != nil {
			t.Error(err)
		}
	})
	return server, NewClient(server.URL)
}

// TestClient makes every call once and looks at what came of it.
func TestClient(t *testing.T) {
	_, c := serve(t, nil)
	ctx := t.Context()
	stores, err := c.Stores(ctx)
	ok(t, err)
	id := stores[1].ID
	slow, busy := 3.0, true
	ok(t, c.SlowStore(ctx, id, store.Slowness{Factor: &slow, Busy: &busy}))
	ok(t, c.FillStore(ctx, id, 0.5))
	ok(t, c.IgnoreOperators(ctx, store.Obedience{Store: id, Ignore: true}))
	s, err := c.Store(ctx, id)
	ok(t, err)
	if s.SlowFactor != 3 || !s.Busy || !s.IgnoreOperators || s.Used < s.Capacity/2-1<<20 {
		t.Errorf("after slow, fill and ignore: %+v", s)
	}
	added, err := c.AddStore(ctx, store.Spec{Labels: map[string]string{"zone": "z9"}})
	ok(t, err)
	ok(t, c.StopStore(ctx, added.ID))
	ok(t, c.StartStore(ctx, added.ID))
	ok(t, c.RestartStore(ctx, added.ID))
	ok(t, c.ForgetStore(ctx, added.ID))
	if gone, err := c.Store(ctx, added.ID); err != nil || gone.Running || !gone.Forgotten || gone.Labels["zone"] != "z9" {
		t.Errorf("after forget: %+v %v", gone, err)
	}
	if status := statusOf(c.StartStore(ctx, added.ID)); status != http.StatusConflict {
		t.Errorf("starting a forgotten store: %d", status)
	}
	regionCalls(t, c)
}

func regionCalls(t *testing.T, c *Client) {
	t.Helper()
	ctx := t.Context()
	regions, err := c.Regions(ctx, store.RegionFilter{})
	ok(t, err)
	a, b := regions[3], regions[4]
	follower := a.Peers[0].Store
	if follower == a.LeaderStore {
		follower = a.Peers[1].Store
	}
	ok(t, c.ResizeRegion(ctx, a.ID, 5))
	ok(t, c.PendingPeer(ctx, a.ID, follower))
	ok(t, c.DownPeer(ctx, a.ID, follower))
	ok(t, c.MuteRegion(ctx, a.ID, true))
	ok(t, c.JointStuck(ctx, b.ID))
	if b, err = c.Region(ctx, b.ID); err != nil || !b.Joint || !b.JointStuck {
		t.Errorf("after joint: %+v %v", b, err)
	}
	if a, err = c.Region(ctx, a.ID); err != nil || a.SizeMiB != 5 || !a.Muted {
		t.Errorf("after resize and mute: %+v %v", a, err)
	}
	ok(t, c.HealRegion(ctx, a.ID))
	if a, err = c.Region(ctx, a.ID); err != nil || a.Muted {
		t.Errorf("after heal: %+v %v", a, err)
	}
	hit, err := c.OrphanPeers(ctx, store.Orphan{Count: 2, Store: 990, Replace: true})
	ok(t, err)
	lost, err := c.LoseMajority(ctx, store.Loss{Region: regions[10].ID})
	ok(t, err)
	dead, err := c.Regions(ctx, store.RegionFilter{NoMajority: true, Limit: 9})
	if err != nil || len(hit) != 2 || len(lost) != 1 || len(dead) != 1 || dead[0].ID != lost[0] {
		t.Errorf("orphans %v, lost %v, dead %+v, %v", hit, lost, dead, err)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestPD(t *testing.T) {
	pd := &fakePD{leader: "pd-2"}
	_, c := serve(t, pd)
	if name, err := c.PDLeader(t.Context()); err != nil || name != "pd-2" {
		t.Errorf("leader %q, %v", name, err)
	}
	if err := c.TransferPDLeader(t.Context(), "pd-1"); err != nil || pd.did != "transfer pd-1" {
		t.Errorf("%q, %v", pd.did, err)
	}
	if err := c.StopPD(t.Context(), "pd/3"); err != nil || pd.did != "stop pd/3" {
		t.Errorf("%q, %v", pd.did, err)
	}
	if status := statusOf(c.StartPD(t.Context(), "pd-1")); status != http.StatusBadGateway {
		t.Errorf("a failing PD gave status %d", status)
	}
	_, other := serve(t, nil)
	if status := statusOf(other.TransferPDLeader(t.Context(), "")); status != http.StatusConflict {
		t.Errorf("somebody else's PD gave status %d", status)
	}
}

func statusOf(err error) int {
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused.Status
	}
	return 0
}

func TestStrictness(t *testing.T) {
	server, c := serve(t, nil)
	for _, row := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/nowhere", "", 404, "POST /stores/{id}/slow"},
		{"DELETE", "/stores", "", 405, "GET /stores"},
		{"POST", "/stores/x/stop", "", 400, "not a number"},
		{"POST", "/stores/99999/stop", "", 404, "find store 99999"},
		{"POST", "/stores/99999/slow", `{"facto":2}`, 400, "slow_score uint64"},
		{"POST", "/stores/99999/fill", `{"fraction":"half"}`, 400, "fraction float64"},
		{"POST", "/stores/99999/stop", `{}{}`, 400, "more than one"},
		{"POST", "/stores/99999/stop", `{"now":true}`, 400, "unknown field"},
		{"POST", "/stores/99999/stop?force", "", 400, "unknown parameter"},
		{"GET", "/regions?stor=1", "", 400, "no_majority"},
		{"GET", "/regions?limit=-1", "", 400, "not a number"},
		{"GET", "/regions?no_majority=maybe", "", 400, "neither true nor false"},
		{"GET", "/regions/99999", "", 404, "find region 99999"},
		{"POST", "/fault/lose-majority", `{"region":99999}`, 404, "find region 99999"},
	} {
		req, err := http.NewRequest(row.method, server.URL+row.path, strings.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != row.status || !strings.Contains(string(text), row.says) {
			t.Errorf("%s %s %s: %d %s", row.method, row.path, row.body, resp.StatusCode, text)
		}
	}
	if _, err := c.Region(t.Context(), 99999); statusOf(err) != http.StatusNotFound {
		t.Errorf("the client lost the refusal: %v", err)
	}
	if regions, err := c.Regions(t.Context(), store.RegionFilter{Store: 99999, Limit: 2, NoMajority: true}); err != nil || len(regions) != 0 {
		t.Errorf("%v %v", regions, err)
	}
}

func TestIndexListsEveryRoute(t *testing.T) {
	_, c := serve(t, nil)
	routes, err := c.Routes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slow := slices.IndexFunc(routes, func(l Listing) bool { return l.Path == "/stores/{id}/slow" })
	if len(routes) < 20 || slow < 0 || !slices.Contains(routes[slow].Accepts, "busy bool") {
		t.Errorf("%d routes: %+v", len(routes), routes)
	}
	for _, l := range routes {
		if l.Does == "" {
			t.Errorf("%s %s does not say what it does", l.Method, l.Path)
		}
	}
}
