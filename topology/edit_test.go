package topology

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// TestSetOffline shows the text around the mark before and after. Every case is
// read back, set or cleared again (nothing may happen), and undone.
func TestSetOffline(t *testing.T) {
	for _, tc := range []struct {
		name, before, after string
		offline             bool
		oneWay              bool // undoing it does not restore the bytes
	}{
		{name: "block", offline: true,
			before: "tikv_servers:\n  # first\n  - host: a # main\n    # the port\n    port: 20160\n\n  - host: b\n",
			after:  "tikv_servers:\n  # first\n  - host: a # main\n    offline: true\n    # the port\n    port: 20160\n\n  - host: b\n"},
		{name: "no final newline", offline: true,
			before: "tikv_servers:\n- host: a", after: "tikv_servers:\n- host: a\n  offline: true"},
		{name: "CRLF", offline: true,
			before: "tikv_servers:\r\n  - host: a\r\n    port: 1\r\n", after: "tikv_servers:\r\n  - host: a\r\n    offline: true\r\n    port: 1\r\n"},
		{name: "CRLF, no final newline", offline: true,
			before: "tikv_servers:\r\n  - host: a", after: "tikv_servers:\r\n  - host: a\r\n    offline: true"},
		{name: "byte order mark on the line", offline: true,
			before: "\xef\xbb\xbf{tikv_servers: [{host: a}]}\n", after: "\xef\xbb\xbf{tikv_servers: [{host: a, offline: true}]}\n"},
		{name: "braces", offline: true,
			before: "tikv_servers: [ {host: a, port: 1} , {host: b} ]\n", after: "tikv_servers: [ {host: a, port: 1, offline: true} , {host: b} ]\n"},
		{name: "braces over lines", offline: true,
			before: "tikv_servers:\n  - {host: a, # first\n     port: 1,\n    }\n", after: "tikv_servers:\n  - {host: a, # first\n     port: 1, offline: true,\n    }\n"},
		{name: "braces, quotes", offline: true,
			before: `tikv_servers: [{"host": "a", "source": "x\"}y"}]` + "\n", after: `tikv_servers: [{"host": "a", "source": "x\"}y", offline: true}]` + "\n"},
		{name: "braces, single quotes", offline: true,
			before: "tikv_servers: [{host: a, source: 'it''s'}]\n", after: "tikv_servers: [{host: a, source: 'it''s', offline: true}]\n"},
		{name: "braces, nested last", offline: true,
			before: "tikv_servers: [{host: a, port: 1, config: {x: 1}}]\n", after: "tikv_servers: [{host: a, port: 1, offline: true, config: {x: 1}}]\n"},
		{name: "braces, alias last", offline: true,
			before: "x: &a {port: 1}\ntikv_servers: [{host: a, <<: *a}]\n", after: "x: &a {port: 1}\ntikv_servers: [{host: a, <<: *a, offline: true}]\n"},
		{name: "host not first", offline: true,
			before: "tikv_servers:\n  - port: 1\n    host: a\n", after: "tikv_servers:\n  - port: 1\n    host: a\n    offline: true\n"},
		{name: "host folded over lines", offline: true,
			before: "tikv_servers:\n  - host:\n      a\n    port: 1\n", after: "tikv_servers:\n  - host:\n      a\n    port: 1\n    offline: true\n"},
		{name: "host in a block scalar", offline: true,
			before: "tikv_servers:\n  - host: |-\n      a\n    port: 1\n", after: "tikv_servers:\n  - host: |-\n      a\n    port: 1\n    offline: true\n"},
		{name: "quoted keys", offline: true,
			before: "\"tikv_servers\":\n  - 'host': a\n", after: "\"tikv_servers\":\n  - 'host': a\n    offline: true\n"},
		{name: "dash on its own line", offline: true,
			before: "tikv_servers:\n  -\n     host: a\n", after: "tikv_servers:\n  -\n     host: a\n     offline: true\n"},
		{name: "merge key", offline: true,
			before: "x: &kv\n  port: 1\ntikv_servers:\n  - <<: *kv\n    host: a\n", after: "x: &kv\n  port: 1\ntikv_servers:\n  - <<: *kv\n    host: a\n    offline: true\n"},
		{name: "over a merged false", offline: true,
			before: "x: &kv {offline: false}\ntikv_servers:\n  - <<: *kv\n    host: a\n", after: "x: &kv {offline: false}\ntikv_servers:\n  - <<: *kv\n    host: a\n    offline: true\n"},
		{name: "everything merged", offline: true,
			before: "x: &kv {host: a}\ntikv_servers:\n  - <<: *kv\n", after: "x: &kv {host: a}\ntikv_servers:\n  - <<: *kv\n    offline: true\n"},
		{name: "meta", offline: true,
			before: "user: tidb\ntopology:\n  tikv_servers:\n  - host: a\n", after: "user: tidb\ntopology:\n  tikv_servers:\n  - host: a\n    offline: true\n"},
		{name: "tiup's place", offline: false, oneWay: true,
			before: "tikv_servers:\n- host: a\n  log_dir: /l\n  offline: true\n  arch: amd64\n", after: "tikv_servers:\n- host: a\n  log_dir: /l\n  arch: amd64\n"},
		{name: "false by hand", offline: true, oneWay: true,
			before: "tikv_servers:\n- host: a\n  offline: false # not yet\n", after: "tikv_servers:\n- host: a\n  offline: true # not yet\n"},
		{name: "true by hand with a comment", offline: false,
			before: "tikv_servers:\n- host: a\n  offline: true # since May\n", after: "tikv_servers:\n- host: a\n  offline: false # since May\n"},
		{name: "other spellings", offline: false, oneWay: true,
			before: "tikv_servers: [{host: a, offline: Yes}]\n", after: "tikv_servers: [{host: a, offline: false}]\n"},
		{name: "quoted key", offline: false,
			before: "tikv_servers: [{host: a, \"offline\": true}]\n", after: "tikv_servers: [{host: a, \"offline\": false}]\n"},
		{name: "mark first", offline: false,
			before: "tikv_servers:\n- offline: true\n  host: a\n", after: "tikv_servers:\n- offline: false\n  host: a\n"},
		{name: "no value", offline: true, oneWay: true,
			before: "tikv_servers:\n- host: a\n  offline:\n", after: "tikv_servers:\n- host: a\n  offline: true\n"},
		{name: "null", offline: true, oneWay: true,
			before: "tikv_servers: [{offline: ~, host: a}]\n", after: "tikv_servers: [{offline: true, host: a}]\n"},
		{name: "value is an alias", offline: false, oneWay: true,
			before: "x: &yes true\ntikv_servers:\n- host: a\n  offline: *yes\n", after: "x: &yes true\ntikv_servers:\n- host: a\n  offline: false\n"},
		{name: "clear over a merged true", offline: false,
			before: "x: &kv {offline: true}\ntikv_servers:\n- <<: *kv\n  host: a\n  port: 1\n", oneWay: true,
			after: "x: &kv {offline: true}\ntikv_servers:\n- <<: *kv\n  host: a\n  offline: false\n  port: 1\n"},
		{name: "own true over a merged true", offline: false,
			before: "x: &kv {offline: true}\ntikv_servers:\n- <<: *kv\n  host: a\n  offline: true\n",
			after:  "x: &kv {offline: true}\ntikv_servers:\n- <<: *kv\n  host: a\n  offline: false\n"},
		{name: "own anchor that nobody uses", offline: true,
			before: "tikv_servers:\n- &kv\n  host: a\n", after: "tikv_servers:\n- &kv\n  host: a\n  offline: true\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before, id := []byte(tc.before), idOf(t, tc.before)
			kept := bytes.Clone(before)
			edited, changed, err := SetOffline(before, []string{id}, tc.offline)
			if err != nil {
				t.Fatal(err)
			}
			if string(edited) != tc.after || strings.Join(changed, " ") != id {
				t.Fatalf("changed %q, got:\n%s\nwant:\n%s", changed, edited, tc.after)
			}
			if !bytes.Equal(before, kept) {
				t.Error("the input was written to")
			}
			again, changed, err := SetOffline(edited, []string{id, id}, tc.offline)
			if err != nil || len(changed) > 0 || !bytes.Equal(again, edited) {
				t.Errorf("second time: changed %q, %v:\n%s", changed, err, again)
			}
			undone, _, err := SetOffline(edited, []string{id}, !tc.offline)
			if err != nil {
				t.Fatal(err)
			}
			if !tc.oneWay && string(undone) != tc.before {
				t.Errorf("undone:\n%s\nwant:\n%s", undone, tc.before)
			}
		})
	}
}

// idOf is the id of the first TiKV.
func idOf(t *testing.T, text string) string {
	t.Helper()
	topo, err := Parse("t.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return topo.WithRole(RoleTiKV)[0].ID
}

func TestSetOfflineRefuses(t *testing.T) {
	for _, tc := range []struct{ name, text, id, want string }{
		{"instance is an alias", "x: &kv\n  host: a\ntikv_servers:\n  - *kv\n", "a:20160", "edit a:20160 on line 4: the entry is the alias *kv, which others share"},
		{"others merge it", "tikv_servers:\n  - &kv\n    host: a\n  - <<: *kv\n    host: b\n", "a:20160",
			"edit a:20160 on line 2: others take the mark over through the anchor &kv"},
		{"pair without braces", "tikv_servers: [host: a]\n", "a:20160", "edit a:20160 on line 1: the form of the entry does not allow a change of this field alone"},
		{"tagged value", "tikv_servers:\n  - host: a\n    offline: !!bool false\n", "a:20160",
			"edit a:20160 on line 2: the form of the entry does not allow a change of this field alone"},
		{"section is an alias", "x: &all\n  - host: a\ntikv_servers: *all\n", "a:20160", "edit a:20160 on line 2: the form of the entry does not allow a change of this field alone"},
		{"no such field", "pd_servers:\n  - host: a\n", "a:2379", "edit a:2379 on line 2: a pd cannot be marked offline"},
		{"unknown id", "tikv_servers:\n  - host: abc\n", "abd:20160", `find node "abd:20160": no such tiup id, store address or store id`},
		{"unreadable", "tikv_servers: [\n", "a:1", "topology:1:1: read YAML: did not find expected node content"},
	} {
		edited, changed, err := SetOffline([]byte(tc.text), []string{tc.id}, true)
		if edited != nil || changed != nil || err == nil || err.Error() != tc.want {
			t.Errorf("%s: got %q, %v, error:\n%v\nwant:\n%s", tc.name, edited, changed, err, tc.want)
		}
	}
	_, _, err := SetOffline([]byte("tikv_servers:\n  - &kv\n    host: a\n  - <<: *kv\n    host: b\n"), []string{"b:20160", "a:20160"}, true)
	var edit *EditError
	if !errors.As(err, &edit) || edit.ID != "a:20160" || edit.Hint() != `write "offline: true" into the entry of a:20160 by hand` {
		t.Errorf("error %v", err)
	}
}

// TestSetOfflineExamples marks each instance of each example, alone and all
// together, and takes the marks away again.
func TestSetOfflineExamples(t *testing.T) {
	for name, data := range examples(t) {
		topo, err := Parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, in := range topo.Stores() {
			if !in.Offline {
				all = append(all, in.ID)
				roundTrip(t, name, data, []string{in.ID})
			}
		}
		roundTrip(t, name, data, all)
	}
}

func roundTrip(t *testing.T, name string, data []byte, ids []string) {
	t.Helper()
	edited, changed, err := SetOffline(data, ids, true)
	if err != nil || len(changed) != len(ids) {
		t.Errorf("%s: set %q: changed %q, %v", name, ids, changed, err)
		return
	}
	restored, changed, err := SetOffline(edited, ids, false)
	if err != nil || len(changed) != len(ids) || !bytes.Equal(restored, data) {
		t.Errorf("%s: clear %q: changed %q, %v; bytes equal: %t", name, ids, changed, err, bytes.Equal(restored, data))
	}
}
