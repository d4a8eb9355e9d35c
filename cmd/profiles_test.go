package cmd

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
	"ebb/ui"
	"ebb/ui/uitest"
)

// ebb runs one command line inside the test process, with nobody to ask.
func ebb(t *testing.T, args ...string) (stdout, stderr string, code ExitCode) {
	t.Helper()
	streams := ui.Test("")
	streams.Setenv("HOME", t.TempDir())
	return ebbWith(t, streams, args...)
}

func ebbWith(t *testing.T, streams *ui.TestStreams, args ...string) (stdout, stderr string, code ExitCode) {
	t.Helper()
	env := systemEnv(streams.Streams)
	watchJSON(t, env)
	env.Prompter = uitest.NewPrompter(t)
	code = run(t.Context(), env, args)
	return streams.OutBuf.String(), streams.ErrBuf.String(), code
}

// TestEveryVersion takes a store of each version of PD on the way out and back.
// PD changes its leader in between, so it has forgotten the limits.
func TestEveryVersion(t *testing.T) {
	t.Parallel()
	for _, p := range pdtest.Profiles() {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			pd := pdtest.New(t, p, pdtest.Members(3))
			pd.AddStores(1, 2, 3, 4)
			pd.AddRegions(12, 1, 2, 3, 4)
			home := t.TempDir()
			ebb := func(args ...string) string {
				t.Helper()
				streams := ui.Test("")
				streams.Setenv("HOME", home)
				args = append(args, "-u", strings.Join(pd.URLs(), ","))
				stdout, stderr, code := ebbWith(t, streams, args...)
				if code != ExitDone {
					t.Fatalf("ebb %v: exit code %d\n%s%s", args, code, stdout, stderr)
				}
				return stdout
			}
			checkDisplay(t, p, ebb("display", "-o", "json"))
			before := pd.Limit(4)
			if out := ebb("check", "-N", "4", "-o", "json", "--jq", ".leave.answer, .loss.answer"); out != "yes\nyes\n" && out != "\"yes\"\n\"yes\"\n" {
				t.Errorf("check says %s", out)
			}

			ebb("scale-in", "-N", "4", "--evict-leader", "--yes")
			if s, _ := pd.Store(4); s.State != cluster.Offline || s.PhysicallyDestroyed {
				t.Errorf("store is %v, destroyed %v", s.State, s.PhysicallyDestroyed)
			}
			checkDisplay(t, p, ebb("display", "-o", "json"))

			pd.Elect(1)
			ebb("cancel-offline", "-N", "4", "--yes")
			if s, _ := pd.Store(4); s.State != cluster.Up {
				t.Errorf("store is %v after cancel-offline", s.State)
			}
			if got := pd.Limit(4); got != before {
				t.Errorf("limits are %+v after cancel-offline, were %+v", got, before)
			}
			if got := pd.EvictLeaders(); len(got) > 0 {
				t.Errorf("under evict-leader after cancel-offline: %v", got)
			}

			ebb("scale-in", "-N", "4", "--yes")
			pd.MoveRegions(4, 12)
			pd.Bury()
			ebb("watch", "-N", "4", "--interval", "10ms")
			if forced := pd.Forced(); len(forced) > 0 {
				t.Errorf("deleted by force: %v", forced)
			}
		})
	}
}

func checkDisplay(t *testing.T, p pdtest.Profile, document string) {
	t.Helper()
	var doc struct {
		Cluster struct {
			ID        uint64 `json:"id"`
			PDVersion string `json:"pd_version"`
		} `json:"cluster"`
		Nodes []struct {
			Status string `json:"status"`
			Store  struct {
				Regions       int      `json:"regions"`
				RegionSizeMiB int      `json:"region_size_mib"`
				CapacityBytes uint64   `json:"capacity_bytes"`
				Age           *float64 `json:"heartbeat_age_seconds"`
				NodeState     string   `json:"node_state"`
				Limit         *cluster.StoreLimit
			} `json:"store"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Cluster.ID != 7034215976384921731 || doc.Cluster.PDVersion == "" || len(doc.Nodes) != 4 {
		t.Errorf("display read cluster %+v with %d nodes", doc.Cluster, len(doc.Nodes))
	}
	for _, n := range doc.Nodes {
		s := n.Store
		if s.Regions != 9 || s.RegionSizeMiB != 9*96 || s.CapacityBytes != 2<<40 || s.Age == nil || *s.Age < 0 || *s.Age > 5 || s.Limit == nil || s.Limit.AddPeer != 15 {
			t.Errorf("display read store %+v", n)
		}
		if hasNodeState := p >= pdtest.V6_1; hasNodeState != (s.NodeState != "") {
			t.Errorf("node state %q", s.NodeState)
		}
	}
}

// TestForecastOfDelete compares what check says of PD's answer to the deletes with
// what PD then answers.
func TestForecastOfDelete(t *testing.T) {
	tests := []struct {
		name   string
		stores []cluster.StoreID
		flash  []cluster.StoreID
		leaves cluster.StoreID
	}{
		{"enough", []cluster.StoreID{1, 2, 3, 4}, nil, 4},
		{"too few", []cluster.StoreID{1, 2, 3}, nil, 3},
		{"TiFlash makes up the number", []cluster.StoreID{1, 2, 3}, []cluster.StoreID{9}, 3},
		{"TiFlash leaves", []cluster.StoreID{1, 2, 3}, []cluster.StoreID{9}, 9},
		{"TiFlash leaves, and TiKV is short", []cluster.StoreID{1, 2}, []cluster.StoreID{9}, 9},
	}
	for _, p := range pdtest.Profiles() {
		for _, tt := range tests {
			t.Run(p.String()+"/"+tt.name, func(t *testing.T) {
				t.Parallel()
				pd := pdtest.New(t, p)
				pd.AddStores(append(tt.stores, tt.flash...)...)
				for _, id := range tt.flash {
					pd.EditStore(id, func(s *cluster.Store) { s.Labels = []cluster.Label{{Key: cluster.EngineLabel, Value: "tiflash"}} })
				}
				out, _, _ := ebb(t, "check", "-u", pd.URLs()[0], "-N", tt.leaves.String(), "--jq", `.leave.findings[] | select(.check == "pd-delete") | .summary`)
				req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, pd.URLs()[0]+"/pd/api/v1/store/"+tt.leaves.String(), nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("X-Caller-ID", "test")
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if says, does := strings.Contains(out, "let them go"), resp.StatusCode == http.StatusOK; says != does && !strings.Contains(out, "may refuse") {
					t.Errorf("check says %q, PD answers %s", out, resp.Status)
				}
			})
		}
	}
}
