package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/internal/golden"
	"ebb/topology"
	"ebb/ui"
)

var now = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

const inventoryYAML = `
global: {user: tidb, deploy_dir: /tidb-deploy, data_dir: /tidb-data, os: linux, arch: amd64}
pd_servers:
  - {host: 10.0.1.1, name: pd-1}
  - {host: 10.0.1.2, name: pd-2}
  - {host: 10.0.1.3, name: pd-3}
tidb_servers:
  - {host: 10.0.1.1}
  - {host: 10.0.1.2}
tikv_servers:
  - {host: 10.0.2.1}
  - {host: 10.0.2.2, offline: true}
  - {host: 10.0.2.3}
  - {host: 10.0.2.4, offline: true}
  - {host: 10.0.2.5}
tiflash_servers:
  - {host: 10.0.3.1}
`

func store(id cluster.StoreID, address string, change ...func(*cluster.Store)) cluster.Store {
	gib := func(n uint64) cluster.Size { return cluster.Size{Bytes: n << 30, Known: true} }
	s := cluster.Store{
		ID: id, Address: address, StateName: cluster.StateUp, NodeState: cluster.Serving, Version: "8.5.1",
		StartTime: now.Add(-48 * time.Hour), LastHeartbeat: now.Add(-4 * time.Second),
		Capacity: gib(2048), Available: gib(1024), Used: gib(900),
		LeaderCount: 4120, RegionCount: 12345, RegionSizeMiB: 1_185_120,
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func labelled(pairs ...string) func(*cluster.Store) {
	return func(s *cluster.Store) {
		for _, pair := range pairs {
			key, value, _ := strings.Cut(pair, "=")
			s.Labels = append(s.Labels, cluster.Label{Key: key, Value: value})
		}
	}
}

func state(st cluster.StoreState) func(*cluster.Store) {
	return func(s *cluster.Store) { s.State, s.StateName = st, st.String() }
}

func silent(age time.Duration, name string) func(*cluster.Store) {
	return func(s *cluster.Store) { s.LastHeartbeat, s.StateName = now.Add(-age), name }
}

// inventory is a cluster in which there is something to say about every node.
func inventory(t *testing.T) *Inventory {
	t.Helper()
	topo, err := topology.Parse("topology.yaml", []byte(inventoryYAML))
	if err != nil {
		t.Fatal(err)
	}
	snap := &cluster.Snapshot{
		ReadAt: now, PDVersion: "v8.5.1",
		Members: &cluster.Members{ClusterID: 7034215976384921731, Leader: cluster.Member{Name: "pd-2", ID: 2}},
		Health: []cluster.MemberHealth{
			{Name: "pd-1", ID: 1, Healthy: true}, {Name: "pd-2", ID: 2, Healthy: true}, {Name: "pd-3", ID: 3},
		},
		Stores: []cluster.Store{
			store(1, "10.0.2.1:20160", labelled("zone=北京一区", "host=主机-01")),
			store(2, "10.0.2.2:20160", state(cluster.Offline), labelled("zone=上海", "host=主机-02")),
			store(3, "10.0.2.3:20160", silent(95*time.Second, cluster.StateDisconnected), labelled("zone=\x1b[31m北京")),
			store(4, "10.0.2.4:20160", state(cluster.Tombstone), silent(50*time.Hour, cluster.StateTombstone)),
			store(7, "10.0.3.1:3930", labelled("engine=tiflash")),
			store(9007199254740993, "10.0.9.9:20160", func(s *cluster.Store) { s.LastHeartbeat = time.Time{} }),
		},
		Limits: cluster.StoreLimits{1: {AddPeer: 15, RemovePeer: 15}},
	}
	return &Inventory{
		Cluster: "prod", Topology: topo, Snapshot: snap, Match: topology.MatchStores(topo, snap.Stores),
		Answers: map[string]bool{"10.0.1.1:4000": true},
		Leaving: map[cluster.StoreID]decommission.StoreWatch{2: {
			ID: 2, Regions: 12345, InitialRegions: 20000, PerSecond: 12.6, ETA: 16 * time.Minute,
		}},
	}
}

func all(*Node) bool { return true }

func TestDisplayTable(t *testing.T) {
	doc := NewDisplay(1, inventory(t), all)
	for _, width := range []int{80, 120, 200} {
		lines := doc.Table(true).Lines(width, false)
		for _, line := range lines {
			if ui.Width(line) > width {
				t.Errorf("at %d columns a line takes %d: %s", width, ui.Width(line), line)
			}
			if strings.ContainsRune(line, '\x1b') {
				t.Errorf("a label reached the terminal as it is: %q", line)
			}
		}
		golden.Check(t, fmt.Sprintf("display-%d.txt", width), []byte(strings.Join(lines, "\n")+"\n"))
	}
	narrow := doc.Table(false).Lines(80, false)
	golden.Check(t, "display-80-no-labels.txt", []byte(strings.Join(narrow, "\n")+"\n"))
	coloured := doc.Table(false).Lines(200, true)
	golden.Check(t, "display-colour.txt", []byte(visible(strings.Join(coloured, "\n")+"\n")))
	var pipe strings.Builder
	if err := doc.Table(true).WriteTSV(&pipe); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "display-pipe.txt", []byte(pipe.String()))
}

// A name that is cut can be neither told from another nor copied.
func TestNamesStayWhole(t *testing.T) {
	inv := inventory(t)
	inv.Snapshot.Stores = inv.Snapshot.Stores[:5]
	inv.Match = topology.MatchStores(inv.Topology, inv.Snapshot.Stores)
	doc := NewDisplay(1, inv, all)
	screen := strings.Join(doc.Table(false).Lines(80, false), "\n")
	for _, n := range doc.Nodes {
		if !strings.Contains(screen, n.ID+" ") || !strings.Contains(screen, n.Status) {
			t.Errorf("%s or %s is not on the screen:\n%s", n.ID, n.Status, screen)
		}
	}
}

// visible makes colours readable in a file.
func visible(s string) string { return strings.ReplaceAll(s, "\x1b", "␛") }

func TestDisplayJSON(t *testing.T) {
	doc, err := json.MarshalIndent(NewDisplay(1, inventory(t), all), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "display.json", append(doc, '\n'))
}

// Without PD every store is N/A, and nothing is called dead or drifting.
func TestDisplayWithoutPD(t *testing.T) {
	inv := inventory(t)
	inv.Snapshot, inv.Match, inv.Leaving = nil, topology.MatchStores(inv.Topology, nil), nil
	doc := NewDisplay(1, inv, all)
	if len(doc.Notes) > 0 || doc.Cluster.ReadAt != nil {
		t.Errorf("notes %q, cluster %+v", doc.Notes, doc.Cluster)
	}
	for _, n := range doc.Nodes {
		if (n.Role == "pd" || isStoreRole(n.Role)) && (n.Status != "N/A" || n.InPD || n.Store != nil) {
			t.Errorf("%s %s is %s, in PD %v", n.Role, n.ID, n.Status, n.InPD)
		}
	}
}

// The notes are about all nodes, also those that are not listed.
func TestDisplayOfSome(t *testing.T) {
	inv := inventory(t)
	doc := NewDisplay(1, inv, func(n *Node) bool { return n.Role == "pd" })
	if len(doc.Nodes) != 3 || len(doc.Notes) != len(NewDisplay(1, inv, all).Notes) {
		t.Errorf("%d nodes, notes %q", len(doc.Nodes), doc.Notes)
	}
	if data, err := json.Marshal(NewDisplay(1, inv, func(*Node) bool { return false })); err != nil || !strings.Contains(string(data), `"nodes":[]`) {
		t.Errorf("no nodes at all: %s, %v", data, err)
	}
}

func plan(findings ...decommission.Finding) *decommission.Plan {
	return &decommission.Plan{
		SchemaVersion: 1, Verb: decommission.VerbScaleIn, ClusterID: 7034215976384921731, PDVersion: "v8.5.1", PDLeader: "pd-2", ReadAt: now,
		Topology: "/root/.tiup/storage/cluster/clusters/prod/meta.yaml",
		Stores: []decommission.PlannedStore{
			{ID: 4, Address: "10.0.2.4:20160", Node: "10.0.2.4:20160", Engine: cluster.TiKV, StateName: "Up", StartTime: now.Add(-time.Hour), Leaders: 4120, Regions: 12345, Used: cluster.Size{Bytes: 900 << 30, Known: true}},
			{ID: 7, Address: "10.0.3.1:3930", Node: "10.0.3.1:9000", Engine: cluster.TiFlash, StateName: "Offline"},
		},
		Steps: []decommission.Step{
			{Kind: decommission.StepDeleteStore, StoreID: 4, Text: "set store 4 (10.0.2.4:20160) Offline in PD, which then moves its regions away", Undo: "until it is Tombstone: ebb cancel-offline"},
			{Kind: decommission.StepDeleteStore, StoreID: 7, Text: "set store 7 (10.0.3.1:3930) Offline in PD", Done: true, Undo: "until it is Tombstone: ebb cancel-offline"},
			{Kind: decommission.StepMarkOffline, Nodes: []string{"10.0.2.4:20160"}, Text: "set offline: true for 1 node in /root/.tiup/storage/cluster/clusters/prod/meta.yaml"},
		},
		Findings: findings,
		Estimate: &decommission.Estimate{AtLeast: 4 * time.Hour, Basis: "12345 regions at 45 a minute, the add-peer limits of 3 receivers together"},
	}
}

func TestPlan(t *testing.T) {
	ok := decommission.Finding{Check: "pd", Result: decommission.OK, Summary: "3 of 3 PD members answer, leader pd-2", Evidence: []string{"not shown"}}
	na := decommission.Finding{Check: "leader-targets", Result: decommission.NotApplicable, Summary: "TiFlash holds no leaders"}
	warning := decommission.Finding{Check: "space", Result: decommission.Warning, Summary: "900GiB of tikv data move, 950GiB fit below low-space-ratio 0.8", Evidence: []string{"low on space, PD sends them nothing: store 3 (10.0.2.3:20160)"}}
	refused := decommission.Finding{Check: "regions", Result: decommission.Refused, Summary: "7 regions on store 4 without a leader on a live store: PD cannot move them", Regions: []cluster.RegionID{1, 2, 3, 4, 9007199254740993}, Fix: "start the stores that hold their other peers", Risk: "stuck-regions"}
	few := refused
	few.Regions, few.Risk = refused.Regions[:2], ""
	accepted := refused
	accepted.Accepted = true
	unknown := decommission.Finding{Check: "placement", Result: decommission.Unknown, Summary: "could not read the placement rules", Evidence: []string{"GET /config/rules: reach pd: \x1b[2J503"}, Fix: "run the command again when PD answers"}
	for name, p := range map[string]*decommission.Plan{
		"ok": plan(ok, na), "warning": plan(ok, warning, accepted), "refused": plan(ok, warning, refused, few), "unknown": plan(ok, unknown),
	} {
		t.Run(name, func(t *testing.T) {
			streams := ui.Test("")
			if err := Plan(streams.Out, p); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, "plan-"+name+".txt", []byte(streams.OutBuf.String()))
			streams = ui.Test("")
			streams.SetTTY(true, true, true)
			streams.Setenv("TERM", "xterm")
			if err := Plan(streams.Out, p); err != nil {
				t.Fatal(err)
			}
			screen := visible(streams.OutBuf.String())
			golden.Check(t, "plan-"+name+"-terminal.txt", []byte(screen))
			if strings.Contains(screen, "␛[2J") {
				t.Error("an escape sequence of PD's answer reached the terminal")
			}
		})
	}
}

func TestOutcomes(t *testing.T) {
	streams := ui.Test("")
	step := decommission.Step{Text: "set store 4 (10.0.2.4:20160) Offline in PD"}
	for _, o := range []decommission.StepOutcome{
		{Step: step, Result: decommission.StepDone}, {Step: step, Result: decommission.StepAlready},
		{Step: step, Result: decommission.StepDone, Note: "backup: x.bak"}, {Step: step, Result: decommission.StepFailed},
		{Step: step, Result: decommission.StepUnknown}, {Step: step, Result: decommission.StepLeft},
	} {
		if err := Outcome(streams.Err, o); err != nil {
			t.Fatal(err)
		}
	}
	golden.Check(t, "outcomes.txt", []byte(streams.ErrBuf.String()))
}

func TestTransitions(t *testing.T) {
	s := &decommission.StoreWatch{ID: 4, Address: "10.0.2.4:20160", State: "Offline", Regions: 1234, Leaders: 56, RegionSizeMiB: 118464, InitialRegions: 12345}
	gone := *s
	gone.State = ""
	up := *s
	up.State = "Up"
	var b strings.Builder
	for _, e := range []decommission.Event{
		{Type: decommission.EventWatching, Store: s},
		{Type: decommission.EventState, Store: s},
		{Type: decommission.EventStalled, Store: s},
		{Type: decommission.EventMoving, Store: s},
		{Type: decommission.EventContactLost, Err: errors.New("reach pd: \x1b[31mno")},
		{Type: decommission.EventContactRegained},
		{Type: decommission.EventTombstone, Store: s},
		{Type: decommission.EventBuriedEarly, Store: s},
		{Type: decommission.EventBuriedEarly, Store: &gone},
		{Type: decommission.EventCameBack, Store: &up},
		{Type: decommission.EventGone, Store: &gone},
	} {
		line := Transition(e)
		if line == "" {
			t.Errorf("%s says nothing", e.Type)
		}
		fmt.Fprintf(&b, "%-24s%s\n", e.Type, line)
	}
	golden.Check(t, "transitions.txt", []byte(b.String()))
	if line := Transition(decommission.Event{Type: decommission.EventProgress, Store: s}); line != "" {
		t.Errorf("progress is no transition, but says %q", line)
	}
}

// TestStoreLine: what is counted comes first; PD's own figures are used only
// where nothing was counted, and only when they can be true.
func TestStoreLine(t *testing.T) {
	base := decommission.StoreWatch{ID: 4, Address: "a:1", State: "Offline", Regions: 500, Leaders: 3, RegionSizeMiB: 48000, InitialRegions: 500}
	pd := func(fraction, speed float64, left time.Duration) func(*decommission.StoreWatch) {
		return func(s *decommission.StoreWatch) {
			s.PD = &cluster.Progress{Action: cluster.ActionRemoving, Fraction: fraction, SpeedMiB: speed, Left: left}
		}
	}
	tests := []struct {
		name   string
		change func(*decommission.StoreWatch)
		want   string
	}{
		{"nothing is known", func(*decommission.StoreWatch) {}, "store 4 (a:1) Offline: 500 regions, 3 leaders, 46.9GiB left"},
		{"counted", func(s *decommission.StoreWatch) {
			s.InitialRegions, s.PerSecond, s.ETA = 1000, 2, 250*time.Second
		}, "store 4 (a:1) Offline: 500 regions, 3 leaders, 46.9GiB left, 50.0% done, 2.0/s, ETA about 4m10s"},
		{"the rate is counted, the share is the larger", func(s *decommission.StoreWatch) {
			s.InitialRegions, s.PerSecond, s.ETA = 1000, 2, 250*time.Second
			pd(0.9, 100, time.Minute)(s)
		}, "store 4 (a:1) Offline: 500 regions, 3 leaders, 46.9GiB left, 90.0% done, 2.0/s, ETA about 4m10s"},
		{"PD alone", pd(0.25, 96, 500*time.Second), "store 4 (a:1) Offline: 500 regions, 3 leaders, 46.9GiB left, 25.0% done, 1.0/s, ETA about 8m20s"},
		{"PD is above 100 %", pd(1.1027777777777779, 0, -1), "store 4 (a:1) Offline: 500 regions, 3 leaders, 46.9GiB left"},
		{"PD does not know the time", pd(0.25, 0, -1), "store 4 (a:1) Offline: 500 regions, 3 leaders, 46.9GiB left, 25.0% done"},
		{"regions came back", func(s *decommission.StoreWatch) { s.Regions = 600 }, "store 4 (a:1) Offline: 600 regions, 3 leaders, 46.9GiB left"},
		{"stalled", func(s *decommission.StoreWatch) { s.Stalled = true }, "store 4 (a:1) Offline: 500 regions, 3 leaders, 46.9GiB left, stalled"},
		{"empty", func(s *decommission.StoreWatch) { s.Regions, s.Leaders, s.RegionSizeMiB = 0, 0, 0 }, "store 4 (a:1) Offline: 0 regions, 0 leaders, 0B left, 100.0% done, waiting for PD to make it Tombstone (up to 10s)"},
		{"negative size", func(s *decommission.StoreWatch) { s.RegionSizeMiB = -5 }, "store 4 (a:1) Offline: 500 regions, 3 leaders, 0B left"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := base
			tt.change(&s)
			if got := StoreLine(&s); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
