package topology

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// corpus are topologies in the shapes that people have: written by tiup of
// several ages, by hand, by scripts, with all sections and fields that tiup knows.
func corpus(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	files := make(map[string][]byte)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = data
	}
	return files
}

// unedited are the nodes whose entries cannot be edited alone, with the reason.
// All others of the corpus must be editable.
var unedited = map[string]string{
	"remove anchors.yaml 10.5.0.5:20160": "others take values of the entry over through the anchor &data",
	"mark odd.yaml 10.16.0.4:20160":      "the form of the entry does not allow a change of this field alone",
	"mark nulls.yaml 10.13.0.4:20160":    "the form of the entry does not allow a change of this field alone",
}

func refused(t *testing.T, what string, err error) bool {
	t.Helper()
	want, listed := unedited[what]
	var edit *EditError
	switch {
	case err == nil && !listed:
		return false
	case !listed || !errors.As(err, &edit) || edit.Reason != want || edit.Hint() == "":
		t.Errorf("%s: %v", what, err)
	}
	return true
}

// TestCorpusMarks: the mark is one line (or one word, or one key in braces), and
// taken away again the very bytes are back.
func TestCorpusMarks(t *testing.T) {
	for name, data := range corpus(t, "corpus") {
		topo := parsed(t, name, data)
		for _, in := range topo.Instances {
			switch in.Role {
			case RoleTiKV, RoleTiFlash, RolePump, RoleDrainer, RoleCDC, RoleTiKVCDC:
			default:
				continue
			}
			edited, changed, err := SetOffline(data, []string{in.ID}, !in.Offline)
			if refused(t, "mark "+name+" "+in.ID, err) {
				continue
			}
			if !slices.Equal(changed, []string{in.ID}) {
				t.Errorf("%s %s: changed %q", name, in.ID, changed)
			}
			wantSmallEdit(t, data, edited)
			wantSame(t, without(tree(t, data), in.Path, "offline"), without(tree(t, edited), in.Path, "offline"))
			after := parsed(t, name, edited)
			if got := after.Instance(in.ID); got == nil || got.Offline == in.Offline {
				t.Fatalf("%s %s: reads as %+v\n%s", name, in.ID, got, edited)
			}
			sameInstances(t, topo, after, in.ID, true)
			back, _, err := SetOffline(edited, []string{in.ID}, in.Offline)
			if err != nil {
				t.Fatalf("%s %s: back: %v\n%s", name, in.ID, err, edited)
			}
			// A mark that somebody wrote by hand may come back in another form.
			if _, written := entryOf(tree(t, data), in.Path)["offline"]; !written && !bytes.Equal(back, data) {
				t.Errorf("%s %s: not the bytes of before:\n%q\nfrom:\n%q", name, in.ID, back, data)
			}
			wantSame(t, without(tree(t, data), in.Path, "offline"), without(tree(t, back), in.Path, "offline"))
		}
	}
}

// wantSmallEdit: all of the text is there but for one place, and that place is
// no more than a mark.
func wantSmallEdit(t *testing.T, before, after []byte) {
	t.Helper()
	start := 0
	for start < min(len(before), len(after)) && before[start] == after[start] {
		start++
	}
	end := 0
	for end < min(len(before), len(after))-start && before[len(before)-1-end] == after[len(after)-1-end] {
		end++
	}
	for _, piece := range [][]byte{before[start : len(before)-end], after[start : len(after)-end]} {
		if text := strings.TrimSpace(string(piece)); len(text) > len(", offline: false") || strings.Count(text, "\n") > 1 {
			t.Errorf("changed %q", piece)
		}
	}
}

// TestCorpusRemovals: each node of each file goes alone: one run of whole lines
// where the entry has lines of its own, all else byte for byte.
func TestCorpusRemovals(t *testing.T) {
	for name, data := range corpus(t, "corpus") {
		topo := parsed(t, name, data)
		for _, in := range topo.Instances {
			edited, removed, err := Remove(data, []string{in.ID})
			if refused(t, "remove "+name+" "+in.ID, err) {
				continue
			}
			if !slices.Equal(removed, []string{in.ID}) {
				t.Errorf("%s %s: removed %q", name, in.ID, removed)
			}
			wantOneCut(t, data, edited)
			wantSame(t, without(tree(t, data), in.Path, ""), tree(t, edited))
			sameInstances(t, topo, parsed(t, name, edited), in.ID, false)
			again, removed, err := Remove(edited, []string{in.ID})
			if err != nil || len(removed) > 0 || !bytes.Equal(again, edited) {
				t.Errorf("%s %s: a second time: %q, %v", name, in.ID, removed, err)
			}
			// It makes no difference whether it was marked before.
			if marked, _, err := SetOffline(data, []string{in.ID}, true); err == nil && !in.Offline {
				if after, _, err := Remove(marked, []string{in.ID}); err != nil || !bytes.Equal(after, edited) {
					t.Errorf("%s %s: after the mark: %v\n%s\nwant:\n%s", name, in.ID, err, after, edited)
				}
			}
		}
	}
}

// wantOneCut: the text lost one piece, and gained " []" at most.
func wantOneCut(t *testing.T, before, after []byte) {
	t.Helper()
	start := 0
	for start < len(after) && before[start] == after[start] {
		start++
	}
	rest := after[start:]
	if !bytes.HasSuffix(before[start:], rest) {
		rest = bytes.TrimPrefix(rest, []byte(" []"))
		// The comment behind the key of a section that became empty comes after it.
		if !bytes.HasSuffix(before[start:], rest) && !subsequence(rest, before[start:]) {
			t.Errorf("more than one piece is missing:\n%s\nof:\n%s", after, before)
		}
	}
	if cut := len(before) - start - len(rest); cut <= 0 {
		t.Errorf("nothing is missing:\n%s", after)
	}
}

// TestCorpusRefused: what cannot be read for certain is not edited either.
func TestCorpusRefused(t *testing.T) {
	want := map[string]string{
		"duplicate-field.yaml":   `refused:4:5: tikv_servers[0].port: key "port" is given twice (first on line 3)`,
		"duplicate-section.yaml": `refused:5:1: tikv_servers: key "tikv_servers" is given twice (first on line 1)`,
		"quoted-port.yaml":       `refused:3:11: tikv_servers[0].port: expected a port number, got the string "20160"`,
		"tabs.yaml":              `refused:2:1: read YAML: a tab in the indentation`,
		"two-documents.yaml":     `refused:3:1: a second YAML document starts here`,
		"placeholder.yaml":       `refused:2:12: tikv_servers[0].host: a key must be a plain word, not a list, mapping or alias`,
		"colon.yaml":             `refused:2:3: read YAML: mapping values are not allowed in this context`,
		"utf-16.yaml":            `refused:1:1: the text is not UTF-8`,
	}
	for name, data := range corpus(t, "refused") {
		topo, err := Parse("refused", data)
		if topo != nil || err == nil || err.Error() != want[name] {
			t.Errorf("%s: %v\nwant: %s", name, err, want[name])
		}
		for _, id := range []string{"10.0.0.1:20160", "10.0.0.1:20161"} {
			marked, _, merr := SetOffline(data, []string{id}, true)
			edited, _, rerr := Remove(data, []string{id})
			if marked != nil || edited != nil || merr == nil || rerr == nil {
				t.Errorf("%s: edited all the same: %v, %v", name, merr, rerr)
			}
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not in the corpus: %v", want)
	}
}

func parsed(t *testing.T, name string, data []byte) *Topology {
	t.Helper()
	topo, err := Parse(name, data)
	if topo == nil {
		t.Fatalf("%s: %v\n%s", name, err, data)
	}
	return topo
}

// tree is what a plain YAML decoder makes of a text.
func tree(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := yaml.Unmarshal(bytes.TrimPrefix(data, byteOrderMark), &m); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	return m
}

// placeIn finds an instance in a tree: the sections, its own, and where it is there.
func placeIn(m map[string]any, path string) (sections map[string]any, section string, index int) {
	sections = m
	if nested, ok := m["topology"].(map[string]any); ok {
		sections, path = nested, strings.TrimPrefix(path, "topology.")
	}
	section, position, _ := strings.Cut(strings.TrimSuffix(path, "]"), "[")
	for _, c := range position {
		index = index*10 + int(c-'0')
	}
	return sections, section, index
}

func entryOf(m map[string]any, path string) map[string]any {
	sections, section, index := placeIn(m, path)
	return sections[section].([]any)[index].(map[string]any)
}

// without is a tree without an instance, or without one of its fields.
func without(m map[string]any, path, field string) map[string]any {
	if field != "" {
		delete(entryOf(m, path), field)
		return m
	}
	sections, section, index := placeIn(m, path)
	sections[section] = slices.Delete(sections[section].([]any), index, index+1)
	return m
}

func wantSame(t *testing.T, a, b map[string]any) {
	t.Helper()
	if !reflect.DeepEqual(a, b) {
		t.Errorf("the meaning changed:\n%v\nto:\n%v", a, b)
	}
}

// sameInstances: all instances but one resolve to what they did, wherever they
// stand now; that one is still there or not.
func sameInstances(t *testing.T, before, after *Topology, id string, stays bool) {
	t.Helper()
	plain := func(topo *Topology) (list []Instance) {
		for _, in := range topo.tenants() {
			copied := *in
			copied.Path, copied.Line, copied.Column = "", 0, 0
			if in.ID == id {
				if !stays {
					continue
				}
				copied.Offline = false
			}
			list = append(list, copied)
		}
		return list
	}
	if a, b := plain(before), plain(after); !reflect.DeepEqual(a, b) {
		t.Errorf("without %s:\n%+v\nbecame:\n%+v", id, a, b)
	}
	if (after.Instance(id) != nil) != stays {
		t.Errorf("%s: there %t, want %t", id, !stays, stays)
	}
}
