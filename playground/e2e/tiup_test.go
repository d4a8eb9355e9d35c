package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"ebb/playground/store"
)

// managed makes the cluster of the bench one that tiup manages, under the name
// "play", with a key, and with what tiup writes into a meta.yaml that is nothing to
// ebb. It returns the path of the meta.yaml.
func (b *bench) managed() string {
	b.Helper()
	dir := b.tiupCluster("play")
	meta := filepath.Join(dir, "meta.yaml")
	text, err := os.ReadFile(meta)
	b.must(err)
	whole := strings.Replace(string(text), "topology:\n", "last_ops_ver: |-\n  v1.16.2 tiup\n  # no comment\ntopology:\n", 1)
	whole = strings.TrimRight(whole, " \n") + "\n  brand_new_servers: [] # tiup knows\n"
	b.must(os.WriteFile(meta, []byte(whole), 0o644))
	key, err := os.ReadFile(b.Hosts().KeyFile())
	b.must(err)
	b.must(os.MkdirAll(filepath.Join(dir, "ssh"), 0o755))
	b.must(os.WriteFile(filepath.Join(dir, "ssh", "id_rsa"), key, 0o600))
	return meta
}

// onCluster runs a verb on the cluster by its name, as whoever uses tiup does.
func (b *bench) onCluster(verb string, args ...string) result {
	b.Helper()
	return b.runRaw(append([]string{verb, "play", "-u", b.endpoints, "-o", "json"}, args...)...)
}

// tiupNode is what tiup 1.16 reads of a node for display and prune
// (pkg/cluster/spec/tikv.go and tiflash.go).
type tiupNode struct {
	Host    string `yaml:"host"`
	Port    int    `yaml:"port"`
	TCP     int    `yaml:"tcp_port"`
	Service int    `yaml:"flash_service_port"`
	Offline bool   `yaml:"offline"`
}

func (n *tiupNode) id() string { return net.JoinHostPort(n.Host, strconv.Itoa(max(n.Port, n.TCP))) }
func (n *tiupNode) address() string {
	return net.JoinHostPort(n.Host, strconv.Itoa(max(n.Port, n.Service)))
}

// asTiup reads the meta.yaml and PD as tiup 1.16.2 does, by its own rules.
//
// display shows PD's word for a store, and "Pending Offline" for Offline when the
// node is marked (TiKVSpec.Status). prune looks at marked nodes only, destroys
// those of them that are Tombstone (NeedCheckTombstone, DestroyTombstone in
// pkg/cluster/operation), and gives up when PD has no record of one.
func (b *bench) asTiup(meta string) (display map[string]string, prune []string, pruneFails bool) {
	b.Helper()
	data, err := os.ReadFile(meta)
	b.must(err)
	var file struct {
		User     string `yaml:"user"`
		Version  string `yaml:"tidb_version"`
		Topology struct {
			TiKV    []*tiupNode `yaml:"tikv_servers"`
			TiFlash []*tiupNode `yaml:"tiflash_servers"`
		} `yaml:"topology"`
	}
	b.must(yaml.Unmarshal(data, &file))
	if file.User != "tidb" || file.Version != "v8.1.0" {
		b.Errorf("the head of the meta.yaml is damaged:\n%s", data)
	}
	display = make(map[string]string)
	for _, n := range slices.Concat(file.Topology.TiKV, file.Topology.TiFlash) {
		state := b.tiupState(n.address())
		switch display[n.id()] = state; {
		case state == "":
			display[n.id()] = "N/A"
			pruneFails = pruneFails || n.Offline
		case n.Offline && state == "Offline":
			display[n.id()] = "Pending Offline"
		case n.Offline && state == "Tombstone":
			prune = append(prune, n.id())
		}
	}
	return display, prune, pruneFails
}

// tiupState is the state of the store at an address: of several, one that is no
// Tombstone (PDClient.GetCurrentStore).
func (b *bench) tiupState(address string) string {
	b.Helper()
	state := ""
	for _, s := range b.stores() {
		if s.Store.Address == address && (state == "" || state == "Tombstone") {
			state = s.Store.StateName
		}
	}
	return state
}

// wantTiup compares what tiup would show of some nodes and prune; the others are
// Up, and ebb's display has the same words.
func (b *bench) wantTiup(meta, when string, states map[string]string, prune ...string) {
	b.Helper()
	display, pruned, fails := b.asTiup(meta)
	if fails || !slices.Equal(pruned, prune) {
		b.Errorf("%s: tiup prune would take %q (and fail: %t), want %q", when, pruned, fails, prune)
	}
	shown := make(map[string]string)
	var d displayed
	r := b.onCluster("display")
	b.wantCode(r, 0)
	b.must(json.Unmarshal([]byte(r.out), &d))
	for _, n := range d.Nodes {
		shown[n.ID] = n.Status
	}
	for id, state := range display {
		if want := orElse(states[id], "Up"); state != want || shown[id] != want {
			b.Errorf("%s: %s is %q to tiup and %q to ebb, want %q", when, id, state, shown[id], want)
		}
	}
}

// TestNextToTiup: tiup and ebb work on one meta.yaml and say the same of it at
// each step, and nothing is left to one of them that the other has finished.
func TestNextToTiup(t *testing.T) {
	b := newHostedBench(t, setup{tikv: 5, tiflash: 2})
	meta := b.managed()
	text := func() string {
		data, err := os.ReadFile(meta)
		b.must(err)
		return string(data)
	}
	before := text()
	kv, flash, other := b.tikv()[4], b.tiflash()[1], b.tikv()[3]
	kvID, flashID, otherID := kv.Host+":20160", flash.Host+":9000", other.Host+":20160"
	nodes := kvID + "," + flashID
	pending := map[string]string{kvID: "Pending Offline", flashID: "Pending Offline"}
	b.wantTiup(meta, "at first", nil)
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))

	b.wantCode(b.onCluster("scale-in", "-N", nodes, "--yes"), 0)
	b.wantTiup(meta, "after ebb scale-in", pending)
	want := before
	for _, host := range []string{kv.Host, flash.Host} {
		line := "    - host: " + host + "\n"
		want = strings.Replace(want, line, line+"      offline: true\n", 1)
	}
	if got := text(); got != want {
		t.Errorf("the meta.yaml after scale-in:\n%s", differences(want, got))
	}
	b.wantCode(b.onCluster("cancel-offline", "-N", nodes, "--yes"), 0)
	b.wantTiup(meta, "after ebb cancel-offline", nil)
	if got := text(); got != before {
		t.Errorf("the meta.yaml after cancel-offline:\n%s", differences(before, got))
	}

	b.byTiup(meta, other)
	b.wantTiup(meta, "after tiup scale-in", map[string]string{otherID: "Pending Offline"})
	marked := text()
	b.wantCode(b.onCluster("cancel-offline", "-N", otherID, "--yes"), 0)
	b.wantTiup(meta, "after ebb cancelled it", nil)
	if got, want := text(), strings.Replace(marked, "      offline: true\n", "", 1); got != want {
		t.Errorf("the meta.yaml that tiup wrote, after cancel-offline:\n%s", differences(want, got))
	}

	// Again, to the end: one of them by tiup, one by ebb.
	b.byTiup(meta, kv)
	b.wantCode(b.onCluster("scale-in", "-N", flashID, "--yes"), 0)
	b.must(b.Fleet().IgnoreOperators(store.Obedience{}))
	b.wantCode(b.onCluster("watch", "-N", nodes, "--interval", "200ms"), 0)
	b.wantTiup(meta, "when they have left", map[string]string{kvID: "Tombstone", flashID: "Tombstone"}, kvID, flashID)
	r := b.onCluster("prune", "--known-hosts", b.Hosts().KnownHosts(), "--yes")
	b.wantCode(r, 0)
	b.wantTiup(meta, "after ebb prune", nil)
	if display, _, _ := b.asTiup(meta); len(display) != 5 {
		t.Errorf("tiup still has %v", display)
	}
	for _, s := range []store.StoreState{kv, flash} {
		b.wantDead(s)
		if state := b.pdState(s.ID); state != "" {
			t.Errorf("PD still has store %d: %s", s.ID, state)
		}
	}
}

// byTiup takes a TiKV out as tiup scale-in does: DELETE in PD, and then the whole
// meta.yaml written anew with the mark, its comments and its style lost.
func (b *bench) byTiup(meta string, s store.StoreState) {
	b.Helper()
	b.tell("DELETE", fmt.Sprintf("/store/%d", s.ID), nil)
	data, err := os.ReadFile(meta)
	b.must(err)
	var file map[string]any
	b.must(yaml.Unmarshal(data, &file))
	for _, n := range file["topology"].(map[string]any)["tikv_servers"].([]any) {
		if node := n.(map[string]any); node["host"] == s.Host {
			node["offline"] = true
		}
	}
	var out strings.Builder
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	b.must(encoder.Encode(file))
	b.must(os.WriteFile(meta, []byte(out.String()), 0o644))
}
