package topology

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// seeds are the examples, what the tables above go through, and shapes that
// stress the reader.
func seeds(f *testing.F) {
	for _, data := range examples(f) {
		f.Add(data)
	}
	for _, dir := range []string{"corpus", "refused"} {
		for _, data := range corpus(f, dir) {
			f.Add(data)
		}
	}
	for _, text := range []string{
		"", "\xef\xbb\xbf", "tikv_servers: [host: a]", "tikv_servers:\n  - {<<: *x}\n", "? [a]\n: b\n",
		"x: &a [*a]\n", "a: &a {<<: *a}\n", "tikv_servers:\n- ? host\n  : a\n", "tikv_servers:\r- host: a\r",
		"tikv_servers:\u2028- host: a\u0085", "tikv_servers: [{host: a,},]", "tikv_servers:\n- !!map {host: !!str a}\n",
		"tikv_servers:\n- host: a\n  offline: &x false\n", "tikv_servers:\n- {host: a, offline: true}\n",
		"tikv_servers:\n- host: \"a\n\n    \"\n", "tikv_servers:\n- host: >\n   a\n\n\n", "%YAML 1.1\n---\npd_servers: [{host: a}]\n...\n# end",
		"tikv_servers:\n- <<: [{host: a}, {port: 1}]\n", "topology: {tikv_servers: [{host: a}]}", "- - - - ? - ? x",
	} {
		f.Add([]byte(text))
	}
}

// FuzzParse: whatever the bytes are, there is an answer, it is consistent, and
// it does not take long.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		topo, err := Parse("fuzz.yaml", data)
		if took := time.Since(start); took > time.Second+time.Duration(len(data))*20*time.Microsecond {
			t.Errorf("%d bytes took %s", len(data), took)
		}
		var perr *ParseError
		switch {
		case err == nil && (topo == nil || len(topo.Instances)+len(topo.Unknown) == 0):
			t.Error("no error and no instances")
		case err == nil:
			checkResolved(t, topo)
		case !errors.As(err, &perr) || len(perr.Problems) == 0:
			t.Errorf("error %#v without problems", err)
		case (topo != nil) != perr.Conflicts:
			t.Errorf("topology %v beside an error with Conflicts %t", topo, perr.Conflicts)
		default:
			lines := 1 + bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r")) + len(data)/2
			for _, p := range perr.Problems {
				if p.Line < 1 || p.Column < 1 || p.Line > lines || p.Message == "" || p.File != "fuzz.yaml" {
					t.Errorf("bad problem %+v", p)
				}
			}
		}
	})
}

// checkResolved holds for every topology that was accepted.
func checkResolved(t *testing.T, topo *Topology) {
	t.Helper()
	known := make(map[string]bool)
	for _, in := range topo.Instances {
		if known[normalAddress(in.ID)] {
			t.Errorf("two instances %s", in.ID)
		}
		known[normalAddress(in.ID)] = true
		for _, dir := range slices.Concat([]string{in.DeployDir, in.LogDir}, in.DataDirs, in.OtherDirs) {
			if !strings.HasPrefix(dir, "/") {
				t.Errorf("%s: directory %q is not absolute", in.ID, dir)
			}
		}
		if in.Host == "" || in.ManageHost == "" || in.Port < 1 || in.Port > 65535 || in.SSHPort < 1 || in.Line < 1 {
			t.Errorf("unresolved instance %+v", in)
		}
		if in.Role.IsStore() != (in.StoreAddress != "") {
			t.Errorf("%s: store address %q of a %s", in.ID, in.StoreAddress, in.Role)
		}
	}
}

// FuzzSetOffline: a mark that is set reads as set and nothing else changes;
// taken away again, the very bytes are back unless it had been written by hand.
func FuzzSetOffline(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		topo, err := Parse("fuzz.yaml", data)
		if err != nil {
			return
		}
		stores := topo.Stores()
		for _, in := range stores[:min(len(stores), 3)] {
			edited, changed, err := SetOffline(data, []string{in.ID}, !in.Offline)
			if err != nil {
				var refused *EditError
				if !errors.As(err, &refused) {
					t.Fatalf("%s: %v", in.ID, err)
				}
				continue
			}
			if len(changed) != 1 {
				t.Fatalf("%s: changed %q", in.ID, changed)
			}
			marked, err := Parse("fuzz.yaml", edited)
			if err != nil {
				t.Fatalf("%s: the result does not parse: %v\n%q", in.ID, err, edited)
			}
			sameButOffline(t, topo, marked, in.ID)
			restored, _, err := SetOffline(edited, []string{in.ID}, in.Offline)
			if err != nil {
				t.Fatalf("%s: undo: %v\n%q", in.ID, err, edited)
			}
			if !in.Offline && !bytes.Contains(data, []byte("offline")) && !bytes.Equal(restored, data) {
				t.Fatalf("%s: not restored:\n%q\nfrom\n%q\nto\n%q", in.ID, data, edited, restored)
			}
		}
	})
}

func sameButOffline(t *testing.T, before, after *Topology, id string) {
	t.Helper()
	for i := range before.Instances {
		a, b := before.Instances[i], after.Instances[i]
		if (a.Offline != b.Offline) != (a.ID == id) {
			t.Errorf("%s: offline %t became %t when %s was edited", a.ID, a.Offline, b.Offline, id)
		}
		if a.ID != b.ID || a.DeployDir != b.DeployDir || !slices.Equal(a.DataDirs, b.DataDirs) || !slices.Equal(a.Ports, b.Ports) {
			t.Errorf("instance changed:\n%+v\n%+v", a, b)
		}
	}
}

// TestLargeFiles: the time to read a file grows with its size, not faster. The
// shapes are those that make a naive reader quadratic.
func TestLargeFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("reads megabytes")
	}
	const n = 10_000
	numbered := func(format func(i string) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(format(JoinHostPort("h", i)))
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"instances":     "tikv_servers:\n" + numbered(func(i string) string { return "- host: h" + strings.ReplaceAll(i, ":", "-") + "\n" }),
		"one host":      "tikv_servers:\n" + strings.Repeat("- host: h\n", n),
		"keys":          numbered(func(i string) string { return strings.ReplaceAll(i, ":", "-") + ": 1\n" }),
		"same key":      strings.Repeat("a: 1\n", n),
		"comments":      strings.Repeat("# c\n", n) + "pd_servers: [{host: a}]\n" + strings.Repeat("  # d\n\n", n),
		"bad last line": "pd_servers:\n" + strings.Repeat("- host: a\n", n/10) + " x\n", // read once per step of a search
		"open quote":    "x: \"" + strings.Repeat("a\n ", n),
		"open brackets": strings.Repeat("[", 9000),
		"same merges":   "a: &a {" + strings.Repeat("k: 1,", 50) + "}\nb:\n" + strings.Repeat("- {<<: *a}\n", n),
		"merges":        "a: &a {a: 1, b: 1, c: 1, d: 1}\ntikv_servers:\n" + strings.Repeat("- {<<: *a, host: h}\n", n),
		"merge list":    "a: &a {a: 1}\ntikv_servers: [{<<: [" + strings.Repeat("*a,", n) + "]}]\n",
		"long line":     "x: " + strings.Repeat("word ", n) + "\n",
	} {
		start := time.Now()
		_, err := Parse("large.yaml", []byte(text))
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: %d bytes took %s (%v)", name, len(text), took, err)
		} else {
			t.Logf("%s: %d bytes, %s", name, len(text), took)
		}
	}
}
