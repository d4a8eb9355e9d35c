package cmd

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
	"ebb/ui"
	"ebb/ui/uitest"
)

// What needs machines or much time prints JSON here; [watchJSON] holds it against
// the schemas.

func TestFenceAsJSON(t *testing.T) {
	f := newForceCommand(t)
	f.hosts.scripts["10.0.1.4:22"] = slices.Concat(lookedAt(), climbed())
	f.run(ExitDone, "fence", "-N", "4", "--yes", "-o", "json")
	f.says(`"type":"plan"`)
	f.says(`"type":"fence"`)
	f.says(`"type":"summary"`)
}

func TestForceRemoveAsJSON(t *testing.T) {
	f := newForceCommand(t)
	f.buries(4)
	f.run(ExitDone, "force-remove", "-N", "4", "--accept-risk", "unfenced", "--yes", "--cluster-id", "7034215976384921731", "-o", "json")
	f.says(`"type":"tombstone"`)
	// Declined and refused: the same objects.
	f = newForceCommand(t, uitest.Typed("write off store 4", "10.0.1.4:20160", "no"))
	f.run(ExitDeclined, "force-remove", "-N", "4", "--accept-risk", "unfenced", "-o", "json")
	f.says(`"code":"declined","exit_code":6}`)
	f = newForceCommand(t)
	f.run(ExitCannotTell, "fence", "-N", "4", "--yes", "-o", "json")
	f.says(`"exit_code":5}`)
}

func TestPruneAsJSON(t *testing.T) {
	dir := t.TempDir()
	c := &laterCommand{t: t, pd: pdtest.New(t, pdtest.V8_5), topology: filepath.Join(dir, "topology.yaml"), home: dir}
	c.pd.AddStores(4, 1001, 1002, 1003)
	c.pd.AddRegions(3, 1001, 1002, 1003)
	c.pd.EditStore(4, func(s *cluster.Store) { s.Address, s.State = "127.9.9.9:20160", cluster.Tombstone })
	c.write("global: {user: root}\ntikv_servers:\n  - host: 127.0.0.9\n  - host: 127.9.9.9\n")
	c.run(ExitDone, "--skip-unreachable", "-o", "json")
	c.host = new(recordingHost)
	said := c.run(ExitDone, "-o", "json")
	for _, want := range []string{`"type":"plan"`, `"type":"step"`, `"type":"summary"`} {
		if !strings.Contains(said, want) {
			t.Errorf("no %s in\n%s", want, said)
		}
	}
}

// A store that stalls, and moves again, and an interrupt after that.
func TestStallThatEndsAsJSON(t *testing.T) {
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 4)
	pd.AddRegions(20, 1, 2, 3, 4)
	pd.EditStore(4, func(s *cluster.Store) { s.State = cluster.Offline })
	streams := ui.Test("")
	env := systemEnv(streams.Streams)
	watchJSON(t, env)
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Unix(1_700_000_000, 0)
	now := began
	env.Now = func() time.Time { return now }
	env.Sleep = func(ctx context.Context, d time.Duration) error {
		now = now.Add(d)
		switch now.Sub(began) {
		case 3 * time.Minute:
			pd.MoveRegions(4, 3)
		case 4 * time.Minute:
			cancel()
		}
		return ctx.Err()
	}
	code := run(ctx, env, []string{"watch", "-u", strings.Join(pd.URLs(), ","), "-N", "4", "--interval", "10s", "-o", "json"})
	if code != ExitInProgress {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{`"type":"stalled"`, `"type":"moving"`, `"type":"summary"`} {
		if !strings.Contains(streams.OutBuf.String(), want) {
			t.Errorf("no %s in\n%s", want, streams.OutBuf)
		}
	}
	if lines := strings.TrimSpace(streams.ErrBuf.String()); strings.Contains(lines, "\n") || !strings.HasSuffix(lines, `"code":"in-progress","exit_code":7}`) {
		t.Errorf("stderr is %s", lines)
	}
}
