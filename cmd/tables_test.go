package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/internal/golden"
	"ebb/pdclient/pdtest"
	"ebb/ui"
)

// tablesPD is a cluster in which every verb has something to list.
func tablesPD(t *testing.T) *pdtest.PD {
	t.Helper()
	pd := nightPD(t)
	pd.SetConfig("halt-scheduling", true) // PD repairs nothing itself
	first := []byte(nil)
	for i := range 30 {
		id := cluster.RegionID(100 + i)
		r := cluster.Region{ID: id, StartKey: first, EndKey: fmt.Appendf(nil, "k%08d", i), ApproximateSizeMiB: 96, Epoch: cluster.RegionEpoch{ConfVer: 1, Version: 1}}
		stores := [][]cluster.StoreID{{1, 2, 4}, {1, 2, 97}, {1, 97, 98}, {2, 5, 1}}[i%4]
		for k, store := range stores {
			r.Peers = append(r.Peers, cluster.Peer{ID: uint64(id)*10 + uint64(k), StoreID: store})
		}
		r.Leader = r.Peers[0]
		if i == 29 {
			r.EndKey = nil
		}
		pd.AddRegion(r)
		first = r.EndKey
	}
	return pd
}

// tableRuns are the command lines that print tables besides display and watch.
var tableRuns = map[string]string{
	"check":               "check -t topology.yaml -u $PD -N 1",
	"diagnose":            "diagnose -u $PD --rules",
	"diagnose-list":       "diagnose --list",
	"explain":             "explain 100 -u $PD",
	"explain-leftover":    "explain --leftover -u $PD --each 1",
	"orphans":             "orphans -u $PD",
	"orphans-apply":       "orphans apply -u $PD --dry-run",
	"audit-list":          "audit list",
	"audit-show":          "audit show $RUN",
	"audit-pending":       "audit pending",
	"tune-show":           "tune show -u $PD",
	"tune-apply":          "tune apply -u $PD --profile max --dry-run",
	"scale-in":            "scale-in -t topology.yaml -u $PD -N 1 --dry-run",
	"scale-in-two-stores": "scale-in -t topology.yaml -u $PD -N 1,9 --dry-run",
	"force-remove":        "force-remove -u $PD -N 3 --dry-run",
	"query-list":          "region --query list",
}

// newTableEnv is a program that has run before: its journal has an operation, and
// values that are still to be put back.
func newTableEnv(t *testing.T, pd *pdtest.PD, home string) (*Env, *ui.TestStreams) {
	t.Helper()
	streams := ui.Test("")
	streams.Setenv("HOME", home)
	streams.Setenv("XDG_STATE_HOME", home)
	streams.Setenv("TERM", "xterm")
	env := systemEnv(streams.Streams)
	env.Actor = "张三@ops-1"
	env.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") }
	env.Hosts = func(*target, *sshOptions) (hostDialer, error) { return nil, errors.New("no host to log in to") }
	return env, streams
}

// TestTables keeps what every verb prints on a terminal of 80 and of 200 columns,
// and in a pipe, where each line of a table has as many fields as its header.
func TestTables(t *testing.T) {
	t.Parallel()
	pd := tablesPD(t)
	home := t.TempDir()
	topologyFile := filepath.Join(home, "topology.yaml")
	if err := os.WriteFile(topologyFile, []byte(nightTopology), 0o600); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("$PD", pd.URLs()[0], "topology.yaml", topologyFile)
	env, _ := newTableEnv(t, pd, home)
	env.Now = func() time.Time { return time.Now().Add(-3*time.Hour - time.Minute) }
	other := pdtest.New(t, pdtest.V8_5) // a healthy one
	other.AddStores(1, 2, 3, 4)
	for _, line := range []string{"tune apply -u $PD --profile fast --for 6h --yes", "scale-in -u " + other.URLs()[0] + " -N 4 --yes"} {
		run(context.Background(), env, strings.Fields(fill.Replace(line)))
	}
	runs, err := env.auditRuns()
	if err != nil || len(runs) != 2 {
		t.Fatalf("the journal has %d operations: %v", len(runs), err)
	}
	place := strings.NewReplacer("$RUN", runs[1].ID)
	for name, line := range tableRuns {
		for _, form := range []string{"80", "200", "pipe"} {
			t.Run(name+"-"+form, func(t *testing.T) {
				env, streams := newTableEnv(t, pd, home)
				width := map[string]int{"80": 80, "200": 200}[form]
				streams.SetTTY(false, width > 0, width > 0)
				streams.SetSize(width, 50)
				run(context.Background(), env, strings.Fields(place.Replace(fill.Replace(line))))
				out := streams.OutBuf.String()
				golden.Check(t, "tables/"+name+"-"+form+".txt", withoutPaths(steady(out), home))
				if width > 0 {
					checkWidth(t, out, width)
				} else {
					checkPipe(t, out)
				}
			})
		}
	}
}

// withoutPaths: the place of a temporary directory is as long as it likes.
func withoutPaths(text []byte, home string) []byte {
	return []byte(strings.ReplaceAll(string(text), home+"/", ""))
}

var coloured = regexp.MustCompile(`\x1b`)

// checkPipe: every line with a tab belongs to a table, all lines of which have the
// same number of fields, none of them empty.
func checkPipe(t *testing.T, out string) {
	t.Helper()
	if coloured.MatchString(out) {
		t.Error("colour in a pipe")
	}
	fields := 0
	for line := range strings.SplitSeq(out, "\n") {
		if !strings.Contains(line, "\t") {
			fields = 0
			continue
		}
		cells := strings.Split(line, "\t")
		if fields == 0 {
			fields = len(cells)
		}
		if len(cells) != fields {
			t.Errorf("%d fields under a header of %d: %q", len(cells), fields, line)
		}
		for i, cell := range cells {
			if cell == "" {
				t.Errorf("field %d is empty: %q", i+1, line)
			}
		}
	}
}
