package pd_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ebb/playground/pd"
)

// hostsOf returns three loopback addresses that no other test uses.
func hostsOf(network string) []string {
	return []string{network + ".1", network + ".2", network + ".3"}
}

func start(t *testing.T, cfg pd.Config) *pd.Cluster {
	t.Helper()
	began := time.Now()
	cluster, err := pd.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started %d members in %v", cfg.Members, time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() {
		began := time.Now()
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
		t.Logf("closed in %v", time.Since(began).Round(time.Millisecond))
	})
	return cluster
}

func get(t *testing.T, url string, out any) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d %s %v", url, response.StatusCode, text, err)
	}
	if err := json.Unmarshal(text, out); err != nil {
		t.Fatalf("GET %s: %v in %s", url, err, text)
	}
}

func TestSingleMember(t *testing.T) {
	dir := t.TempDir()
	cluster := start(t, pd.Config{
		Members: 1, Hosts: hostsOf("127.250.1")[:1], Dir: dir,
		MaxReplicas: 5, LocationLabels: []string{"zone", "host"}, IsolationLevel: "zone",
		PatrolInterval: 25 * time.Millisecond, ReplicaScheduleLimit: 7,
		Settings: map[string]any{"schedule.max-snapshot-count": 9},
	})
	api := cluster.Endpoints()[0] + "/pd/api/v1"

	var version struct {
		Version string `json:"version"`
	}
	get(t, api+"/version", &version)
	if version.Version != pd.DefaultVersion {
		t.Errorf("version is %q, want %q", version.Version, pd.DefaultVersion)
	}
	var config struct {
		Schedule struct {
			Patrol    string  `json:"patrol-region-interval"`
			Replica   float64 `json:"replica-schedule-limit"`
			Snapshots float64 `json:"max-snapshot-count"`
		} `json:"schedule"`
		Replication struct {
			MaxReplicas    float64 `json:"max-replicas"`
			LocationLabels string  `json:"location-labels"`
			IsolationLevel string  `json:"isolation-level"`
			Rules          string  `json:"enable-placement-rules"`
		} `json:"replication"`
	}
	get(t, api+"/config", &config)
	if s := config.Schedule; s.Patrol != "25ms" || s.Replica != 7 || s.Snapshots != 9 {
		t.Errorf("schedule is %+v", s)
	}
	if r := config.Replication; r.MaxReplicas != 5 || r.LocationLabels != "zone,host" || r.IsolationLevel != "zone" || r.Rules != "true" {
		t.Errorf("replication is %+v", r)
	}
	if log, err := os.ReadFile(filepath.Join(dir, "pd-1.log")); err != nil || !strings.Contains(string(log), "leader is ready to serve") {
		t.Errorf("the log lacks PD's lines (%d bytes, %v)", len(log), err)
	}
}

func TestThreeMembers(t *testing.T) {
	cluster := start(t, pd.Config{Members: 3, Hosts: hostsOf("127.250.2"), Dir: t.TempDir()})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	first, err := cluster.Leader(ctx)
	if err != nil {
		t.Fatal(err)
	}

	if err := cluster.TransferLeader(ctx, ""); err != nil {
		t.Fatal(err)
	}
	second, err := cluster.Leader(ctx)
	if err != nil || second == first {
		t.Fatalf("leader after resigning is %q, was %q (%v)", second, first, err)
	}
	if err := cluster.TransferLeader(ctx, first); err != nil {
		t.Fatal(err)
	}

	began := time.Now()
	if err := cluster.StopMember(ctx, first); err != nil {
		t.Fatal(err)
	}
	t.Logf("killed the leader in %v", time.Since(began).Round(time.Millisecond))
	for {
		if name, err := cluster.Leader(ctx); err == nil && name != first {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("no new leader")
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("new leader %v after the kill began", time.Since(began).Round(time.Millisecond))

	var stopped *pd.MemberStateError
	if err := cluster.StopMember(ctx, first); !errors.As(err, &stopped) || stopped.Running {
		t.Errorf("stopping a stopped member: %v", err)
	}
	began = time.Now()
	if err := cluster.StartMember(ctx, first); err != nil {
		t.Fatal(err)
	}
	t.Logf("restarted a member in %v", time.Since(began).Round(time.Millisecond))
	if err := cluster.StartMember(ctx, first); !errors.As(err, &stopped) || !stopped.Running {
		t.Errorf("starting a running member: %v", err)
	}
	var unknown *pd.UnknownMemberError
	if err := cluster.TransferLeader(ctx, "pd-9"); !errors.As(err, &unknown) {
		t.Errorf("transfer to an unknown member: %v", err)
	}
}

func TestRestartKeepsData(t *testing.T) {
	cfg := pd.Config{Members: 1, Hosts: hostsOf("127.250.3")[:1], Dir: t.TempDir()}
	clusterID := func(c *pd.Cluster) uint64 {
		var cluster struct {
			ID uint64 `json:"id"`
		}
		get(t, c.Endpoints()[0]+"/pd/api/v1/cluster", &cluster)
		return cluster.ID
	}
	cluster := start(t, cfg)
	before := clusterID(cluster)
	if err := cluster.StopMember(t.Context(), "pd-1"); err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Leader(t.Context()); err == nil {
		t.Error("a stopped PD still answers")
	}
	if err := cluster.StartMember(t.Context(), "pd-1"); err != nil {
		t.Fatal(err)
	}
	if after := clusterID(cluster); after != before || after == 0 {
		t.Errorf("cluster id is %d after the restart, was %d", after, before)
	}
}

func TestOccupiedPort(t *testing.T) {
	listener, err := net.Listen("tcp", "127.250.4.1:2379")
	if err != nil {
		t.Skip(err)
	}
	defer listener.Close()
	_, err = pd.Start(t.Context(), pd.Config{Members: 1, Hosts: hostsOf("127.250.4")[:1], Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("start on an occupied port: %v", err)
	}
}

func TestInvalidConfig(t *testing.T) {
	for name, cfg := range map[string]pd.Config{
		"even number of members": {Members: 2, Hosts: hostsOf("127.250.5")[:2], Dir: t.TempDir()},
		"too few hosts":          {Members: 3, Hosts: hostsOf("127.250.5")[:2], Dir: t.TempDir()},
		"routable host":          {Members: 1, Hosts: []string{"10.0.1.1"}, Dir: t.TempDir()},
		"same host twice":        {Members: 3, Hosts: []string{"127.1.1.1", "127.1.1.1", "127.1.1.2"}, Dir: t.TempDir()},
		"no directory":           {Members: 1, Hosts: hostsOf("127.250.5")[:1]},
		"setting below a value": {Members: 1, Hosts: hostsOf("127.250.5")[:1], Dir: t.TempDir(),
			Settings: map[string]any{"name.of": "x"}},
	} {
		if _, err := pd.Start(t.Context(), cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
