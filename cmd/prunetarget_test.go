package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ebb/cluster"
	"ebb/topology"
	"ebb/topology/file"
)

// TestPruneMindsTheTenants: whatever else this tiup has, or is about to put, on
// the host of a store that leaves keeps its directories and the exporters; what
// cannot be read is an objection.
func TestPruneMindsTheTenants(t *testing.T) {
	const leaves = "topology:\n  tikv_servers:\n  - {host: a, deploy_dir: /d/kv, data_dir: /d/kv/data}\n  - host: b\n"
	for _, tt := range []struct{ name, path, text, objection string }{
		{name: "nobody"},
		{"another cluster", "cluster/clusters/other/meta.yaml", "topology: {pd_servers: [{host: a, data_dir: /d/kv/pd}]}", "of cluster other"},
		{"a DM cluster", "dm/clusters/sync/meta.yaml", "topology: {worker_servers: [{host: a, port: 8262, deploy_dir: /d/kv/dm}]}", "of cluster sync"},
		{"a scale-out on its way", "cluster/clusters/other/.scale-out.yaml", "tikv_servers: [{host: a, port: 1, deploy_dir: /d/kv/new}]", "of cluster other"},
		{"a component that is new", "cluster/clusters/other/meta.yaml", "topology: {brand_new_servers: [{host: a, data_dir: /d/kv/new}]}", "of cluster other"},
		{"unreadable", "dm/clusters/sync/meta.yaml", "topology: [", "the topology of cluster sync cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := t.TempDir()
			t.Setenv("TIUP_HOME", home)
			t.Setenv("TIUP_COMPONENT_DATA_DIR", "")
			write := func(path, text string) string {
				path = filepath.Join(home, "storage", path)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return path
			}
			f, err := file.Load(write("cluster/clusters/prod/meta.yaml", leaves))
			if err != nil {
				t.Fatal(err)
			}
			if tt.path != "" {
				write(tt.path, tt.text)
			}
			store := cluster.Store{ID: 4, Address: "a:20160"}
			targets, err := pruneTargets(&target{file: f, topology: f.Topology}, []topology.Node{{Store: &store, Instance: f.Topology.Instance("a:20160")}})
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Join(targets[0].Objections, "\n")
			if !strings.Contains(said, tt.objection) || (said == "") != (tt.objection == "") {
				t.Errorf("objections:\n%s\nwant %q", said, tt.objection)
			}
			// What is known to be there uses the exporters, too.
			if got := len(targets[0].Exporters) > 0; got != (tt.name == "nobody" || tt.name == "unreadable") {
				t.Errorf("the exporters go: %t", got)
			}
		})
	}
}
