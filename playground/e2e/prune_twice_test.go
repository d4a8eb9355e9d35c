package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ebb/playground/store"
)

// TestSecondPruneIsTurnedAway: a prune that PD keeps waiting holds the lock.
func TestSecondPruneIsTurnedAway(t *testing.T) {
	full(t)
	b := newHostedBench(t, setup{tikv: 4})
	leaver := b.tikv()[0]
	disks := b.tree()
	b.retire(leaver)
	text := b.topologyText()
	arrived := b.proxy.stopAt(t, http.MethodDelete, "/stores/remove-tombstone", false)
	first := b.startOverSSH("prune", "--yes")
	<-arrived

	second := b.overSSH("prune", "--yes")
	b.wantCode(second, 10)
	f := second.failure(t)
	for _, want := range []string{"prune of ", fmt.Sprint(first.cmd.Process.Pid)} {
		if f.Code != "locked" || !strings.Contains(f.Message, want) {
			t.Errorf("the error does not name %q as who runs: %+v", want, f)
		}
	}
	first.signal(os.Kill)
	first.wait()
	b.proxy.forget()
	b.wantCode(b.overSSH("prune", "--yes"), 0)
	b.wantPruned(disks, text, []store.StoreState{leaver})
	if got := b.pdState(leaver.ID); got != "" {
		t.Errorf("PD still has it: %s", got)
	}
}

// TestTopologyOnAFullDisk: the old file stays whole when there is no room for the
// new one, and all that was done by then is not done again.
func TestTopologyOnAFullDisk(t *testing.T) {
	full(t)
	b := newHostedBench(t, setup{tikv: 4})
	leaver := b.tikv()[0]
	disks := b.tree()
	b.retire(leaver)
	text := b.topologyText()

	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=16k,mode=0755"); err != nil {
		t.Skip("this user may mount nothing:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	file := filepath.Join(small, "topology.yaml")
	b.must(os.WriteFile(file, []byte(text), 0o644))
	filler := fill(b, filepath.Join(small, "filler"))
	prune := func() result {
		return b.runRaw("prune", "-t", file, "-u", b.endpoints, "-o", "json", "--yes",
			"-i", b.Hosts().KeyFile(), "--known-hosts", b.Hosts().KnownHosts())
	}

	r := prune()
	b.wantCode(r, 8)
	if got := r.stepResults(); got["remove-from-topology"] != "failed" || got["remove-tombstone"] != "left" {
		t.Errorf("steps: %v", got)
	}
	if !strings.Contains(r.errs, "no space left") {
		t.Errorf("it does not say why:\n%s", r.errs)
	}
	if now, err := os.ReadFile(file); err != nil || string(now) != text {
		t.Errorf("the file is not the old one (%v):\n%s", err, now)
	}
	entries, err := os.ReadDir(small)
	b.must(err)
	if len(entries) != 2 {
		t.Errorf("something was left beside the file: %v", entries)
	}
	if got := b.pdState(leaver.ID); got != "Tombstone" {
		t.Errorf("PD says %q", got)
	}

	b.must(os.Remove(filler))
	b.wantCode(prune(), 0)
	now, err := os.ReadFile(file)
	b.must(err)
	if want := without(text, leaver); string(now) != want {
		t.Errorf("topology:\n%s", differences(want, string(now)))
	}
	b.wantGone(disks, b.tree(), places(leaver, true))
	if got := b.pdState(leaver.ID); got != "" {
		t.Errorf("PD still has it: %s", got)
	}
}

// fill writes a file until the disk is full.
func fill(b *bench, name string) string {
	b.Helper()
	f, err := os.Create(name)
	b.must(err)
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 512))
	}
	if !strings.Contains(err.Error(), "no space left") {
		b.Fatal(err)
	}
	return name
}
