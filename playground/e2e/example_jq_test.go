package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/playground/store"
)

// TestExampleJQ runs the command that stands in the head of each recipe, as it
// stands there, on a cluster in which all recipes find something. What they find is
// compared with what PD's own answers come to when worked out here.
func TestExampleJQ(t *testing.T) {
	b := newBench(t, setup{tikv: 5, tiflash: 1, zones: 3, direct: true})
	b.tiupCluster("prod")
	b.unsettle()
	found := make(map[string]bool)
	for _, name := range exampleFiles(t) {
		if filepath.Ext(name) != ".jq" {
			continue
		}
		file := exampleFile(t, name)
		recipe := strings.TrimSuffix(filepath.Base(name), ".jq")
		found[recipe] = true
		want, ok := recipes[recipe]
		if !ok {
			t.Errorf("%s: nobody knows what it should find", name)
			continue
		}
		t.Run(recipe, func(t *testing.T) { b.in(t).wantRecipe(file, want) })
	}
	for recipe := range recipes {
		if !found[recipe] {
			t.Errorf("there is no jq/%s.jq", recipe)
		}
	}
}

// tiupCluster makes the topology that of a cluster of tiup's, which goes by a name.
func (b *bench) tiupCluster(name string) (dir string) {
	b.Helper()
	dir = filepath.Join(b.state, "storage", "cluster", "clusters", name)
	b.must(os.MkdirAll(dir, 0o755))
	meta := "user: tidb\ntidb_version: v8.1.0\ntopology:\n  " + strings.ReplaceAll(b.topologyText(), "\n", "\n  ")
	b.must(os.WriteFile(filepath.Join(dir, "meta.yaml"), []byte(meta), 0o600))
	return dir
}

// bash runs a script in a directory, with ebb on the PATH and the state of the bench.
func (b *bench) bash(dir string, args ...string) *exec.Cmd {
	b.Helper()
	bin := filepath.Join(b.state, "bin")
	b.must(os.MkdirAll(bin, 0o755))
	if err := os.Symlink(program, filepath.Join(bin, "ebb")); err != nil && !errors.Is(err, os.ErrExist) {
		b.Fatal(err)
	}
	cmd := exec.Command("bash", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "XDG_STATE_HOME="+b.state, "HOME="+b.state, "TIUP_HOME="+b.state)
	return cmd
}

var recipeCommand = regexp.MustCompile(`(?m)^# +\$ (ebb .*)$`)

// wantRecipe compares until both are the same: heartbeats go on while PD is read.
func (b *bench) wantRecipe(file string, want func(*bench) []any) {
	b.Helper()
	text, err := os.ReadFile(file)
	b.must(err)
	commands := recipeCommand.FindAllStringSubmatch(string(text), -1)
	if len(commands) != 1 {
		b.Fatalf("%d commands in %s, want 1", len(commands), file)
	}
	var got, expected []any
	for deadline := time.Now().Add(eventually / 2); ; {
		cmd := b.bash(filepath.Dir(file), "-c", commands[0][1])
		out, err := cmd.Output()
		var exit *exec.ExitError
		// The verdicts of ebb are not the subject here: a refusal ends with 3, what is
		// not over with 7.
		if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 3 && exit.ExitCode() != 7) {
			b.Fatalf("%s: %v\n%s%s", commands[0][1], err, out, exit.Stderr)
		}
		got, expected = decodeLines(b, string(out)), normal(b, want(b))
		switch {
		case len(expected) > 0 && reflect.DeepEqual(got, expected):
			return
		case time.Now().After(deadline):
			b.Fatalf("%s\nfinds %v\nwant  %v", commands[0][1], got, expected)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// decodeLines reads a JSON value on each line, or what is no JSON as a text.
func decodeLines(b *bench, text string) []any {
	b.Helper()
	var values []any
	for line := range strings.Lines(text) {
		var value any
		if json.Unmarshal([]byte(line), &value) != nil {
			value = strings.TrimSuffix(line, "\n")
		}
		// What goes on with the clock has no place in a comparison.
		if object, ok := value.(map[string]any); ok {
			for _, key := range []string{"time", "silent_seconds", "eta_seconds", "next", "fix", "summary"} {
				if object[key] != nil {
					object[key] = "some"
				}
			}
		}
		values = append(values, value)
	}
	// Of readings and reasons there may be several that are the same but for that.
	return slices.CompactFunc(values, func(x, y any) bool { return reflect.DeepEqual(x, y) })
}

// normal is what a list would be if it had been read as JSON.
func normal(b *bench, list []any) []any {
	b.Helper()
	var lines strings.Builder
	encoder := json.NewEncoder(&lines)
	for _, value := range list {
		b.must(encoder.Encode(value))
	}
	return decodeLines(b, lines.String())
}

// What unsettle does its harm to: the recipes name these stores in their commands.
const (
	leavingStore = 4
	unknownStore = 997
)

// unsettle gives every recipe something to find, and then lets nothing move.
func (b *bench) unsettle() {
	b.Helper()
	lost, err := b.Fleet().LoseMajority(store.Loss{Store: leavingStore, Count: 1})
	b.must(err)
	b.await("a region falls silent", func() bool { return b.region(lost[0]).LeaderStore == 0 })
	b.restartPD()
	b.config(map[string]any{"schedule.halt-scheduling": "true"})
	b.await("PD has heard of all regions but one", func() bool {
		silent := 0
		for _, r := range b.pdRegions() {
			if r.Leader.Store == 0 {
				silent++
			}
		}
		return silent == 1 && len(b.pdRegions()) > 100
	})
	victims := slices.DeleteFunc(b.Fleet().Regions(store.RegionFilter{}), func(r store.RegionState) bool { return r.ID == lost[0] || len(r.Peers) != 3 })
	b.crowd(victims[len(victims)-20:])
	b.tell(http.MethodPost, "/operators", map[string]any{"name": "remove-peer", "region_id": victims[0].ID, "store_id": b.follower(victims[0].ID)})
	b.await("PD has moved a peer and removed one", func() bool {
		short := slices.ContainsFunc(b.pdRegions(), func(r regionInPD) bool { return len(r.voters()) < 3 })
		return short && len(crowded(b.pdRegions(), b.zones())) > 0
	})
	for i, r := range victims[1:15] {
		b.must(b.Fleet().ResizeRegion(r.ID, int64(200+i/2)))
	}
	// On stores that go on as they are.
	steady := slices.DeleteFunc(slices.Clone(victims[15:]), func(r store.RegionState) bool {
		return slices.ContainsFunc(r.Peers, func(p store.PeerState) bool { return p.Store >= leavingStore })
	})
	b.give(steady[0].ID, store.Orphan{Store: unknownStore, Replace: true})
	b.give(steady[1].ID, store.Orphan{Store: unknownStore, Replace: true}, store.Orphan{Store: unknownStore + 1, Replace: true})
	_, err = b.Fleet().AddStore(b.Context(), store.Spec{Host: b.tikv()[0].Host, Version: "8.1.7", Labels: map[string]string{"host": "new"}})
	b.must(err)
	b.must(b.Fleet().FillStore(2, 0.655))
	b.tell(http.MethodDelete, fmt.Sprintf("/store/%d", leavingStore), nil)
	b.must(b.Fleet().StopStore(5))
	b.await("PD knows of all of it", func() bool {
		orphans, large := 0, 0
		for _, r := range b.pdRegions() {
			if r.Size >= 200 {
				large++
			}
			for _, p := range r.Peers {
				if p.Store >= unknownStore {
					orphans++
				}
			}
		}
		return orphans == 3 && large == 14 && b.silentFor(5) > 20*time.Second
	})
}

// crowd moves a voter into a zone that has one of the region already.
func (b *bench) crowd(victims []store.RegionState) {
	b.Helper()
	zones := b.zones()
	for _, r := range victims {
		for _, from := range r.Peers {
			for _, stay := range r.Peers {
				for to, zone := range zones {
					taken := slices.ContainsFunc(r.Peers, func(p store.PeerState) bool { return p.Store == to })
					if from.Store == stay.Store || from.Store == r.LeaderStore || zone != zones[stay.Store] || taken || to > 5 {
						continue
					}
					b.tell(http.MethodPost, "/operators", map[string]any{
						"name": "transfer-peer", "region_id": r.ID, "from_store_id": from.Store, "to_store_id": to,
					})
					return
				}
			}
		}
	}
	b.Fatal("no region can be crowded")
}
