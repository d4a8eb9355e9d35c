package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/pdclient/pdtest"
	"ebb/sshexec"
	"ebb/sshexec/sshtest"
	"ebb/ui"
)

// BenchmarkPrune200Hosts prunes 200 nodes on 200 hosts, each an SSH server that
// takes 50 ms longer than it needs for every connection and command, and reports
// how much longer that takes than one such host alone: with 16 hosts at a time,
// which is the default and can be no less than 12.5, and with all at once.
func BenchmarkPrune200Hosts(b *testing.B) {
	for _, concurrency := range []string{"16", "200"} {
		b.Run("concurrency="+concurrency, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				one := newPruneBench(b, 1).run(b, concurrency)
				all := newPruneBench(b, 200)
				b.StartTimer()
				took := all.run(b, concurrency)
				b.ReportMetric(float64(took)/float64(one), "x-one-host")
				b.ReportMetric(float64(one.Milliseconds()), "ms-one-host")
			}
		})
	}
}

// pruneBench is a cluster of which some stores are Tombstone, on hosts of their own.
type pruneBench struct {
	pd   *pdtest.PD
	dir  string
	keys string
}

func newPruneBench(b *testing.B, n int) *pruneBench {
	p := &pruneBench{pd: pdtest.New(b, pdtest.V8_5), dir: b.TempDir()}
	p.pd.AddStores(1001, 1002, 1003)
	p.pd.AddRegions(3, 1001, 1002, 1003)
	commands := recordPrune(b)
	servers := sshtest.Fleet(b, n, sshtest.Config{Latency: 50 * time.Millisecond})
	var nodes strings.Builder
	nodes.WriteString("global:\n  user: root\ntikv_servers:\n")
	for i, s := range servers {
		target := s.Target("root")
		id := cluster.StoreID(i + 1)
		p.pd.AddStores(id)
		p.pd.EditStore(id, func(s *cluster.Store) {
			s.Address, s.State = target.Host+":20160", cluster.Tombstone
		})
		fmt.Fprintf(&nodes, "  - host: %s\n    ssh_port: %d\n", target.Host, target.Port)
		for _, c := range commands {
			s.Expect(c.line).Prints(c.prints)
		}
	}
	// One node stays, or the file would be no topology any more.
	nodes.WriteString("  - host: 127.0.0.1\n")
	sshtest.WriteFile(b, filepath.Join(p.dir, "topology.yaml"), nodes.String())
	sshtest.NewKeyFile(b, filepath.Join(p.dir, "key"), sshtest.ED25519, "")
	p.keys = sshtest.KnownHostsFile(b, servers...)
	return p
}

func (p *pruneBench) run(b *testing.B, concurrency string) time.Duration {
	streams := ui.Test("")
	streams.Setenv("HOME", p.dir)
	began := time.Now()
	code := run(context.Background(), systemEnv(streams.Streams), []string{
		"prune", "-t", filepath.Join(p.dir, "topology.yaml"), "-u", p.pd.URLs()[0], "--yes",
		"-i", filepath.Join(p.dir, "key"), "--known-hosts", p.keys, "-c", concurrency,
	})
	if code != ExitDone {
		b.Fatalf("prune: exit %d\n%s\n%s", code, streams.ErrBuf, streams.OutBuf)
	}
	return time.Since(began)
}

// recorded is a command of prune and what a healthy host says to it.
type recorded struct{ line, prints string }

// recordingHost is a host on which a store runs until it is stopped.
type recordingHost struct {
	mu       sync.Mutex
	stopped  bool
	commands []recorded
}

func (h *recordingHost) Host(context.Context, string, bool) (decommission.Host, error) { return h, nil }
func (h *recordingHost) Close() error                                                  { return nil }

func (h *recordingHost) Run(_ context.Context, c decommission.Command) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	line := sshexec.Cmd{Argv: c.Argv}.String()
	var out string
	switch {
	case strings.Contains(line, "mountinfo"):
		out = "1 1 8:1 / / rw - ext4 /dev/sda rw\n"
	case strings.Contains(line, "/proc/net/tcp"):
		out = "  sl  local_address rem_address   st\n"
	case strings.Contains(line, " show "):
		out = "LoadState=not-found\nActiveState=inactive\n"
		if !h.stopped {
			out = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nFragmentPath=/etc/systemd/system/tikv-20160.service\nExecStart=/home/root/deploy/tikv-20160/scripts/run_tikv.sh\n"
		}
	case strings.Contains(line, " stop "):
		h.stopped = true
	case strings.Contains(line, "du -skx"):
		for _, dir := range c.Argv[4:] {
			out += "present\t" + dir + "\t1024\n"
		}
	case strings.Contains(line, "readlink -m"):
		out = strings.Join(c.Argv[4:], "\n") + "\n"
	case strings.Contains(line, "cmdline"):
		out = "end\n"
	}
	h.commands = append(h.commands, recorded{line, out})
	return out, nil
}

// recordPrune prunes one node on a host in memory, to learn what a real one will
// be told.
func recordPrune(b *testing.B) []recorded {
	pd := pdtest.New(b, pdtest.V8_5)
	pd.AddStores(1, 1001, 1002, 1003)
	pd.AddRegions(3, 1001, 1002, 1003)
	pd.EditStore(1, func(s *cluster.Store) { s.Address, s.State = "127.9.9.9:20160", cluster.Tombstone })
	dir := b.TempDir()
	topology := filepath.Join(dir, "topology.yaml")
	if err := os.WriteFile(topology, []byte("global:\n  user: root\ntikv_servers:\n  - host: 127.9.9.9\n  - host: 127.0.0.1\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	streams := ui.Test("")
	streams.Setenv("HOME", dir)
	env, host := systemEnv(streams.Streams), new(recordingHost)
	env.Hosts = func(*target, *sshOptions) (hostDialer, error) { return host, nil }
	if code := run(context.Background(), env, []string{"prune", "-t", topology, "-u", pd.URLs()[0], "--yes"}); code != ExitDone {
		b.Fatalf("prune: exit %d\n%s\n%s", code, streams.ErrBuf, streams.OutBuf)
	}
	return host.commands
}
