package topology

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
)

const matchTopology = `
pd_servers: [{host: pd1}]
tidb_servers: [{host: db1}]
tikv_servers:
  - {host: kv1}
  - {host: KV2}
  - {host: kv3}
  - {host: kv4, advertise_addr: "kv4.public:443"}
  - {host: "2001:db8::5"}
  - {host: kv6}
  - {host: kv7}
tiflash_servers:
  - {host: tf1}
`

func record(id cluster.StoreID, address string, state cluster.StoreState) cluster.Store {
	return cluster.Store{ID: id, Address: address, State: state}
}

func seen(s cluster.Store, minute int) cluster.Store {
	s.LastHeartbeat = time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)
	return s
}

var matchStores = []cluster.Store{
	record(1, "kv1:20160", cluster.Up),
	record(2, "kv2:20160", cluster.Offline),
	// kv3: PD does not know it
	record(4, "kv4.PUBLIC:443", cluster.Tombstone),
	record(5, "[2001:0db8:0::5]:20160", cluster.Up),
	record(66, "kv6:20160", cluster.Tombstone),
	record(60, "kv6:20160", cluster.Up), // a newer store may have the smaller id
	record(70, "kv7:20160", cluster.Up),
	record(71, "kv7:20160", cluster.Offline),
	record(72, "kv7:20160", cluster.Tombstone),
	record(8, "tf1:3930", cluster.Up),
	record(90, "gone:20160", cluster.Up),
	record(91, "twice:20160", cluster.Tombstone),
	record(92, "twice:20160", cluster.Offline),
}

func matched(t *testing.T) Match {
	t.Helper()
	topo, err := Parse("t.yaml", []byte(matchTopology))
	if err != nil {
		t.Fatal(err)
	}
	topo.ClusterName = "prod"
	return MatchStores(topo, matchStores)
}

func ids(stores []cluster.Store) string {
	var list []string
	for _, s := range stores {
		list = append(list, s.ID.String())
	}
	return strings.Join(list, ",")
}

// show is "name=store/candidates/former", with "-" for no store and a trailing
// "!" for a node without an instance.
func show(n Node) string {
	store := "-"
	if n.Store != nil {
		store = n.Store.ID.String()
	}
	s := fmt.Sprintf("%s=%s/%s/%s", n.Name(), store, ids(n.Candidates), ids(n.Former))
	if n.PDOnly() {
		s += "!"
	}
	return s
}

func showAll(nodes []Node) string {
	var list []string
	for _, n := range nodes {
		list = append(list, show(n))
	}
	return strings.Join(list, " ")
}

func TestMatchStores(t *testing.T) {
	m := matched(t)
	want := "kv1:20160=1// KV2:20160=2// kv3:20160=-// kv4:20160=4// [2001:db8::5]:20160=5// " +
		"kv6:20160=60//66 kv7:20160=-/70,71/72 tf1:9000=8//"
	if got := showAll(m.Nodes); got != want {
		t.Errorf("nodes\n got %s\nwant %s", got, want)
	}
	if got := showAll(m.PDOnly); got != "gone:20160=90//! twice:20160=91//! twice:20160=92//!" {
		t.Errorf("PD only: %s", got)
	}
	for _, tc := range []struct {
		node               int
		missing, ambiguous bool
	}{{0, false, false}, {2, true, false}, {6, false, true}} {
		if n := m.Nodes[tc.node]; n.Missing() != tc.missing || n.Ambiguous() != tc.ambiguous {
			t.Errorf("%s: missing %t, ambiguous %t", n.Name(), n.Missing(), n.Ambiguous())
		}
	}
}

// TestMatchTombstones: of several finished stores the one that lived last is the
// node's; when that cannot be told, none is.
func TestMatchTombstones(t *testing.T) {
	topo, err := Parse("t.yaml", []byte("tikv_servers: [{host: a}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	dead := func(id cluster.StoreID, minute int) cluster.Store {
		return seen(record(id, "a:20160", cluster.Tombstone), minute)
	}
	for _, tc := range []struct {
		stores []cluster.Store
		want   string
	}{
		{nil, "a:20160=-//"},
		{[]cluster.Store{dead(1, 0)}, "a:20160=1//"},
		{[]cluster.Store{dead(1, 1), dead(2, 3), dead(3, 2)}, "a:20160=2//1,3"},
		{[]cluster.Store{dead(1, 1), dead(2, 1), dead(3, 2)}, "a:20160=3//1,2"},
		{[]cluster.Store{dead(2, 2), dead(1, 2), dead(3, 1)}, "a:20160=-/1,2,3/"},
	} {
		if got := showAll(MatchStores(topo, tc.stores).Nodes); got != tc.want {
			t.Errorf("got %s, want %s", got, tc.want)
		}
	}
}

func TestSelect(t *testing.T) {
	m := matched(t)
	for _, tc := range []struct{ spec, want string }{
		{"kv1:20160", "kv1:20160=1//"},
		{"kv1:20160, kv2:20160,kv1:20160 ,", "kv1:20160=1// KV2:20160=2//"},
		{"tf1:9000", "tf1:9000=8//"},
		{"tf1:3930,8,TF1:9000", "tf1:9000=8//"},
		{"kv4:20160", "kv4:20160=4//"},
		{"kv4.public:443", "kv4:20160=4//"},
		{"[2001:DB8::0:5]:20160", "[2001:db8::5]:20160=5//"},
		{"kv3:20160", "kv3:20160=-//"},
		{"kv6:20160,60", "kv6:20160=60//66"},
		{"66", "kv6:20160=66//!"},          // a former store: not the host's any more
		{"71", "kv7:20160=71/70/72"},       // chosen, and the other still shown
		{"90", "gone:20160=90//!"},         // only PD knows it
		{"gone:20160", "gone:20160=90//!"}, //
		{"twice:20160", "twice:20160=92//!"},
		{"91", "twice:20160=91//!"},
	} {
		got, err := m.Select([]string{tc.spec})
		if err != nil || showAll(got) != tc.want {
			t.Errorf("Select(%q) = %s, %v; want %s", tc.spec, showAll(got), err, tc.want)
		}
	}
	if got := m.Nodes[6]; show(got) != "kv7:20160=-/70,71/72" {
		t.Errorf("Select changed the match: %s", show(got))
	}
}

func TestSelectWithoutTopology(t *testing.T) {
	m := MatchStores(nil, matchStores)
	got, err := m.Select([]string{"8", "kv1:20160"})
	if err != nil || showAll(got) != "tf1:3930=8//! kv1:20160=1//!" {
		t.Errorf("Select = %s, %v", showAll(got), err)
	}
	_, err = m.Select([]string{"kv7:20160"})
	var ambiguous *AmbiguousNodeError
	if !errors.As(err, &ambiguous) || ids(ambiguous.Candidates) != "70,71,72" {
		t.Errorf("error %v", err)
	}
	var unknown *UnknownNodeError
	if _, err = m.Select([]string{"tf1:9000"}); !errors.As(err, &unknown) || strings.Join(unknown.Nearest, " ") != "tf1:3930" {
		t.Errorf("error %v", err)
	}
}

func TestSelectErrors(t *testing.T) {
	m := matched(t)
	for _, tc := range []struct{ spec, want, hint string }{
		{"kv1:20161", `find node "kv1:20161": no such tiup id, store address or store id`, "did you mean kv1:20160?"},
		{"kv1", `find node "kv1": no such tiup id, store address or store id`, "did you mean kv1:20160?"},
		{"kw1:20160", `find node "kw1:20160": no such tiup id, store address or store id`, "did you mean kv1:20160 or KV2:20160 or kv3:20160?"},
		{"12345", `find node "12345": no such tiup id, store address or store id`, ""},
		{"pd1:2379", `find node "pd1:2379": it is a pd, not a TiKV or TiFlash store`,
			"use: tiup cluster scale-in prod -N pd1:2379 (or, without tiup: pd-ctl member delete name pd-pd1-2379)"},
		{"db1:4000", `find node "db1:4000": it is a tidb, not a TiKV or TiFlash store`, "use: tiup cluster scale-in prod -N db1:4000"},
		{"kv7:20160", `find node "kv7:20160": more than one node may be meant: ` +
			`store 70 (kv7:20160, Up, start time unknown, deploy path unknown); ` +
			`store 71 (kv7:20160, Offline, start time unknown, deploy path unknown)`, "give the store id instead of the address"},
	} {
		nodes, err := m.Select([]string{"kv1:20160", tc.spec})
		if nodes != nil || err == nil || err.Error() != tc.want {
			t.Errorf("Select(%q) = %v, %v\nwant %s", tc.spec, nodes, err, tc.want)
			continue
		}
		var hinter interface{ Hint() string }
		if !errors.As(err, &hinter) || hinter.Hint() != tc.hint {
			t.Errorf("%q: hint %q, want %q", tc.spec, hinter.Hint(), tc.hint)
		}
	}
	_, err := m.Select([]string{"x:1,pd1:2379"})
	var unknown *UnknownNodeError
	var wrong *NotAStoreError
	if !errors.As(err, &unknown) || !errors.As(err, &wrong) {
		t.Errorf("not all errors are reported: %v", err)
	}
}

// TestSelectCrossedNames: the tiup id of one store is the PD address of another.
func TestSelectCrossedNames(t *testing.T) {
	topo, err := Parse("t.yaml", []byte("tikv_servers: [{host: a, advertise_addr: 'b:20160'}, {host: b, advertise_addr: 'c:1'}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	m := MatchStores(topo, []cluster.Store{record(1, "b:20160", cluster.Up)})
	var ambiguous *AmbiguousNodeError
	if _, err := m.Select([]string{"b:20160"}); !errors.As(err, &ambiguous) || ids(ambiguous.Candidates) != "1" {
		t.Errorf("error %v", err)
	}
	if got, err := m.Select([]string{"a:20160,1,c:1"}); err != nil || showAll(got) != "a:20160=1// b:20160=-//" {
		t.Errorf("Select = %s, %v", showAll(got), err)
	}
}

func TestNearest(t *testing.T) {
	words := []string{"tikv_servers", "tidb_servers", "pd_servers", "port"}
	for name, want := range map[string]string{
		"tikv_server": "tikv_servers,tidb_servers", "prot": "port", "zzzz": "", "pd-servers": "pd_servers,tidb_servers", "": "",
	} {
		if got := strings.Join(Nearest(name, words, 2), ","); got != want {
			t.Errorf("Nearest(%q) = %s, want %s", name, got, want)
		}
	}
}
