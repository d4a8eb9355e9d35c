package operators

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
)

func TestNewScene(t *testing.T) {
	in := judgeReading()
	in.Running = []cluster.Operator{{RegionID: 3, Desc: "x"}, {RegionID: 4, Desc: "y"}}
	s := judgeScene(t, in)
	if s.ClusterID != 42 || s.PDVersion != "v8.0.0" || !s.ReadAt.Equal(judgeNow) || s.Fresh || s.UnsafeRecovery != "" {
		t.Errorf("NewScene() = %+v", s)
	}
	if len(s.Stores) != 7 || s.Stores[buriedStore].State != cluster.Tombstone {
		t.Errorf("stores: %v", s.Stores)
	}
	if len(s.Running) != 2 || s.Running[4].Desc != "y" {
		t.Errorf("running: %v", s.Running)
	}
	for _, field := range []cluster.Field{cluster.FieldMembers, cluster.FieldUnsafeRecovery} {
		in := judgeReading()
		cause := errors.New("connection refused")
		in.Snapshot.Unread[field] = cause
		s, err := NewScene(in)
		var unread *UnreadError
		switch {
		case s != nil, !errors.As(err, &unread), unread.Field != field, !errors.Is(err, cause):
			t.Errorf("without %s: %v, %v", field, s, err)
		case !strings.Contains(err.Error(), string(field)) || !strings.Contains(err.Error(), "refused"):
			t.Errorf("without %s: text %q", field, err)
		}
	}
	in = judgeReading()
	in.Snapshot.Unread[cluster.FieldLimits] = errors.New("not needed")
	if _, err := NewScene(in); err != nil {
		t.Errorf("without limits: %v", err)
	}
}

func TestSceneFresh(t *testing.T) {
	some := &cluster.RegionStats{Regions: 10, LeaderCount: map[cluster.StoreID]int{1: 5, 2: 4}}
	all := &cluster.RegionStats{Regions: 10, LeaderCount: map[cluster.StoreID]int{1: 5, 2: 5}}
	none := &cluster.RegionStats{Regions: 10}
	tests := []struct {
		name  string
		ago   time.Duration
		stats *cluster.RegionStats
		want  bool
	}{
		{"just started, leaders unknown", time.Second, none, true},
		{"just started, one leader unknown", time.Second, some, true},
		{"just started, all leaders known", time.Second, all, false},
		{"just started, no regions", time.Second, &cluster.RegionStats{}, false},
		{"almost settled", 5*time.Minute - time.Second, some, true},
		{"settled", 5 * time.Minute, some, false},
		{"long ago, leaders unknown", time.Hour, none, false},
		{"no counts", time.Second, nil, false},
		{"started in the future", -time.Second, some, true}, // clocks of two hosts
	}
	for _, tt := range tests {
		in := judgeReading()
		in.LeaderStarted, in.Stats = judgeNow.Add(-tt.ago), tt.stats
		if got := judgeScene(t, in).Fresh; got != tt.want {
			t.Errorf("%s: Fresh = %v, want %v", tt.name, got, tt.want)
		}
	}
	in := judgeReading()
	in.LeaderStarted, in.Stats = time.Time{}, none
	if judgeScene(t, in).Fresh {
		t.Error("no time of start: Fresh")
	}
}

// TestScenePlacement: an orphan that may go is left to PD only if PD can and may
// fulfil the rules of its region.
func TestScenePlacement(t *testing.T) {
	store := func(in SceneReading, id cluster.StoreID) *cluster.Store { return in.Snapshot.Store(id) }
	voters := func(n int) cluster.Rule {
		return cluster.Rule{GroupID: "pd", ID: "default", Role: cluster.RoleVoter, Count: n}
	}
	tests := []struct {
		name string
		edit func(SceneReading)
		want Verdict
	}{
		{"a place for each", func(SceneReading) {}, Wait},
		{"just enough places", func(in SceneReading) { in.Snapshot.Rules[0].Count = 4 }, Wait},
		{"one place short", func(in SceneReading) { in.Snapshot.Rules[0].Count = 5 }, Safe},
		{"a second rule is short", func(in SceneReading) {
			flash := voters(1)
			flash.ID, flash.Role = "flash", cluster.RoleLearner
			flash.LabelConstraints = []cluster.LabelConstraint{{Key: "engine", Op: "in", Values: []string{"tiflash"}}}
			in.Snapshot.Rules = append(in.Snapshot.Rules, flash)
		}, Safe},
		{"rules off", func(in SceneReading) { in.Snapshot.Replication.EnablePlacementRules = false }, Safe},
		{"halted", func(in SceneReading) { in.Snapshot.Schedule.HaltScheduling = true }, Safe},
		{"no replica schedules", func(in SceneReading) { in.Snapshot.Schedule.ReplicaScheduleLimit = 0 }, Safe},
		{"rule checker paused", func(in SceneReading) { in.Snapshot.PausedCheckers = []string{"merge", "rule"} }, Safe},
		{"another checker paused", func(in SceneReading) { in.Snapshot.PausedCheckers = []string{"merge"} }, Wait},
		{"two stores leave", func(in SceneReading) {
			store(in, 3).State, store(in, 4).State = cluster.Offline, cluster.Offline
		}, Safe},
		{"two stores are silent", func(in SceneReading) {
			store(in, 3).LastHeartbeat, store(in, 4).LastHeartbeat = time.Time{}, judgeNow.Add(-time.Hour)
		}, Safe},
		{"two stores are full", func(in SceneReading) {
			for _, id := range []cluster.StoreID{3, 4} {
				store(in, id).Available.Bytes, store(in, id).RegionCount = 10<<30, 1000
			}
		}, Safe},
		{"one store is full", func(in SceneReading) {
			store(in, 4).Available.Bytes, store(in, 4).RegionCount = 10<<30, 1000
		}, Wait},
		{"nobody can tell whether two stores are full", func(in SceneReading) {
			store(in, 3).Capacity, store(in, 4).Capacity = cluster.Size{}, cluster.Size{}
		}, Wait},
		{"two stores are set aside", func(in SceneReading) {
			for _, id := range []cluster.StoreID{3, 4} {
				store(in, id).Labels = append(store(in, id).Labels, cluster.Label{Key: cluster.SpecialUseLabel, Value: "reserved"})
			}
		}, Safe},
		{"the region crosses a boundary of rules", func(in SceneReading) {
			in.Snapshot.Rules[0].EndKey = []byte("m")
			in.Snapshot.Rules = append(in.Snapshot.Rules, cluster.Rule{
				GroupID: "pd", ID: "late", Role: cluster.RoleVoter, Count: 3, StartKey: []byte("m"),
			})
		}, Safe},
		{"no rules for the region", func(in SceneReading) { in.Snapshot.Rules = nil }, Safe},
		{"replication not read", func(in SceneReading) { in.Snapshot.Replication = nil }, Hold},
		{"schedule not read", func(in SceneReading) { in.Snapshot.Schedule = nil }, Hold},
	}
	for _, field := range []cluster.Field{cluster.FieldReplication, cluster.FieldSchedule, cluster.FieldRules, cluster.FieldRuleGroups, cluster.FieldPausedCheckers} {
		tests = append(tests, struct {
			name string
			edit func(SceneReading)
			want Verdict
		}{string(field) + " failed", func(in SceneReading) { in.Snapshot.Unread[field] = errors.New("timeout") }, Hold})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := judgeReading()
			tt.edit(in)
			s := judgeScene(t, in)
			for range 2 { // the second time from memory
				if o := s.Judge(judgeRegion(1, 2, orphanStore), orphanStore); o.Verdict != tt.want {
					t.Errorf("verdict %v, %s; want %v", o.Verdict, o.Reason, tt.want)
				}
			}
		})
	}
}

// TestScenePlacementBySegment: what suffices for one key range says nothing of the
// next.
func TestScenePlacementBySegment(t *testing.T) {
	in := judgeReading()
	in.Snapshot.Rules[0].EndKey = []byte("m")
	in.Snapshot.Rules = append(in.Snapshot.Rules, cluster.Rule{
		GroupID: "pd", ID: "late", Role: cluster.RoleVoter, Count: 5, StartKey: []byte("m"),
	})
	s := judgeScene(t, in)
	for range 2 {
		early, late := judgeRegion(1, 2, orphanStore), judgeRegion(1, 2, orphanStore)
		early.EndKey, late.StartKey = []byte("m"), []byte("m")
		if o := s.Judge(early, orphanStore); o.Verdict != Wait {
			t.Errorf("before m: %v, want wait", o.Verdict)
		}
		if o := s.Judge(late, orphanStore); o.Verdict != Safe {
			t.Errorf("from m: %v, want safe", o.Verdict)
		}
	}
}
