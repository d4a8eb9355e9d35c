package layout_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ebb/playground/layout"
	"ebb/topology"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func host(i int) string { return fmt.Sprintf("127.41.7.%d", i) }

func TestTopologyGolden(t *testing.T) {
	plan, err := layout.New(layout.Shape{PD: 3, TiKV: 4, TiFlash: 1, Zones: 3, Replicas: 3, Version: "8.1.0"}, host, "/playground")
	if err != nil {
		t.Fatal(err)
	}
	got, err := plan.Topology([]string{"http://127.41.7.1:2379", "http://127.41.7.2:2379", "http://127.41.7.3:2379"})
	if err != nil {
		t.Fatal(err)
	}
	current, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(got), "user: "+current.Username+"\n", "user: USER\n", 1)
	golden := filepath.Join("testdata", "topology.yaml")
	if *update {
		if err := os.WriteFile(golden, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("topology differs from %s:\n%s", golden, text)
	}
}

// TestEbbReadsTopology checks the file against the stores themselves: ebb must
// find under each ID the address and the labels that PD gets.
func TestEbbReadsTopology(t *testing.T) {
	plan, err := layout.New(layout.Shape{PD: 1, TiKV: 3, TiFlash: 2, Zones: 3, Replicas: 3}, host, "/playground")
	if err != nil {
		t.Fatal(err)
	}
	text, err := plan.Topology([]string{"http://127.41.7.1:2379"})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := topology.Parse("topology.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if len(parsed.Warnings) > 0 || !slices.Equal(parsed.LocationLabels, plan.LocationLabels()) {
		t.Errorf("warnings %v, location labels %v", parsed.Warnings, parsed.LocationLabels)
	}
	found := make(map[string]topology.Instance)
	for _, instance := range parsed.Instances {
		found[instance.StoreAddress] = instance
	}
	for _, spec := range plan.Stores() {
		address := fmt.Sprintf("%s:%d", spec.Host, spec.Port)
		instance, exists := found[address]
		// TiFlash's own label needs no configuration.
		delete(instance.Labels, "engine")
		if !exists || !maps.Equal(instance.Labels, spec.Labels) || instance.DeployDir != spec.DeployDir || !slices.Equal(instance.DataDirs, []string{spec.DataDir}) {
			t.Errorf("store %s: the topology has %+v", address, instance)
		}
	}
}

func TestNoAddressIsUsedTwice(t *testing.T) {
	plan, err := layout.New(layout.Shape{PD: 3, TiKV: layout.MaxTiKV, TiFlash: layout.MaxTiFlash, Zones: 3, Replicas: 3}, host, "/playground")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{host(254): true}
	for _, h := range plan.PDHosts() {
		seen[h] = true
	}
	for _, spec := range plan.Stores() {
		if seen[spec.Host] {
			t.Errorf("host %s is used twice", spec.Host)
		}
		seen[spec.Host] = true
	}
}

func TestZonesAreEven(t *testing.T) {
	plan, err := layout.New(layout.Shape{PD: 1, TiKV: 6, Zones: 3, Replicas: 3}, host, "/playground")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, spec := range plan.Stores() {
		count[spec.Labels["zone"]]++
	}
	if len(count) != 3 || count["z1"] != 2 || count["z3"] != 2 {
		t.Errorf("stores by zone: %v", count)
	}
}

func TestValidate(t *testing.T) {
	for _, shape := range []layout.Shape{
		{PD: 2, TiKV: 3, Replicas: 3},
		{PD: 1, TiKV: 0, Replicas: 1},
		{PD: 1, TiKV: 2, Replicas: 3},
		{PD: 1, TiKV: 3, Replicas: 0},
		{PD: 1, TiKV: 3, Replicas: 3, Zones: -1},
		{PD: 1, TiKV: layout.MaxTiKV + 1, Replicas: 3},
		{PD: 1, TiKV: 3, Replicas: 3, TiFlash: layout.MaxTiFlash + 1},
	} {
		var invalid *layout.ShapeError
		if err := shape.Validate(); !errors.As(err, &invalid) {
			t.Errorf("%+v: %v", shape, err)
		}
	}
}

// Hosts add a user, monitors and further data directories, which ebb reads
// without a warning.
func TestEbbReadsHosts(t *testing.T) {
	for _, mode := range []string{"system", "user"} {
		plan, err := layout.New(layout.Shape{PD: 1, TiKV: 3, TiFlash: 1, Replicas: 3, TiFlashDirs: 2}, host, "/playground")
		if err != nil {
			t.Fatal(err)
		}
		plan.WithHosts("tidb", mode)
		text, err := plan.Topology([]string{"http://127.41.7.1:2379"})
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := topology.Parse("topology.yaml", text)
		if err != nil || len(parsed.Warnings) > 0 {
			t.Errorf("%s: %v, warnings %v\n%s", mode, err, parsed.Warnings, text)
		}
		if has := strings.Contains(string(text), "\nmonitored:\n"); has != (mode == "system") {
			t.Errorf("%s: monitored section: %t", mode, has)
		}
		for _, spec := range plan.Stores() {
			if dirs := len(strings.Split(spec.DataDir, ",")); !spec.Hosted || (dirs == 2) != (spec.Engine == "tiflash") {
				t.Errorf("%s: %+v", mode, spec)
			}
		}
	}
}
