package pdtest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

func TestClientReadsEveryProfile(t *testing.T) {
	for _, p := range pdtest.Profiles() {
		t.Run(p.String(), func(t *testing.T) {
			pd := pdtest.New(t, p, pdtest.Members(3))
			pd.AddStores(1, 2, 3, 4)
			pd.AddRegions(2000, 1, 2, 3, 4)
			c, err := pdclient.New(pdclient.Config{Endpoints: pd.URLs()})
			if err != nil {
				t.Fatal(err)
			}
			ctx := context.Background()
			s, err := c.Snapshot(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Unread) > 0 || len(s.Stores) != 4 || s.Store(4).RegionCount != 1500 {
				t.Errorf("%+v %+v", s.Unread, s)
			}
			stats, err := c.RegionStats(ctx)
			if err != nil || stats.Regions != 2000 || stats.PeerCount[4] != 1500 || stats.LeaderCount[1] != 500 {
				t.Errorf("%+v %v", stats, err)
			}
			n := 0
			for r, err := range c.Regions(ctx, pdclient.RegionScan{PageSize: 300}) {
				if err != nil || r.ID != cluster.RegionID(1000+n) {
					t.Fatal(r, err)
				}
				n++
			}
			if n != 2000 {
				t.Error(n)
			}
			if err := c.DeleteStore(ctx, 4); err != nil {
				t.Error(err)
			}
			pd.ExpectWrites(t, "DELETE /store/4")
		})
	}
}

// request sends a raw request and returns its status, 0 for a broken connection.
func request(t *testing.T, method, url, body string, header http.Header) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

var caller = http.Header{"X-Caller-Id": {"test"}}

func TestViolations(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		header                   http.Header
		want                     string // "" for none
	}{
		{"fine", "GET", "/stores?state=0", "", caller, ""},
		{"no caller", "GET", "/stores", "", http.Header{}, "X-Caller-ID"},
		{"unknown path", "GET", "/nonsense", "", caller, "no such call"},
		{"unknown method", "DELETE", "/operators", "", caller, "no such call"},
		{"unknown query key", "GET", "/stores?stat=0", "", caller, `query key "stat"`},
		{"unknown body field", "POST", "/operators", `{"name":"remove-peer","region":1}`, caller, `body field "region"`},
		{"body where none belongs", "DELETE", "/store/4", `{}`, caller, "unexpected body"},
		{"no JSON", "POST", "/store/4/limit", `rate=1`, caller, "no JSON"},
		{"unbounded statistics", "GET", "/stats/region?start_key=a&end_key=", "", caller, "without end_key"},
		{"absent in this version", "GET", "/config/rules/region/1/detail", "", caller, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pd := pdtest.Start(pdtest.V5_4, pdtest.Members(2))
			defer pd.Close()
			pd.AddStores(1, 2, 3, 4)
			for _, url := range pd.URLs() { // at the leader, and through a follower
				request(t, tt.method, url+"/pd/api/v1"+tt.path, tt.body, tt.header)
			}
			got := strings.Join(pd.Violations(), "\n")
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("violations %q, want %q", got, tt.want)
			}
		})
	}
}

func TestForceCountsByItsPresence(t *testing.T) {
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 4)
	if got := request(t, "DELETE", pd.URLs()[0]+"/pd/api/v1/store/4?force=false", "", caller); got != 200 {
		t.Errorf("status %d", got)
	}
	if s, _ := pd.Store(4); !s.PhysicallyDestroyed {
		t.Error("store 4 is not destroyed")
	}
	if got := pd.Forced(); len(got) != 1 || got[0] != 4 {
		t.Errorf("forced %v", got)
	}
	if got := request(t, "POST", pd.URLs()[0]+"/pd/api/v1/store/4/state?state=Up", "", caller); got != 400 {
		t.Errorf("Up of a destroyed store: %d", got)
	}
}

func TestLeaderForgetsLimits(t *testing.T) {
	for _, change := range []bool{false, true} {
		pd := pdtest.New(t, pdtest.V8_5, pdtest.Members(2))
		pd.AddStores(1, 2, 3, 4)
		api := func(i int) string { return pd.URLs()[i] + "/pd/api/v1/store/4" }
		request(t, "DELETE", api(0), "", caller)
		if change {
			pd.Elect(1)
		}
		request(t, "POST", api(1)+"/state?state=Up", "", caller)
		want := 15.0
		if change {
			want = cluster.LimitUnlimited
		}
		if got := pd.Limit(4).RemovePeer; got != want {
			t.Errorf("leader changed %v: remove-peer limit %v, want %v", change, got, want)
		}
	}
}

func TestRefusals(t *testing.T) {
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3)
	c, err := pdclient.New(pdclient.Config{Endpoints: pd.URLs()})
	if err != nil {
		t.Fatal(err)
	}
	var status *pdclient.StatusError
	if err := c.DeleteStore(t.Context(), 3); !errors.As(err, &status) || status.Code != "PD:core:ErrStoresNotEnough" || status.Hint() == "" {
		t.Errorf("too few stores: %v", err)
	}
	pd.AddStores(4)
	pd.SetEvictLeaders(1, 2, 4)
	if err := c.DeleteStore(t.Context(), 3); !errors.As(err, &status) || status.Code != "PD:core:ErrNoStoreForRegionLeader" {
		t.Errorf("nowhere for leaders: %v", err)
	}
}

func TestDrain(t *testing.T) {
	for _, p := range []pdtest.Profile{pdtest.V8_5, pdtest.Master} {
		pd := pdtest.New(t, p)
		pd.AddStores(1, 2, 3, 4)
		pd.AddRegions(12, 1, 2, 3, 4)
		request(t, "DELETE", pd.URLs()[0]+"/pd/api/v1/store/4", "", caller)
		if got := pd.Bury(); len(got) != 0 {
			t.Errorf("%v: buried %v with regions", p, got)
		}
		if moved := pd.MoveRegions(4, 5); moved != 5 {
			t.Errorf("%v: moved %d", p, moved)
		}
		if s, _ := pd.Store(4); s.RegionCount != 4 {
			t.Errorf("%v: %d regions left", p, s.RegionCount)
		}
		// What a restart leaves: regions of size 0 until they are heard of.
		for id := range cluster.RegionID(12) {
			pd.EditRegion(1000+id, func(r *cluster.Region) { r.ApproximateSizeMiB = 0 })
		}
		if got := pd.Bury(); (len(got) == 1) != (p == pdtest.Master) {
			t.Errorf("%v: buried %v with regions of size 0", p, got)
		}
		pd.MoveRegions(4, 100)
		pd.Bury()
		if s, _ := pd.Store(4); s.State != cluster.Tombstone || pd.Limit(4).AddPeer != 0 {
			t.Errorf("%v: %v, limits %+v", p, s.State, pd.Limit(4))
		}
	}
}

func TestCallLog(t *testing.T) {
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 4)
	pd.Inject(pdtest.Fault{On: "GET /version", Status: 500})
	request(t, "DELETE", pd.URLs()[0]+"/pd/api/v1/store/4", "", caller)
	request(t, "GET", pd.URLs()[0]+"/pd/api/v1/stores?state=1&state=0", "", caller)
	pd.ExpectWrites(t, "DELETE /store/4")
	pd.ExpectCalls(t, "GET /stores", "* /store/*", "!POST *", "!GET /store/*")
	if got := pd.Calls()[1].String(); got != "GET /stores?state=1&state=0" {
		t.Errorf("call %q", got)
	}
	if got := pd.Unused(); len(got) != 1 {
		t.Errorf("unused %v", got)
	}
	failed := &recorder{TB: t}
	pd.ExpectWrites(failed)
	pd.ExpectCalls(failed, "POST *", "!GET /stores")
	if failed.errors != 3 {
		t.Errorf("%d expectations failed, want 3", failed.errors)
	}
}

// recorder counts errors instead of failing.
type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Errorf(string, ...any) { r.errors++ }
func (r *recorder) Helper()               {}
