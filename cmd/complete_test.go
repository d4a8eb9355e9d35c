package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
	"ebb/ui"
)

// offers are the words that completion offers for the last of args, without
// their descriptions.
func offers(t *testing.T, args ...string) []string {
	t.Helper()
	streams := ui.Test("")
	env := systemEnv(streams.Streams)
	if code := run(t.Context(), env, append([]string{"__complete"}, args...)); code != ExitDone {
		t.Errorf("%q: exit code %d", args, code)
	}
	// cobra's own remark on what the words mean to a shell goes to stderr.
	if said := streams.ErrBuf.String(); strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "Completion ended with directive") {
		t.Errorf("%q: stderr: %s", args, said)
	}
	var words []string
	for line := range strings.Lines(streams.OutBuf.String()) {
		word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !strings.HasPrefix(word, ":") && strings.HasPrefix(word, args[len(args)-1]) { // the shells look for the beginning, too
			words = append(words, word)
		}
	}
	return words
}

// mixedPD has a store in each state.
func mixedPD(t *testing.T) *pdtest.PD {
	t.Helper()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 41)
	offline(2)(pd)
	pd.EditStore(3, func(s *cluster.Store) { s.State = cluster.Tombstone })
	pd.EditStore(41, func(s *cluster.Store) {
		s.Labels = []cluster.Label{{Key: "zone", Value: "z1"}, {Key: "evil", Value: "$(reboot)"}}
	})
	pd.Silence(41, time.Hour)
	return pd
}

func TestCompletion(t *testing.T) {
	t.Setenv("TIUP_HOME", t.TempDir())
	for _, name := range []string{"prod", "probe", "$(reboot)"} {
		dir := filepath.Join(os.Getenv("TIUP_HOME"), "storage/cluster/clusters", name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "meta.yaml"), []byte("tidb_version: v8.5.0\ntopology:\n  pd_servers:\n    - host: 127.0.0.1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pd := mixedPD(t)
	url := pd.URLs()[0]
	for _, tt := range []struct {
		args string
		want string
	}{
		{"scale-in -u URL -N|", "10.0.1.1:20160 10.0.1.41:20160"},
		{"scale-in -u URL --node 10.0.1.4|", "10.0.1.41:20160"},
		{"scale-in -u URL -N 4|", "41"},
		{"scale-in -u URL -N 1|", "10.0.1.1:20160 10.0.1.41:20160 1"},
		{"scale-in -u URL -N 10.0.1.1:20160,|", "10.0.1.1:20160,10.0.1.41:20160"},
		{"scale-in -u URL -N 10.0.1.1:20160,4|", "10.0.1.1:20160,41"},
		{"scale-in -u URL -N 10.0.1.1:20160 -N|", "10.0.1.41:20160"},
		{"scale-in -u URL -N 1,|", "1,10.0.1.41:20160"},
		{"display -u URL -N 41,4|", ""},
		{"cancel-offline -u URL -N|", "10.0.1.2:20160"},
		{"watch -u URL -N|", "10.0.1.2:20160"},
		{"prune -u URL -N|", "10.0.1.3:20160"},
		{"force-remove -u URL -N|", "10.0.1.41:20160"},
		{"fence -u URL -N|", "10.0.1.41:20160"},
		{"display -u URL -N|", "10.0.1.1:20160 10.0.1.2:20160 10.0.1.3:20160 10.0.1.41:20160"},
		{"scale-in -N|", ""},
		{"region -u URL --store|", "1 2 3 41"},
		{"region -u URL --store 4|", "41"},
		{"orphans list -u URL --store 1,|", "1,2 1,3 1,41"},
		{"explain 5 -u URL --store 4|", "41"},
		{"store -u URL|", "1 2 3 41"},
		{"check -u URL --zone|", "zone=z1"},
		{"display|", "probe prod"},
		{"display pro|", "probe prod"},
		{"display prod|?", ""},
		{"display -u URL|", ""},
		{"explain|", ""},
		{"explain 5|", "probe prod"},
		{"region|", "probe prod"},
		{"region --check down|", "down-peer"},
		{"region --query no-maj|", "no-majority"},
		{"scale-in --tune|", "gentle fast max"},
		{"tune apply --profile f|", "fast"},
		{"orphans script --format|", "pd-ctl curl json"},
		{"display -o|", "text json"},
		{"display -R|", "tikv tiflash"},
		{"force-remove --cluster-id|", ""},
		{"force-remove --accept-risk|", ""},
		{"version|", ""},
		{"scale|", "scale-in"},
	} {
		words, last, another := strings.Cut(tt.args, "|")
		args := strings.Fields(strings.ReplaceAll(words, "URL", url))
		// A flag, a verb or a cluster that stands last is complete but where it is cut.
		if tail := args[len(args)-1]; another && (last == "?" || strings.HasPrefix(tail, "-") || tail == url || slices.Contains([]string{"display", "explain", "5", "region", "version"}, tail)) {
			args = append(args, "")
		}
		if got := strings.Join(offers(t, args...), " "); got != tt.want {
			t.Errorf("%s: offered %q, want %q", tt.args, got, tt.want)
		}
	}
	pd.ExpectWrites(t)
}

// Where a topology is given its names are offered, also while PD is away; what
// goes wrong is not said, and does not take long.
func TestCompletionFromTopology(t *testing.T) {
	file := filepath.Join(t.TempDir(), "topology.yaml")
	if err := os.WriteFile(file, []byte("pd_servers:\n  - host: 127.0.0.1\ntikv_servers:\n  - host: 10.0.1.1\n  - host: 10.0.1.2\ntiflash_servers:\n  - host: 10.0.1.8\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2)
	offline(2)(pd)
	url := pd.URLs()[0]
	if got := offers(t, "scale-in", "-t", file, "-u", url, "-N", ""); !slices.Equal(got, []string{"10.0.1.1:20160"}) {
		t.Errorf("with PD: %q", got)
	}
	all := []string{"10.0.1.1:20160", "10.0.1.2:20160", "10.0.1.8:9000"}
	pd.Inject(pdtest.Fault{On: "GET /stores", Hang: true, Times: -1})
	began := time.Now()
	if got := offers(t, "scale-in", "-t", file, "-u", url, "-N", ""); !slices.Equal(got, all) {
		t.Errorf("PD hangs: %q", got)
	}
	if took := time.Since(began); took > 5*time.Second { // far from the minutes of a read
		t.Errorf("took %v", took)
	}
	if got := offers(t, "scale-in", "-t", file, "-u", "http://127.0.0.1:1", "-N", ""); !slices.Equal(got, all) {
		t.Errorf("PD is away: %q", got)
	}
	for _, broken := range [][]string{
		{"scale-in", "-t", "nowhere.yaml", "-N", ""},
		{"scale-in", "-u", "nonsense://", "-N", ""},
		{"scale-in", "nocluster", "-N", ""},
		{"scale-in", "-u", "http://127.0.0.1:1", "--cacert", "nowhere.pem", "-N", ""},
	} {
		if got := offers(t, broken...); len(got) > 0 {
			t.Errorf("%q: offered %q", broken, got)
		}
	}
}
