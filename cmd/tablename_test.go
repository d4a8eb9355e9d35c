package cmd

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"ebb/decommission"
	"ebb/topology"
)

// tidbs makes a topology with a TiDB server behind each handler.
func tidbs(t *testing.T, handlers ...http.HandlerFunc) *target {
	t.Helper()
	var text strings.Builder
	text.WriteString("pd_servers:\n  - host: 127.0.0.1\ntidb_servers:\n")
	for i, h := range handlers {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "  - {host: 127.0.0.1, port: %d, status_port: %s, deploy_dir: /d%d}\n", 4000+i, u.Port(), i)
	}
	topo, err := topology.Parse("t.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	return &target{topology: topo}
}

func TestTableNames(t *testing.T) {
	broken := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
	notTiDB := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }
	asked := 0
	works := func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch r.URL.Path {
		case "/db-table/45":
			fmt.Fprint(w, `{"db_info":{"id":1,"db_name":{"O":"Shop","L":"shop"}},"table_info":{"id":45,"name":{"O":"Orders","L":"orders"},"cols":[{}]},"schema_version":7}`)
		case "/db-table/46":
			http.Error(w, "[schema:1146]Table which ID = 46 does not exist.", http.StatusBadRequest)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}
	got := tidbs(t, broken, notTiDB, works).tables(t.Context(), []int64{45, 46, 47})
	want := map[int64]decommission.TableName{45: {Schema: "Shop", Table: "Orders"}, 46: {Unknown: true}, 47: {Unknown: true}}
	if !maps.Equal(got, want) {
		t.Errorf("names %+v, want %+v", got, want)
	}
	// Nobody knows: no names, and no error either.
	if got := tidbs(t, broken).tables(t.Context(), []int64{45}); len(got) != 0 {
		t.Errorf("names %+v", got)
	}
	if got := new(target).tables(t.Context(), []int64{45}); len(got) != 0 {
		t.Errorf("names %+v without a topology", got)
	}
	many := make([]int64, 1000)
	asked = 0
	tidbs(t, works).tables(t.Context(), many)
	if asked != maxTableNames {
		t.Errorf("asked %d times, want %d", asked, maxTableNames)
	}
}
