package layout_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ebb/playground/layout"
	"ebb/topology"
)

// TestAdoptedStores checks the stores against what ebb reads in the topology that
// comes with them: addresses, labels and every directory.
func TestAdoptedStores(t *testing.T) {
	files, err := filepath.Glob("../../examples/topologies/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := layout.Adopt(text, host, "/playground", "/shared")
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		plan.WithHosts("deployer", "system")
		moved, err := plan.Topology(nil)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := topology.Parse(file, moved)
		if err != nil || len(parsed.Warnings) > 0 {
			t.Errorf("%s: %v %v", file, err, parsed.Warnings)
			continue
		}
		wantStores(t, file, parsed, plan)
		for _, instance := range parsed.Instances {
			if instance.SSHPort != layout.SSHPort || !strings.HasPrefix(instance.Host, "127.41.7.") {
				t.Errorf("%s: %s is reached at port %d", file, instance.Host, instance.SSHPort)
			}
		}
		if parsed.User != "deployer" {
			t.Errorf("%s: the user is %s", file, parsed.User)
		}
		// Comments say why an example is as it is.
		if first, _, _ := strings.Cut(string(text), "\n"); !strings.HasPrefix(first, "# ") || !strings.HasPrefix(string(moved), first) {
			t.Errorf("%s: begins with %q, and after the moves with %.80q", file, first, moved)
		}
	}
}

// TestAdoptedUser has a topology that leaves to tiup who logs in.
func TestAdoptedUser(t *testing.T) {
	const text = "global: {deploy_dir: /d, data_dir: /e}\ntikv_servers: [{host: 10.0.1.2}, {host: 10.0.1.3}, {host: 10.0.1.4}]\npd_servers: [{host: 10.0.1.1, ssh_port: 2022}]\n"
	plan, err := layout.Adopt([]byte(text), host, "/playground", "/shared")
	if err != nil {
		t.Fatal(err)
	}
	plan.WithHosts("deployer", "system")
	moved, err := plan.Topology(nil)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := topology.Parse("topology.yaml", moved)
	if err != nil || parsed.User != "deployer" {
		t.Fatalf("%v, user %q", err, parsed.User)
	}
	for _, instance := range parsed.Instances {
		if instance.SSHPort != layout.SSHPort {
			t.Errorf("%s is reached at port %d", instance.Host, instance.SSHPort)
		}
	}
}

func wantStores(t *testing.T, file string, parsed *topology.Topology, plan *layout.Layout) {
	t.Helper()
	found := make(map[string]topology.Instance)
	for _, instance := range parsed.Instances {
		if instance.Role.IsStore() {
			found[instance.StoreAddress] = instance
		}
	}
	specs := plan.Stores()
	if len(found) != len(specs) || len(specs) < 3 {
		t.Errorf("%s: %d stores, ebb reads %d", file, len(specs), len(found))
	}
	for _, spec := range specs {
		instance := found[fmt.Sprintf("%s:%d", spec.Host, spec.Port)]
		delete(instance.Labels, "engine")
		if !maps.Equal(instance.Labels, spec.Labels) || instance.DeployDir != spec.DeployDir || !slices.Equal(instance.DataDirs, strings.Split(spec.DataDir, ",")) {
			t.Errorf("%s: the store is %+v, ebb reads %+v", file, spec, instance)
		}
		for _, dir := range append(instance.DataDirs, instance.DeployDir) {
			if !strings.HasPrefix(dir, "/shared/") {
				t.Errorf("%s: %s is not moved", file, dir)
			}
		}
	}
}

func TestAdoptRefuses(t *testing.T) {
	const global = "global: {user: a, ssh_port: 22, deploy_dir: /d, data_dir: /e}\npd_servers: [{host: 10.0.1.1}]\n"
	const three = "tikv_servers: [{host: 10.0.1.2}, {host: 10.0.1.3}, {host: 10.0.1.4}"
	for text, want := range map[string]string{
		"a: [": "yaml",
		"global: {deploy_dir: d}\n" + three + "]":                                                    "absolute deploy_dir",
		global + "tikv_servers: [{host: kv}]":                                                        `host "kv"`,
		global + three + ", {host: 10.0.2.4}]":                                                       "two stores 127.41.7.4:20160",
		global + three + ", {host: 10.0.1.5, data_dir: rel}]":                                        "rel is not absolute",
		global + three + ", {host: 10.0.1.5, log_dir: /log}]":                                        "log_dir",
		global + three + ", {host: 10.0.1.5, config: {server.labels: 3}}]":                           "server.labels",
		global + three + "]\ntiflash_servers: [{host: 10.0.1.9, tcp_port: 9001}]":                    "default ports",
		global + three + "]\ntiflash_servers: [{host: 10.0.1.9, config: {storage.main.dir: 1}}]":     "no list",
		strings.Replace(global, "host: 10.0.1.1", "host: 10.0.1.1, client_port: 1", 1) + three + "]": "client_port",
	} {
		plan, err := layout.Adopt([]byte(text), host, "/playground", "/shared")
		var refused *layout.AdoptError
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &refused) {
			t.Errorf("%s: %v, want %q (%+v)", text, err, want, plan)
		}
	}
	var shape *layout.ShapeError
	if _, err := layout.Adopt([]byte(global+"tikv_servers: [{host: 10.0.1.2}]"), host, "/playground", "/shared"); !errors.As(err, &shape) {
		t.Errorf("one store for three replicas: %v", err)
	}
}
