package cmd

import (
	"encoding/json"
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
