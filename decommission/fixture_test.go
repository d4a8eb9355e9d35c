package decommission

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"ebb/cluster"
)

var now = time.Unix(1_790_000_000, 0).UTC()

const tib = 1 << 40

// tikv is a healthy TiKV store, 1 TiB of which 60 GiB are used.
func tikv(id cluster.StoreID, change ...func(*cluster.Store)) cluster.Store {
	s := cluster.Store{
		ID: id, Address: fmt.Sprintf("10.0.0.%d:20160", id), StateName: cluster.StateUp, NodeState: cluster.Serving,
		StartTime: now.Add(-time.Hour), LastHeartbeat: now.Add(-time.Second),
		Capacity:    cluster.Size{Bytes: tib, Known: true},
		Available:   cluster.Size{Bytes: tib - 60<<30, Known: true},
		Used:        cluster.Size{Bytes: 60 << 30, Known: true},
		LeaderCount: 100, RegionCount: 300, RegionSizeMiB: 28800,
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func tiflash(id cluster.StoreID) cluster.Store {
	return tikv(id, func(s *cluster.Store) {
		s.Address = fmt.Sprintf("10.0.1.%d:3930", id)
		s.Labels = []cluster.Label{{Key: "engine", Value: "tiflash"}}
		s.LeaderCount = 0
	})
}

func dead(s *cluster.Store) {
	s.LastHeartbeat, s.StateName = now.Add(-time.Minute), cluster.StateDisconnected
}
func offline(s *cluster.Store) {
	s.State, s.StateName, s.NodeState = cluster.Offline, cluster.StateOffline, cluster.Removing
}
func tombstone(s *cluster.Store) {
	s.State, s.StateName, s.NodeState = cluster.Tombstone, cluster.StateTombstone, cluster.Removed
}

// snapshot is a healthy cluster with PD's default settings.
func snapshot(stores ...cluster.Store) *cluster.Snapshot {
	snap := &cluster.Snapshot{
		ReadAt: now, PDVersion: "v8.5.0", Stores: stores,
		Members: &cluster.Members{ClusterID: 7, Leader: cluster.Member{Name: "pd-1", ID: 1}},
		Health:  []cluster.MemberHealth{{Name: "pd-1", ID: 1, Healthy: true}},
		Schedule: &cluster.ScheduleConfig{
			ReplicaScheduleLimit: 64, MaxSnapshotCount: 64, MaxPendingPeerCount: 64, LowSpaceRatio: 0.8, ReplaceOfflineReplica: true,
		},
		Replication: &cluster.ReplicationConfig{MaxReplicas: 3, EnablePlacementRules: true},
		Rules:       []cluster.Rule{{GroupID: "pd", ID: "default", Role: cluster.RoleVoter, Count: 3}},
		Limits:      cluster.StoreLimits{},
		Unread:      cluster.Unread{},
	}
	for i := range stores {
		snap.Limits[stores[i].ID] = cluster.StoreLimit{AddPeer: 15, RemovePeer: 15}
	}
	return snap
}

func fourStores() *cluster.Snapshot { return snapshot(tikv(1), tikv(2), tikv(3), tikv(4)) }

// surveyed is evidence in which all regions are healthy.
func surveyed(snap *cluster.Snapshot, ids ...cluster.StoreID) Evidence {
	ev := Evidence{Snapshot: snap, Surveys: make(map[cluster.StoreID]*Survey)}
	for _, id := range ids {
		ev.Surveys[id] = &Survey{Regions: 300, Leaders: 100, BytesMiB: 28800}
	}
	return ev
}

func request(ids ...cluster.StoreID) Request {
	var req Request
	for _, id := range ids {
		req.Targets = append(req.Targets, Target{StoreID: id})
	}
	return req
}

// fakePD is a strict fake: every write must have been announced, and every
// announced write must be made.
type fakePD struct {
	t       *testing.T
	snap    *cluster.Snapshot
	expect  []string // writes, in order
	made    []string
	fail    map[string]error // by write
	regions map[cluster.StoreID][]cluster.Region
}

func newFakePD(t *testing.T, snap *cluster.Snapshot, expect ...string) *fakePD {
	f := &fakePD{t: t, snap: snap, expect: expect, fail: make(map[string]error)}
	t.Cleanup(func() {
		if !slices.Equal(f.made, f.expect) {
			t.Errorf("writes to PD:\n got %q\nwant %q", f.made, f.expect)
		}
	})
	return f
}

func (f *fakePD) write(format string, args ...any) error {
	w := fmt.Sprintf(format, args...)
	f.made = append(f.made, w)
	return f.fail[w]
}

func (f *fakePD) Snapshot(context.Context) (*cluster.Snapshot, error) { return f.snap, nil }
func (f *fakePD) DeleteStore(_ context.Context, id cluster.StoreID) error {
	return f.write("delete %d", id)
}
func (f *fakePD) SetStoreUp(_ context.Context, id cluster.StoreID) error {
	return f.write("up %d", id)
}
func (f *fakePD) SetStoreLimit(_ context.Context, id cluster.StoreID, t cluster.LimitType, rate float64) error {
	return f.write("limit %d %s %g", id, t, rate)
}
func (f *fakePD) AddEvictLeader(_ context.Context, id cluster.StoreID) error {
	return f.write("evict %d", id)
}
func (f *fakePD) RemoveEvictLeader(_ context.Context, id cluster.StoreID) error {
	return f.write("unevict %d", id)
}
func (f *fakePD) RegionsOfStore(_ context.Context, id cluster.StoreID) iter.Seq2[cluster.Region, error] {
	return func(yield func(cluster.Region, error) bool) {
		for _, r := range f.regions[id] {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// fakeJournal records "intent STEP" and "RESULT STEP".
type fakeJournal struct {
	lines []string
	undo  map[string]any
	fail  error
}

func (j *fakeJournal) Intent(step Step, undo any) error {
	if j.fail != nil {
		return j.fail
	}
	j.lines = append(j.lines, "intent "+step.ID())
	if j.undo == nil {
		j.undo = make(map[string]any)
	}
	j.undo[step.ID()] = undo
	return nil
}

func (j *fakeJournal) Outcome(step Step, result StepResult, _ error) error {
	j.lines = append(j.lines, string(result)+" "+step.ID())
	return nil
}

type fakeMarker struct{ calls []string }

func (m *fakeMarker) MarkOffline(_ context.Context, nodes []string, offline bool) ([]string, string, error) {
	m.calls = append(m.calls, fmt.Sprint(nodes, offline))
	return nodes, "backup.yaml", nil
}

var errLost = errors.New("reply lost")

func deps(pd *fakePD, j *fakeJournal, m *fakeMarker) Deps {
	return Deps{PD: pd, Journal: j, Topology: m, OutcomeUnknown: func(err error) bool { return errors.Is(err, errLost) }}
}
