package file

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const tlsMeta = "user: tidb\ntidb_version: v8.5.1\ntopology:\n  global: {enable_tls: true}\n  tikv_servers:\n  - host: a\n"

func tiupHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	clusters := filepath.Join(home, "storage", "cluster", "clusters")
	write(t, filepath.Join(clusters, "prod", "meta.yaml"), tlsMeta)
	write(t, filepath.Join(clusters, "stage", "meta.yaml"), "topology: {pd_servers: [{host: p}]}\n")
	write(t, filepath.Join(clusters, "stage", ".scale-out.yaml"), "")
	write(t, filepath.Join(clusters, "destroyed", "backup", "meta.yaml"), "")
	write(t, filepath.Join(clusters, ".hidden", "meta.yaml"), "")
	return home
}

func TestLoadCluster(t *testing.T) {
	home := tiupHome(t)
	dir := filepath.Join(home, "storage", "cluster", "clusters", "prod")
	c, err := LoadCluster(home, "prod")
	if err != nil {
		t.Fatal(err)
	}
	if c.Dir != dir || c.Path != filepath.Join(dir, "meta.yaml") || c.SSHKey != filepath.Join(dir, "ssh", "id_rsa") || c.CheckScaleOut() != nil {
		t.Errorf("%+v", c)
	}
	if want := (TLSFiles{filepath.Join(dir, "tls", "ca.crt"), filepath.Join(dir, "tls", "client.crt"), filepath.Join(dir, "tls", "client.pem")}); c.TLS != want {
		t.Errorf("TLS %+v", c.TLS)
	}
	if c.Topology.ClusterName != "prod" || c.Topology.Version != "v8.5.1" {
		t.Errorf("topology %+v", c.Topology)
	}
	backup, err := c.Write([]byte(tlsMeta+"    offline: true\n"), now)
	if err != nil || backup != filepath.Join(dir, "backup", "meta-2026-03-04T05:06:07.089Z.yaml") || text(t, backup) != tlsMeta {
		t.Errorf("backup %s, %v", backup, err)
	}
	if c.Topology.ClusterName != "prod" || !c.Topology.Instances[0].Offline {
		t.Errorf("topology after the write: %+v", c.Topology)
	}
	stage, err := LoadCluster(home, "stage")
	var pending *ScaleOutError
	if err != nil || !errors.As(stage.CheckScaleOut(), &pending) || pending.Cluster != "stage" || stage.TLS != (TLSFiles{}) {
		t.Errorf("stage: %+v, %v", stage, err)
	}
}

func TestUnknownCluster(t *testing.T) {
	home := tiupHome(t)
	for name, hint := range map[string]string{
		"prd":       "did you mean prod?",
		"elsewhere": "clusters of this tiup: prod, stage",
		"../prod":   "clusters of this tiup: prod, stage",
		"..":        "clusters of this tiup: prod, stage",
		"destroyed": "clusters of this tiup: prod, stage",
		"":          "clusters of this tiup: prod, stage",
	} {
		_, err := LoadCluster(home, name)
		var unknown *UnknownClusterError
		if !errors.As(err, &unknown) || unknown.Hint() != hint {
			t.Errorf("%q: %v", name, err)
		}
	}
	_, err := LoadCluster(t.TempDir(), "prod")
	var unknown *UnknownClusterError
	if !errors.As(err, &unknown) || unknown.Known != nil || unknown.Hint() == "" {
		t.Errorf("error %v", err)
	}
}

// TestTiupHome: an explicit home, then TIUP_COMPONENT_DATA_DIR, then TIUP_HOME,
// then ~/.tiup.
func TestTiupHome(t *testing.T) {
	explicit, byHome, user := tiupHome(t), t.TempDir(), t.TempDir()
	data := t.TempDir()
	write(t, filepath.Join(data, "clusters", "by-data", "meta.yaml"), "")
	write(t, filepath.Join(byHome, "storage", "cluster", "clusters", "by-home", "meta.yaml"), "")
	write(t, filepath.Join(user, ".tiup", "storage", "cluster", "clusters", "by-user", "meta.yaml"), "")
	check := func(home string, want ...string) {
		t.Helper()
		if got, err := ClusterNames(home); err != nil || !slices.Equal(got, want) {
			t.Errorf("clusters %q, %v; want %q", got, err, want)
		}
	}
	t.Setenv("HOME", user)
	t.Setenv("TIUP_HOME", byHome)
	t.Setenv("TIUP_COMPONENT_DATA_DIR", data)
	check(explicit, "prod", "stage")
	check("", "by-data")
	t.Setenv("TIUP_COMPONENT_DATA_DIR", "")
	check("", "by-home")
	t.Setenv("TIUP_HOME", "")
	check("", "by-user")
	if err := os.RemoveAll(user); err != nil {
		t.Fatal(err)
	}
	check("")
}
