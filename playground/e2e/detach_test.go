package e2e

import (
	"os"
	"strings"
	"testing"

	"ebb/playground/store"
)

func TestInterruptedWaitGoesOnWithoutUs(t *testing.T) {
	b := newBench(t, half)
	leaver := b.tikv()[3]
	r := b.start("scale-in", "-N", leaver.Address, "--evict-leader", "--wait", "--interval", "200ms", "--yes")
	r.awaitType("watching")
	r.signal(os.Interrupt)
	end := r.wait()
	b.wantCode(end, 7)
	f := end.failure(t)
	if f.Code != "in-progress" || len(f.Hints) != 1 || !strings.Contains(f.Hints[0], "ebb watch -t "+b.Topology()) {
		t.Errorf("the error does not say how to attach again: %+v", f)
	}
	if got := b.pdState(leaver.ID); got != "Offline" {
		t.Fatalf("PD says %q", got)
	}
	left := b.truth(leaver.ID).Regions
	b.await("regions go on leaving", func() bool { return b.truth(leaver.ID).Regions < left })

	// From another machine, which knows PD only.
	b.state = t.TempDir()
	watch := []string{"watch", "-u", b.endpoints, "-o", "json", "--interval", "200ms"}
	short := b.runRaw(append(watch, "--timeout", "500ms")...)
	b.wantCode(short, 7)
	if f := short.failure(t); f.Code != "in-progress" || !strings.Contains(f.Hints[0], "ebb watch -u "+b.endpoints) {
		t.Errorf("the error does not say how to attach again: %+v", f)
	}
	b.wantCode(b.runRaw(watch...), 0)
	if got := b.pdState(leaver.ID); got != "Tombstone" {
		t.Errorf("PD says %q", got)
	}
	if left := b.evicting(); len(left) > 0 {
		t.Errorf("evict-leader is still on stores %v", left)
	}
	b.wantEmptied(leaver.ID)
	nothing := b.runRaw(watch...)
	b.wantCode(nothing, 0)
}

func TestTimeoutOfAWait(t *testing.T) {
	full(t)
	b := newBench(t, half)
	leaver := b.tikv()[3]
	// Nobody obeys PD, so the store certainly does not leave in time.
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	r := b.run("scale-in", "-N", leaver.Address, "--wait", "--interval", "200ms", "--timeout", "3s", "--yes")
	b.wantCode(r, 7)
	if last := r.events[len(r.events)-1].Summary; last.Result != "in-progress" || last.Stores[0].Phase != "leaving" {
		t.Errorf("summary: %+v", last)
	}
	if got := b.pdState(leaver.ID); got != "Offline" {
		t.Errorf("PD says %q", got)
	}
	if n := b.truth(leaver.ID).Regions; n == 0 {
		t.Error("the store is empty: the test shows nothing")
	}
}
