package topology

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ebb/internal/golden"
)

// examples are the realistic topologies in testdata.
func examples(t testing.TB) map[string][]byte {
	t.Helper()
	return corpus(t, "")
}

func TestGoldenTopologies(t *testing.T) {
	for name, data := range examples(t) {
		t.Run(name, func(t *testing.T) {
			topo, err := Parse(name, data)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(struct {
				PDEndpoints []string `json:"pd_endpoints"`
				*Topology
			}{topo.PDEndpoints(), topo}, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, strings.TrimSuffix(name, ".yaml")+".golden.json", append(got, '\n'))
		})
	}
}

// TestGoldenRemovals shows each example after all its stores but the first have
// been taken out, and then that one too.
func TestGoldenRemovals(t *testing.T) {
	for name, data := range examples(t) {
		t.Run(name, func(t *testing.T) {
			topo, err := Parse(name, data)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, in := range topo.Stores() {
				ids = append(ids, in.ID)
			}
			for file, leaving := range map[string][]string{"but-one": ids[1:], "all": ids} {
				edited, removed, err := Remove(data, leaving)
				if err != nil || !slices.Equal(removed, leaving) {
					t.Fatalf("removed %q, %v", removed, err)
				}
				golden.Check(t, filepath.Join("remove", file, name), edited)
			}
		})
	}
}

// TestGoldenDeletions shows what may be deleted when all stores of an example
// leave.
func TestGoldenDeletions(t *testing.T) {
	for name, data := range examples(t) {
		t.Run(name, func(t *testing.T) {
			topo, err := Parse(name, data)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, in := range topo.Stores() {
				ids = append(ids, in.ID)
			}
			plans, err := PlanDeletions(topo, ids, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(plans, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, filepath.Join("deletions", strings.TrimSuffix(name, ".yaml")+".golden.json"), append(got, '\n'))
		})
	}
}
