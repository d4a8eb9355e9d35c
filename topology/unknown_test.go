package topology

import (
	"slices"
	"strings"
	"testing"
)

// TestUnknownSections: what this program has no table for is still a tenant of
// its host.
func TestUnknownSections(t *testing.T) {
	topo, err := Parse("t.yaml", []byte(`global: {user: u, deploy_dir: d, data_dir: /data, log_dir: /log, ssh_port: 2222}
tikv_servers:
  - host: a
brand_new_servers:
  - host: a
    port: 7000
    ignore_exporter: true
  - {host: "[::1]", manage_host: b, ssh_port: 7, deploy_dir: /x/, data_dir: "rel, /y", log_dir: /z}
  - {host: c, data_dir: rel}
  - 5
  - {port: 1}
future_workers: {host: a}
x-hosts: [{host: a}]
`))
	if err != nil || len(topo.Warnings) > 0 {
		t.Fatal(err, topo.Warnings)
	}
	var got []string
	for _, in := range topo.Unknown {
		got = append(got, strings.Join(append([]string{in.Path, in.ID, in.ManageHost, in.Unit, in.DeployDir, in.LogDir}, in.DataDirs...), " "))
	}
	want := []string{
		"brand_new_servers[0] a:7000 a brand-new-7000.service /home/u/d/brand-new-7000 /log/brand-new-7000 /data/brand-new-7000",
		"brand_new_servers[1] ::1 b  /x /z /x/rel /y",
		"brand_new_servers[2] c c   ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !topo.Unknown[0].IgnoreExporter || topo.Unknown[0].SSHPort != 2222 || topo.Unknown[1].SSHPort != 7 {
		t.Errorf("%+v", topo.Unknown)
	}
	if len(topo.Instances) != 1 {
		t.Errorf("instances %+v", topo.Instances)
	}
}

// TestUnknownTenantsHold: neither the exporters nor a directory of a host may go
// as long as an instance of an unknown section is there, of whichever topology.
func TestUnknownTenantsHold(t *testing.T) {
	const store = "tikv_servers:\n- {host: a, deploy_dir: /d/kv, data_dir: /d/kv/data}\n- host: b\n"
	const tenant = "worker_servers:\n- {host: x, manage_host: a, port: 8262, deploy_dir: /d/kv/data/dm}\n"
	for name, texts := range map[string][]string{"same file": {store + tenant}, "another cluster": {store, tenant}} {
		var topologies []*Topology
		for _, text := range texts {
			topo, err := Parse("t.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			topologies = append(topologies, topo)
		}
		plans, err := PlanDeletions(topologies[0], []string{"a:20160"}, topologies)
		if err != nil {
			t.Fatal(err)
		}
		if plan := plans[0]; plan.ExportersStay == "" || len(plan.ExporterUnits) > 0 {
			t.Errorf("%s: the exporters go: %+v", name, plan)
		}
		var refused []string
		for _, r := range plans[0].Refused {
			refused = append(refused, r.Path)
		}
		if want := []string{"/d/kv/data", "/d/kv"}; !slices.Equal(refused, want) {
			t.Errorf("%s: refused %q, want %q", name, refused, want)
		}
	}
}
