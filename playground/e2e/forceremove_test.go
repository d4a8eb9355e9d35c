package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/playground/hosts"
	"ebb/playground/store"
)

func (b *bench) hostOf(s store.StoreState) *hosts.Host {
	b.Helper()
	h, err := b.Hosts().Find(s.Host)
	b.must(err)
	return h
}

// silence is after how long everybody calls a store silent: PD after 20 s, and
// ebb, which reads PD's clock in whole seconds, up to a second later.
const silence = 22 * time.Second

// awaitSilent waits until nobody takes the stores for heard any more.
func (b *bench) awaitSilent(stores ...store.StoreState) {
	b.Helper()
	for _, s := range stores {
		b.await("PD misses store "+s.Address, func() bool {
			var record struct {
				Status struct {
					Heard time.Time `json:"last_heartbeat_ts"`
				} `json:"status"`
			}
			b.read(fmt.Sprintf("/store/%d", s.ID), &record)
			return b.pdState(s.ID) == "Disconnected" && time.Since(record.Status.Heard) > silence
		})
	}
}

// writeOff runs force-remove as a script would, with the shortest watch that ebb
// takes for one.
func (b *bench) writeOff(s store.StoreState, args ...string) *running {
	b.Helper()
	var id struct {
		Cluster uint64 `json:"id"`
	}
	b.read("/cluster", &id)
	b.proxy.mayForce = fmt.Sprintf("/store/%d", s.ID)
	return b.startOverSSH("force-remove", append([]string{
		"-N", s.Address, "--observe", "20s", "--interval", "200ms", "--yes", "--cluster-id", fmt.Sprint(id.Cluster),
	}, args...)...)
}

// wantForceRefused fails unless a run ended with a refusal by a check and changed
// nothing: not in PD, not in the topology, not on a disk.
func (b *bench) wantForceRefused(r result, check string, before picture, disks tree) finding {
	b.Helper()
	b.wantCode(r, 3)
	f, refused := r.refusals()[check]
	if !refused {
		b.Errorf("check %s did not refuse: %v", check, r.refusals())
	}
	b.wantSame(before, b.picture())
	b.wantTree(disks)
	return f
}

// wantWrittenOff fails unless a store is gone from PD's regions and from the
// topology, and all else is as before.
func (b *bench) wantWrittenOff(s store.StoreState, topology string) {
	b.Helper()
	b.wantEmptied(s.ID)
	if got := b.stores()[s.ID]; got.Store.StateName != "Tombstone" || !got.Store.Destroyed {
		b.Errorf("PD says of store %d: %+v", s.ID, got.Store)
	}
	if got, want := b.topologyText(), without(topology, s); got != want || got == topology {
		b.Errorf("topology:\n%s", differences(want, got))
	}
	if !slices.Contains(b.backups(), topology) {
		b.Error("no backup has the text before")
	}
	if left := b.evicting(); len(left) > 0 {
		b.Errorf("evict-leader is on stores %v", left)
	}
}

// TestForceRemoveOfADeadHost is the whole way: nobody can tell whether the store
// still runs, somebody answers for it, PD replaces its peers.
func TestForceRemoveOfADeadHost(t *testing.T) {
	b := newHostedBench(t, setup{tikv: 5})
	dead := b.tikv()[4]
	live := b.writeOff(b.tikv()[0])
	refused := b.wantForceRefused(live.wait(), "store-state", b.picture(), b.tree())
	if !strings.Contains(refused.Fix, "scale-in") {
		t.Errorf("for a live store the fix is %q", refused.Fix)
	}
	b.must(b.hostOf(dead).Down())
	b.awaitSilent(dead)

	before, disks, text := b.picture(), b.tree(), b.topologyText()
	unfenced := b.writeOff(dead)
	if f := b.wantForceRefused(unfenced.wait(), "fencing", before, disks); f.Risk != "unfenced" {
		t.Errorf("the risk is %q", f.Risk)
	}
	// --yes alone writes nothing off, whatever cluster the script points at.
	b.wantCode(b.overSSH("force-remove", "-N", dead.Address, "--accept-risk=unfenced", "--yes"), 4)
	b.wantSame(before, b.picture())

	// When PD is told, the topology still has the node: a run that is cut short
	// then finds it there.
	var then string
	b.proxy.on(http.MethodDelete, b.proxy.mayForce, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		then = b.topologyText()
		next.ServeHTTP(w, r)
	})
	run := b.writeOff(dead, "--accept-risk=unfenced")
	r := run.wait()
	b.wantCode(r, 0)
	if then != text {
		t.Errorf("the topology was edited before PD was told:\n%s", differences(text, then))
	}
	if sent := b.proxy.made(http.MethodDelete); len(sent) != 1 || sent[0].rawQuery != "force=true" {
		t.Errorf("deletes: %v", sent)
	}
	if got := r.of("fence"); len(got) != 1 || got[0].Fence.Verdict != "UNREACHABLE-NOT-FENCED" || got[0].Fence.Changed {
		t.Errorf("fencing: %s", r.out)
	}
	if kinds := r.stepKinds(); !slices.Equal(kinds, []string{"fence", "force-delete-store", "remove-from-topology"}) {
		t.Errorf("steps %v", kinds)
	}
	b.wantWrittenOff(dead, text)
	b.wantTree(disks)
}

// stepKinds lists the steps that were done, in their order.
func (r *result) stepKinds() []string {
	var kinds []string
	for _, e := range r.of("step") {
		if e.Step.Result == "done" {
			kinds = append(kinds, e.Step.Step.Kind)
		}
	}
	return kinds
}

// TestFenceAndForceRemoveOfADeadProcess: the machine answers, so that it can be
// asked, and be told never to start the store again.
func TestFenceAndForceRemoveOfADeadProcess(t *testing.T) {
	full(t)
	b := newHostedBench(t, setup{tikv: 4})
	dead := b.tikv()[1]
	b.must(b.Fleet().StopStore(dead.ID))
	b.awaitSilent(dead)

	before, disks, text := b.picture(), b.tree(), b.topologyText()
	look := b.overSSH("fence", "-N", dead.Address, "--observe", "20s", "--dry-run")
	b.wantCode(look, 0)
	if got := look.of("fence"); len(got) != 1 || got[0].Fence.Verdict != "FENCEABLE" || got[0].Fence.Changed {
		t.Errorf("fence --dry-run: %s", look.out)
	}
	b.wantSame(before, b.picture())
	b.wantTree(disks)

	run := b.writeOff(dead)
	r := run.wait()
	b.wantCode(r, 0)
	if got := r.of("fence"); len(got) != 1 || got[0].Fence.Verdict != "FENCED" || !got[0].Fence.Changed {
		t.Errorf("fencing: %s", r.out)
	}
	b.wantWrittenOff(dead, text)
	b.wantMasked(dead, disks)
	// Neither a person nor a boot starts it again.
	if err := b.Fleet().StartStore(dead.ID); err == nil {
		t.Error("its unit could be started")
	}
	b.must(b.hostOf(dead).Down())
	b.must(b.hostOf(dead).Up())
	b.wantDead(dead)
}

// wantMasked fails unless the unit of a store is disabled and masked, its file
// lies aside, and nothing else on any host has changed.
func (b *bench) wantMasked(s store.StoreState, before tree) {
	b.Helper()
	unit := fmt.Sprintf("%s/etc/systemd/system/tikv-%d.service", s.Host, s.Port)
	wanted := fmt.Sprintf("%s/etc/systemd/system/multi-user.target.wants/tikv-%d.service", s.Host, s.Port)
	after := b.tree()
	if after[unit] != "-> /dev/null" || after[unit+".ebb-fenced"] != before[unit] {
		b.Errorf("unit file: %q, and aside %q", after[unit], after[unit+".ebb-fenced"])
	}
	delete(after, unit+".ebb-fenced")
	after[unit] = before[unit]
	b.wantGone(before, after, []string{wanted})
}

// hook writes a fence hook that notes what it was told, and ends with a status.
func (b *bench) hook(status int) (program, notes string) {
	b.Helper()
	dir := b.TempDir()
	program, notes = filepath.Join(dir, "fence_test"), filepath.Join(dir, "notes")
	text := fmt.Sprintf("#!/bin/sh\necho \"arguments: $#\" >>%[1]s\ncat >>%[1]s\nexit %[2]d\n", notes, status)
	b.must(os.WriteFile(program, []byte(text), 0o755))
	return program, notes
}

// TestFenceHook: the machine does not answer, and something else switches it off.
func TestFenceHook(t *testing.T) {
	full(t)
	b := newHostedBench(t, setup{tikv: 4})
	dead := b.tikv()[2]
	b.must(b.hostOf(dead).Down())
	b.awaitSilent(dead)
	before, disks, text := b.picture(), b.tree(), b.topologyText()

	broken, _ := b.hook(1)
	failed := b.writeOff(dead, "--fence-hook", broken)
	if r := failed.wait(); r.code == 0 || len(b.proxy.made(http.MethodDelete)) > 0 {
		t.Errorf("after a hook that failed: exit code %d, %v", r.code, b.proxy.made(http.MethodDelete))
	}
	b.wantSame(before, b.picture())

	program, notes := b.hook(0)
	run := b.writeOff(dead, "--fence-hook", program)
	r := run.wait()
	b.wantCode(r, 0)
	if got := r.of("fence"); len(got) != 1 || got[0].Fence.Verdict != "FENCED-BY-HOOK" {
		t.Errorf("fencing: %s", r.out)
	}
	// pacemaker's fence agents get no arguments, and name=value lines on stdin.
	told, err := os.ReadFile(notes)
	b.must(err)
	lines := strings.Split(strings.TrimSpace(string(told)), "\n")
	for _, want := range []string{"arguments: 0", "action=off", "nodename=" + dead.Host, "port=" + dead.Host, "plug=" + dead.Host} {
		if !slices.Contains(lines, want) {
			t.Errorf("the hook was not told %q:\n%s", want, told)
		}
	}
	b.wantWrittenOff(dead, text)
	b.wantTree(disks)
}

// TestForceRemoveNeedsMajorities: with two of four stores dead some regions have
// one replica left, and each of the two is one that those would miss.
func TestForceRemoveNeedsMajorities(t *testing.T) {
	full(t)
	b := newHostedBench(t, setup{tikv: 4})
	dead := b.tikv()[:2]
	for _, s := range dead {
		b.must(b.hostOf(s).Down())
	}
	b.awaitSilent(dead...)
	var lost []uint64
	for _, r := range b.Fleet().Regions(store.RegionFilter{NoMajority: true}) {
		lost = append(lost, r.ID)
	}
	if len(lost) == 0 {
		t.Fatal("no region has lost its majority: the test shows nothing")
	}
	before, disks := b.picture(), b.tree()
	for _, named := range []string{dead[0].Address, addresses(dead)} {
		run := b.writeOff(dead[0], "-N", named, "--accept-risk=unfenced")
		f := b.wantForceRefused(run.wait(), "majority", before, disks)
		if len(f.Regions) == 0 {
			t.Error("no region is named")
		}
		for _, id := range f.Regions {
			if !slices.Contains(lost, id) {
				t.Errorf("region %d is named, but has a majority", id)
			}
		}
	}
	if sent := b.proxy.made(http.MethodDelete); len(sent) > 0 {
		t.Errorf("deletes: %v", sent)
	}
}
