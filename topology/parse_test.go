package topology

import (
	"errors"
	"strings"
	"testing"
)

// TestBadInput is the exact wording and place of every complaint.
func TestBadInput(t *testing.T) {
	const pd = "pd_servers:\n  - host: p\n"
	for _, tc := range []struct{ name, text, want string }{
		{"empty file", "", "t.yaml:1:1: the file is empty"},
		{"comments only", "# nothing\n\n", "t.yaml:1:1: the file is empty"},
		{"null document", "---\n", "t.yaml:2:1: expected a mapping of sections, got nothing"},
		{"list", "- a\n", "t.yaml:1:1: expected a mapping of sections, got a list"},
		{"another file", "scrape_configs:\n  - job_name: x\n", "t.yaml:1:1: no instance found: this is not a tiup topology"},
		{"empty meta", "tidb_version: v8.5.0\ntopology:\n", "t.yaml:2:10: topology: expected a mapping of sections, got nothing"},
		{"two documents", pd + "---\n" + pd, "t.yaml:3:1: a second YAML document starts here"},
		{"not UTF-8", pd + "    name: \xff\n", "t.yaml:3:11: the text is not UTF-8"},
		{"tab", pd + "tikv_servers:\n  - host: a\n\t  port: 1\n", "t.yaml:5:1: read YAML: a tab in the indentation"},
		{"tab after CRLF", "pd_servers:\r\n  - host: p\r\n\tx: 1\r\n", "t.yaml:3:1: read YAML: a tab in the indentation"},
		{"bad indentation", pd + "   port: 1\n", "t.yaml:3:4: read YAML: did not find expected '-' indicator"},
		{"open quote", pd + "    name: \"x\n  - host: q\n", "t.yaml:3:5: read YAML: found unexpected end of stream"},
		{"unknown anchor", pd + "tikv_servers: *kv\n", "t.yaml:3:1: read YAML: unknown anchor 'kv' referenced"},
		{"missing host", "pd_servers:\n  - client_port: 1\n  - host:\n  - host: ''\n",
			"t.yaml:2:5: pd_servers[0].host: host is missing\n" +
				"t.yaml:3:10: pd_servers[1].host: host is missing\n" +
				"t.yaml:4:11: pd_servers[2].host: host is missing"},
		{"wrong types", "global: [a]\nserver_configs: x\npd_servers:\n  host: a\ntikv_servers:\n  - a\n  - host: {a: b}\n    port: x\n    offline: 1\n    config: []\n  - host: h\n    port: '20160'\n    status_port: 1.5\n    patched: \"true\"\n",
			"t.yaml:1:9: global: expected a mapping, got a list\n" +
				"t.yaml:2:17: server_configs: expected a mapping, got the string \"x\"\n" +
				"t.yaml:4:3: pd_servers: expected a list of instances, got a mapping\n" +
				"t.yaml:6:5: tikv_servers[0]: expected an instance, got the string \"a\"\n" +
				"t.yaml:7:11: tikv_servers[1].host: expected a string, got a mapping\n" +
				"t.yaml:8:11: tikv_servers[1].port: expected a port number, got the string \"x\"\n" +
				"t.yaml:9:14: tikv_servers[1].offline: expected true or false, got the number 1\n" +
				"t.yaml:10:13: tikv_servers[1].config: expected a mapping, got a list\n" +
				"t.yaml:12:11: tikv_servers[2].port: expected a port number, got the string \"20160\"\n" +
				"t.yaml:13:18: tikv_servers[2].status_port: expected a port number, got the number 1.5\n" +
				"t.yaml:14:14: tikv_servers[2].patched: expected true or false, got the string \"true\""},
		{"IPv6 without quotes", "pd_servers:\n  - host: [2001:db8::1]\n", "t.yaml:2:11: pd_servers[0].host: expected a string, got a list"},
		{"host with a path", "pd_servers:\n  - host: http://a\n", "t.yaml:2:11: pd_servers[0].host: \"http://a\" is not a host name or IP address"},
		{"hosts for ssh", "pd_servers:\n  - host: '[]'\n  - {host: a, manage_host: -oProxyCommand=x}\n  - {host: 'a;b'}\n",
			"t.yaml:2:11: pd_servers[0].host: \"[]\" is not a host name or IP address\n" +
				"t.yaml:3:28: pd_servers[1].manage_host: \"-oProxyCommand=x\" is not a host name or IP address\n" +
				"t.yaml:4:12: pd_servers[2].host: \"a;b\" is not a host name or IP address"},
		{"port range", pd + "    client_port: 65536\n    peer_port: -1\n    ssh_port: 70000\n",
			"t.yaml:3:18: pd_servers[0].client_port: port 65536 is out of range (1 to 65535)\n" +
				"t.yaml:4:16: pd_servers[0].peer_port: port -1 is out of range (1 to 65535)\n" +
				"t.yaml:5:15: pd_servers[0].ssh_port: port 70000 is out of range (1 to 65535)"},
		{"words and names", "global:\n  user: Admin\n  group: waytoolonggroupname\n  systemd_mode: users\n  ssh_type: openssh\n" + pd,
			"t.yaml:2:9: global.user: \"Admin\" is not a user name\n" +
				"t.yaml:3:10: global.group: \"waytoolonggroupname\" is not a group name\n" +
				"t.yaml:4:17: global.systemd_mode: unknown value \"users\", expected system or user\n" +
				"t.yaml:5:13: global.ssh_type: unknown value \"openssh\", expected builtin or system or none"},
		{"meta user", "user: -x\ntopology:\n  pd_servers:\n  - host: p\n", "t.yaml:1:7: user: \"-x\" is not a user name"},
		{"duplicate key", pd + "    host: q\npd_servers: []\n",
			"t.yaml:3:5: pd_servers[0].host: key \"host\" is given twice (first on line 2)\n" +
				"t.yaml:4:1: pd_servers: key \"pd_servers\" is given twice (first on line 1)"},
		{"key is a list", "[a]: b\n", "t.yaml:1:1: a key must be a plain word, not a list, mapping or alias"},
		{"merged scalar", "pd_servers:\n  - <<: 5\n    host: a\n", "t.yaml:2:9: pd_servers[0]: only a mapping can be merged with '<<'"},
		{"anchor in itself", "x: &a [*a]\n" + pd, "t.yaml:1:8: x[0]: anchor \"a\" contains itself"},
		{"storage directories", pd + "tiflash_servers:\n  - host: f\n    config:\n      storage.main.dir: [rel, /a, /a/]\n      storage.latest.dir: /x\n",
			"t.yaml:6:26: tiflash_servers[0].config.storage.main.dir: directory \"rel\" must be an absolute path\n" +
				"t.yaml:6:35: tiflash_servers[0].config.storage.main.dir: directory \"/a/\" is given twice\n" +
				"t.yaml:7:27: tiflash_servers[0].config.storage.latest.dir: expected a list of directories, got the string \"/x\""},
		{"location labels", pd + "server_configs:\n  pd:\n    replication: {location-labels: {a: b}}\n",
			"t.yaml:5:36: server_configs.pd.replication.location-labels: expected a list of label names, got a mapping"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			topo, err := Parse("t.yaml", []byte(tc.text))
			if topo != nil || err == nil {
				t.Fatalf("Parse = %v, %v; want an error alone", topo, err)
			}
			var perr *ParseError
			if !errors.As(err, &perr) || perr.Conflicts {
				t.Fatalf("error %#v is not a fatal *ParseError", err)
			}
			if err.Error() != tc.want {
				t.Errorf("got:\n%s\nwant:\n%s", err, tc.want)
			}
		})
	}
}

// TestConflicts: entries that contradict each other leave the topology readable.
func TestConflicts(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"same id", "tikv_servers:\n  - host: a\n  - host: A\n", "t.yaml:3:5: tikv_servers[1]: id A:20160 is already taken by tikv_servers[0]"},
		{"same IPv6 id", "tikv_servers:\n  - host: '::1'\n  - host: '[0:0::1]'\n",
			"t.yaml:3:5: tikv_servers[1]: id [0:0::1]:20160 is already taken by tikv_servers[0]"},
		{"same store address", "tikv_servers:\n  - host: a\n    advertise_addr: c:1\n  - host: b\n    advertise_addr: C:01\n",
			"t.yaml:5:21: tikv_servers[1]: store address C:01 is already taken by tikv_servers[0]"},
		{"same port", "tidb_servers:\n  - host: a\n    status_port: 20180\ntikv_servers:\n  - host: a\n",
			"t.yaml:3:18: tidb_servers[0].status_port: port 20180 on host a is already taken by tikv_servers[0].status_port"},
		{"exporter port", "tikv_servers:\n  - host: a\n    port: 9100\n",
			"t.yaml:2:5: tikv_servers[0]: port 9100 on host a is taken by tikv_servers[0].port and by an exporter of the host"},
		{"same directory", "tikv_servers:\n  - host: a\n    deploy_dir: /d\n    data_dir: /d/x,/d/y,/d/x\n  - host: a\n    port: 1\n    status_port: 2\n    deploy_dir: /d/y/\n",
			"t.yaml:4:15: tikv_servers[0].data_dir: directory /d/x is given twice\n" +
				"t.yaml:8:17: tikv_servers[1].deploy_dir: directory /d/y on host a is already taken by tikv_servers[0].data_dir"},
		{"same PD name", "pd_servers:\n  - {host: a, name: x}\n  - {host: b, name: x}\n",
			"t.yaml:3:21: pd_servers[1].name: PD name x is already taken by pd_servers[0]"},
		{"platform", "pd_servers:\n  - {host: a, arch: x86_64}\ntidb_servers:\n  - {host: a, arch: arm64}\ntikv_servers:\n  - {host: a, arch: AMD64}\n",
			"t.yaml:4:21: tidb_servers[0].arch: arch arm64 contradicts amd64 of another instance on host a"},
		{"exporters", "pd_servers:\n  - {host: a, ignore_exporter: true}\ntidb_servers:\n  - {host: a}\ntiproxy_servers:\n  - {host: a}\n",
			"t.yaml:4:5: tidb_servers[0].ignore_exporter: ignore_exporter must be the same for all instances on host a, and pd_servers[0] has it true"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			topo, err := Parse("t.yaml", []byte(tc.text))
			var perr *ParseError
			if !errors.As(err, &perr) || !perr.Conflicts {
				t.Fatalf("error %v, want a *ParseError with Conflicts", err)
			}
			if topo == nil {
				t.Error("no topology beside the conflicts")
			}
			if err.Error() != tc.want {
				t.Errorf("got:\n%s\nwant:\n%s", err, tc.want)
			}
		})
	}
}

// TestTolerated are things that look wrong and are not.
func TestTolerated(t *testing.T) {
	for name, text := range map[string]string{
		"imported instances may share": "tikv_servers:\n  - {host: a, imported: true, deploy_dir: /d, data_dir: /x}\n" +
			"  - {host: a, port: 1, status_port: 20180, imported: true, deploy_dir: /d, data_dir: /x}\n",
		"relative data directories":   "tikv_servers:\n  - {host: a, data_dir: x}\n  - {host: a, port: 1, status_port: 2, data_dir: x}\n",
		"http_port of newer TiFlash":  "tiflash_servers:\n  - {host: a}\n  - {host: a, tcp_port: 1, flash_service_port: 2, flash_proxy_port: 3, flash_proxy_status_port: 4, metrics_port: 5}\n",
		"port 0 is the default":       "tikv_servers:\n  - {host: a, port: 0}\n",
		"numbers where text belongs":  "tikv_servers:\n  - {host: 7, numa_node: 0, data_dir: 5}\n",
		"empty sections":              "global:\nmonitored: ~\ntidb_servers:\nmonitoring_servers: []\npd_servers:\n  - host: a\n    config:\n    ssh_port:\n",
		"document markers":            "%YAML 1.1\n---\npd_servers: [{host: a}]\n...\n",
		"unknown sections and fields": "future_servers: [1]\npd_servers:\n  - host: a\n    brand_new: {x: [1]}\n",
		"YAML 1.1 booleans":           "tikv_servers:\n  - {host: a, patched: yes, ignore_exporter: Off}\n",
	} {
		if topo, err := Parse("t.yaml", []byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if len(topo.Warnings) > 0 {
			t.Errorf("%s: warnings %v", name, topo.Warnings)
		}
	}
}

func TestMisspeltKeys(t *testing.T) {
	text := "globl:\n  user: x\nglobal:\n  deploydir: /d\n  usre: y\npd_servers:\n  - host: a\n    Client_Port: 1\n    data-dir: /x\nmonitored:\n  node_exporter_prot: 1\ntikv_server: []\n"
	topo, err := Parse("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range topo.Warnings {
		got = append(got, w.String()+" "+w.Hint)
	}
	want := []string{
		`t.yaml:1:1: globl: unknown key "globl" is ignored did you mean "global"?`,
		`t.yaml:4:3: global.deploydir: unknown key "deploydir" is ignored did you mean "deploy_dir"?`,
		`t.yaml:5:3: global.usre: unknown key "usre" is ignored did you mean "user"?`,
		`t.yaml:8:5: pd_servers[0].Client_Port: unknown key "Client_Port" is ignored did you mean "client_port"?`,
		`t.yaml:9:5: pd_servers[0].data-dir: unknown key "data-dir" is ignored did you mean "data_dir"?`,
		`t.yaml:11:3: monitored.node_exporter_prot: unknown key "node_exporter_prot" is ignored did you mean "node_exporter_port"?`,
		`t.yaml:12:1: tikv_server: unknown key "tikv_server" is ignored did you mean "tikv_servers"?`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s", strings.Join(got, "\n"))
	}
}

// TestAliasBomb: a file of a few hundred bytes must not become gigabytes.
func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		name := string(rune('a' + i))
		prev := "a0"
		if i > 1 {
			prev = string(rune('a' + i - 1))
		}
		b.WriteString(name + ": &" + name + " [" + strings.Repeat("*"+prev+",", 9) + "*" + prev + "]\n")
	}
	_, err := Parse("t.yaml", []byte(b.String()))
	if err == nil || !strings.HasSuffix(err.Error(), "aliases expand to more than 100000 values") {
		t.Errorf("error %v", err)
	}
	deep := "x: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\n"
	if _, err := Parse("t.yaml", []byte(deep)); err == nil || !strings.Contains(err.Error(), "nested more than 64 levels deep") {
		t.Errorf("error %v", err)
	}
	if _, err := Parse("t.yaml", make([]byte, maxFileBytes+1)); err == nil || !strings.Contains(err.Error(), "more than any topology") {
		t.Errorf("error %v", err)
	}
}

func TestInstanceLookup(t *testing.T) {
	topo, err := Parse("t.yaml", []byte("pd_servers: [{host: a}]\ntikv_servers: [{host: '::1'}]\ntiflash_servers: [{host: f}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if in := topo.Instance("[0::1]:20160"); in == nil || in.Role != RoleTiKV {
		t.Errorf("Instance = %v", in)
	}
	if in := topo.Instance("f:3930"); in != nil {
		t.Errorf("a store address is no id, got %v", in)
	}
	if stores := topo.Stores(); len(stores) != 2 || stores[0] != &topo.Instances[1] {
		t.Errorf("Stores = %v", stores)
	}
}
