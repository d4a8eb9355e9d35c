package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"ebb/playground/store"
)

// half is a playground in which leaving takes long enough to be stopped half-way.
var half = setup{tikv: 5, regions: 240, limit: 300}

// leaveByHalf starts the leaving of a store and returns when half of its regions
// have truly gone.
func (b *bench) leaveByHalf(id uint64) {
	b.Helper()
	held := b.truth(id).Regions
	r := b.run("scale-in", "-N", fmt.Sprint(id), "--evict-leader", "--yes")
	b.wantCode(r, 0)
	if got := b.pdState(id); got != "Offline" {
		b.Fatalf("PD says %q after scale-in", got)
	}
	if b.evicting() == nil {
		b.Fatal("no evict-leader: the test would show nothing")
	}
	b.await("half of the regions leave", func() bool { return b.truth(id).Regions <= held/2 })
	// The rest stays for as long as the test takes, however busy the machine is.
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	if b.truth(id).Regions == 0 {
		b.Fatal("the store was empty before it could be stopped")
	}
}

// ownLimit gives a store limits that no other has and PD would not guess.
func (b *bench) ownLimit(id uint64) {
	b.Helper()
	path := fmt.Sprintf("/store/%d/limit", id)
	b.tell(http.MethodPost, path, map[string]any{"type": "add-peer", "rate": 41.5})
	b.tell(http.MethodPost, path, map[string]any{"type": "remove-peer", "rate": 77})
}

func TestCancelHalfWayPutsEverythingBack(t *testing.T) {
	b := newBench(t, half)
	leaver := b.tikv()[2].ID
	b.ownLimit(leaver)
	before := b.picture()
	b.leaveByHalf(leaver)

	r := b.run("cancel-offline", "-N", fmt.Sprint(leaver), "--yes")
	b.wantCode(r, 0)
	b.wantSame(before, b.picture())
	for kind, result := range map[string]string{"set-up": "done", "restore-limit": "done", "remove-evict-leader": "done", "unmark-offline": "done"} {
		if got := r.stepResults()[kind]; got != result {
			t.Errorf("step %s: %q, want %q", kind, got, result)
		}
	}
	again := b.run("cancel-offline", "-N", fmt.Sprint(leaver), "--yes")
	b.wantCode(again, 0)
	if len(again.of("step")) > 0 {
		t.Errorf("the second cancel changes something: %s", again.out)
	}
}

// PD keeps the limits from before the leaving in the memory of its leader only.
func TestCancelRestoresLimitsThatPDForgotAtALeaderChange(t *testing.T) {
	s := half
	s.members = 3
	b := newBench(t, s)
	leaver := b.tikv()[2].ID
	b.ownLimit(leaver)
	first := b.usedLeader()
	before := b.picture()
	b.leaveByHalf(leaver)
	b.moveLeader("")

	r := b.run("cancel-offline", "-N", fmt.Sprint(leaver), "--yes")
	b.wantCode(r, 0)
	// /config names the member that answers.
	b.moveLeader(first)
	b.wantSame(before, b.picture())

	// What PD does by itself, which is why ebb has to.
	b.tell(http.MethodDelete, fmt.Sprintf("/store/%d", leaver), nil)
	b.moveLeader("")
	b.tell(http.MethodPost, fmt.Sprintf("/store/%d/state?state=Up", leaver), nil)
	if got := b.limits()[fmt.Sprint(leaver)]["remove-peer"]; got != 1e8 {
		t.Errorf("PD restored remove-peer %g over a leader change by itself: the test above shows nothing", got)
	}
}

func TestCancelOnAnotherMachineTakesTheLimitsOfTheOthers(t *testing.T) {
	full(t)
	s := half
	s.members = 3
	b := newBench(t, s)
	// Not PD's default, which would be a lucky guess.
	b.tell(http.MethodPost, "/stores/limit", map[string]any{"type": "remove-peer", "rate": 33})
	leaver := b.tikv()[2].ID
	first := b.usedLeader()
	before := b.picture()
	b.leaveByHalf(leaver)
	b.moveLeader("")

	b.state = t.TempDir() // no journal here
	r := b.run("cancel-offline", "-N", fmt.Sprint(leaver), "--yes")
	b.wantCode(r, 0)
	b.moveLeader(first)
	b.wantSame(before, b.picture())
	said := false
	for _, f := range r.events[0].Plan.Findings {
		said = said || f.Check == "store-limit" && f.Result == "warning"
	}
	if !said {
		t.Errorf("nothing says that the limits are a guess: %s", r.events[0].line)
	}
}
