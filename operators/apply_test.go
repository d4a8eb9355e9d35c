package operators

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ebb/cluster"
)

const statusRunning = "RUNNING"

// fakePD is a PD of a few regions that carries operators out after some looks.
type fakePD struct {
	t  *testing.T
	mu sync.Mutex

	clusterID uint64
	regions   map[cluster.RegionID]*cluster.Region
	running   map[cluster.RegionID]cluster.Operator
	// looks is how often a region is read before its operator is carried out; -1
	// never.
	looks map[cluster.RegionID]int
	// onRead is called before a region is read for the n-th time (from 1).
	onRead  func(f *fakePD, id cluster.RegionID, n int)
	reads   map[cluster.RegionID]int
	refuse  map[cluster.RegionID]error
	halt    bool
	added   []string
	most    int // operators under way at once
	scenes  int
	unknown bool // every request comes back without an answer, though carried out
}

// newFakePD has n regions from id 1 on the live stores 1 and 2 and on store 99,
// which is gone, and no store to spare.
func newFakePD(t *testing.T, n int) *fakePD {
	f := &fakePD{t: t, clusterID: 7, regions: make(map[cluster.RegionID]*cluster.Region),
		running: make(map[cluster.RegionID]cluster.Operator), looks: make(map[cluster.RegionID]int),
		reads: make(map[cluster.RegionID]int), refuse: make(map[cluster.RegionID]error), halt: true}
	for i := range n {
		id := cluster.RegionID(i + 1)
		r := &cluster.Region{ID: id, StartKey: []byte{byte(i)}, EndKey: []byte{byte(i + 1)}, Epoch: cluster.RegionEpoch{ConfVer: 5, Version: 3}}
		for k, store := range []cluster.StoreID{1, 2, 99} {
			r.Peers = append(r.Peers, cluster.Peer{ID: uint64(id)*10 + uint64(k), StoreID: store})
		}
		r.Leader = r.Peers[0]
		f.regions[id] = r
	}
	return f
}

func (f *fakePD) Scene(context.Context) (*Scene, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.scenes++
	return NewScene(SceneReading{Snapshot: f.snapshot()})
}

func (f *fakePD) snapshot() *cluster.Snapshot {
	now := time.Unix(1_700_000_000, 0)
	snap := &cluster.Snapshot{
		ReadAt: now, PDVersion: "v8.5.0", Members: &cluster.Members{ClusterID: f.clusterID},
		Schedule:    &cluster.ScheduleConfig{HaltScheduling: f.halt, ReplicaScheduleLimit: 64, LowSpaceRatio: 0.8},
		Replication: &cluster.ReplicationConfig{MaxReplicas: 3, EnablePlacementRules: true},
		Rules:       []cluster.Rule{{GroupID: "pd", ID: "default", Role: cluster.RoleVoter, Count: 3}},
	}
	for id := range cluster.StoreID(3) {
		snap.Stores = append(snap.Stores, cluster.Store{ID: id + 1, StateName: cluster.StateUp, LastHeartbeat: now})
	}
	return snap
}

func (f *fakePD) Region(_ context.Context, id cluster.RegionID) (cluster.Region, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads[id]++
	if f.onRead != nil {
		f.onRead(f, id, f.reads[id])
	}
	r, ok := f.regions[id]
	if !ok {
		return cluster.Region{}, false, nil
	}
	if op, running := f.running[id]; running && op.Status == statusRunning && f.looks[id] >= 0 {
		if f.looks[id]--; f.looks[id] < 0 {
			f.carryOut(r, op)
		}
	}
	copied := *r
	copied.Peers = slices.Clone(r.Peers)
	return copied, true, nil
}

func (f *fakePD) carryOut(r *cluster.Region, op cluster.Operator) {
	r.Peers = slices.DeleteFunc(r.Peers, func(p cluster.Peer) bool { return strings.Contains(op.Brief, p.StoreID.String()) })
	r.Epoch.ConfVer++
	op.Status = "SUCCESS"
	f.running[r.ID] = op
	f.looks[r.ID] = 0
}

func (f *fakePD) Operator(_ context.Context, id cluster.RegionID) (cluster.Operator, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	op, ok := f.running[id]
	return op, ok, nil
}

func (f *fakePD) AddRemovePeer(ctx context.Context, id cluster.RegionID, store cluster.StoreID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ctx.Err() != nil {
		f.t.Error("a request was made with a context that has ended")
	}
	if f.running[id].Status == statusRunning {
		f.t.Errorf("region %d: a second operator while one runs", id)
	}
	f.added = append(f.added, fmt.Sprintf("%d/%d", id, store))
	if err := f.refuse[id]; err != nil {
		return err
	}
	f.running[id] = cluster.Operator{RegionID: id, Desc: "admin-remove-peer", Brief: "rm peer: store [" + store.String() + "]", Status: statusRunning}
	under := 0
	for _, op := range f.running {
		if op.Status == statusRunning {
			under++
		}
	}
	f.most = max(f.most, under)
	if f.unknown {
		return errNoAnswer
	}
	return nil
}

var errNoAnswer = errors.New("no answer")

// memo is a journal that checks its order.
type memo struct {
	t    *testing.T
	mu   sync.Mutex
	open map[string]bool
	done []string
	fail error
}

func (m *memo) Intent(o Orphan) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.open[o.StepID()] = true
	return nil
}

func (m *memo) Outcome(o Orphan, out Outcome) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.open[o.StepID()] {
		m.t.Errorf("outcome of %s without an intent", o.StepID())
	}
	delete(m.open, o.StepID())
	m.done = append(m.done, o.StepID()+" "+string(out.Result))
	return nil
}

func (f *fakePD) plan() *Plan {
	scene, err := NewScene(SceneReading{Snapshot: f.snapshot()})
	if err != nil {
		f.t.Fatal(err)
	}
	var orphans []Orphan
	for _, id := range sortedIDs(f.regions) {
		r := f.regions[id]
		for i := range r.Peers {
			if r.Peers[i].StoreID > 3 {
				orphans = append(orphans, scene.Judge(r, r.Peers[i].StoreID))
			}
		}
	}
	sortOrphans(orphans)
	return NewPlan(scene, orphans, false)
}

func sortedIDs(m map[cluster.RegionID]*cluster.Region) []cluster.RegionID {
	var ids []cluster.RegionID
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// apply runs a plan with a clock that moves when somebody sleeps.
func (f *fakePD) apply(ctx context.Context, p *Plan, m *memo, change func(*Options)) ([]Outcome, error) {
	var mu sync.Mutex
	now := time.Unix(0, 0)
	opts := Options{
		MaxOperators: 4, Timeout: time.Minute, OutcomeUnknown: func(err error) bool { return errors.Is(err, errNoAnswer) },
		Now: func() time.Time { mu.Lock(); defer mu.Unlock(); return now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(d)
			return ctx.Err()
		},
	}
	if change != nil {
		change(&opts)
	}
	return Apply(ctx, f, p, m, opts)
}

func newMemo(t *testing.T) *memo { return &memo{t: t, open: make(map[string]bool)} }

func results(outcomes []Outcome) string {
	var parts []string
	for _, o := range outcomes {
		parts = append(parts, fmt.Sprintf("%d/%d %s", o.RegionID, o.StoreID, o.Result))
	}
	return strings.Join(parts, ", ")
}

func TestApply(t *testing.T) {
	edit := func(change func(*cluster.Region)) func(*fakePD, cluster.RegionID, int) {
		return func(f *fakePD, id cluster.RegionID, n int) {
			if id == 1 && n == 1 {
				change(f.regions[1])
			}
		}
	}
	tests := []struct {
		name  string
		setUp func(*fakePD)
		want  string
		added string
	}{
		{"all goes well", func(*fakePD) {}, "1/99 removed, 2/99 removed", "1/99 2/99"},
		{"PD takes its time", func(f *fakePD) { f.looks[1], f.looks[2] = 5, 9 }, "1/99 removed, 2/99 removed", "1/99 2/99"},
		{"nobody hears the answer", func(f *fakePD) { f.unknown = true }, "1/99 removed, 2/99 removed", "1/99 2/99"},
		{"PD never does it", func(f *fakePD) { f.looks[1] = -1 }, "1/99 in-flight, 2/99 removed", "1/99 2/99"},
		{"PD refuses", func(f *fakePD) { f.refuse[1] = errors.New("no") }, "1/99 failed, 2/99 removed", "1/99 2/99"},
		{"PD gives it up", func(f *fakePD) {
			f.looks[1] = -1
			f.onRead = func(f *fakePD, id cluster.RegionID, n int) {
				if op := f.running[1]; id == 1 && n == 3 {
					op.Status = "TIMEOUT"
					f.running[1] = op
				}
			}
		}, "1/99 failed, 2/99 removed", "1/99 2/99"},
		{"the peer has gone", func(f *fakePD) {
			f.onRead = edit(func(r *cluster.Region) { r.Peers = r.Peers[:2]; r.Epoch.ConfVer++ })
		}, "1/99 already, 2/99 removed", "2/99"},
		{"the peers changed", func(f *fakePD) { f.onRead = edit(func(r *cluster.Region) { r.Epoch.ConfVer++ }) }, "1/99 moved, 2/99 removed", "2/99"},
		{"the region was split", func(f *fakePD) { f.onRead = edit(func(r *cluster.Region) { r.Epoch.Version++ }) }, "1/99 moved, 2/99 removed", "2/99"},
		{"the region is unknown", func(f *fakePD) {
			f.onRead = func(f *fakePD, id cluster.RegionID, _ int) { delete(f.regions, 1) }
		}, "1/99 moved, 2/99 removed", "2/99"},
		{"another leader", func(f *fakePD) { f.onRead = edit(func(r *cluster.Region) { r.Leader = r.Peers[1] }) }, "1/99 removed, 2/99 removed", "1/99 2/99"},
		{"no leader any more", func(f *fakePD) { f.onRead = edit(func(r *cluster.Region) { r.Leader = cluster.Peer{} }) }, "1/99 not-safe, 2/99 removed", "2/99"},
		{"a voter is down now", func(f *fakePD) {
			f.onRead = edit(func(r *cluster.Region) { r.Down = []cluster.DownPeer{{Peer: r.Peers[1]}} })
		}, "1/99 not-safe, 2/99 removed", "2/99"},
		{"somebody's operator runs", func(f *fakePD) {
			f.running[1] = cluster.Operator{RegionID: 1, Desc: "balance-region", Status: statusRunning}
			f.looks[1] = -1
		}, "1/99 not-safe, 2/99 removed", "2/99"},
		{"an operator in a state nobody knows", func(f *fakePD) {
			f.running[1] = cluster.Operator{RegionID: 1, Text: "PAUSED"}
		}, "1/99 not-safe, 2/99 removed", "2/99"},
		{"an operator has ended lately", func(f *fakePD) {
			f.running[1] = cluster.Operator{RegionID: 1, Desc: "balance-region", Status: "TIMEOUT"}
		}, "1/99 removed, 2/99 removed", "1/99 2/99"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakePD(t, 2)
			p := f.plan()
			tt.setUp(f)
			m := newMemo(t)
			outcomes, err := f.apply(t.Context(), p, m, nil)
			if got := results(outcomes); got != tt.want {
				t.Errorf("outcomes %s, want %s", got, tt.want)
			}
			slices.Sort(f.added)
			if got := strings.Join(f.added, " "); got != tt.added {
				t.Errorf("operators %s, want %s", got, tt.added)
			}
			remain, isRemain := errors.AsType[*RemainError](err)
			if wantRemain := tt.want != "1/99 removed, 2/99 removed" && !strings.Contains(tt.want, "already"); isRemain != wantRemain || isRemain && remain.Count() != 1 {
				t.Errorf("error %v", err)
			}
			if len(m.open) > 0 {
				t.Errorf("no outcome in the journal for %v", m.open)
			}
			if f.scenes == 0 {
				t.Error("the stores were not read again")
			}
		})
	}
}

func TestApplyBoundsOperators(t *testing.T) {
	f := newFakePD(t, 40)
	for id := range f.regions {
		f.looks[id] = 3
	}
	if _, err := f.apply(t.Context(), f.plan(), newMemo(t), func(o *Options) { o.MaxOperators = 3 }); err != nil {
		t.Fatal(err)
	}
	if f.most > 3 {
		t.Errorf("%d operators were under way at once, want at most 3", f.most)
	}
	if len(f.added) != 40 {
		t.Errorf("%d operators, want 40", len(f.added))
	}
}

// Two orphans of one region are removed one after the other, the second judged by
// what the first led to; when the first fails the second is not tried.
func TestApplySeveralInOneRegion(t *testing.T) {
	build := func() *fakePD {
		f := newFakePD(t, 1)
		r := f.regions[1]
		r.Peers = append(r.Peers, cluster.Peer{ID: 13, StoreID: 3}, cluster.Peer{ID: 14, StoreID: 98})
		return f
	}
	f := build()
	outcomes, err := f.apply(t.Context(), f.plan(), newMemo(t), nil)
	if got := results(outcomes); err != nil || got != "1/98 removed, 1/99 removed" {
		t.Errorf("outcomes %s, %v", got, err)
	}
	f = build()
	p := f.plan()
	f.refuse[1] = errors.New("no")
	outcomes, _ = f.apply(t.Context(), p, newMemo(t), nil)
	if got := results(outcomes); got != "1/98 failed, 1/99 not-tried" {
		t.Errorf("outcomes %s", got)
	}
}

func TestApplyInterrupted(t *testing.T) {
	f := newFakePD(t, 20)
	ctx, cancel := context.WithCancel(t.Context())
	for id := range f.regions {
		f.looks[id] = -1
	}
	f.onRead = func(f *fakePD, id cluster.RegionID, n int) {
		if n == 3 {
			cancel()
		}
	}
	outcomes, err := f.apply(ctx, f.plan(), newMemo(t), func(o *Options) { o.MaxOperators = 2 })
	remain, ok := errors.AsType[*RemainError](err)
	inFlight := 0
	for i := range outcomes {
		if outcomes[i].Result == InFlight {
			inFlight++
		}
	}
	if !ok || !errors.Is(err, context.Canceled) || !remain.Changed() || inFlight == 0 || inFlight > 2 {
		t.Fatalf("error %v, %s", err, results(outcomes))
	}
	if len(f.added) != inFlight {
		t.Errorf("%d operators were made, %d are said to be in flight: %s", len(f.added), inFlight, results(outcomes))
	}
}

func TestApplyToAnotherCluster(t *testing.T) {
	f := newFakePD(t, 1)
	p := f.plan()
	f.clusterID = 8
	_, err := f.apply(t.Context(), p, newMemo(t), nil)
	if _, ok := errors.AsType[*MovedError](err); !ok || len(f.added) > 0 {
		t.Errorf("error %v, operators %v", err, f.added)
	}
}

// Without a journal nothing is changed.
func TestApplyWithoutJournal(t *testing.T) {
	f := newFakePD(t, 30)
	m := newMemo(t)
	m.fail = errors.New("disk full")
	_, err := f.apply(t.Context(), f.plan(), m, nil)
	if !errors.Is(err, m.fail) || len(f.added) > 0 {
		t.Errorf("error %v, operators %v", err, f.added)
	}
}

// PD may begin to repair between plan and apply: what it repairs is left to it.
func TestApplyLeavesToPDWhatItRepairs(t *testing.T) {
	f := newFakePD(t, 1)
	p := f.plan()
	f.halt = false
	outcomes, _ := f.apply(t.Context(), p, newMemo(t), nil)
	if got := results(outcomes); got != "1/99 not-safe" {
		t.Errorf("outcomes %s", got)
	}
}

// deafPD answers nothing about the cluster after some readings.
type deafPD struct {
	*fakePD
	left int
	asks int
}

var errDeaf = errors.New("reach pd: nobody answers")

func (d *deafPD) Scene(ctx context.Context) (*Scene, error) {
	d.asks++
	if d.left--; d.left < 0 {
		return nil, errDeaf
	}
	return d.fakePD.Scene(ctx)
}

// When the cluster cannot be read the rest is not tried: each would wait in vain.
func TestApplyEndsWhenPDIsGone(t *testing.T) {
	d := &deafPD{fakePD: newFakePD(t, 50), left: 2}
	p := d.plan()
	now := time.Unix(0, 0)
	_, err := Apply(t.Context(), d, p, newMemo(t), Options{
		MaxOperators: 1, Timeout: time.Minute, OutcomeUnknown: func(error) bool { return false },
		Now:   func() time.Time { now = now.Add(500 * time.Millisecond); return now },
		Sleep: func(context.Context, time.Duration) error { return nil },
	})
	remain, ok := errors.AsType[*RemainError](err)
	if !ok || !errors.Is(remain.Err, errDeaf) || d.asks != 3 || len(d.added) == 0 || len(d.added) > 10 {
		t.Errorf("error %v after %d readings and %d operators", err, d.asks, len(d.added))
	}
	for _, o := range remain.Outcomes[len(d.added):] {
		if o.Result != NotTried {
			t.Errorf("region %d is %s", o.RegionID, o.Result)
		}
	}
}

func TestRemainErrorSaysWhatHappened(t *testing.T) {
	outcomes := []Outcome{{Result: Removed}, {Result: Already}, {Result: InFlight}, {Result: NotTried}}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{nil, "orphans apply: 1 orphan peer removed, 2 remain, 1 gone before, PD still works on 1 of them"},
		{context.Canceled, "orphans apply: 1 orphan peer removed, 2 remain, 1 gone before, PD still works on 1 of them; interrupted"},
		{errDeaf, "orphans apply: 1 orphan peer removed, 2 remain, 1 gone before, PD still works on 1 of them: reach pd: nobody answers"},
	} {
		if got := (&RemainError{Outcomes: outcomes, Err: tt.err}).Error(); got != tt.want {
			t.Errorf("says %q", got)
		}
	}
}

// An operator of somebody else, or from before, that has ended is not the end of
// ours, of which nobody knows whether PD has it.
func TestApplyKnowsItsOperator(t *testing.T) {
	before := cluster.Operator{RegionID: 1, Desc: removeDesc, Brief: "rm peer: store [99]", Text: "before", Status: "TIMEOUT"}
	for name, op := range map[string]cluster.Operator{
		"from before":     before,
		"somebody else's": {RegionID: 1, Desc: "balance-region", Brief: "mv peer: store [99] to [3]", Text: "x", Status: "CANCEL"},
		"another store's": {RegionID: 1, Desc: removeDesc, Brief: "rm peer: store [98]", Text: "y", Status: "TIMEOUT"},
	} {
		f := newFakePD(t, 1)
		p := f.plan()
		f.running[1] = before
		f.refuse[1] = errNoAnswer // lost on its way
		f.onRead = func(f *fakePD, _ cluster.RegionID, n int) {
			if n == 2 {
				f.running[1] = op
			}
		}
		outcomes, _ := f.apply(t.Context(), p, newMemo(t), nil)
		if got := results(outcomes); got != "1/99 in-flight" || outcomes[0].Note != errNoAnswer.Error() {
			t.Errorf("%s: %s, %s", name, got, outcomes[0].Note)
		}
	}
}
