package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ebb/playground/store"
)

// addSibling puts another instance of tiup's on the host of a store: one that is
// no store, so that PD knows nothing of it.
func (b *bench) addSibling(s store.StoreState) {
	b.Helper()
	dir := filepath.Join(b.hostsDir(), s.Host, "deploy", "tidb-4000")
	b.must(os.MkdirAll(filepath.Join(dir, "log"), 0o755))
	b.must(os.WriteFile(filepath.Join(dir, "log", "slow.txt"), []byte("select 1\n"), 0o644))
	text := fmt.Sprintf("%stidb_servers:\n  - host: %s # stays\n    deploy_dir: %s\n", b.topologyText(), s.Host, dir)
	b.must(os.WriteFile(b.Topology(), []byte(text), 0o644))
}

// TestPrune takes a TiKV that shares its host, one that does not, and a TiFlash,
// and looks at everything on all disks before and after.
func TestPrune(t *testing.T) {
	b := newHostedBench(t, setup{tikv: 5, tiflash: 2})
	shared, alone, flash := b.tikv()[0], b.tikv()[1], b.tiflash()[0]
	leavers := []store.StoreState{shared, alone, flash}
	b.addSibling(shared)
	disks := b.tree()

	t.Run("not before they are Tombstone", func(t *testing.T) {
		b := b.in(t)
		b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
		b.wantCode(b.run("scale-in", "-N", addresses(leavers), "--yes"), 0)
		before := b.picture()
		r := b.overSSH("prune", "-N", addresses(leavers), "--yes")
		b.wantCode(r, 3)
		for _, s := range leavers {
			if !strings.Contains(r.errs+r.out, s.Address) {
				t.Errorf("store %s is not named", s.Address)
			}
			b.wantAlive(s)
		}
		b.wantSame(before, b.picture())
		b.wantTree(disks)
		b.must(b.Fleet().IgnoreOperators(store.Obedience{}))
	})
	b.retire(leavers...)
	if t.Failed() {
		return
	}

	before, text := b.picture(), b.topologyText()
	b.dryRunChangesNothing(leavers, disks)
	r := b.overSSH("prune", "--yes")
	b.wantCode(r, 0)
	after := b.tree()
	b.wantGone(disks, after, b.listed(r.of("plan")[0].Plan))
	b.wantGone(disks, after, slices.Concat(places(shared, false), places(alone, true), places(flash, true)))
	for _, s := range leavers {
		b.wantDead(s)
		if state := b.pdState(s.ID); state != "" {
			t.Errorf("PD still has store %d: %s", s.ID, state)
		}
	}
	for _, s := range slices.Concat(b.tikv()[2:], b.tiflash()[1:]) {
		b.wantAlive(s)
	}
	if got, want := b.topologyText(), without(text, leavers...); got != want || got == text {
		t.Errorf("topology:\n%s", differences(want, got))
	}
	if !slices.Contains(b.backups(), text) {
		t.Error("no backup has the text before")
	}
	if left := b.stillListed(leavers[1:]); len(left) > 0 {
		t.Errorf("display still has %v", left)
	}
	// Nothing else that ebb may change in PD has.
	now := b.picture()
	delete(before, "topology")
	for _, part := range []string{"stores", "/stores/limit"} { // about the stores themselves
		delete(before, part)
	}
	b.wantSame(before, now)

	again := b.runRaw("prune", "-t", b.Topology(), "-u", b.endpoints, "--yes")
	b.wantCode(again, 0)
	if !strings.Contains(again.errs, "nothing to prune") {
		t.Errorf("the second run says:\n%s%s", again.out, again.errs)
	}
	b.wantGone(after, b.tree(), nil)
}

func (b *bench) dryRunChangesNothing(leavers []store.StoreState, disks tree) {
	b.Helper()
	before, writes := b.picture(), len(b.proxy.writes())
	r := b.overSSH("prune", "--dry-run")
	b.wantCode(r, 0)
	if got := len(r.of("plan")[0].Plan.Steps); got < 10 {
		b.Errorf("the plan has %d steps only", got)
	}
	if now := b.proxy.writes(); len(now) > writes {
		b.Errorf("the dry run wrote: %v", now[writes:])
	}
	b.wantSame(before, b.picture())
	b.wantTree(disks)
	for _, s := range leavers {
		b.wantAlive(s)
	}
}

func TestPruneKeepsData(t *testing.T) {
	full(t)
	b := newHostedBench(t, setup{tikv: 4})
	leaver := b.tikv()[3]
	before := b.tree()
	b.retire(leaver)
	r := b.overSSH("prune", "-N", leaver.Address, "--keep-data", "--yes")
	b.wantCode(r, 0)
	b.wantDead(leaver)
	after := b.tree()
	renamed := 0
	for _, s := range r.of("plan")[0].Plan.Steps {
		if s.Kind == "delete" || s.Kind == "empty" {
			b.Errorf("the plan deletes %s", s.Path)
		}
		if s.Kind != "rename" {
			continue
		}
		renamed++
		from, to := b.onDisk(leaver.Host, s.Path), b.onDisk(leaver.Host, s.To)
		for path, what := range before {
			if rest, ok := strings.CutPrefix(path, from); ok && below(path, []string{from}) && after[to+rest] != what {
				t.Errorf("%s: %q, want %q", to+rest, after[to+rest], what)
			}
			// What is left differs from the tree of the others by the renamed alone.
			if rest, ok := strings.CutPrefix(path, from); ok {
				delete(after, to+rest)
			}
		}
	}
	if renamed < 3 {
		t.Errorf("%d directories were renamed", renamed)
	}
	b.wantGone(before, after, places(leaver, true))
}
