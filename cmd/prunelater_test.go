package cmd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/pdclient/pdtest"
	"ebb/sshexec"
	"ebb/ui"
)

// laterCommand prunes, in this process, a cluster whose store 4 is Tombstone.
type laterCommand struct {
	t        *testing.T
	pd       *pdtest.PD
	topology string
	home     string
	host     *recordingHost // nil while it is down
}

func (c *laterCommand) Host(ctx context.Context, address string, sudo bool) (decommission.Host, error) {
	if c.host == nil {
		return nil, &sshexec.ConnectError{Err: errors.New("no route to host")}
	}
	return c.host.Host(ctx, address, sudo)
}

func (c *laterCommand) Close() error { return nil }

func (c *laterCommand) write(text string) {
	c.t.Helper()
	if err := os.WriteFile(c.topology, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *laterCommand) run(want ExitCode, args ...string) (said string) {
	c.t.Helper()
	streams := ui.Test("")
	streams.Setenv("HOME", c.home)
	env := systemEnv(streams.Streams)
	watchJSON(c.t, env)
	env.Hosts = func(*target, *sshOptions) (hostDialer, error) { return c, nil }
	code := run(c.t.Context(), env, append([]string{"prune", "-t", c.topology, "-u", c.pd.URLs()[0], "--yes"}, args...))
	said = streams.OutBuf.String() + streams.ErrBuf.String()
	if code != want {
		c.t.Fatalf("prune %v: exit %d, want %d\n%s", args, code, want, said)
	}
	return said
}

// A host that was left to be cleaned later may be somebody else's when it is
// back: what was planned for it then is looked at anew.
func TestPruneLater(t *testing.T) {
	const (
		stays = "global: {user: root}\ntikv_servers:\n  - host: 127.0.0.9\n"
		old   = "  - host: 127.9.9.9\n"
	)
	for _, tt := range []struct {
		name     string
		since    func(*laterCommand)
		args     []string
		want     ExitCode
		says     string // of a refusal
		exporter bool   // goes as well
	}{
		{name: "nothing has changed", want: ExitDone, exporter: true},
		{name: "a store has its address", since: func(c *laterCommand) {
			c.pd.AddStores(7)
			c.pd.EditStore(7, func(s *cluster.Store) { s.Address = "127.9.9.9:20160" })
		}, want: ExitNo, says: "store 7 (127.9.9.9:20160) is Up at its address now"},
		{name: "it is in the topology again, with a new store", since: func(c *laterCommand) {
			c.write(stays + old)
			c.pd.AddStores(9)
			c.pd.EditStore(9, func(s *cluster.Store) { s.Address = "127.9.9.9:20160" })
		},
			want: ExitNo, says: "the data directory of 127.9.9.9:20160"},
		{name: "an instance shares its directories", since: func(c *laterCommand) {
			c.write(stays + "pd_servers: [{host: 127.9.9.9, data_dir: /home/root/deploy/tikv-20160/data/pd}]\n")
		}, want: ExitNo, says: "127.9.9.9:2379"},
		{name: "an instance uses the exporters", since: func(c *laterCommand) {
			c.write(stays + "pd_servers: [{host: 127.9.9.9}]\n")
		}, want: ExitDone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			c := &laterCommand{t: t, pd: pdtest.New(t, pdtest.V8_5), topology: filepath.Join(dir, "topology.yaml"), home: dir}
			c.pd.AddStores(4, 1001, 1002, 1003)
			c.pd.AddRegions(3, 1001, 1002, 1003)
			c.pd.EditStore(4, func(s *cluster.Store) { s.Address, s.State = "127.9.9.9:20160", cluster.Tombstone })
			c.write(stays + old)
			c.run(ExitDone, "--skip-unreachable")
			c.host = new(recordingHost)
			if tt.since != nil {
				tt.since(c)
			}
			said := c.run(tt.want, tt.args...)
			if !strings.Contains(said, tt.says) {
				t.Errorf("%q is not said:\n%s", tt.says, said)
			}
			changed := func(word string) bool {
				return slices.ContainsFunc(c.host.commands, func(r recorded) bool { return strings.Contains(r.line, word) })
			}
			if got, want := changed("rm -"), tt.want == ExitDone; got != want {
				t.Errorf("something was deleted: %v, want %v", got, want)
			}
			if got := changed("stop -- node_exporter"); got != tt.exporter {
				t.Errorf("the exporters were stopped: %v, want %v", got, tt.exporter)
			}
		})
	}
}

// A run that noted a host for later, and was cut off before the topology, is
// carried on: the node must not stay in the topology for ever.
func TestPruneLaterCutOff(t *testing.T) {
	dir := t.TempDir()
	c := &laterCommand{t: t, pd: pdtest.New(t, pdtest.V8_5), topology: filepath.Join(dir, "topology.yaml"), home: dir}
	c.pd.AddStores(4, 1001, 1002, 1003)
	c.pd.AddRegions(3, 1001, 1002, 1003)
	tombstone := func(s *cluster.Store) { s.Address, s.State = "127.9.9.9:20160", cluster.Tombstone }
	c.pd.EditStore(4, tombstone)
	const text = "global: {user: root}\ntikv_servers:\n  - host: 127.0.0.9\n  - host: 127.9.9.9\n"
	c.write(text)
	c.run(ExitDone, "--skip-unreachable")
	// The journal of a run that was cut off is the same, but for its end.
	c.write(text)
	c.pd.AddStores(4)
	c.pd.EditStore(4, tombstone)
	c.run(ExitDone, "--skip-unreachable")
	if now, err := os.ReadFile(c.topology); err != nil || strings.Contains(string(now), "127.9.9.9") {
		t.Errorf("the topology still has the node: %v\n%s", err, now)
	}
}
