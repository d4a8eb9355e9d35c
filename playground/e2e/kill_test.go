package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ebb/playground/store"
)

// record is a line of ebb's journal.
type record struct {
	Kind string `json:"kind"`
	Step string `json:"step"`
}

// Moments at which a run of ebb is killed, around one step.
const (
	atIntent  = "intent"  // the intent is in the journal, and PD has heard of nothing
	unheard   = "unheard" // PD has made the change, and ebb does not hear its answer
	atOutcome = "outcome" // the outcome is in the journal
)

// moment is where a run is killed. The step has no store id: it is of the run.
type moment struct{ step, when string }

func (m moment) String() string { return m.step + " " + m.when }

// stepsOfPD are the steps for which PD is told something. restore-limit is not
// among them: as long as its leader stays, PD puts the limit back by itself.
var stepsOfPD = []string{"delete-store", "evict-leader", "remove-evict-leader", "set-up", "force-delete-store", "remove-tombstone", "tune-set", "tune-restore"}

// moments are those of all steps that an undisturbed run has written down.
func moments(records []record, s store.StoreState) []moment {
	var list []moment
	for _, r := range records {
		if r.Kind != "intent" {
			continue
		}
		step := general(r.Step, s)
		list = append(list, moment{step, atIntent})
		if kind, _, _ := strings.Cut(step, "/"); slices.Contains(stepsOfPD, kind) {
			list = append(list, moment{step, unheard})
		}
		list = append(list, moment{step, atOutcome})
	}
	return list
}

// general takes what is of one store alone out of the name of a step, which is
// kind/store/unit, kind/store/path or a kind alone.
func general(step string, s store.StoreState) string {
	kind, rest, ok := strings.Cut(step, "/")
	if !ok {
		return step
	}
	rest = strings.TrimPrefix(rest, fmt.Sprint(s.ID))
	return kind + "/ID" + strings.ReplaceAll(rest, s.Host, "HOST")
}

// journalFile is the journal of the bench's cluster.
func (b *bench) journalFile() string {
	b.Helper()
	var cluster struct {
		ID uint64 `json:"id"`
	}
	b.read("/cluster", &cluster)
	return filepath.Join(b.state, "ebb", "journal", fmt.Sprint(cluster.ID)+".jsonl")
}

// records are the whole lines of a journal from an offset on.
func records(file string, from int64) []record {
	text, err := os.ReadFile(file)
	if err != nil || int64(len(text)) <= from {
		return nil
	}
	var list []record
	for line := range bytes.Lines(text[from:]) {
		var r record
		if line[len(line)-1] == '\n' && json.Unmarshal(line, &r) == nil {
			list = append(list, r)
		}
	}
	return list
}

// written runs something, and returns what it wrote into the journal.
func (b *bench) written(run func() result) []record {
	b.Helper()
	file := b.journalFile()
	from := size(file)
	b.wantCode(run(), 0)
	return records(file, from)
}

func size(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

// killed starts ebb, kills it at a moment, and tells whether the moment came: a
// step that is done already does not come again. The kernel tells of every line of
// the journal, so the kill comes while ebb still waits for the disk; what PD would
// be told in between is held back by the proxy.
func (b *bench) killed(m moment, s store.StoreState, start func() *running) bool {
	b.Helper()
	file := b.journalFile()
	from := size(file)
	b.must(os.MkdirAll(filepath.Dir(file), 0o700))
	lines := b.watchDir(filepath.Dir(file))
	is := func(r record, kind string) bool { return r.Kind == kind && general(r.Step, s) == m.step }
	reached := func(kind string) bool {
		return slices.ContainsFunc(records(file, from), func(r record) bool { return is(r, kind) })
	}
	// The intent is on disk before the request leaves, and the outcome is not before
	// PD has answered: so the last line says which step a request is of.
	between := func() bool {
		list := records(file, from)
		return len(list) > 0 && is(list[len(list)-1], "intent")
	}

	release := make(chan struct{})
	heard := make(chan struct{}, 1)
	b.proxy.on("", "", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if m.when == atOutcome || !between() {
			next.ServeHTTP(w, r)
			return
		}
		if m.when == unheard {
			next.ServeHTTP(httptest.NewRecorder(), r)
		}
		select {
		case heard <- struct{}{}:
		default:
		}
		<-release
		panic(http.ErrAbortHandler)
	})
	defer b.proxy.forget()
	defer close(release)

	run := start()
	run.killed = true
	ended := make(chan result, 1)
	go func() { ended <- run.wait() }()
	for {
		var hit bool
		select {
		case <-heard:
			hit = true
		case <-lines:
			hit = m.when == atIntent && reached("intent") || m.when == atOutcome && reached("outcome")
		case r := <-ended:
			b.wantCode(r, 0)
			// A busy machine may hear of the last outcome only when the run has ended
			// right behind it, which is the same moment.
			return m.when == atOutcome && reached("outcome")
		}
		if hit {
			// After the last outcome it may have come to its end by itself.
			if err := run.cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
				b.must(err)
			}
			<-ended
			return true
		}
	}
}

// watchDir tells of every write in a directory, from the kernel's own mouth.
func (b *bench) watchDir(dir string) <-chan struct{} {
	b.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	b.must(err)
	watch := os.NewFile(uintptr(fd), "inotify")
	_, err = syscall.InotifyAddWatch(fd, dir, syscall.IN_MODIFY|syscall.IN_CREATE)
	b.must(err)
	b.Cleanup(func() { watch.Close() })
	told := make(chan struct{})
	go func() {
		events := make([]byte, 4096)
		for {
			if _, err := watch.Read(events); err != nil {
				return
			}
			select {
			case told <- struct{}{}:
			case <-time.After(eventually): // nobody listens any more
				return
			}
		}
	}()
	return told
}

// neverTorn reads the topology again and again until the returned function is
// called, which fails the test unless every reading was one of the whole texts.
func (b *bench) neverTorn(whole ...string) (stop func()) {
	done := make(chan struct{})
	var torn atomic.Pointer[string]
	var group sync.WaitGroup
	group.Go(func() {
		for {
			text, err := os.ReadFile(b.Topology())
			if now := string(text); err != nil || !slices.Contains(whole, now) {
				torn.CompareAndSwap(nil, &now)
			}
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	return func() {
		b.Helper()
		close(done)
		group.Wait()
		if text := torn.Load(); text != nil {
			b.Errorf("at some moment the topology read:\n%s", *text)
		}
	}
}

// TestKilledScaleInAndCancel kills scale-in and then cancel-offline at each step.
// Run again, each ends as if nothing had happened; and because the second takes
// all of the first back, to the byte, one store serves for all of it.
func TestKilledScaleInAndCancel(t *testing.T) {
	b := newBench(t, setup{})
	b.restartPD() // its first reload changes a value of its own; see usedLeader
	s := b.tikv()[2]
	b.ownLimit(s.ID)
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	leave := func() *running { return b.start("scale-in", "-N", s.Address, "--evict-leader", "--yes") }
	cancel := func() *running { return b.start("cancel-offline", "-N", s.Address, "--yes") }
	wait := func(start func() *running) func() result {
		return func() result { r := start(); return r.wait() }
	}

	up := b.picture()
	out := moments(b.written(wait(leave)), s)
	off := b.picture()
	back := moments(b.written(wait(cancel)), s)
	b.wantSame(up, b.picture())
	if len(out) < 8 || len(back) < 10 {
		t.Fatalf("the undisturbed runs have the moments %v and %v only", out, back)
	}
	stop := b.neverTorn(up["topology"], off["topology"])
	for i := range max(len(out), len(back)) {
		b.thenAgain(out[i%len(out)], s, leave, off)
		b.thenAgain(back[i%len(back)], s, cancel, up)
		if t.Failed() {
			break
		}
	}
	stop()
}

// thenAgain kills a run at a moment and makes it once more, after which all has
// to look as wanted.
func (b *bench) thenAgain(m moment, s store.StoreState, start func() *running, want picture) {
	b.Helper()
	if !b.killed(m, s, start) {
		b.Errorf("%s never came", m)
	}
	again := start()
	b.wantCode(again.wait(), 0)
	now := b.picture()
	for part := range want {
		if now[part] != want[part] {
			b.Errorf("after a kill at %s, %s is not as after an undisturbed run:\n%s", m, part, differences(want[part], now[part]))
		}
	}
}

// A scale-in that waits takes evict-leader away at the end. Killed there, another
// run cannot scale in what is Tombstone; watch finishes it.
func TestKilledAtTheEndOfScaleIn(t *testing.T) {
	full(t)
	b := newBench(t, setup{tikv: 7})
	for i, when := range []string{atIntent, unheard, atOutcome} {
		s := b.tikv()[i]
		leave := func() *running {
			return b.start("scale-in", "-N", s.Address, "--evict-leader", "--wait", "--interval", "200ms", "--yes")
		}
		if !b.killed(moment{"remove-evict-leader/ID", when}, s, leave) {
			t.Errorf("%s never came", when)
		}
		b.wantCode(b.run("watch", "-N", s.Address, "--interval", "200ms"), 0)
		if left := b.evicting(); len(left) > 0 {
			t.Errorf("%s: evict-leader is still on %v", when, left)
		}
		b.wantEmptied(s.ID)
	}
}

// shards is over how many playgrounds the moments of prune are spread. In each
// one store leaves undisturbed, and then one for each moment.
const shards = 4

// TestKilledPrune kills prune at each step, each time with another store, and
// compares with the store that was pruned undisturbed.
func TestKilledPrune(t *testing.T) {
	t.Parallel()
	for shard := range shards {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			if shard > 0 {
				full(t)
			}
			b := newHostedBench(t, setup{tikv: 14})
			leavers := b.tikv()[:11]
			if testing.Short() {
				leavers = leavers[:3]
			}
			b.killedPrunes(shard, leavers)
		})
	}
}

func (b *bench) killedPrunes(shard int, leavers []store.StoreState) {
	b.Helper()
	disks := b.tree()
	b.retire(leavers...)
	text := b.topologyText()
	prune := func(s store.StoreState) *running { return b.startOverSSH("prune", "-N", s.Address, "--yes") }
	undisturbed := moments(b.written(func() result { r := prune(leavers[0]); return r.wait() }), leavers[0])
	b.wantPruned(disks, text, leavers[:1])
	var mine []moment
	for i, m := range undisturbed {
		if i%shards == shard {
			mine = append(mine, m)
		}
	}
	if len(mine) < 6 {
		b.Fatalf("the undisturbed run has the moments %v only", undisturbed)
	}
	// The last store is pruned together with PD's records, which only then may go.
	last := len(leavers) - 1
	if len(mine) > last-1 && !testing.Short() {
		b.Errorf("%d moments for %d stores: use more shards", len(mine), last-1)
	}
	for i := 1; i <= last && !b.Failed(); i++ {
		m := moment{"remove-tombstone", []string{atIntent, unheard, atOutcome}[shard%3]}
		if i < last {
			m = mine[(i-1)%len(mine)]
		}
		b.Logf("%s", m)
		stop := b.neverTorn(without(text, leavers[:i]...), without(text, leavers[:i+1]...))
		b.killedPrune(m, leavers[:i+1], disks, text, prune)
		stop()
	}
	if got := b.stores(); len(got) != len(b.tikv())-len(leavers) {
		b.Errorf("PD has %d stores", len(got))
	}
	if left := b.stillListed(leavers); len(left) > 0 {
		b.Errorf("display still has %v", left)
	}
}

// killedPrune kills the pruning of the last of some stores, and makes it once more.
func (b *bench) killedPrune(m moment, pruned []store.StoreState, disks tree, text string, prune func(store.StoreState) *running) {
	b.Helper()
	s := pruned[len(pruned)-1]
	var run *running
	if !b.killed(m, s, func() *running { run = prune(s); return run }) {
		b.Errorf("%s never came", m)
	}
	cut := result{events: run.seen}
	listed := b.listed(cut.of("plan")[0].Plan)
	for _, s := range pruned[:len(pruned)-1] {
		listed = append(listed, places(s, true)...)
	}
	now := b.tree()
	for path := range disks {
		if _, there := now[path]; !there && !below(path, listed) {
			b.Errorf("%s: %s is gone, and the plan does not list it", m, path)
		}
	}
	again := prune(s)
	if r := again.wait(); m.step != "remove-tombstone" {
		b.wantCode(r, 0)
	} else { // neither PD nor the topology may know the name any more
		b.wantCode(b.overSSH("prune", "--yes"), 0)
	}
	b.wantPruned(disks, text, pruned)
}

// wantPruned fails unless exactly these stores are gone from disks and topology.
func (b *bench) wantPruned(disks tree, text string, pruned []store.StoreState) {
	b.Helper()
	var gone []string
	for _, s := range pruned {
		gone = append(gone, places(s, true)...)
		b.wantDead(s)
	}
	b.wantGone(disks, b.tree(), gone)
	if got, want := b.topologyText(), without(text, pruned...); got != want {
		b.Errorf("topology:\n%s", differences(want, got))
	}
}
