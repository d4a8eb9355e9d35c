package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ebb/playground/store"
)

func TestScaleInWaitsUntilTombstone(t *testing.T) {
	b := newBench(t, setup{tikv: 5, tiflash: 1, zones: 3})
	leaver := b.tikv()[1]
	held := b.truth(leaver.ID).Regions
	if held == 0 {
		t.Fatal("the store holds nothing: the test would show nothing")
	}
	topology, err := os.ReadFile(b.Topology())
	b.must(err)

	r := b.run("scale-in", "-N", leaver.Address, "--evict-leader", "--wait", "--interval", "200ms", "--yes")
	b.wantCode(r, 0)

	if got := b.pdState(leaver.ID); got != "Tombstone" {
		t.Errorf("PD says %q", got)
	}
	b.wantEmptied(leaver.ID)
	if left := b.evicting(); len(left) > 0 {
		t.Errorf("evict-leader is still on stores %v", left)
	}
	after, err := os.ReadFile(b.Topology())
	b.must(err)
	if strings.Count(string(after), "offline: true") != 1 {
		t.Errorf("topology lacks the flag:\n%s", after)
	}
	backups, err := filepath.Glob(filepath.Join(filepath.Dir(b.Topology()), "topology-*.yaml.bak"))
	b.must(err)
	if len(backups) != 1 {
		t.Fatalf("backups: %v", backups)
	}
	if kept, err := os.ReadFile(backups[0]); err != nil || string(kept) != string(topology) {
		t.Errorf("the backup is not the old topology (%v)", err)
	}

	want := map[string]string{"delete-store": "done", "evict-leader": "done", "mark-offline": "done", "remove-evict-leader": "done"}
	for kind, result := range want {
		if got := r.stepResults()[kind]; got != result {
			t.Errorf("step %s: %q, want %q", kind, got, result)
		}
	}
	if first := r.events[0]; first.Type != "plan" || first.Plan.Verb != "scale-in" || len(first.Plan.Findings) == 0 {
		t.Errorf("the first event is no plan: %s", first.line)
	}
	watching, tombstone := r.of("watching"), r.of("tombstone")
	if len(watching) != 1 || len(tombstone) != 1 {
		t.Errorf("%d events watching and %d tombstone, want one each", len(watching), len(tombstone))
	}
	last := held + 1
	for _, e := range r.of("progress") {
		if e.Store.Regions > last {
			t.Errorf("regions went up from %d to %d", last, e.Store.Regions)
		}
		last = e.Store.Regions
	}
	summary := r.events[len(r.events)-1].Summary
	if summary.Result != "done" || len(summary.Stores) != 1 || summary.Stores[0].Phase != "tombstone" || summary.Stores[0].Regions != 0 {
		t.Errorf("summary: %+v", summary)
	}
}

func TestTiKVAndTiFlashLeaveTogether(t *testing.T) {
	b := newBench(t, setup{tikv: 5, tiflash: 2})
	tikv, flash := b.tikv()[0], b.tiflash()[0]
	if b.truth(flash.ID).Regions == 0 {
		t.Fatal("the TiFlash store holds nothing: the test would show nothing")
	}
	// TiFlash is known to tiup by its TCP port, to PD by its flash service port.
	tiupID := flash.Host + ":9000"
	r := b.run("scale-in", "-N", tikv.Address+","+tiupID, "--evict-leader", "--wait", "--interval", "200ms", "--yes")
	b.wantCode(r, 0)
	for _, s := range []store.StoreState{tikv, flash} {
		if got := b.pdState(s.ID); got != "Tombstone" {
			t.Errorf("PD says %q of store %d", got, s.ID)
		}
	}
	b.wantEmptied(tikv.ID, flash.ID)
	if n := len(r.of("tombstone")); n != 2 {
		t.Errorf("%d events tombstone, want 2", n)
	}
	for _, c := range b.proxy.made("POST") {
		if c.path != "/schedulers" {
			t.Errorf("unexpected write: %s", c)
		}
	}
	text, err := os.ReadFile(b.Topology())
	b.must(err)
	if n := strings.Count(string(text), "offline: true"); n != 2 {
		t.Errorf("topology has %d flags, want 2:\n%s", n, text)
	}
}
