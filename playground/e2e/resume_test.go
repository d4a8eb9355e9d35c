package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// stopAt makes the proxy hold a request of ebb until the test ends, and returns
// a channel that tells when it has come. forward says whether PD gets it.
func (p *proxy) stopAt(t *testing.T, method, path string, forward bool) <-chan struct{} {
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	t.Cleanup(func() { close(release) })
	p.on(method, path, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if forward {
			edited(next, func(body string) string {
				arrived <- struct{}{}
				<-release
				return body
			}).ServeHTTP(w, r)
			return
		}
		arrived <- struct{}{}
		<-release
		panic(http.ErrAbortHandler)
	})
	return arrived
}

// killedBetweenSteps runs a scale-in that is killed after PD has been told to
// take the store out and before anything else.
func (b *bench) killedBetweenSteps(id uint64) {
	b.Helper()
	arrived := b.proxy.stopAt(b.T, http.MethodPost, "/schedulers", false)
	r := b.start("scale-in", "-N", fmt.Sprint(id), "--evict-leader", "--yes")
	r.await("the first step", func(e event) bool { return e.Type == "step" && e.Step.Step.Kind == "delete-store" })
	<-arrived
	r.signal(os.Kill)
	r.wait()
	b.proxy.forget()
	if got := b.pdState(id); got != "Offline" {
		b.Fatalf("PD says %q", got)
	}
	if b.evicting() != nil {
		b.Fatal("the second step was made: the test would show nothing")
	}
}

func TestKilledBetweenStepsAndRunAgain(t *testing.T) {
	b := newBench(t, setup{})
	leaver := b.tikv()[4]
	b.killedBetweenSteps(leaver.ID)

	r := b.run("scale-in", "-N", leaver.Address, "--evict-leader", "--wait", "--interval", "200ms", "--yes")
	b.wantCode(r, 0)
	if got := r.stepResults(); got["delete-store"] != "already" || got["evict-leader"] != "done" || got["mark-offline"] != "done" {
		t.Errorf("steps: %v", got)
	}
	if got := b.pdState(leaver.ID); got != "Tombstone" {
		t.Errorf("PD says %q", got)
	}
	if left := b.evicting(); len(left) > 0 {
		t.Errorf("evict-leader is still on stores %v", left)
	}
	b.wantEmptied(leaver.ID)
	text, err := os.ReadFile(b.Topology())
	b.must(err)
	if strings.Count(string(text), "offline: true") != 1 {
		t.Errorf("topology lacks the flag:\n%s", text)
	}
}

// The intent is on disk before the request leaves, so a run that was killed
// before it heard PD's answer can be taken back in full.
func TestKilledBeforeTheAnswerAndCancelled(t *testing.T) {
	full(t)
	b := newBench(t, half)
	b.restartPD() // its first reload changes a value of its own; see usedLeader
	leaver := b.tikv()[4].ID
	b.ownLimit(leaver)
	before := b.picture()
	arrived := b.proxy.stopAt(t, http.MethodDelete, fmt.Sprintf("/store/%d", leaver), true)
	r := b.start("scale-in", "-N", fmt.Sprint(leaver), "--yes")
	<-arrived
	r.signal(os.Kill)
	r.wait()
	b.proxy.forget()
	if got := b.pdState(leaver); got != "Offline" {
		t.Fatalf("PD says %q", got)
	}
	// PD forgets too.
	b.restartPD()
	b.wantCode(b.run("cancel-offline", "-N", fmt.Sprint(leaver), "--yes"), 0)
	b.wantSame(before, b.picture())
}

func TestSecondOperationIsTurnedAwayWhileOneRuns(t *testing.T) {
	b := newBench(t, setup{tikv: 6})
	first, second := b.tikv()[0], b.tikv()[1]
	arrived := b.proxy.stopAt(t, http.MethodPost, "/schedulers", false)
	r := b.start("scale-in", "-N", first.Address, "--evict-leader", "--yes")
	<-arrived

	turnedAway := b.run("scale-in", "-N", second.Address, "--yes")
	b.wantCode(turnedAway, 10)
	if f := turnedAway.failure(t); f.Code != "locked" || !strings.Contains(f.Message, fmt.Sprint(r.cmd.Process.Pid)) {
		t.Errorf("the error does not name who runs: %+v", f)
	}
	if got := b.pdState(second.ID); got != "Up" {
		t.Errorf("PD says %q", got)
	}
	r.signal(os.Kill)
	r.wait()
	b.proxy.forget()
	b.wantCode(b.run("scale-in", "-N", second.Address, "--yes"), 0)
	if got := b.pdState(second.ID); got != "Offline" {
		t.Errorf("PD says %q", got)
	}
}
