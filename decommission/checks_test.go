package decommission

import (
	"errors"
	"strings"
	"testing"

	"ebb/cluster"
)

func tiflashRule(count int) cluster.Rule {
	return cluster.Rule{
		GroupID: "tiflash", ID: "table-45-r", Role: cluster.RoleLearner, Count: count,
		StartKey: []byte("t"), EndKey: []byte("u"),
		LabelConstraints: []cluster.LabelConstraint{{Key: "engine", Op: "in", Values: []string{"tiflash"}}},
	}
}

// TestCheck changes one thing in a healthy cluster at a time. The store that
// leaves is 4, unless stated.
func TestCheck(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*Evidence)
		leaving []cluster.StoreID
		want    Result
		check   string // that gives the result
		says    string // part of its summary or evidence
	}{
		{name: "healthy", want: OK},
		{name: "PD has no leader", change: func(ev *Evidence) { ev.Snapshot.Members.Leader = cluster.Member{} }, want: Refused, check: "pd"},
		{name: "PD lost its majority", change: func(ev *Evidence) {
			ev.Snapshot.Health = []cluster.MemberHealth{{Name: "a", Healthy: true}, {Name: "b"}, {Name: "c"}}
		}, want: Refused, check: "pd", says: "1 of 3"},
		{name: "PD health unread", change: func(ev *Evidence) { ev.Snapshot.Unread[cluster.FieldHealth] = errLost }, want: Unknown, check: "pd"},
		{name: "three stores for three replicas", change: func(ev *Evidence) {
			ev.Snapshot.Stores = ev.Snapshot.Stores[1:]
		}, want: Refused, check: "placement", says: "only 2 can be placed"},
		{name: "two of four at once", leaving: []cluster.StoreID{3, 4}, want: Refused, check: "placement"},
		{name: "a dead store counts for nothing", change: func(ev *Evidence) { dead(&ev.Snapshot.Stores[0]) }, want: Refused, check: "placement", says: "not live"},
		{name: "a leaving store counts for nothing", change: func(ev *Evidence) { offline(&ev.Snapshot.Stores[0]) }, want: Refused, check: "placement"},
		{name: "TiFlash does not count for TiKV", change: func(ev *Evidence) {
			ev.Snapshot.Stores[0] = tiflash(1)
		}, want: Refused, check: "placement"},
		{name: "a dead store leaves, and no spare store can take its peers", change: func(ev *Evidence) {
			ev.Snapshot.Stores = ev.Snapshot.Stores[1:]
			dead(&ev.Snapshot.Stores[2])
		}, want: Refused, check: "placement"},
		{name: "rules off: max-replicas decides", change: func(ev *Evidence) {
			ev.Snapshot.Replication.EnablePlacementRules = false
			ev.Snapshot.Replication.MaxReplicas = 4
		}, want: Refused, check: "placement"},
		{name: "isolation level", change: func(ev *Evidence) {
			for i, z := range []string{"a", "b", "b", "c"} {
				ev.Snapshot.Stores[i].Labels = []cluster.Label{{Key: "zone", Value: z}}
			}
			ev.Snapshot.Rules[0].LocationLabels, ev.Snapshot.Rules[0].IsolationLevel = []string{"zone"}, "zone"
		}, want: Refused, check: "placement", says: "2 distinct zones"},
		{name: "rules unread", change: func(ev *Evidence) { ev.Snapshot.Unread[cluster.FieldRules] = errLost }, want: Unknown, check: "placement"},
		{name: "last TiFlash", change: func(ev *Evidence) {
			ev.Snapshot.Stores = append(ev.Snapshot.Stores, tiflash(9))
			ev.Snapshot.Rules = append(ev.Snapshot.Rules, tiflashRule(1))
			ev.Surveys[9] = &Survey{Regions: 1}
		}, leaving: []cluster.StoreID{9}, want: Refused, check: "tiflash-replicas", says: "table 45"},
		{name: "a TiFlash rule that is short already does not hold TiKV back", change: func(ev *Evidence) {
			ev.Snapshot.Stores = append(ev.Snapshot.Stores, tiflash(9))
			ev.Snapshot.Rules = append(ev.Snapshot.Rules, tiflashRule(2))
		}, want: Warning, check: "placement", says: "short already"},
		{name: "every other store evicts leaders", change: func(ev *Evidence) {
			ev.Snapshot.EvictLeader = []cluster.StoreID{1, 2, 3}
		}, want: Refused, check: "leader-targets"},
		{name: "one other store evicts leaders", change: func(ev *Evidence) { ev.Snapshot.EvictLeader = []cluster.StoreID{1} }, want: Warning, check: "leader-targets"},
		{name: "no room", change: func(ev *Evidence) {
			for i := range 3 {
				ev.Snapshot.Stores[i].Available.Bytes = tib / 5
			}
		}, want: Refused, check: "space"},
		{name: "room only if PD rounded in our favour", change: func(ev *Evidence) {
			for i := range 3 { // 20 GiB above the reserve each, rounded by 15 GiB
				ev.Snapshot.Stores[i].Available = cluster.Size{Bytes: tib/5 + 20<<30, Precision: 15 << 30, Known: true}
			}
		}, want: Refused, check: "space"},
		{name: "receivers report no capacity", change: func(ev *Evidence) {
			for i := range 3 {
				ev.Snapshot.Stores[i].Capacity.Known = false
			}
		}, want: Unknown, check: "space"},
		{name: "halted", change: func(ev *Evidence) { ev.Snapshot.Schedule.HaltScheduling = true }, want: Refused, check: "scheduling"},
		{name: "limit zero", change: func(ev *Evidence) { ev.Snapshot.Schedule.ReplicaScheduleLimit = 0 }, want: Refused, check: "scheduling"},
		{name: "rule checker paused", change: func(ev *Evidence) { ev.Snapshot.PausedCheckers = []string{"rule"} }, want: Refused, check: "scheduling"},
		{name: "merge checker paused", change: func(ev *Evidence) { ev.Snapshot.PausedCheckers = []string{"merge"} }, want: OK},
		{name: "checkers unread", change: func(ev *Evidence) { ev.Snapshot.Unread[cluster.FieldPausedCheckers] = errLost }, want: Unknown, check: "scheduling"},
		{name: "limits of before 5.3", change: func(ev *Evidence) {
			ev.Snapshot.Schedule.MaxSnapshotCount, ev.Snapshot.Schedule.MaxPendingPeerCount = 3, 16
		}, want: Warning, check: "scheduling"},
		{name: "another store leaves", change: func(ev *Evidence) {
			ev.Snapshot.Stores = append(ev.Snapshot.Stores, tikv(5, offline))
		}, want: Warning, check: "other-leaving", says: "store 5"},
		{name: "leaderless region", change: func(ev *Evidence) { ev.Surveys[4].Leaderless.Add(77) }, want: Refused, check: "regions", says: "without a leader"},
		{name: "region without majority", change: func(ev *Evidence) { ev.Surveys[4].NoMajority.Add(77) }, want: Refused, check: "regions"},
		{name: "joint region", change: func(ev *Evidence) { ev.Surveys[4].Joint.Add(77) }, want: Warning, check: "regions"},
		{name: "orphan peer, rules on", change: func(ev *Evidence) { ev.Surveys[4].UnknownPeers.Add(77) }, want: Warning, check: "regions"},
		{name: "orphan peer, rules off", change: func(ev *Evidence) {
			ev.Snapshot.Replication.EnablePlacementRules = false
			ev.Surveys[4].UnknownPeers.Add(77)
		}, want: Refused, check: "regions"},
		{name: "regions unread", change: func(ev *Evidence) { ev.Surveys[4].Err = errors.New("unexpected EOF") }, want: Unknown, check: "regions", says: "unexpected EOF"},
		{name: "unsafe recovery", change: func(ev *Evidence) { ev.Snapshot.UnsafeRecovery = "collecting reports" }, want: Refused, check: "unsafe-recovery"},
		{name: "tombstone", change: func(ev *Evidence) { tombstone(&ev.Snapshot.Stores[3]) }, want: Refused, check: "store-state"},
		{name: "leaving already", change: func(ev *Evidence) { offline(&ev.Snapshot.Stores[3]) }, want: OK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.leaving == nil {
				tt.leaving = []cluster.StoreID{4}
			}
			ev := surveyed(fourStores(), tt.leaving...)
			if tt.change != nil {
				tt.change(&ev)
			}
			findings := Check(ev, tt.leaving)
			wantVerdict := tt.want
			if wantVerdict == Warning {
				wantVerdict = OK // warnings do not stop anything
			}
			if got := Verdict(findings); got != wantVerdict {
				t.Errorf("verdict %v, want %v: %+v", got, wantVerdict, findings)
			}
			for i := range findings {
				f := &findings[i]
				text := f.Summary + strings.Join(f.Evidence, " ")
				if f.Check == tt.check && f.Result == tt.want && strings.Contains(text, tt.says) {
					return
				}
				if f.Summary == "" || strings.HasSuffix(f.Summary, ".") {
					t.Errorf("finding %q has summary %q", f.Check, f.Summary)
				}
			}
			if tt.check != "" {
				t.Errorf("no finding %q with result %v that says %q: %+v", tt.check, tt.want, tt.says, findings)
			}
		})
	}
}

func TestAcceptRisk(t *testing.T) {
	ev := surveyed(fourStores(), 4)
	ev.Surveys[4].Leaderless.Add(77)
	req := request(4)
	if err := Err("scale-in", PlanScaleIn(ev, req).Findings); err == nil || !strings.Contains(err.Error(), "regions") {
		t.Fatalf("without the risk: %v", err)
	}
	req.Risks = []string{"stuck-regions"}
	if err := Err("scale-in", PlanScaleIn(ev, req).Findings); err != nil {
		t.Errorf("with the risk accepted: %v", err)
	}
	// A risk that no check names is refused: most likely it is misspelt.
	req.Risks = []string{"stuck-regions", "low-space"}
	if err := Err("scale-in", PlanScaleIn(ev, req).Findings); err == nil {
		t.Error("an unused --accept-risk was taken")
	}
	// No risk covers a placement rule that cannot be satisfied.
	snap := snapshot(tikv(1), tikv(2), tikv(3))
	req = request(3)
	req.Risks = []string{"placement", "stuck-regions", "low-space"}
	if err := Err("scale-in", PlanScaleIn(surveyed(snap, 3), req).Findings); err == nil {
		t.Error("placement was overridden")
	}
}

func TestSurvey(t *testing.T) {
	stores := cluster.IndexStores([]cluster.Store{tikv(1), tikv(2), tikv(3), tikv(4, dead)})
	voters := func(ids ...cluster.StoreID) []cluster.Peer {
		var peers []cluster.Peer
		for _, id := range ids {
			peers = append(peers, cluster.Peer{ID: uint64(id) + 100, StoreID: id})
		}
		return peers
	}
	region := func(leader cluster.StoreID, peers []cluster.Peer) *cluster.Region {
		r := &cluster.Region{ID: 9, Peers: peers, ApproximateSizeMiB: 96}
		if p := r.PeerOn(leader); p != nil {
			r.Leader = *p
		}
		return r
	}
	joint := voters(1, 2, 3)
	joint[2].Role = cluster.IncomingVoter
	weak := region(1, voters(1, 2, 3))
	weak.Pending = []cluster.Peer{weak.Peers[2]}
	tests := []struct {
		name   string
		region *cluster.Region
		want   Survey
	}{
		{"healthy and led here", region(1, voters(1, 2, 3)), Survey{Leaders: 1}},
		{"healthy", region(2, voters(1, 2, 3)), Survey{}},
		{"one dead voter of three", region(2, voters(1, 2, 4)), Survey{}},
		{"no leader", region(0, voters(1, 2, 3)), Survey{Leaderless: cluster.RegionCount{Count: 1}}},
		{"the leader PD remembers is dead", region(4, voters(1, 2, 4)), Survey{Leaderless: cluster.RegionCount{Count: 1}}},
		{"no majority", region(1, voters(1, 4, 99)), Survey{NoMajority: cluster.RegionCount{Count: 1}, UnknownPeers: cluster.RegionCount{Count: 1}, Leaders: 1}},
		{"joint", region(2, joint), Survey{Joint: cluster.RegionCount{Count: 1}}},
		{"pending", weak, Survey{Weak: cluster.RegionCount{Count: 1}, Leaders: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Survey
			s.Add(tt.region, 1, stores, now)
			got := [6]int{s.Leaders, s.Leaderless.Count, s.NoMajority.Count, s.Joint.Count, s.Weak.Count, s.UnknownPeers.Count}
			w := tt.want
			want := [6]int{w.Leaders, w.Leaderless.Count, w.NoMajority.Count, w.Joint.Count, w.Weak.Count, w.UnknownPeers.Count}
			if got != want || s.Regions != 1 || s.BytesMiB != 96 {
				t.Errorf("survey %+v, want %+v", s, tt.want)
			}
		})
	}
}
