package pdclient_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
)

// PD pages its count by 1000 and starts over behind the last region, so the
// sizes here are those that hang a real one when it is asked without an end.
func TestRegionStats(t *testing.T) {
	for _, n := range []int{0, 1, 2, 999, 1000, 1001, 2000} {
		pd := pdtest.New(t, pdtest.Master) // an unbounded request is a violation
		pd.AddStores(1, 2, 3)
		if n > 0 {
			pd.AddRegions(n, 1, 2, 99)
		}
		got, err := newClient(t, pd.URLs()...).RegionStats(t.Context())
		if err != nil {
			t.Fatalf("%d regions: %v", n, err)
		}
		leaders := 0
		for _, l := range got.LeaderCount {
			leaders += l
		}
		if got.Regions != n || got.PeerCount[99] != n || leaders != n {
			t.Errorf("%d regions: got %+v", n, got)
		}
		for _, call := range pd.Calls() {
			if call.Path == "/stats/region" && call.Query.Get("end_key") == "" {
				t.Errorf("%d regions: %s", n, call)
			}
		}
	}
}

func TestRegionStatsOfLeaderlessRegions(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	for _, id := range []cluster.RegionID{1000, 1039} {
		pd.EditRegion(id, func(r *cluster.Region) { r.Leader = cluster.Peer{} })
	}
	got, err := newClient(t, pd.URLs()...).RegionStats(t.Context())
	if err != nil || got.LeaderCount[0] != 0 || got.Regions != 40 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Requests are made in one place, which refuses an unbounded count of regions:
// no other call of net/http may make or send one.
func TestRequestsAreMadeInOnePlace(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	makers := map[string]bool{
		"NewRequest": true, "NewRequestWithContext": true, "Get": true, "Post": true, "PostForm": true, "Head": true,
		"DefaultClient": true, "Request": true,
	}
	var found []string
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.StarExpr: // *http.Request as a type makes none
				return false
			case *ast.SelectorExpr:
				if pkg, ok := n.X.(*ast.Ident); ok && pkg.Name == "http" && makers[n.Sel.Name] {
					found = append(found, name+": http."+n.Sel.Name)
				}
			}
			return true
		})
	}
	if len(found) != 1 || found[0] != "client.go: http.NewRequestWithContext" {
		t.Errorf("requests are made by %v, want only the one in client.go", found)
	}
}

// No way leads to an unbounded count: neither a word of the caller's in a path,
// which PD's router would resolve, nor a redirect.
func TestNoWayToUnboundedStats(t *testing.T) {
	pd := newPD(t, pdtest.Master)
	c := newClient(t, pd.URLs()...)
	for _, check := range []string{"../../stats/region", "..//../stats/region/", "x/../../../stats/./region"} {
		for _, err := range c.RegionsCheck(t.Context(), check) {
			if !strings.Contains(err.Error(), "unbounded") {
				t.Errorf("check %s: %v", check, err)
			}
		}
		for _, err := range c.RawRegionsCheck(t.Context(), check) {
			if !strings.Contains(err.Error(), "unbounded") {
				t.Errorf("check %s, raw: %v", check, err)
			}
		}
	}
	pd.Inject(pdtest.Fault{On: "GET /stores", Status: 307, Header: http.Header{"Location": {pd.URLs()[0] + "/pd/api/v1/stats/region?start_key=a"}}})
	if _, _, err := c.Stores(t.Context()); err == nil || !strings.Contains(err.Error(), "unbounded") {
		t.Errorf("redirected: %v", err)
	}
	pd.ExpectCalls(t, "!GET /stats/region", "!GET /regions/check/*")
}
