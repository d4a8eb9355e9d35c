package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/diagnose"
	"ebb/pdclient/pdtest"
	"ebb/ui"
)

// leavingCluster has five TiKV stores of which the fifth leaves as it should.
func leavingCluster(t *testing.T, p pdtest.Profile) *pdtest.PD {
	pd := pdtest.New(t, p)
	pd.AddStores(1, 2, 3, 4, 5)
	pd.AddRegions(60, 1, 2, 3, 4, 5)
	pd.EditStore(5, func(s *cluster.Store) { s.State = cluster.Offline })
	pd.SetLimit(5, cluster.StoreLimit{AddPeer: 15, RemovePeer: cluster.LimitUnlimited})
	return pd
}

// A healthy leaving is no problem in any version of PD, and everything that this
// version has can be looked at.
func TestDiagnoseEveryVersion(t *testing.T) {
	t.Parallel()
	for _, p := range pdtest.Profiles() {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			pd := leavingCluster(t, p)
			stdout, stderr, code := ebb(t, "diagnose", "-u", strings.Join(pd.URLs(), ","), "-o", "json")
			var r diagnose.Report
			if err := json.Unmarshal([]byte(stdout), &r); code != ExitDone || err != nil {
				t.Fatalf("exit %d, %v\n%s%s", code, err, stdout, stderr)
			}
			if len(r.Tails) != 1 || len(r.Tails[0].Classes) != 1 || r.Tails[0].Classes[0].Class != diagnose.TailWaiting {
				t.Errorf("tails %+v", r.Tails)
			}
			pd.ExpectWrites(t)
		})
	}
}

// diagnoseTopology writes a topology of five stores and one TiDB server.
func diagnoseTopology(t *testing.T, tidb string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("global:\n  user: root\npd_servers:\n  - host: 10.0.0.1\ntikv_servers:\n")
	for i := 1; i <= 5; i++ {
		fmt.Fprintf(&b, "  - host: 10.0.1.%d\n", i)
	}
	host, port, _ := strings.Cut(tidb, ":")
	fmt.Fprintf(&b, "tidb_servers:\n  - host: %s\n    status_port: %s\n", host, port)
	path := filepath.Join(t.TempDir(), "topology.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tiflashShort gives table 45 one TiFlash replica, on the only TiFlash store,
// which leaves.
func tiflashShort(pd *pdtest.PD) {
	tiflash := cluster.Label{Key: cluster.EngineLabel, Value: "tiflash"}
	pd.AddStores(9)
	pd.EditStore(9, func(s *cluster.Store) {
		s.Address, s.State, s.Labels = "10.0.1.9:3930", cluster.Offline, []cluster.Label{tiflash}
	})
	pd.SetRules(
		cluster.Rule{GroupID: "pd", ID: "default", Role: cluster.RoleVoter, Count: 3},
		cluster.Rule{
			GroupID: cluster.TiFlashRuleGroup, ID: "table-45-r", Role: cluster.RoleLearner, Count: 1, Index: 120,
			StartKey: []byte("m"), EndKey: []byte("n"),
			LabelConstraints: []cluster.LabelConstraint{{Key: cluster.EngineLabel, Op: "in", Values: []string{"tiflash"}}},
		})
	r := cluster.Region{ID: 9000, StartKey: []byte("m1"), EndKey: []byte("m2"), ApproximateSizeMiB: 96, Epoch: cluster.RegionEpoch{ConfVer: 1, Version: 1}}
	for i, id := range []cluster.StoreID{1, 2, 3, 9} {
		r.Peers = append(r.Peers, cluster.Peer{ID: uint64(90000 + i), StoreID: id})
	}
	r.Peers[3].Role, r.Leader = cluster.Learner, r.Peers[0]
	pd.AddRegion(r)
}

// The tables of TiFlash rules are named by TiDB; one that it does not know makes
// the rule a leftover; a TiDB that is silent lets nobody tell.
func TestDiagnoseTables(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		want   string
		not    string
	}{
		"known":   {200, `{"db_info":{"db_name":{"O":"shop"}},"table_info":{"name":{"O":"orders"}}}`, "table shop.orders (45) wants 1 TiFlash replica, and only 0 TiFlash stores stay", "D09 stale"},
		"dropped": {404, `[schema:1146]Table which ID = 45 does not exist.`, "D09 stale-tiflash-rules (certain, keeps 1 region)", "D09 stale-tiflash-rules  "},
		"broken":  {500, `oops`, "D09 stale-tiflash-rules  tables: no TiDB server of the topology answered for 1 of 1 tables", "D09 stale-tiflash-rules (certain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/db-table/45" {
					t.Errorf("TiDB was asked for %s", r.URL.Path)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			}))
			t.Cleanup(db.Close)
			pd := leavingCluster(t, pdtest.V8_5)
			tiflashShort(pd)
			stdout, stderr, code := ebb(t, "diagnose", "-N", "9", "-u", pd.URLs()[0], "-t", diagnoseTopology(t, strings.TrimPrefix(db.URL, "http://")))
			if code != ExitNo {
				t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
			}
			if !strings.Contains(stdout, "D04 tiflash-replicas (certain, keeps 1 region)") || !strings.Contains(stdout, c.want) || strings.Contains(stdout, c.not) {
				t.Errorf("says\n%s\nwant %q", stdout, c.want)
			}
		})
	}
}

// unitHosts are machines whose units are in a given state.
type unitHosts struct {
	state string
	err   error
	asked []string
}

func (h *unitHosts) Host(_ context.Context, address string, sudo bool) (decommission.Host, error) {
	h.asked = append(h.asked, address)
	if sudo {
		return nil, errors.New("nothing here needs root")
	}
	return h, h.err
}

func (h *unitHosts) Run(_ context.Context, c decommission.Command) (string, error) {
	if c.Argv[0] != "systemctl" || c.Argv[1] != "show" {
		return "", fmt.Errorf("unexpected command %q", c.Argv)
	}
	return "LoadState=loaded\nActiveState=" + h.state + "\nUnitFileState=enabled\nFragmentPath=/etc/systemd/system/x\nExecStart=\nMainPID=0\n", nil
}

func (h *unitHosts) Close() error { return nil }

func TestDiagnoseHosts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hosts *unitHosts
		code  ExitCode
		want  string
	}{
		"runs":        {&unitHosts{state: "active"}, ExitDone, "nothing is wrong"},
		"stopped":     {&unitHosts{state: "inactive"}, ExitNo, "next: start it: systemctl start tikv-20160.service"},
		"unreachable": {&unitHosts{err: errors.New("connection refused")}, ExitCannotTell, "D23 process-state  hosts: host of store 5: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pd := leavingCluster(t, pdtest.V8_5)
			streams := ui.Test("")
			streams.Setenv("HOME", t.TempDir())
			env := systemEnv(streams.Streams)
			watchJSON(t, env)
			env.Hosts = func(*target, *sshOptions) (hostDialer, error) { return c.hosts, nil }
			code := run(t.Context(), env, []string{"diagnose", "--hosts", "-u", pd.URLs()[0], "-t", diagnoseTopology(t, "127.0.0.1:1")})
			if text := streams.OutBuf.String(); code != c.code || !strings.Contains(text, c.want) {
				t.Errorf("exit %d\n%s%s", code, text, streams.ErrBuf)
			}
			if len(c.hosts.asked) != 1 || c.hosts.asked[0] != "10.0.1.5:22" {
				t.Errorf("asked %v", c.hosts.asked)
			}
		})
	}
}
