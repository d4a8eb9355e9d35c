package topology

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestRemove shows the text before and after. Every result is read back by a
// plain YAML decoder, and the id is removed a second time (nothing may happen).
func TestRemove(t *testing.T) {
	for _, tc := range []struct{ name, id, before, after string }{
		{"block", "b:20160",
			"tikv_servers:\n  # docs\n  - host: a # main\n    # of a\n\n  # of b\n  # too\n  - host: b\n    port: 20160\n    # log_dir: /x\n\n  # of c\n  - host: c\n",
			"tikv_servers:\n  # docs\n  - host: a # main\n    # of a\n\n\n  # of c\n  - host: c\n"},
		{"first keeps the comments above", "a:20160",
			"tikv_servers:\n  # docs\n  - host: a\n    # of a\n  # of b\n  - host: b\n", "tikv_servers:\n  # docs\n  # of b\n  - host: b\n"},
		{"comments that are not of the entry", "b:20160",
			"tikv_servers:\n- host: a\n  # of a\n# far\n\n# of b\n- host: b\n\n  # after a blank line\n# end\npd_servers: []\n",
			"tikv_servers:\n- host: a\n  # of a\n# far\n\n\n  # after a blank line\n# end\npd_servers: []\n"},
		{"an entry commented out stays", "b:20160",
			"tikv_servers:\n- host: a\n# - host: old\n#   port: 1\n- host: b\n", "tikv_servers:\n- host: a\n# - host: old\n#   port: 1\n"},
		{"last one", "a:20160",
			"tikv_servers: # kv\n  # docs\n  - host: a\n    port: 20160\n\n# pd\npd_servers:\n  - host: p\n",
			"tikv_servers: [] # kv\n  # docs\n\n# pd\npd_servers:\n  - host: p\n"},
		{"last one, anchor", "a:20160", "pd_servers: [{host: p}]\n'tikv_servers' : &kv\n- host: a", "pd_servers: [{host: p}]\n'tikv_servers' : &kv []\n"},
		{"last one in meta", "a:20160",
			"topology:\n  tikv_servers:\n  - host: a\n  pd_servers:\n  - host: p\nuser: tidb\n", "topology:\n  tikv_servers: []\n  pd_servers:\n  - host: p\nuser: tidb\n"},
		{"next key is further out", "b:20160",
			"topology:\n  tikv_servers:\n  - host: a\n  - host: b\n# version\ntidb_version: v8\n", "topology:\n  tikv_servers:\n  - host: a\n# version\ntidb_version: v8\n"},
		{"no final newline", "b:20160", "tikv_servers:\n- host: a\n- host: b\n  port: 20160", "tikv_servers:\n- host: a\n"},
		{"CRLF", "a:20160", "tikv_servers:\r\n  - host: a\r\n    port: 20160\r\n\r\n  - host: b\r\n", "tikv_servers:\r\n\r\n  - host: b\r\n"},
		{"CR", "b:20160", "tikv_servers:\r- host: a\r- host: b\rpd_servers: []\r", "tikv_servers:\r- host: a\rpd_servers: []\r"},
		{"dash alone", "b:20160",
			"tikv_servers:\n  -\n    host: a\n  # of b\n  - # b\n\n    # inside\n    host: b\n  -\n    host: c\n", "tikv_servers:\n  -\n    host: a\n  -\n    host: c\n"},
		{"anchor and tag on the dash", "b:20160",
			"tikv_servers:\n  - host: a\n  - &b !!map\n    host: b\n  - !!map\n    host: c\n", "tikv_servers:\n  - host: a\n  - !!map\n    host: c\n"},
		{"nested lists at the same indentation", "a:20160",
			"tikv_servers:\n- config:\n    x:\n    - - 1\n      - 2\n    - y\n  host: a\n- host: b\n", "tikv_servers:\n- host: b\n"},
		{"block scalar that looks like comments", "a:20160",
			"tikv_servers:\n- host: a\n  source: |\n    one\n\n    # two\n\n   # below\n# of b\n- host: b\n", "tikv_servers:\n# of b\n- host: b\n"},
		{"block scalar in a list", "a:20160",
			"tikv_servers:\n- host: a\n  config:\n    x:\n    - >-\n     one\n\n     # two\n\n# of b\n- host: b\n", "tikv_servers:\n\n# of b\n- host: b\n"},
		{"block scalar of another", "b:20160",
			"tikv_servers:\n- host: a\n  source: |+\n    # of a\n\n- host: b\n", "tikv_servers:\n- host: a\n  source: |+\n    # of a\n\n"},
		{"a comment that must keep a block scalar apart", "b:20160",
			"tikv_servers:\n- host: a\n  source: |\n    x\n# of b\n- host: b\n\n    # deep\n- host: c\n",
			"tikv_servers:\n- host: a\n  source: |\n    x\n# of b\n\n    # deep\n- host: c\n"},
		{"a quoted text that looks like a comment", "b:20160",
			"tikv_servers:\n- host: a\n  source: \"x\n# y\"\n- host: b\n", "tikv_servers:\n- host: a\n  source: \"x\n# y\"\n"},
		{"quoted text that looks like comments", "b:20160",
			"tikv_servers:\n- host: a\n- host: b\n  x: &a !!str \"one\n\n  # \\\"two\n# three\"\n# end\n", "tikv_servers:\n- host: a\n# end\n"},
		{"single quotes that look like comments", "b:20160",
			"tikv_servers:\n- host: a\n- host: b\n  x: ['it''s\n\n  # it'\n  ]\n  y: 'a\n\n# b'\n", "tikv_servers:\n- host: a\n"},
		{"braces that reach out", "a:20160",
			"tikv_servers:\n  - host: a\n    config: {\n    x: 1, # {\n}\n  - host: b\n", "tikv_servers:\n  - host: b\n"},
		{"merge keys", "b:20160",
			"x: &kv {port: 20160}\ntikv_servers:\n- <<: *kv\n  host: a\n- host: b\n  <<: [*kv]\n- {<<: *kv, host: c}\n",
			"x: &kv {port: 20160}\ntikv_servers:\n- <<: *kv\n  host: a\n- {<<: *kv, host: c}\n"},
		{"the entry is an alias", "a:20160", "x: &kv {host: a}\ntikv_servers:\n- host: b\n- *kv\n", "x: &kv {host: a}\ntikv_servers:\n- host: b\n"},
		{"an anchor that is defined again", "a:20160",
			"tikv_servers:\n- &x {host: a}\n- &x {host: b}\ny: *x\n", "tikv_servers:\n- &x {host: b}\ny: *x\n"},
		{"end of the document", "b:20160", "---\ntikv_servers:\n- host: a\n- host: b\n  # of b\n...\n# end\n", "---\ntikv_servers:\n- host: a\n...\n# end\n"},
		{"id in another spelling", "[2001:DB8:0::1]:020160", "tikv_servers:\n- host: a\n- host: 2001:db8::1\n", "tikv_servers:\n- host: a\n"},

		{"brackets, first", "a:20160", "tikv_servers: [ {host: a, config: {x: [1, '}']}}, {host: b} ]\n", "tikv_servers: [ {host: b} ]\n"},
		{"brackets, middle", "b:20160", "tikv_servers: [{host: a}, {host: b},  {host: c}]\n", "tikv_servers: [{host: a}, {host: c}]\n"},
		{"brackets, last", "b:20160", "tikv_servers: [ {host: a} , {\"host\": \"b\", x: it's} ] # kv\n", "tikv_servers: [ {host: a}  ] # kv\n"},
		{"brackets, trailing comma", "b:20160", "tikv_servers: [{host: a}, {host: b}, ]\n", "tikv_servers: [{host: a}, ]\n"},
		{"brackets, only", "a:20160", "{tikv_servers: [ {host: a}, ], pd_servers: [{host: p}]}\n", "{tikv_servers: [ ], pd_servers: [{host: p}]}\n"},
		{"brackets, without braces", "a:20160", "tikv_servers: [host: a, host: b]\n", "tikv_servers: [host: b]\n"},
		{"brackets, alias", "b:20160", "x: &b {host: b}\ntikv_servers: [{host: a}, *b]\n", "x: &b {host: b}\ntikv_servers: [{host: a}]\n"},
		{"brackets over lines", "b:20160",
			"tikv_servers: [\n  {host: a}, # of a\n  # of b\n  {host: b, # of b\n   port: 20160}, # of b\n  # of c\n  {host: c}\n]\n",
			"tikv_servers: [\n  {host: a}, # of a\n  # of c\n  {host: c}\n]\n"},
		{"brackets over lines, last", "b:20160",
			"tikv_servers: [\n  {host: a}, # of a\n  {host: b} # of b\n]\n", "tikv_servers: [\n  {host: a}, # of a\n]\n"},
		{"brackets over lines, commas first", "b:20160",
			"tikv_servers:\n  [ {host: a}\n  , {host: b} # of b\n  , {host: c}\n  ]\n", "tikv_servers:\n  [ {host: a}\n   # of b\n  , {host: c}\n  ]\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := []byte(tc.before)
			kept := bytes.Clone(before)
			edited, removed, err := Remove(before, []string{tc.id})
			if err != nil {
				t.Fatal(err)
			}
			if string(edited) != tc.after || len(removed) != 1 || normalAddress(removed[0]) != normalAddress(tc.id) {
				t.Fatalf("removed %q, got:\n%q\nwant:\n%q", removed, edited, tc.after)
			}
			if !bytes.Equal(before, kept) {
				t.Error("the input was written to")
			}
			sameWithout(t, before, edited, removed[0])
			again, removed, err := Remove(edited, []string{tc.id, tc.id})
			if err != nil || len(removed) > 0 || !bytes.Equal(again, edited) {
				t.Errorf("second time: removed %q, %v:\n%s", removed, err, again)
			}
		})
	}
}

// sameWithout compares what a plain YAML decoder makes of both texts. It shares
// nothing with the proof that Remove makes for itself.
func sameWithout(t *testing.T, before, edited []byte, id string) {
	t.Helper()
	topo, err := Parse("before.yaml", before)
	if err != nil {
		t.Fatal(err)
	}
	in := topo.Instance(id)
	section, position, _ := strings.Cut(strings.TrimPrefix(in.Path, "topology."), "[")
	var want, got map[string]any
	if err := yaml.Unmarshal(bytes.TrimPrefix(before, byteOrderMark), &want); err != nil {
		t.Skipf("the plain decoder cannot read it: %v", err)
	}
	if err := yaml.Unmarshal(bytes.TrimPrefix(edited, byteOrderMark), &got); err != nil {
		t.Fatalf("the result cannot be read: %v\n%s", err, edited)
	}
	sections := want
	if nested, ok := want["topology"].(map[string]any); ok {
		sections = nested
	}
	list := slices.Clone(sections[section].([]any))
	index := 0
	for _, c := range strings.TrimSuffix(position, "]") {
		index = index*10 + int(c-'0')
	}
	sections[section] = slices.Delete(list, index, index+1)
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("without %s:\n%v\ngot:\n%v\nfrom:\n%s\nto:\n%s", id, want, got, before, edited)
	}
}

func TestRemoveSeveral(t *testing.T) {
	const text = "tikv_servers:\n  # docs\n  - host: a\n  # of b\n  - host: b\n  # of c\n  - host: c\ntiflash_servers:\n  - host: a\n"
	edited, removed, err := Remove([]byte(text), []string{"A:20160", "gone:1", "b:20160", "a:9000", "a:20160"})
	if want := "tikv_servers:\n  # docs\n  # of c\n  - host: c\ntiflash_servers: []\n"; err != nil || string(edited) != want {
		t.Errorf("%v, got:\n%s", err, edited)
	}
	if want := []string{"a:20160", "b:20160", "a:9000"}; !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
	edited, removed, err = Remove([]byte(text), nil)
	if err != nil || len(removed) > 0 || string(edited) != text {
		t.Errorf("no ids: removed %q, %v", removed, err)
	}
}

func TestRemoveRefuses(t *testing.T) {
	for _, tc := range []struct{ name, text, id, want string }{
		{"others merge it", "tikv_servers:\n  - &kv\n    host: a\n  - <<: *kv\n    host: b\n", "a:20160",
			"edit a:20160 on line 2: others take values of the entry over through the anchor &kv"},
		{"a value deep inside is used", "tikv_servers:\n  - host: a\n    config: {x: [&deep 1]}\n  - host: b\n    config: {y: *deep}\n", "a:20160",
			"edit a:20160 on line 2: others take values of the entry over through the anchor &deep"},
		{"an older anchor would take over", "x: &p {port: 1}\ntikv_servers:\n  - &p\n    host: a\n    port: 2\n  - host: b\n    config: *p\n", "a:2",
			"edit a:2 on line 3: others take values of the entry over through the anchor &p"},
		{"section is an alias", "x: &all\n  - host: a\n  - host: b\ntikv_servers: *all\n", "a:20160",
			"edit a:20160 on line 2: the section is the alias *all, which others share"},
		{"section has an alias", "tikv_servers: &all\n  - host: a\n  - host: b\nx: *all\n", "a:20160",
			"edit a:20160 on line 2: others take the section over through the anchor &all"},
		{"section is merged", "x: &t\n  tikv_servers:\n  - host: a\n  - host: b\ntopology:\n  <<: *t\n", "a:20160",
			"edit a:20160 on line 3: the section is merged into the topology from elsewhere"},
		{"dash behind a colon", "? tikv_servers\n: - host: a\n  - host: b\n", "a:20160",
			"edit a:20160 on line 2: the form of the section does not allow to take out this entry alone"},
		{"last one, value on a line of its own", "tikv_servers:\n  !!seq\n  - host: a\npd_servers: [{host: p}]\n", "a:20160",
			"edit a:20160 on line 3: the form of the section does not allow to take out this entry alone"},
		{"blank lines would become text", "tikv_servers:\n- host: a\n  source: |+\n    x\n- host: b\n\n- host: c\n", "b:20160",
			"edit b:20160 on line 5: the form of the section does not allow to take out this entry alone"},
		{"only instance", "tikv_servers:\n  - host: a\npd_servers: []\n", "a:20160", "edit a:20160 on line 2: it is the only instance of the topology"},
		{"same id twice", "pd_servers: [{host: p}]\ntikv_servers:\n  - host: a\n  - host: A\n    deploy_dir: /x\n", "a:20160",
			"edit a:20160 on line 3: tikv_servers[1] has the same id, so it cannot be told which one is meant"},
		{"unreadable", "tikv_servers: [\n", "a:1", "topology:1:1: read YAML: did not find expected node content"},
	} {
		edited, removed, err := Remove([]byte(tc.text), []string{tc.id})
		if edited != nil || removed != nil || err == nil || err.Error() != tc.want {
			t.Errorf("%s: got %q, %v, error:\n%v\nwant:\n%s", tc.name, edited, removed, err, tc.want)
		}
	}
	_, _, err := Remove([]byte("tikv_servers:\n- host: a\n"), []string{"a:20160"})
	var edit *EditError
	if !errors.As(err, &edit) || edit.ID != "a:20160" || edit.Line != 2 || edit.Hint() != "take the entry of a:20160 out by hand" {
		t.Errorf("error %v", err)
	}
}

// TestRemoveAmongConflicts: a file whose entries contradict each other can still
// lose one of them.
func TestRemoveAmongConflicts(t *testing.T) {
	const text = "tikv_servers:\n- host: a\n- {host: a, port: 20161, data_dir: data, deploy_dir: /home/tidb/deploy/tikv-20160}\n"
	if _, err := Parse("t.yaml", []byte(text)); err == nil {
		t.Fatal("no conflict")
	}
	edited, _, err := Remove([]byte(text), []string{"a:20161"})
	if err != nil || string(edited) != "tikv_servers:\n- host: a\n" {
		t.Errorf("%q, %v", edited, err)
	}
}
