package diagnose

import (
	"fmt"
	"testing"
	"time"

	"ebb/cluster"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const testTiB = 1 << 40

// upStore is a store that passes every filter.
func upStore(id cluster.StoreID, labels ...cluster.Label) cluster.Store {
	return cluster.Store{
		ID: id, Address: fmt.Sprintf("10.0.1.%d:20160", id), StateName: cluster.StateUp, Labels: labels,
		LastHeartbeat: noon.Add(-3 * time.Second), RegionCount: 500,
		Capacity: cluster.Size{Bytes: testTiB, Known: true}, Available: cluster.Size{Bytes: testTiB / 2, Known: true},
	}
}

func leavingStore(id cluster.StoreID, labels ...cluster.Label) cluster.Store {
	s := upStore(id, labels...)
	s.State, s.StateName, s.NodeState = cluster.Offline, cluster.StateOffline, cluster.Removing
	return s
}

// testSnapshot has the stores, three replicas and unlimited rates.
func testSnapshot(stores ...cluster.Store) *cluster.Snapshot {
	snap := &cluster.Snapshot{
		ReadAt: noon, PDVersion: "v8.5.3", Stores: stores, Limits: cluster.StoreLimits{}, Unread: cluster.Unread{},
		Schedule: &cluster.ScheduleConfig{
			ReplicaScheduleLimit: 64, MaxSnapshotCount: 64, MaxPendingPeerCount: 64, MaxStoreDownTime: 30 * time.Minute, LowSpaceRatio: 0.8,
			ReplaceOfflineReplica: true, MakeUpReplica: true, RemoveExtraReplica: true, RemoveDownReplica: true, LocationReplacement: true,
		},
		Replication: &cluster.ReplicationConfig{MaxReplicas: 3, EnablePlacementRules: true},
		Rules:       []cluster.Rule{{GroupID: "pd", ID: "default", Role: cluster.RoleVoter, Count: 3}},
	}
	for i := range stores {
		snap.Limits[stores[i].ID] = cluster.StoreLimit{AddPeer: cluster.LimitUnlimited, RemovePeer: cluster.LimitUnlimited}
	}
	return snap
}

// testRegion has voters on the stores, led by the first.
func testRegion(stores ...cluster.StoreID) *cluster.Region {
	r := &cluster.Region{ID: 7, ApproximateSizeMiB: 96}
	for _, id := range stores {
		r.Peers = append(r.Peers, cluster.Peer{ID: 100 + uint64(id), StoreID: id})
	}
	r.Leader = r.Peers[0]
	return r
}

func TestClassify(t *testing.T) {
	four := []cluster.Store{upStore(1), upStore(2), upStore(3), leavingStore(4)}
	five := append(append([]cluster.Store{}, four...), upStore(5))
	noRules := func(s *cluster.Snapshot) { s.Replication.EnablePlacementRules = false }
	for name, c := range map[string]struct {
		stores []cluster.Store
		region *cluster.Region
		change func(*cluster.Snapshot)
		edit   func(*cluster.Region)
		ops    []cluster.Operator
		want   TailClass
	}{
		"waiting":           {stores: five, want: TailWaiting},
		"waiting, no rules": {stores: five, change: noRules, want: TailWaiting},
		"no target":         {stores: four, region: testRegion(1, 2, 4), change: func(s *cluster.Snapshot) { s.Stores = s.Stores[:2]; s.Stores = append(s.Stores, leavingStore(4)) }, want: TailNoTarget},
		"full":              {stores: four, change: func(s *cluster.Snapshot) { s.Stores[2].Available.Bytes = testTiB / 10 }, want: TailNoTarget},
		"target busy":       {stores: four, change: func(s *cluster.Snapshot) { s.Stores[2].IsBusy = true }, want: TailTargetBusy},
		"not here":          {stores: five, region: testRegion(1, 2, 3), want: TailNotHere},
		"no majority":       {stores: five, edit: func(r *cluster.Region) { r.Down = []cluster.DownPeer{{Peer: r.Peers[0]}, {Peer: r.Peers[1]}} }, want: TailNoMajority},
		"no leader":         {stores: five, edit: func(r *cluster.Region) { r.Leader = cluster.Peer{} }, want: TailNoLeader},
		"moving":            {stores: five, ops: []cluster.Operator{{RegionID: 7, Desc: "replace-rule-offline-peer"}}, want: TailMoving},
		"joint":             {stores: five, edit: func(r *cluster.Region) { r.Peers[1].Role = cluster.IncomingVoter }, want: TailJointState},
		"joint, paused":     {stores: five, edit: func(r *cluster.Region) { r.Peers[1].Role = cluster.IncomingVoter }, change: func(s *cluster.Snapshot) { s.PausedCheckers = []string{"joint-state"} }, want: TailPaused},
		"halted":            {stores: five, change: func(s *cluster.Snapshot) { s.Schedule.HaltScheduling = true }, want: TailPaused},
		"checker paused":    {stores: five, change: func(s *cluster.Snapshot) { s.PausedCheckers = []string{"rule"} }, want: TailPaused},
		"other one paused":  {stores: five, change: func(s *cluster.Snapshot) { s.PausedCheckers = []string{"merge", "replica"} }, want: TailWaiting},
		"limit 0":           {stores: five, change: func(s *cluster.Snapshot) { s.Schedule.ReplicaScheduleLimit = 0 }, want: TailPaused},
		"recovery":          {stores: five, change: func(s *cluster.Snapshot) { s.UnsafeRecovery = "collecting" }, want: TailPaused},
		"switch off":        {stores: five, change: func(s *cluster.Snapshot) { noRules(s); s.Schedule.ReplaceOfflineReplica = false }, want: TailPaused},
		"switch is no use":  {stores: five, change: func(s *cluster.Snapshot) { s.Schedule.ReplaceOfflineReplica = false }, want: TailWaiting},
		"no schedule":       {stores: five, change: func(s *cluster.Snapshot) { s.Schedule = nil }, want: TailUnknown},
		"no rules read":     {stores: five, change: func(s *cluster.Snapshot) { s.Unread[cluster.FieldRules] = fmt.Errorf("timeout") }, want: TailUnknown},
		"no replication":    {stores: five, change: func(s *cluster.Snapshot) { s.Replication = nil }, want: TailUnknown},
		"boundary": {stores: five, change: func(s *cluster.Snapshot) {
			s.Rules[0].EndKey = []byte("m")
			s.Rules = append(s.Rules, cluster.Rule{GroupID: "pd", ID: "right", StartKey: []byte("m"), Role: cluster.RoleVoter, Count: 3})
		}, want: TailSplit},
		"not leaving":      {stores: []cluster.Store{upStore(1), upStore(2), upStore(3), upStore(4)}, want: TailNotLeaving},
		"orphan":           {stores: []cluster.Store{upStore(1), leavingStore(4)}, region: testRegion(1, 4, 99), want: TailOrphan},
		"orphan, no rules": {stores: five, region: testRegion(1, 99, 4, 5), change: noRules, want: TailOrphan},
		"big":              {stores: five, edit: func(r *cluster.Region) { r.ApproximateSizeMiB = 5000 }, want: TailBig},
		"pending elsewhere": {stores: five, region: testRegion(1, 2, 3, 4), edit: func(r *cluster.Region) {
			r.Peers[3].Role = cluster.Learner
			r.Pending = []cluster.Peer{r.Peers[1]}
		}, want: TailPendingReplica},
		"tiflash short": {stores: five, region: testRegion(1, 2, 3, 4), change: func(s *cluster.Snapshot) {
			s.Stores[3].Labels = []cluster.Label{{Key: "engine", Value: "tiflash"}}
			s.Rules = append(s.Rules, cluster.Rule{GroupID: "tiflash", ID: "table-1-r", Role: cluster.RoleLearner, Count: 1,
				LabelConstraints: []cluster.LabelConstraint{{Key: "engine", Op: "in", Values: []string{"tiflash"}}}})
		}, edit: func(r *cluster.Region) { r.Peers[3].Role = cluster.Learner }, want: TailLearnerRule},
		"nobody may lead": {stores: five, region: testRegion(4, 1, 2), change: func(s *cluster.Snapshot) { s.EvictLeader = []cluster.StoreID{1, 2, 3, 5} }, want: TailNoNewLeader},
	} {
		t.Run(name, func(t *testing.T) {
			snap := testSnapshot(append([]cluster.Store{}, c.stores...)...)
			if c.change != nil {
				c.change(snap)
			}
			r := c.region
			if r == nil {
				r = testRegion(1, 2, 4)
			}
			if c.edit != nil {
				c.edit(r)
			}
			w := NewWorld(snap, c.ops)
			if got := w.Classify(r, 4); got != c.want {
				t.Errorf("class %s, want %s: %s", got, c.want, w.Explain(r, 4).Sentence)
			}
			e := w.Explain(r, 4)
			if e.Class != c.want || e.Sentence == "" {
				t.Errorf("explained as %s: %s", e.Class, e.Sentence)
			}
			t.Log(e.Sentence)
		})
	}
}

// BenchmarkClassify is the cost of one region in a cluster of 100 stores with
// zones and hosts.
func BenchmarkClassify(b *testing.B) {
	var stores []cluster.Store
	for id := range cluster.StoreID(100) {
		s := upStore(id+1, cluster.Label{Key: "zone", Value: fmt.Sprint("z", id%3)}, cluster.Label{Key: "host", Value: fmt.Sprint("h", id)})
		stores = append(stores, s)
	}
	stores[0].State, stores[0].StateName = cluster.Offline, cluster.StateOffline
	snap := testSnapshot(stores...)
	snap.Rules[0].LocationLabels, snap.Rules[0].IsolationLevel = []string{"zone", "host"}, "zone"
	w, r := NewWorld(snap, nil), testRegion(1, 2, 3)
	b.ReportAllocs()
	for b.Loop() {
		if class := w.Classify(r, 1); class != TailWaiting {
			b.Fatal(class)
		}
	}
}
