package diagnose

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"ebb/cluster"
)

// fakePD answers from values. A field in fail is an error, one in absent an
// ErrUnsupported.
type fakePD struct {
	snap    *cluster.Snapshot
	regions []cluster.Region
	running []cluster.Operator
	records []cluster.Operator
	labels  []cluster.RegionLabelRule
	later   []cluster.Store
	paused  []string
	started time.Time
	mode    cluster.ReplicationStatus
	tasks   []cluster.MaintenanceTask
	left    map[cluster.StoreID]cluster.Progress
	fail    map[Field]error
	// cutAt ends the streams of regions after so many; 0 never.
	cutAt int
	// reread replaces regions that are asked for one by one.
	reread map[cluster.RegionID]cluster.Region
}

var errAbsent = errors.New("this PD has no such call")

func (f *fakePD) Stores(context.Context) ([]cluster.Store, time.Time, error) {
	if f.later == nil {
		return f.snap.Stores, f.snap.ReadAt, f.fail[FieldLater]
	}
	return f.later, f.snap.ReadAt, f.fail[FieldLater]
}

func (f *fakePD) RegionsOfStore(_ context.Context, id cluster.StoreID) iter.Seq2[cluster.Region, error] {
	return func(yield func(cluster.Region, error) bool) {
		n := 0
		for i := range f.regions {
			if f.regions[i].PeerOn(id) == nil {
				continue
			}
			if n++; f.cutAt > 0 && n > f.cutAt {
				yield(cluster.Region{}, errors.New("cut off"))
				return
			}
			if !yield(f.regions[i], nil) {
				return
			}
		}
		if err := f.fail[FieldRegions]; err != nil {
			yield(cluster.Region{}, err)
		}
	}
}

func (f *fakePD) Region(_ context.Context, id cluster.RegionID) (cluster.Region, bool, error) {
	if r, ok := f.reread[id]; ok {
		return r, r.ID != 0, nil
	}
	for i := range f.regions {
		if f.regions[i].ID == id {
			return f.regions[i], true, nil
		}
	}
	return cluster.Region{}, false, nil
}

func (f *fakePD) Operators(context.Context, string) ([]cluster.Operator, error) {
	return f.running, f.fail[FieldOperators]
}

func (f *fakePD) OperatorRecords(context.Context, time.Time) ([]cluster.Operator, error) {
	return f.records, f.fail[FieldRecords]
}

func (f *fakePD) RegionLabelRules(context.Context) ([]cluster.RegionLabelRule, error) {
	return f.labels, f.fail[FieldRegionLabels]
}

func (f *fakePD) RegionStats(context.Context) (*cluster.RegionStats, error) {
	if err := f.fail[FieldRegionStats]; err != nil {
		return nil, err
	}
	s := &cluster.RegionStats{Regions: len(f.regions), PeerCount: make(map[cluster.StoreID]int), LeaderCount: make(map[cluster.StoreID]int)}
	for i := range f.regions {
		for _, p := range f.regions[i].Peers {
			s.PeerCount[p.StoreID]++
		}
		s.LeaderCount[f.regions[i].Leader.StoreID]++
	}
	return s, nil
}

func (f *fakePD) PausedSchedulers(context.Context) ([]string, error) {
	return f.paused, f.fail[FieldPausedSchedulers]
}

func (f *fakePD) Status(context.Context) (cluster.PDStatus, error) {
	return cluster.PDStatus{StartTime: f.started}, f.fail[FieldPDStatus]
}

func (f *fakePD) Progress(_ context.Context, id cluster.StoreID) (cluster.Progress, bool, error) {
	p, ok := f.left[id]
	return p, ok, f.fail[FieldProgress]
}

func (f *fakePD) ReplicationStatus(context.Context) (*cluster.ReplicationStatus, error) {
	return &f.mode, f.fail[FieldReplicationState]
}

func (f *fakePD) MaintenanceTasks(context.Context, string) ([]cluster.MaintenanceTask, error) {
	return f.tasks, f.fail[FieldMaintenance]
}

// collect reads the evidence about stores, the leaving ones when none is named.
func (f *fakePD) collect(t testing.TB, between time.Duration, stores ...cluster.StoreID) *Evidence {
	t.Helper()
	if len(stores) == 0 {
		stores = Leaving(f.snap)
	}
	ev, err := Collect(context.Background(), f, f.snap, CollectOptions{
		Stores: stores, For: between, Sleep: func(context.Context, time.Duration) error { return nil },
		Unsupported: func(err error) bool { return errors.Is(err, errAbsent) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ev.Nodes = []Node{}
	for i := range f.snap.Stores {
		s := &f.snap.Stores[i]
		ev.Nodes = append(ev.Nodes, Node{ID: s.Address, StoreID: s.ID, Offline: s.State != cluster.Up})
	}
	ev.Tables = make(map[int64]Table)
	ev.Hosts = make(map[cluster.StoreID]Host)
	return ev
}

// healthy is a cluster of n TiKV stores of which the last leaves, with so many
// regions of three peers.
func healthy(n, regions int) *fakePD {
	var stores []cluster.Store
	for id := cluster.StoreID(1); int(id) < n; id++ {
		stores = append(stores, upStore(id))
	}
	stores = append(stores, leavingStore(cluster.StoreID(n)))
	f := &fakePD{
		snap: testSnapshot(stores...), started: noon.Add(-24 * time.Hour), mode: cluster.ReplicationStatus{Mode: "majority"},
		fail: make(map[Field]error), reread: make(map[cluster.RegionID]cluster.Region),
	}
	f.snap.Members = &cluster.Members{ClusterID: 7, Leader: cluster.Member{Name: "pd-1", ClientURLs: []string{"http://10.0.0.1:2379"}}}
	f.snap.Schedule.PatrolRegionInterval = 10 * time.Millisecond
	for id := range f.snap.Limits {
		f.snap.Limits[id] = cluster.StoreLimit{AddPeer: 15, RemovePeer: 15}
	}
	f.snap.Limits[cluster.StoreID(n)] = cluster.StoreLimit{AddPeer: 15, RemovePeer: cluster.LimitUnlimited}
	for i := range regions {
		f.add(cluster.StoreID(n), cluster.StoreID(1+i%(n-1)), cluster.StoreID(1+(i+1)%(n-1)))
	}
	return f
}

// add makes a region with voters on the stores, led by the second; it returns it.
func (f *fakePD) add(stores ...cluster.StoreID) *cluster.Region {
	r := testRegion(stores...)
	r.ID = cluster.RegionID(1000 + len(f.regions))
	r.StartKey = fmt.Appendf(nil, "k%06d", len(f.regions))
	r.EndKey = fmt.Appendf(nil, "k%06d", len(f.regions)+1)
	r.Leader = r.Peers[min(1, len(r.Peers)-1)]
	for i := range f.snap.Stores {
		if s := &f.snap.Stores[i]; r.PeerOn(s.ID) != nil {
			s.RegionCount++
		}
	}
	f.regions = append(f.regions, *r)
	return &f.regions[len(f.regions)-1]
}

func (f *fakePD) store(id cluster.StoreID) *cluster.Store { return f.snap.Store(id) }

func judgedBy(r *Report, id string) Judged {
	for _, j := range r.Rules {
		if j.ID == id {
			return j
		}
	}
	return Judged{}
}

func causesBy(r *Report, id string) []Cause {
	return slices.DeleteFunc(slices.Clone(r.Causes), func(c Cause) bool { return c.ID != id })
}

func TestHealthyLeaving(t *testing.T) {
	r := Run(healthy(5, 200).collect(t, 0))
	if r.Result != OK || r.Headline != "nothing is wrong; limited by add-peer-limit; at least 3m20s to go" {
		t.Errorf("%s: %s\n%+v", r.Result, r.Headline, r.Causes)
	}
	if c := causesBy(r, "D03"); len(c) != 1 || c[0].Severity != Pace {
		t.Errorf("causes %+v", c)
	}
	if len(r.Tails) != 1 || r.Tails[0].Regions != 200 {
		t.Errorf("tails %+v", r.Tails)
	}
}

// Healthy clusters and healthy drains of any shape give no problem, and all rules
// could look.
func TestHealthyIsNoProblem(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		f := healthy(5+rnd.IntN(5), rnd.IntN(150))
		f.snap.PDVersion = []string{"v4.0.16", "v5.4.3", "v6.1.7", "v6.5.2", "v7.1.5", "v8.5.3", "v9.0.0-beta.2", "None"}[rnd.IntN(8)]
		last := f.snap.Stores[len(f.snap.Stores)-1].ID
		if rnd.IntN(4) == 0 {
			f.store(last).State, f.store(last).StateName = cluster.Up, cluster.StateUp
			f.snap.Limits[last] = cluster.StoreLimit{AddPeer: 15, RemovePeer: 15}
		}
		if rnd.IntN(3) == 0 {
			f.snap.Replication.EnablePlacementRules, f.snap.Rules = false, nil
		}
		if rnd.IntN(3) == 0 {
			tiflash := upStore(90, cluster.Label{Key: "engine", Value: "tiflash"})
			f.snap.Stores = append(f.snap.Stores, tiflash)
			f.snap.Limits[90] = cluster.StoreLimit{AddPeer: 30, RemovePeer: 30}
		}
		for i := range f.regions {
			r := &f.regions[i]
			switch rnd.IntN(6) {
			case 0: // on its way, with its operator
				target := cluster.StoreID(1 + rnd.IntN(4))
				if r.PeerOn(target) == nil {
					f.running = append(f.running, cluster.Operator{RegionID: r.ID, Desc: "replace-rule-offline-peer", Brief: fmt.Sprintf("mv peer: store [%d] to [%d]", last, target), Kinds: []string{"replica", "region"}})
					p := cluster.Peer{ID: 9000 + uint64(i), StoreID: target, Role: cluster.Learner}
					r.Peers = append(r.Peers, p)
					if rnd.IntN(2) == 0 {
						r.Pending = append(r.Pending, p)
					}
					f.record(r.ID)
				}
			case 1: // that ended while the others were read
				moved := *testRegion(1, 2, 3)
				moved.ID, moved.StartKey, moved.EndKey = r.ID, r.StartKey, r.EndKey
				if f.snap.Replication.EnablePlacementRules {
					r.Peers = append(r.Peers, cluster.Peer{ID: 9000 + uint64(i), StoreID: 77, Role: cluster.IncomingVoter})
					r.Peers[len(r.Peers)-1].StoreID = otherStore(r, len(f.snap.Stores))
					f.reread[r.ID] = moved
				}
			}
		}
		r := Run(f.collect(t, 0))
		if r.Result != OK {
			t.Fatalf("seed %d: %s: %s\n%+v\n%+v", seed, r.Result, r.Headline, r.Causes[0], r.Tails)
		}
	}
}

func (f *fakePD) record(id cluster.RegionID) {
	f.records = append(f.records, cluster.Operator{RegionID: id + 5000, Desc: "replace-rule-offline-peer", Status: "SUCCESS"})
}

func otherStore(r *cluster.Region, stores int) cluster.StoreID {
	for id := cluster.StoreID(1); int(id) < stores; id++ {
		if r.PeerOn(id) == nil {
			return id
		}
	}
	return 1
}
