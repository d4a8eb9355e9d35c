package tune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"ebb/cluster"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// snapshotOf is a cluster of four TiKV stores, of which the fourth leaves, with
// the defaults of a release.
func snapshotOf(version string) *cluster.Snapshot {
	snap := &cluster.Snapshot{
		ReadAt: start, PDVersion: version, Members: &cluster.Members{ClusterID: 42}, Limits: make(cluster.StoreLimits),
		Schedule: &cluster.ScheduleConfig{
			ReplicaScheduleLimit: 64, MaxSnapshotCount: 64, MaxPendingPeerCount: 64, PatrolRegionInterval: 10 * time.Millisecond, LowSpaceRatio: .8,
		},
		Replication: &cluster.ReplicationConfig{MaxReplicas: 3}, Unread: make(cluster.Unread),
	}
	if r := cluster.ParseRelease(version); r.Known() && !r.AtLeast(5, 3) {
		snap.Schedule.MaxSnapshotCount, snap.Schedule.MaxPendingPeerCount, snap.Schedule.PatrolRegionInterval = 3, 16, 100*time.Millisecond
	}
	for id := cluster.StoreID(1); id <= 4; id++ {
		snap.Stores = append(snap.Stores, cluster.Store{
			ID: id, Address: fmt.Sprintf("10.0.1.%d:20160", id), StateName: cluster.StateUp, LastHeartbeat: start, RegionCount: 300, LeaderCount: 100,
			Capacity: cluster.Size{Bytes: 1 << 40, Known: true}, Available: cluster.Size{Bytes: 1 << 39, Known: true},
		})
		snap.Limits[id] = cluster.StoreLimit{AddPeer: 15, RemovePeer: 15}
	}
	snap.Stores[3].State, snap.Stores[3].StateName = cluster.Offline, cluster.StateOffline
	snap.Limits[4] = cluster.StoreLimit{AddPeer: 15, RemovePeer: cluster.LimitUnlimited}
	return snap
}

func evidenceOf(snap *cluster.Snapshot, held ...Held) Evidence {
	return Evidence{Snapshot: snap, Now: start, Held: held}
}

// Errors that a fakePD answers with.
var (
	errTTLActive    = errors.New("need to clean up TTL first")
	errNotSupported = errors.New("ttlSecond is deprecated")
	errLost         = errors.New("answer lost")
	errBroken       = errors.New("broken")
)

type temporary struct {
	value Value
	until time.Time
}

// fakePD holds permanent and temporary values by the name of the item. It knows
// only the calls of Writer and Reader, and what they do in PD.
type fakePD struct {
	t    *testing.T
	snap *cluster.Snapshot
	now  time.Time
	// foreign are items with a temporary value of somebody else.
	temp     map[Item]temporary
	noLimits bool // no temporary store limits
	keeps    bool // clearing takes five seconds
	// fails maps an item to what the next write of it ends with; lost ones are done.
	fails  map[Item]error
	writes []string
	// before is called ahead of every write.
	before func(Item)
}

func newFakePD(t *testing.T, snap *cluster.Snapshot) *fakePD {
	return &fakePD{t: t, snap: snap, now: start, temp: make(map[Item]temporary), fails: make(map[Item]error)}
}

func (f *fakePD) Snapshot(context.Context) (*cluster.Snapshot, error) {
	c := *f.snap
	schedule := *f.snap.Schedule
	c.Schedule, c.Limits, c.EvictLeader = &schedule, maps.Clone(f.snap.Limits), slices.Clone(f.snap.EvictLeader)
	return &c, nil
}

func (f *fakePD) ScheduleConfig(context.Context) (*cluster.ScheduleConfig, error) {
	c := *f.snap.Schedule
	return &c, nil
}

func (f *fakePD) StoreLimits(context.Context) (cluster.StoreLimits, error) {
	return maps.Clone(f.snap.Limits), nil
}

func (f *fakePD) EvictLeaderStores(context.Context) ([]cluster.StoreID, error) {
	return slices.Clone(f.snap.EvictLeader), nil
}

func (f *fakePD) live(i Item) bool { return f.now.Before(f.temp[i].until) }

// works is what this PD works by.
func (f *fakePD) works(i Item) Value {
	if f.live(i) {
		return f.temp[i].value
	}
	return shown(f.snap, i)
}

func (f *fakePD) write(i Item, text string, do func()) error {
	if f.before != nil {
		f.before(i)
	}
	err := f.fails[i]
	delete(f.fails, i)
	if err == nil || errors.Is(err, errLost) {
		f.writes = append(f.writes, text)
		do()
	}
	return err
}

func one(values map[string]any) (Item, Value) {
	for name, value := range values {
		return Item{Setting: Setting(name)}, Value(fmt.Sprint(value))
	}
	return Item{}, ""
}

func (f *fakePD) SetConfig(_ context.Context, values map[string]any) error {
	i, value := one(values)
	if f.live(i) {
		return errTTLActive
	}
	if value == shown(f.snap, i) {
		return nil
	}
	return f.write(i, fmt.Sprintf("%s=%s", i, value), func() { f.permanent(i, value) })
}

func (f *fakePD) permanent(i Item, value Value) {
	n, _ := value.float()
	switch i.Setting {
	case ReplicaScheduleLimit:
		f.snap.Schedule.ReplicaScheduleLimit = int(n)
	case MaxSnapshotCount:
		f.snap.Schedule.MaxSnapshotCount = int(n)
	case MaxPendingPeerCount:
		f.snap.Schedule.MaxPendingPeerCount = int(n)
	case PatrolRegionInterval:
		f.snap.Schedule.PatrolRegionInterval = time.Duration(n * float64(time.Millisecond))
	default:
		f.t.Errorf("config %s is not known", i)
	}
}

func (f *fakePD) SetConfigTTL(_ context.Context, values map[string]any, ttl time.Duration) error {
	i, value := one(values)
	if i.Setting == PatrolRegionInterval {
		f.t.Errorf("%s cannot be set for a time", i)
	}
	return f.write(i, fmt.Sprintf("%s=%s for %s", i, value, ttl), func() { f.temp[i] = temporary{value, f.now.Add(ttl)} })
}

func (f *fakePD) ClearConfigTTL(_ context.Context, values map[string]any) error {
	i, value := one(values)
	return f.write(i, fmt.Sprintf("%s cleared", i), func() {
		if delete(f.temp, i); f.keeps {
			f.temp[i] = temporary{value, f.now.Add(5 * time.Second)}
		}
	})
}

func (f *fakePD) SetStoreLimit(_ context.Context, id cluster.StoreID, t cluster.LimitType, rate float64) error {
	i := Item{Setting(t), id}
	return f.write(i, fmt.Sprintf("%s=%g", i, rate), func() {
		l := f.snap.Limits[id]
		if t == cluster.AddPeer {
			l.AddPeer = rate
		} else {
			l.RemovePeer = rate
		}
		f.snap.Limits[id] = l
	})
}

func (f *fakePD) SetStoreLimitTTL(_ context.Context, id cluster.StoreID, t cluster.LimitType, rate float64, ttl time.Duration) error {
	i := Item{Setting(t), id}
	if f.noLimits {
		return errNotSupported
	}
	return f.write(i, fmt.Sprintf("%s=%g for %s", i, rate, ttl), func() { f.temp[i] = temporary{number(rate), f.now.Add(max(ttl, 5*time.Second))} })
}

func (f *fakePD) AddEvictLeader(_ context.Context, id cluster.StoreID) error {
	i := Item{EvictLeader, id}
	return f.write(i, i.String()+"=on", func() { f.snap.EvictLeader = append(f.snap.EvictLeader, id) })
}

func (f *fakePD) RemoveEvictLeader(_ context.Context, id cluster.StoreID) error {
	i := Item{EvictLeader, id}
	return f.write(i, i.String()+"=off", func() {
		f.snap.EvictLeader = slices.DeleteFunc(f.snap.EvictLeader, func(s cluster.StoreID) bool { return s == id })
	})
}

// fakeJournal keeps entries as the journal would; cut makes it end with the
// process: nothing is written any more from that record on.
type fakeJournal struct {
	entries []Entry
	records int
	cut     int // -1: never
	failing bool
	now     func() time.Time
}

// errKilled stands for the end of the process.
var errKilled = errors.New("killed")

func (j *fakeJournal) count() error {
	if j.failing {
		return errBroken
	}
	if j.cut >= 0 && j.records >= j.cut {
		panic(errKilled)
	}
	j.records++
	return nil
}

func (j *fakeJournal) Intent(step string, undo any) error {
	if err := j.count(); err != nil {
		return err
	}
	raw, err := json.Marshal(undo)
	j.entries = append(j.entries, Entry{Operation: "op", Actor: "ops@db1", Step: step, At: j.now(), Result: "unknown", Undo: raw})
	return err
}

func (j *fakeJournal) Outcome(step, result string, _ error) error {
	if err := j.count(); err != nil {
		return err
	}
	for i := len(j.entries) - 1; i >= 0; i-- {
		if j.entries[i].Step == step {
			j.entries[i].Result = result
			return nil
		}
	}
	return errBroken
}

// world is a fake PD with a journal beside it.
type world struct {
	*fakePD
	journal *fakeJournal
}

func newWorld(t *testing.T, version string) *world {
	f := newFakePD(t, snapshotOf(version))
	return &world{f, &fakeJournal{cut: -1, now: func() time.Time { return f.now }}}
}

func (w *world) deps() Deps {
	is := func(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }
	return Deps{
		PD: w.fakePD, Journal: w.journal, OutcomeUnknown: is(errLost), TTLActive: is(errTTLActive), NotSupported: is(errNotSupported),
		Now: func() time.Time { return w.now },
	}
}

func (w *world) evidence() Evidence {
	snap, _ := w.Snapshot(context.Background())
	return Evidence{Snapshot: snap, Now: w.now, Held: outstanding(w.journal.entries, w.now)}
}

func (w *world) plan(p Profile) *Plan {
	w.t.Helper()
	plan, err := PlanApply(w.evidence(), p, time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	return plan
}

func (w *world) apply(p Profile) []Outcome {
	w.t.Helper()
	outcomes, err := Apply(context.Background(), w.plan(p), w.deps())
	if err != nil {
		w.t.Fatal(err)
	}
	return outcomes
}

func (w *world) restore() ([]Outcome, error) {
	w.t.Helper()
	plan, err := PlanRestore(w.evidence())
	if err != nil {
		w.t.Fatal(err)
	}
	return Apply(context.Background(), plan, w.deps())
}

// picture is all that PD shows and works by.
func (w *world) picture() string {
	text := fmt.Sprintf("%+v %v %v", *w.snap.Schedule, w.snap.Limits, w.snap.EvictLeader)
	for _, s := range configSettings {
		text += fmt.Sprintf(" %s=%s", s, w.works(Item{Setting: s}))
	}
	for id := cluster.StoreID(1); id <= 4; id++ {
		text += fmt.Sprintf(" %d: %s %s", id, w.works(Item{AddPeer, id}), w.works(Item{RemovePeer, id}))
	}
	return text
}

// outstanding is Outstanding of a journal that can be read.
func outstanding(entries []Entry, now time.Time) []Held {
	held, err := Outstanding(entries, now)
	if err != nil {
		panic(err)
	}
	return held
}
