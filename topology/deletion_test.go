package topology

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// describe is a plan in short: what goes, what stays and why, and the exporters.
func describe(p DeletionPlan) []string {
	var lines []string
	for _, d := range p.Deletions {
		line := string(d.Why) + " " + d.Path
		for _, c := range d.Covers {
			line += " +" + string(c.Why) + " " + c.Path
		}
		lines = append(lines, line)
	}
	for _, r := range p.Refused {
		lines = append(lines, "keep "+string(r.Why)+" "+r.Path+": "+string(r.Obstacle)+": "+r.Reason)
	}
	for _, unit := range p.ExporterUnits {
		lines = append(lines, "stop "+unit)
	}
	return lines
}

func mustParse(t *testing.T, name, text string) *Topology {
	t.Helper()
	topo, err := Parse(name, []byte(text))
	if topo == nil {
		t.Fatal(err)
	}
	return topo
}

// noExporters keeps the exporters out of what a table is about.
const noExporters = ", ignore_exporter: true}"

func TestPlanDeletions(t *testing.T) {
	const global = "global: {deploy_dir: /d/deploy, data_dir: /d/data}\n"
	for _, tc := range []struct {
		name, text string
		others     []string
		leaving    string // "a:20160" if empty
		want       []string
	}{
		{name: "defaults fold into one",
			text: "tikv_servers: [{host: a" + noExporters + "]\n",
			want: []string{"deploy /home/tidb/deploy/tikv-20160 +data /home/tidb/deploy/tikv-20160/data +log /home/tidb/deploy/tikv-20160/log"}},
		{name: "the last of its host takes the exporters along",
			text: global + "monitored: {node_exporter_port: 9200}\ntikv_servers: [{host: a}, {host: b}]\n",
			want: []string{
				"data /d/data/tikv-20160", "deploy /d/deploy/tikv-20160 +log /d/deploy/tikv-20160/log",
				"exporter /d/data/monitor-9200", "exporter /d/deploy/monitor-9200 +exporter /d/deploy/monitor-9200/log",
				"stop node_exporter-9200.service", "stop blackbox_exporter-9115.service"}},
		{name: "another instance keeps them",
			text: global + "tikv_servers: [{host: a}]\npd_servers: [{host: A.}]\n",
			want: []string{"data /d/data/tikv-20160", "deploy /d/deploy/tikv-20160 +log /d/deploy/tikv-20160/log"}},
		{name: "directories of one's own choice",
			text: "tikv_servers: [{host: a, deploy_dir: /x/kv, data_dir: '/x/kv-data, /y/kv', log_dir: /x/log, config: {raft-engine.dir: /n/raft, rocksdb.wal-dir: /x/kv-data/wal}" + noExporters + "]\n",
			want: []string{"data /x/kv-data", "data /y/kv", "config /n/raft", "log /x/log", "deploy /x/kv"}},
		{name: "one directory for everything",
			text: "tikv_servers: [{host: a, deploy_dir: /x/kv, data_dir: '/x/kv/', log_dir: /x/kv" + noExporters + "]\n",
			want: []string{"data /x/kv +log /x/kv +deploy /x/kv"}},
		{name: "a name that only begins like another",
			text: "tikv_servers: [{host: a, deploy_dir: /x/kv" + noExporters + ", {host: a, port: 2, status_port: 3, deploy_dir: /x/kv2" + noExporters + "]\n",
			want: []string{"deploy /x/kv +data /x/kv/data +log /x/kv/log"}},

		{name: "imported: two slashes",
			text: "tikv_servers: [{host: a, deploy_dir: //x//kv/, data_dir: /x//data/kv, imported: true" + noExporters + "]\ntidb_servers: [{host: a, deploy_dir: /x/tidb, log_dir: /x/data//kv" + noExporters + "]\n",
			want: []string{"deploy /x/kv +log /x/kv/log", "keep data /x/data/kv: in_use: it is /x/data/kv, the log directory of a:4000"}},
		{name: "relative: contained in another's",
			text: "tikv_servers: [{host: a, data_dir: ../tidb-4000/kv" + noExporters + "]\ntidb_servers: [{host: a" + noExporters + "]\n",
			want: []string{"deploy /home/tidb/deploy/tikv-20160 +log /home/tidb/deploy/tikv-20160/log",
				"keep data /home/tidb/deploy/tidb-4000/kv: in_use: it lies in /home/tidb/deploy/tidb-4000, the deploy directory of a:4000"}},
		{name: "relative: around another's",
			text: "tikv_servers: [{host: a, data_dir: .., deploy_dir: kv/x" + noExporters + "]\ntidb_servers: [{host: a, deploy_dir: kv/tidb" + noExporters + "]\n",
			want: []string{"deploy /home/tidb/kv/x +log /home/tidb/kv/x/log",
				"keep data /home/tidb/kv: in_use: it contains /home/tidb/kv/tidb/log, the log directory of a:4000"}},
		{name: "what stays is not taken along by what is around it",
			text: "tikv_servers: [{host: a, data_dir: \"x\\ny\"" + noExporters + "]\n",
			want: []string{"log /home/tidb/deploy/tikv-20160/log",
				"keep data /home/tidb/deploy/tikv-20160/x\ny: odd_name: its name has characters that cannot be seen",
				"keep deploy /home/tidb/deploy/tikv-20160: in_use: it contains \"/home/tidb/deploy/tikv-20160/x\\ny\", which stays"}},
		{name: "blanks, dollars and stars are letters",
			text: "tikv_servers: [{host: a, deploy_dir: '/x/a b/$HOME', data_dir: '/x/kv*', log_dir: '/x/`l`;rm'" + noExporters + "]\ntidb_servers: [{host: a, deploy_dir: /x/kv1" + noExporters + "]\n",
			want: []string{"data /x/kv*", "log /x/`l`;rm", "deploy /x/a b/$HOME"}},
		{name: "where a shell would lead another",
			text: "tikv_servers: [{host: a, deploy_dir: /x/kv, data_dir: /y/kv" + noExporters + "]\ntidb_servers: [{host: a, deploy_dir: /x/$USER/tidb, log_dir: /z/tidb" + noExporters + "]\n",
			want: []string{"data /y/kv", "keep log /x/kv/log: in_use: it may overlap with /x/$USER/tidb, the deploy directory of a:4000",
				"keep deploy /x/kv: in_use: it may overlap with /x/$USER/tidb, the deploy directory of a:4000"}},
		{name: "a tilde",
			text: "tikv_servers: [{host: a, deploy_dir: ~/kv, data_dir: /y/kv, log_dir: /y/log" + noExporters + "]\n",
			want: []string{"data /y/kv", "log /y/log", "keep deploy /home/tidb/~/kv: not_clean: where '~' leads depends on who is asked"}},
		{name: "the exporters' log, twice in its path",
			text: "tikv_servers: [{host: a, log_dir: ../monitor-9100/deploy}]\npd_servers: [{host: a}]\n",
			want: []string{"deploy /home/tidb/deploy/tikv-20160 +data /home/tidb/deploy/tikv-20160/data",
				"keep log /home/tidb/deploy/monitor-9100/deploy: in_use: it contains /home/tidb/deploy/monitor-9100/deploy/monitor-9100/log, a directory of the exporters"}},
		{name: "the directory of all instances",
			text: global + "monitored: {deploy_dir: /m/m, data_dir: /m/n}\ntikv_servers: [{host: a, deploy_dir: /d/deploy, data_dir: /d, log_dir: /d/log" + noExporters + "]\n",
			want: []string{"log /d/log", "keep data /d: system_path: it stands at the root, where only whole file systems and system directories do",
				"keep deploy /d/deploy: in_use: it is /d/deploy, global.deploy_dir of t.yaml"}},

		{name: "the same by manage_host",
			text: "tikv_servers: [{host: a, manage_host: m, deploy_dir: /x/y" + noExporters + "]\ntidb_servers: [{host: b, manage_host: M, deploy_dir: /x/y/tidb" + noExporters + "]\n",
			want: []string{"data /x/y/data", "log /x/y/log", "keep deploy /x/y: in_use: it contains /x/y/tidb/log, the log directory of b:4000"}},
		{name: "the same by a third name",
			text:   "tikv_servers: [{host: a, manage_host: m, deploy_dir: /x/y" + noExporters + "]\n",
			others: []string{"pd_servers: [{host: b, manage_host: m" + noExporters + "]\n", "tidb_servers: [{host: other, deploy_dir: /x/y}, {host: c, manage_host: b, deploy_dir: /x/y" + noExporters + "]\n"},
			want: []string{"keep data /x/y/data: in_use: it lies in /x/y, the deploy directory of c:4000 of o1.yaml",
				"keep log /x/y/log: in_use: it is /x/y/log, the log directory of c:4000 of o1.yaml",
				"keep deploy /x/y: in_use: it contains /x/y/log, the log directory of c:4000 of o1.yaml"}},
		{name: "the same by a loopback address", leaving: "127.0.0.1:20160",
			text: "tikv_servers: [{host: 127.0.0.1, deploy_dir: /x/y}]\ntidb_servers: [{host: localhost, deploy_dir: /x/y/t}]\npd_servers: [{host: '::1', deploy_dir: /x/p}]\n",
			want: []string{"data /x/y/data", "log /x/y/log", "keep deploy /x/y: in_use: it contains /x/y/t/log, the log directory of localhost:4000"}},
		{name: "another host",
			text:   "tikv_servers: [{host: a, deploy_dir: /x/y" + noExporters + "]\ntidb_servers: [{host: b, deploy_dir: /x/y}]\n",
			others: []string{"tidb_servers: [{host: c, deploy_dir: /x/y}]\n"},
			want:   []string{"deploy /x/y +data /x/y/data +log /x/y/log"}},

		{name: "exporters: another topology relies on them",
			text: "tikv_servers: [{host: a}]\n", others: []string{"tidb_servers: [{host: a, deploy_dir: /x/y, ignore_exporter: true}]\nmonitored: {node_exporter_port: 1, blackbox_exporter_port: 2}\n"},
			want: []string{"deploy /home/tidb/deploy/tikv-20160 +data /home/tidb/deploy/tikv-20160/data +log /home/tidb/deploy/tikv-20160/log"}},
		{name: "exporters: another topology has the same",
			text: "tikv_servers: [{host: a}]\n", others: []string{"tidb_servers: [{host: a, deploy_dir: /x/y}]\nmonitored: {node_exporter_port: 1}\n"},
			want: []string{"deploy /home/tidb/deploy/tikv-20160 +data /home/tidb/deploy/tikv-20160/data +log /home/tidb/deploy/tikv-20160/log"}},
		{name: "exporters: another topology has its own",
			text: "tikv_servers: [{host: a}]\n", others: []string{"tidb_servers: [{host: a, deploy_dir: /x/y}]\nmonitored: {node_exporter_port: 1, blackbox_exporter_port: 2, data_dir: /home/tidb/deploy/monitor-9100/data}\n"},
			want: []string{"deploy /home/tidb/deploy/tikv-20160 +data /home/tidb/deploy/tikv-20160/data +log /home/tidb/deploy/tikv-20160/log",
				"exporter /home/tidb/deploy/monitor-9100/deploy/monitor-9100/log",
				"keep exporter /home/tidb/deploy/monitor-9100/data/monitor-9100: in_use: it lies in /home/tidb/deploy/monitor-9100/data, a directory of the exporters of o0.yaml",
				"keep exporter /home/tidb/deploy/monitor-9100: in_use: it contains /home/tidb/deploy/monitor-9100/data, a directory of the exporters of o0.yaml",
				"stop node_exporter-9100.service", "stop blackbox_exporter-9115.service"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			topo := mustParse(t, "t.yaml", tc.text)
			others := []*Topology{topo}
			for i, text := range tc.others {
				others = append(others, mustParse(t, "o"+string(rune('0'+i))+".yaml", text))
			}
			leaving := tc.leaving
			if leaving == "" {
				leaving = "a:20160"
			}
			plans, err := PlanDeletions(topo, []string{leaving}, others)
			if err != nil || len(plans) != 1 {
				t.Fatalf("%d plans, %v", len(plans), err)
			}
			if got := describe(plans[0]); !slices.Equal(got, tc.want) {
				t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
			if p := plans[0]; (p.ExportersStay == "") != (len(p.ExporterUnits) > 0) {
				t.Errorf("exporters %q stay: %q", p.ExporterUnits, p.ExportersStay)
			}
		})
	}
}

// TestPlanDeletionsInTurn: what two share goes with the second, and so do the
// exporters.
func TestPlanDeletionsInTurn(t *testing.T) {
	topo := mustParse(t, "t.yaml", "global: {deploy_dir: /d/deploy, data_dir: /d/data}\n"+
		"tikv_servers:\n- {host: a, log_dir: /x/log}\n- {host: a, port: 2, status_port: 3, log_dir: /x/log}\n")
	plans, err := PlanDeletions(topo, []string{"a:2", "A:20160", "a:2"}, nil)
	if err != nil || len(plans) != 2 {
		t.Fatalf("%d plans, %v", len(plans), err)
	}
	want := []string{"data /d/data/tikv-2", "deploy /d/deploy/tikv-2", "keep log /x/log: in_use: it is /x/log, the log directory of a:20160"}
	if got := describe(plans[0]); !slices.Equal(got, want) || plans[0].ExportersStay != "a:20160 remains on the host" {
		t.Errorf("first %q, exporters stay: %q", got, plans[0].ExportersStay)
	}
	if !slices.Contains(plans[0].Others, "/d/data/tikv-20160") || !slices.Contains(plans[0].Verify, OthersOutside) {
		t.Errorf("others %q, verify %q", plans[0].Others, plans[0].Verify)
	}
	want = []string{"data /d/data/tikv-20160", "log /x/log", "deploy /d/deploy/tikv-20160", "exporter /d/data/monitor-9100",
		"exporter /d/deploy/monitor-9100 +exporter /d/deploy/monitor-9100/log", "stop node_exporter-9100.service", "stop blackbox_exporter-9115.service"}
	if got := describe(plans[1]); !slices.Equal(got, want) || len(plans[1].Others) > 0 || !slices.Equal(plans[1].Verify, []Verification{ResolvesToItself, NoMountInside}) {
		t.Errorf("second %q, others %q, verify %q", got, plans[1].Others, plans[1].Verify)
	}
	var unknown *UnknownNodeError
	if _, err := PlanDeletions(topo, []string{"a:20160", "a:20161"}, nil); !errors.As(err, &unknown) || unknown.Nearest[0] != "a:20160" {
		t.Errorf("error %v", err)
	}
}

func TestRefusalString(t *testing.T) {
	r := Refusal{Path: "/x/\x1b[2J", Why: LogDir, Instance: "a:1", Reason: "it is odd"}
	if got, want := r.String(), `keep the log directory "/x/\x1b[2J" of a:1: it is odd`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
