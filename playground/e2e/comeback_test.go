package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestStoreSetUpByAnotherClientDuringTheWait(t *testing.T) {
	b := newBench(t, half)
	leaver := b.tikv()[1]
	r := b.start("scale-in", "-N", leaver.Address, "--wait", "--interval", "200ms", "--yes")
	r.await("progress", moved)
	b.tell(http.MethodPost, fmt.Sprintf("/store/%d/state?state=Up", leaver.ID), nil)
	end := r.wait()
	b.wantCode(end, 3)
	if n := len(end.of("came-back")); n != 1 {
		t.Errorf("%d events came-back", n)
	}
	if f := end.failure(t); !strings.Contains(f.Message, "Up again") {
		t.Errorf("error: %+v", f)
	}
	if last := end.events[len(end.events)-1].Summary; last.Stores[0].Phase != "came-back" {
		t.Errorf("summary: %+v", last)
	}
}

func TestLeavingStoreIsRestartedHalfWay(t *testing.T) {
	full(t)
	b := newBench(t, half)
	leaver := b.tikv()[1]
	r := b.start("scale-in", "-N", leaver.Address, "--wait", "--interval", "200ms", "--yes")
	r.await("progress", moved)
	b.must(b.Fleet().StopStore(leaver.ID))
	left := b.truth(leaver.ID).Regions
	if left == 0 {
		t.Fatal("the store was empty before it was stopped")
	}
	// Its regions are led by others by now and go on leaving without it.
	b.await("regions leave the stopped store", func() bool { return b.truth(leaver.ID).Regions < left })
	b.must(b.Fleet().StartStore(leaver.ID))
	end := r.wait()
	b.wantCode(end, 0)
	if n := len(end.of("came-back")); n != 0 {
		t.Errorf("the restart was taken for a return: %s", end.out)
	}
	if got := b.pdState(leaver.ID); got != "Tombstone" {
		t.Errorf("PD says %q", got)
	}
	b.wantEmptied(leaver.ID)
}
