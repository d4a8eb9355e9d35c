package cmd

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ebb/pdclient/pdtest"
	"ebb/ui"
)

func TestShellGivesItsCluster(t *testing.T) {
	env := systemEnv(ui.Test("").Streams)
	byName := &shell{env: env, cluster: []string{"prod", "--pd=http://a,http://b"}}
	byFlag := &shell{env: env, cluster: []string{"--pd=http://a"}}
	for _, tt := range []struct {
		shell      *shell
		line, want string
	}{
		{byName, "display", "display prod --pd=http://a,http://b"},
		{byName, "display -R tikv", "display prod --pd=http://a,http://b -R tikv"},
		{byName, "display other", "display other"},
		{byName, "display -R tikv other", "display -R tikv other"},
		{byName, "display -t x.yaml", "display -t x.yaml"},
		{byName, "display -u http://c", "display -u http://c"},
		{byName, "region 5", "region prod --pd=http://a,http://b 5"},
		{byName, "region other 5", "region other 5"},
		{byName, "explain 5 --store 4", "explain prod --pd=http://a,http://b 5 --store 4"},
		{byName, "explain 5 other", "explain 5 other"},
		{byName, "orphans list --store 5", "orphans list prod --pd=http://a,http://b --store 5"},
		{byName, "tune apply --profile fast", "tune apply prod --pd=http://a,http://b --profile fast"},
		{byName, "region --check down-peer --arg s other --jq .", "region prod --pd=http://a,http://b --check down-peer --arg s=other --jq ."},
		{byName, "version", "version"},
		{byName, "audit list", "audit list"},
		{byName, "help display", "help display"},
		{byName, "nonsense", "nonsense"},
		{byName, "playground -u x", "playground -u x"},
		{byName, "display --nonsense", "display prod --pd=http://a,http://b --nonsense"},
		{byFlag, "scale-in -N 4", "scale-in --pd=http://a -N 4"},
		{byFlag, "scale-in other -N 4", "scale-in other -N 4"},
		{byFlag, "scale-in -N", "scale-in --pd=http://a -N"}, // as completion sees it
		{&shell{env: env}, "display", "display"},
	} {
		if got := strings.Join(tt.shell.withCluster(strings.Fields(tt.line)), " "); got != tt.want {
			t.Errorf("%q becomes %q, want %q", tt.line, got, tt.want)
		}
	}
}

func TestClusterWords(t *testing.T) {
	c := newShellCommand(systemEnv(ui.Test("").Streams))
	if err := c.ParseFlags([]string{"-u", "http://a,http://b", "-u", "http://c", "-t", "my file.yaml", "--pd-timeout", "3s", "--pd-proxy", "-k", "--cacert=ca.pem"}); err != nil {
		t.Fatal(err)
	}
	got := clusterWords(c.Flags(), []string{"prod"})
	want := []string{"prod", "--topology=my file.yaml", "--pd=http://a,http://b,http://c", "--cacert=ca.pem", "--pd-timeout=3s", "--pd-proxy=true"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestShellCompletion(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"topology.yaml", "topics.txt", "other.yml"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("tops", 0o700); err != nil {
		t.Fatal(err)
	}
	pd := mixedPD(t)
	s := &shell{env: systemEnv(ui.Test("").Streams), cluster: []string{"--pd=" + pd.URLs()[0]}}
	complete := s.complete(t.Context())
	for _, tt := range []struct {
		line string // | is the cursor
		want string
		show string // part of what is shown when nothing is certain
	}{
		{"sca|", "scale-in |", ""},
		{"ebb sca|", "ebb scale-in |", ""},
		{"version; sca|", "version; scale-in |", ""},
		{"version;|", "version;|", "display"},
		{"ex|", "ex|", "exit"},
		{"qui|", "quit |", ""},
		{"she|", "she|", ""},
		{"scale-in -N |", "scale-in -N 10.0.1.|", ""},
		{"scale-in -N 10.0.1.|", "scale-in -N 10.0.1.|", "10.0.1.41:20160  store 41, Down"},
		{"scale-in -N 10.0.1.4|", "scale-in -N 10.0.1.41:20160 |", ""},
		{"scale-in -N 10.0.1.4| --dry-run", "scale-in -N 10.0.1.41:20160| --dry-run", ""},
		{"scale-in -N 1,4|", "scale-in -N 1,41 |", ""},
		{"cancel-offline -N |", "cancel-offline -N 10.0.1.2:20160 |", ""},
		{"scale-in --dry|", "scale-in --dry-run |", ""},
		{"region --store |", "region --store |", "41"},
		{"region --check d|", "region --check down-peer |", ""},
		{"region --jq '.regions[]|", "region --jq '.regions[]|", ""},
		{"scale-in 'x'|", "scale-in 'x'|", ""},
		{"display -t 'topo'|", "display -t 'topo'|", ""},
		{"display # -t topo|", "display # -t topo|", ""},
		{"a | b|", "a | b|", ""},
		{"nonsense |", "nonsense |", ""},
		{"display -t top|", "display -t top|", "topology.yaml"},
		{"display -t topo|", "display -t topology.yaml |", ""},
		{"display -t " + dir + "/topo|", "display -t " + dir + "/topology.yaml |", ""},
		{"display -t tops|", "display -t tops/|", ""},
	} {
		pos := strings.LastIndex(tt.line, "|")
		line, at, shown := complete(tt.line[:pos]+tt.line[pos+1:], pos)
		if got := line[:at] + "|" + line[at:]; got != tt.want {
			t.Errorf("%q becomes %q, want %q", tt.line, got, tt.want)
		}
		if got := strings.Join(shown, "\n"); !strings.Contains(got, tt.show) {
			t.Errorf("%q shows %q, want %q in it", tt.line, got, tt.show)
		}
	}
	pd.ExpectWrites(t)
}

func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "history")
	h, err := openHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"display prod", "display prod", " force-remove secretly", "", "store --jq '\n.count\n'", "display -u http://root:pw@10.0.1.4:2379",
		"x --password=pw", "x --passphrase pw", "display 'http://root:pw@open", strings.Repeat("x", historyLineMax+1), "a\x1bb", "watch",
	} {
		commands, _ := splitShell(line)
		var words []string
		for _, c := range commands {
			words = append(words, wordTexts(c)...)
		}
		if err := h.add(line, words); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"display prod", "store --jq ' .count '", "watch"}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(data); got != strings.Join(want, "\n")+"\n" {
		t.Errorf("the file has %q", got)
	}
	if h.Len() != 3 || h.At(0) != "watch" || h.At(2) != "display prod" {
		t.Errorf("the history has %q", h.lines)
	}
	mode := func() fs.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if mode() != 0o600 {
		t.Errorf("mode %o", mode())
	}

	// A file that grew, that others may read, with what does not belong there.
	var b strings.Builder
	for i := range 2*historyLines + 1 {
		b.WriteString("line " + strconv.Itoa(i) + "\n")
	}
	b.WriteString("evil \x1b[2J\n\n" + strings.Repeat("y", historyLineMax+1) + "\n")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if h, err = openHistory(path); err != nil {
		t.Fatal(err)
	}
	if h.Len() != historyLines || h.At(0) != `evil \x1b[2J` || h.At(1) != "line "+strconv.Itoa(2*historyLines) || mode() != 0o600 {
		t.Errorf("%d lines, the latest %q, %q, mode %o", h.Len(), h.At(0), h.At(1), mode())
	}
	if data, _ := os.ReadFile(path); strings.Count(string(data), "\n") != historyLines {
		t.Errorf("the file was not cut: %d lines", strings.Count(string(data), "\n"))
	}
	for i := range 10 {
		if err := h.add("more "+strconv.Itoa(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	if h.Len() != historyLines {
		t.Errorf("%d lines are remembered", h.Len())
	}
	// Not cut, but others may read it.
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := openHistory(path); err != nil || mode() != 0o600 {
		t.Errorf("mode %o, %v", mode(), err)
	}
}

// Where no file can be, lines are remembered all the same.
func TestHistoryWithoutFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := openHistory(filepath.Join(path, "history"))
	if err == nil {
		t.Error("a file is a directory")
	}
	if err := h.add("display", []string{"display"}); err != nil || h.Len() != 1 {
		t.Errorf("%v, %q", err, h.lines)
	}
}

func TestShellPrompt(t *testing.T) {
	pd := pdtest.New(t, pdtest.V8_5)
	s := &shell{env: systemEnv(ui.Test("").Streams)}
	file := filepath.Join(t.TempDir(), "topology.yaml")
	if err := os.WriteFile(file, []byte("pd_servers:\n  - host: 127.0.0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := pd.URLs()[0]
	address := strings.TrimPrefix(url, "http://")
	open := func(sel selection) *target {
		target, err := sel.open(s.env, nil)
		if err != nil {
			t.Fatal(err)
		}
		return target
	}
	for want, target := range map[string]*target{
		"ebb> ":                                nil,
		"[" + address + " v8.5.3]> ":           open(selection{pd: []string{url}, pdTimeout: patience}),
		"topology.yaml [pd-1 v8.5.3]> ":        open(selection{pd: []string{url}, topologyPath: file, pdTimeout: patience}),
		"topology.yaml [PD does not answer]> ": open(selection{pd: []string{"http://127.0.0.1:1"}, topologyPath: file, pdTimeout: patience}),
	} {
		if got := s.prompt(t.Context(), target); got != want {
			t.Errorf("prompt %q, want %q", got, want)
		}
	}
}
