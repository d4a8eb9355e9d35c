package tune

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ebb/cluster"
)

// versions are those in which something about temporary values differs.
var versions = []string{"v4.0.8", "v4.0.16", "v5.2.4", "v6.1.7", "v8.5.3", "v9.0.0-beta.2.pre", "None"}

func results(outcomes []Outcome) map[string]Result {
	list := make(map[string]Result)
	for i := range outcomes {
		list[outcomes[i].Change.String()] = outcomes[i].Result
	}
	return list
}

func worldOf(t *testing.T, version string) *world {
	w := newWorld(t, version)
	w.noLimits = strings.HasPrefix(version, "v9")
	w.keeps = strings.HasPrefix(version, "v4") || strings.HasPrefix(version, "v6")
	return w
}

func TestApplyAndRestore(t *testing.T) {
	for _, version := range versions {
		for _, profile := range Profiles() {
			t.Run(version+" "+string(profile), func(t *testing.T) {
				w := worldOf(t, version)
				before := w.picture()
				plan := w.plan(profile)
				w.apply(profile)
				for i := range plan.Changes {
					c := &plan.Changes[i]
					if got := w.works(c.Item); got != c.New {
						t.Errorf("%s works as %s, want %s", c.Item, got, c.New)
					}
					if temporary := w.live(c.Item); temporary != c.Expires && (!w.noLimits || !c.Setting.isLimit()) {
						t.Errorf("%s is temporary: %v", c.Item, temporary)
					}
				}
				if held := outstanding(w.journal.entries, w.now); len(held) != len(plan.Changes) {
					t.Errorf("held %d of %d", len(held), len(plan.Changes))
				}
				if outcomes, err := w.restore(); err != nil {
					t.Errorf("restore: %v, %v", err, results(outcomes))
				}
				w.now = w.now.Add(5 * time.Second)
				if after := w.picture(); after != before {
					t.Errorf("after restore\n%s\nbefore\n%s", after, before)
				}
				if held := outstanding(w.journal.entries, w.now); len(held) > 0 {
					t.Errorf("still held: %+v", held)
				}
				w.writes = nil
				if _, err := w.restore(); err != nil || len(w.writes) > 0 {
					t.Errorf("a second restore: %v, wrote %v", err, w.writes)
				}
			})
		}
	}
}

// The process ends at each record of the journal; then all is put back from what
// is in it.
func TestRestoreAfterAKill(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			for cut := 0; ; cut++ {
				w := worldOf(t, version)
				before := w.picture()
				w.journal.cut = cut
				if !killed(func() { w.apply(Max) }) {
					if cut < 10 {
						t.Errorf("killed at %d records only", cut)
					}
					return
				}
				// The restore may be killed as well, at the record after.
				w.journal.cut = cut + 1
				killed(func() { _, _ = w.restore() })
				w.journal.cut = -1
				if _, err := w.restore(); err != nil {
					t.Fatalf("killed at record %d: restore: %v", cut, err)
				}
				w.now = w.now.Add(5 * time.Second)
				if after := w.picture(); after != before {
					t.Fatalf("killed at record %d: after\n%s\nbefore\n%s", cut, after, before)
				}
			}
		})
	}
}

func killed(run func()) (yes bool) {
	defer func() {
		switch r := recover(); r {
		case nil:
		case errKilled:
			yes = true
		default:
			panic(r)
		}
	}()
	run()
	return false
}

// What nobody restores goes by itself where PD can do that.
func TestDeadMansSwitch(t *testing.T) {
	w := worldOf(t, "v8.5.3")
	before := w.picture()
	w.apply(Gentle)
	if w.picture() == before {
		t.Fatal("nothing was changed")
	}
	w.now = w.now.Add(time.Hour)
	if after := w.picture(); after != before {
		t.Errorf("after the time\n%s\nbefore\n%s", after, before)
	}
	// etcd may have started the clock anew meanwhile, so it is still looked after.
	if held := outstanding(w.journal.entries, w.now); len(held) == 0 {
		t.Error("forgotten too early")
	}
	w.now = w.now.Add(time.Hour)
	if held := outstanding(w.journal.entries, w.now); len(held) > 0 {
		t.Errorf("still held: %+v", held)
	}
}

func TestExtend(t *testing.T) {
	w := worldOf(t, "v8.5.3")
	applied := w.apply(Fast)
	w.now = w.now.Add(50 * time.Minute)
	if err := Extend(context.Background(), applied, time.Hour, w.deps()); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(50 * time.Minute)
	if got := w.works(Item{AddPeer, 1}); got != "100" {
		t.Errorf("add-peer of store 1 is %s", got)
	}
	for _, h := range outstanding(w.journal.entries, w.now) {
		if h.Setting != EvictLeader && !h.Until.Equal(start.Add(110*time.Minute)) {
			t.Errorf("%s expires at %s", h.Item, h.Until)
		}
	}
	if slices.ContainsFunc(w.writes, func(text string) bool { return strings.Count(text, "evict") > 0 && !strings.HasSuffix(text, "=on") }) {
		t.Errorf("writes %v", w.writes)
	}
	w.fails[Item{AddPeer, 1}] = errBroken
	if err := Extend(context.Background(), applied, time.Hour, w.deps()); !errors.Is(err, errBroken) {
		t.Errorf("Extend() = %v", err)
	}
}

func TestForeignValuesAreKept(t *testing.T) {
	w := worldOf(t, "v9.0.0-beta.2.pre")
	w.snap.Schedule.PatrolRegionInterval = time.Second
	w.apply(Fast)
	w.permanent(Item{Setting: PatrolRegionInterval}, "50ms")
	w.snap.Limits[2] = cluster.StoreLimit{AddPeer: 77, RemovePeer: 100}
	w.snap.EvictLeader = nil
	outcomes, err := w.restore()
	if err != nil {
		t.Fatal(err)
	}
	got := results(outcomes)
	want := map[string]Result{
		"schedule.patrol-region-interval": Kept, "schedule.replica-schedule-limit": Done,
		"add-peer/1": Done, "add-peer/2": Kept, "add-peer/3": Done, "evict-leader/4": Already,
		"remove-peer/1": Done, "remove-peer/2": Done, "remove-peer/3": Done,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if w.snap.Schedule.PatrolRegionInterval != 50*time.Millisecond || w.snap.Limits[2] != (cluster.StoreLimit{AddPeer: 77, RemovePeer: 15}) {
		t.Errorf("after: %v, %v", w.snap.Schedule.PatrolRegionInterval, w.snap.Limits[2])
	}
	if held := outstanding(w.journal.entries, w.now); len(held) > 0 {
		t.Errorf("still held: %+v", held)
	}
}

// Somebody sets the value between the reading of PD and the restore of it.
func TestForeignValueInTheLastMoment(t *testing.T) {
	w := worldOf(t, "v9.0.0-beta.2.pre")
	w.apply(Gentle)
	w.before = func(i Item) {
		if i == (Item{AddPeer, 1}) {
			w.snap.Limits[2] = cluster.StoreLimit{AddPeer: 77, RemovePeer: 15}
		}
	}
	if _, err := w.restore(); err != nil {
		t.Fatal(err)
	}
	if w.snap.Limits[2].AddPeer != 77 {
		t.Errorf("limit %v", w.snap.Limits[2])
	}
}

func TestTemporaryValueOfAnotherTool(t *testing.T) {
	w := worldOf(t, "v8.5.3")
	item := Item{Setting: ReplicaScheduleLimit}
	w.temp[item] = temporary{"1000", start.Add(time.Hour)}
	outcomes := w.apply(Fast)
	if got := results(outcomes)[item.String()]; got != Kept {
		t.Errorf("result %s", got)
	}
	if _, err := w.restore(); err != nil {
		t.Fatal(err)
	}
	if err := Extend(context.Background(), outcomes, time.Hour, w.deps()); err != nil {
		t.Fatal(err)
	}
	if w.works(item) != "1000" {
		t.Errorf("the other tool's value is %s", w.works(item))
	}
}

// Applied again, it lives for longer; applied slower, it goes down and what the
// slower profile does not have is put back; nothing is lost of what was there.
func TestApplyAgain(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			w := worldOf(t, version)
			before := w.picture()
			for _, p := range []Profile{Max, Max, Gentle, Fast, Gentle} {
				for _, o := range w.apply(p) {
					if c := &o.Change; c.Kind == Set && w.works(c.Item) != c.New {
						t.Errorf("%s: %s works as %s, want %s", p, c.Item, w.works(c.Item), c.New)
					}
				}
				w.now = w.now.Add(10 * time.Second)
				if got, want := w.works(Item{AddPeer, 1}), p.Wants(AddPeer, cluster.TiKV); got != want {
					t.Errorf("%s: add-peer is %s, want %s", p, got, want)
				}
				if evicted := len(w.snap.EvictLeader) > 0; evicted != (p != Gentle) {
					t.Errorf("%s: evict-leader on %v", p, w.snap.EvictLeader)
				}
			}
			if _, err := w.restore(); err != nil {
				t.Fatal(err)
			}
			w.now = w.now.Add(5 * time.Second)
			if after := w.picture(); after != before {
				t.Errorf("after\n%s\nbefore\n%s", after, before)
			}
		})
	}
}

// Somebody makes a setting as fast for good while ours is temporary: ours goes, and
// theirs stays.
func TestApplyAgainWithoutNeed(t *testing.T) {
	w := worldOf(t, "v5.2.4")
	w.apply(Gentle)
	w.snap.Limits[1] = cluster.StoreLimit{AddPeer: 50, RemovePeer: 15}
	p := w.plan(Gentle)
	i := slices.IndexFunc(p.Changes, func(c Change) bool { return c.Item == Item{AddPeer, 1} })
	if i < 0 || p.Changes[i].Kind != Restore || p.Changes[i].New != "50" {
		t.Fatalf("changes %v", changesOf(p))
	}
	w.apply(Gentle)
	w.now = w.now.Add(5 * time.Second)
	if got := w.works(Item{AddPeer, 1}); got != "50" {
		t.Errorf("add-peer works as %s", got)
	}
}

func TestApplyStops(t *testing.T) {
	t.Run("moved", func(t *testing.T) {
		w := worldOf(t, "v8.5.3")
		p := w.plan(Gentle)
		w.snap.Limits[1] = cluster.StoreLimit{AddPeer: 20, RemovePeer: 15}
		var moved *MovedError
		if _, err := Apply(context.Background(), p, w.deps()); !errors.As(err, &moved) || len(w.writes) > 0 {
			t.Errorf("Apply() = %v, wrote %v", err, w.writes)
		}
	})
	t.Run("refused", func(t *testing.T) {
		w := worldOf(t, "v8.5.3")
		w.fails[Item{AddPeer, 2}] = errBroken
		outcomes, err := Apply(context.Background(), w.plan(Gentle), w.deps())
		want := map[string]Result{"add-peer/1": Done, "add-peer/2": Failed, "add-peer/3": Left}
		if diff := cmp.Diff(want, results(outcomes)); diff != "" || !errors.As(err, new(*PartialError)) {
			t.Errorf("Apply() = %v (-want +got):\n%s", err, diff)
		}
		if held := outstanding(w.journal.entries, w.now); len(held) != 1 {
			t.Errorf("held %+v", held)
		}
	})
	t.Run("the first is refused", func(t *testing.T) {
		w := worldOf(t, "v8.5.3")
		w.fails[Item{AddPeer, 1}] = errBroken
		if _, err := Apply(context.Background(), w.plan(Gentle), w.deps()); !errors.Is(err, errBroken) || errors.As(err, new(*PartialError)) {
			t.Errorf("Apply() = %v", err)
		}
	})
	t.Run("answer lost", func(t *testing.T) {
		w := worldOf(t, "v9.0.0-beta.2.pre")
		before := w.picture()
		w.fails[Item{AddPeer, 1}] = errLost
		outcomes, err := Apply(context.Background(), w.plan(Gentle), w.deps())
		if results(outcomes)["add-peer/1"] != Unsure || !errors.As(err, new(*PartialError)) {
			t.Errorf("Apply() = %v, %v", results(outcomes), err)
		}
		if _, err := w.restore(); err != nil || w.picture() != before {
			t.Errorf("restore: %v\n%s", err, w.picture())
		}
	})
	t.Run("journal", func(t *testing.T) {
		w := worldOf(t, "v8.5.3")
		p := w.plan(Gentle)
		w.journal.failing = true
		if _, err := Apply(context.Background(), p, w.deps()); !errors.Is(err, errBroken) || len(w.writes) > 0 {
			t.Errorf("Apply() = %v, wrote %v", err, w.writes)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		w := worldOf(t, "v8.5.3")
		ctx, cancel := context.WithCancel(context.Background())
		w.before = func(i Item) {
			if i == (Item{AddPeer, 2}) {
				cancel()
			}
		}
		outcomes, err := Apply(ctx, w.plan(Gentle), w.deps())
		want := map[string]Result{"add-peer/1": Done, "add-peer/2": Done, "add-peer/3": Left}
		if diff := cmp.Diff(want, results(outcomes)); diff != "" || !errors.Is(err, context.Canceled) {
			t.Errorf("Apply() = %v (-want +got):\n%s", err, diff)
		}
	})
}

// A value that cannot be put back does not keep the others from it, nor does an
// interrupt.
func TestRestoreGoesOn(t *testing.T) {
	w := worldOf(t, "v8.5.3")
	w.apply(Gentle)
	w.fails[Item{AddPeer, 1}] = errBroken
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p, err := PlanRestore(w.evidence())
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := Apply(ctx, p, w.deps())
	var left *NotRestoredError
	if !errors.As(err, &left) || len(left.Outcomes) != 1 || left.Outcomes[0].Change.StoreID != 1 {
		t.Errorf("Apply() = %v, %v", results(outcomes), err)
	}
	if held := outstanding(w.journal.entries, w.now); len(held) != 1 || held[0].StoreID != 1 {
		t.Errorf("held %+v", held)
	}
	if _, err := w.restore(); err != nil {
		t.Errorf("a second restore: %v", err)
	}
}

// A Tombstone takes its limits with it, but PD keeps evict-leader.
func TestRestoreOfATombstone(t *testing.T) {
	w := worldOf(t, "v9.0.0-beta.2.pre")
	w.snap.Limits[4] = cluster.StoreLimit{AddPeer: 15, RemovePeer: 20}
	w.apply(Fast)
	w.snap.Stores[3].State = cluster.Tombstone
	delete(w.snap.Limits, 4)
	w.fails[Item{RemovePeer, 4}] = errBroken // nobody may ask
	outcomes, err := w.restore()
	if err != nil || results(outcomes)["remove-peer/4"] != Already || results(outcomes)["evict-leader/4"] != Done {
		t.Errorf("restore: %v, %v", results(outcomes), err)
	}
}

func TestDefaultsWithoutAJournal(t *testing.T) {
	w := worldOf(t, "v9.0.0-beta.2.pre")
	w.apply(Max)
	w.snap.Limits[3] = cluster.StoreLimit{AddPeer: 77, RemovePeer: 15} // of somebody else
	w.journal.entries = nil
	ev := w.evidence()
	p, err := PlanDefaults(ev)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"add-peer/1": "-15", "add-peer/2": "-15"}
	if diff := cmp.Diff(want, changesOf(p)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if _, err := Apply(context.Background(), p, w.deps()); err != nil || w.snap.Limits[1].AddPeer != 15 || w.snap.Limits[3].AddPeer != 77 {
		t.Errorf("Apply() = %v, %v", err, w.snap.Limits)
	}
}

// The defaults of a version that is not known are not guessed.
func TestDefaultsOfAnUnknownVersion(t *testing.T) {
	snap := snapshotOf("None")
	snap.Schedule.ReplicaScheduleLimit = 256
	p, err := PlanDefaults(evidenceOf(snap))
	if err != nil || len(p.Changes) != 0 || len(p.Notes) != 2 {
		t.Errorf("PlanDefaults() = %+v, %v", p, err)
	}
	snap = snapshotOf("v8.5.3")
	snap.Schedule.ReplicaScheduleLimit = 256
	if p, err = PlanDefaults(evidenceOf(snap)); err != nil || len(p.Changes) != 1 {
		t.Errorf("PlanDefaults() of a known version = %+v, %v", p, err)
	}
}
