package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"ebb/cluster"
)

// ruleCase is a cluster of five TiKV stores, of which the last leaves with 40
// regions, and what one rule says of it after an edit.
type ruleCase struct {
	rule, name string
	edit       func(*fakePD)
	// stores are asked about in place of the leaving ones.
	stores  []cluster.StoreID
	between time.Duration
	// after edits the evidence that was read.
	after    func(*Evidence)
	want     Result
	sentence string // regular expression; of the first cause
	blocked  int
}

func tiflashStore(id cluster.StoreID) cluster.Store {
	return upStore(id, cluster.Label{Key: "engine", Value: "tiflash"})
}

// tiflash adds TiFlash stores, and a rule of a table of which a region has a
// learner on the first one, which leaves.
func tiflash(count int, ids ...cluster.StoreID) func(*fakePD) {
	return func(f *fakePD) {
		for _, id := range ids {
			f.snap.Stores = append(f.snap.Stores, tiflashStore(id))
			f.snap.Limits[id] = cluster.StoreLimit{AddPeer: 30, RemovePeer: 30}
		}
		first := f.store(ids[0])
		first.State, first.StateName = cluster.Offline, cluster.StateOffline
		f.snap.Limits[ids[0]] = cluster.StoreLimit{AddPeer: 30, RemovePeer: cluster.LimitUnlimited}
		f.snap.Rules = append(f.snap.Rules, cluster.Rule{
			GroupID: cluster.TiFlashRuleGroup, ID: "table-45-r", Role: cluster.RoleLearner, Count: count, Index: 120,
			LabelConstraints: []cluster.LabelConstraint{{Key: cluster.EngineLabel, Op: "in", Values: []string{"tiflash"}}},
		})
		f.regions = nil
		r := f.add(1, 2, 3, ids[0])
		for i, id := range ids[:min(count, len(ids))] {
			if i > 0 {
				r.Peers = append(r.Peers, cluster.Peer{ID: 500 + uint64(i), StoreID: id})
			}
		}
		for i := 3; i < len(r.Peers); i++ {
			r.Peers[i].Role = cluster.Learner
		}
	}
}

func zones(values ...string) func(*fakePD) {
	return func(f *fakePD) {
		for i := range f.snap.Stores {
			f.snap.Stores[i].Labels = []cluster.Label{{Key: "zone", Value: values[i]}}
		}
		f.snap.Rules[0].LocationLabels, f.snap.Rules[0].IsolationLevel = []string{"zone"}, "zone"
	}
}

// fewer keeps the stores 1, 2 and the leaving one, and puts all regions on them.
func fewer(f *fakePD) {
	f.snap.Stores = slices.DeleteFunc(f.snap.Stores, func(s cluster.Store) bool { return s.ID == 3 || s.ID == 4 })
	n := len(f.regions)
	f.regions = nil
	for range n {
		f.add(5, 1, 2)
	}
}

func silent(id cluster.StoreID, age time.Duration) func(*fakePD) {
	return func(f *fakePD) {
		s := f.store(id)
		s.LastHeartbeat = noon.Add(-age)
		if s.State == cluster.Up {
			s.StateName = cluster.StateDisconnected
			if age > 30*time.Minute {
				s.StateName = cluster.StateDown
			}
		}
	}
}

func both(edits ...func(*fakePD)) func(*fakePD) {
	return func(f *fakePD) {
		for _, edit := range edits {
			edit(f)
		}
	}
}

func operator(brief string) cluster.Operator {
	return cluster.Operator{RegionID: 1001, Desc: "replace-rule-offline-peer", Brief: brief, Kinds: []string{"replica", "region"}, StartedAt: noon.Add(-time.Second)}
}

// ended makes the record of the last operator of a region.
func ended(status string) func(*fakePD) {
	return func(f *fakePD) {
		op := operator("mv peer: store [5] to [1]")
		op.Status, op.FinishedAt = status, noon.Add(-time.Minute)
		f.records = append(f.records, op)
	}
}

// stepping is an operator at one of its steps.
func stepping(at int, steps ...string) cluster.Operator {
	op := operator("mv peer: store [5] to [1]")
	op.CurrentStep, op.Steps = at, steps
	return op
}

func noRules(f *fakePD) { f.snap.Replication.EnablePlacementRules, f.snap.Rules = false, nil }

func deny(f *fakePD) {
	f.labels = []cluster.RegionLabelRule{{
		ID: "schema/a/b", Labels: []cluster.RegionLabel{{Key: "schedule", Value: "deny"}},
		Ranges: []cluster.KeyRange{{Start: []byte("k000000"), End: []byte("k000003")}},
	}}
}

func tombstone(f *fakePD) {
	f.snap.Stores = append(f.snap.Stores, cluster.Store{ID: 8, Address: "10.0.1.8:20160", State: cluster.Tombstone, StateName: cluster.StateTombstone})
}

func version(v string) func(*fakePD) { return func(f *fakePD) { f.snap.PDVersion = v } }

var ruleCases = []ruleCase{
	{rule: "D01", name: "three stores", edit: fewer, want: Problem, blocked: 40, sentence: `^rule pd/default wants 3 voters, and only 2 stores stay that could hold one$`},
	{rule: "D01", name: "nothing on the store", edit: both(fewer, func(f *fakePD) { f.regions = nil }), want: OK},
	{rule: "D01", name: "a store that is Up", edit: both(fewer, func(f *fakePD) { f.store(5).State, f.store(5).StateName = cluster.Up, cluster.StateUp }), stores: []cluster.StoreID{5}, want: Problem, blocked: 40},
	{rule: "D01", name: "TiFlash is no TiKV", edit: both(fewer, func(f *fakePD) { f.snap.Stores = append(f.snap.Stores, tiflashStore(9)) }), want: Problem, blocked: 40},
	{rule: "D01", name: "without placement rules", edit: both(fewer, noRules), want: Problem, blocked: 40},
	{rule: "D02", name: "a dead majority", edit: both(silent(1, time.Hour), func(f *fakePD) { f.add(1, 5) }), want: Problem, sentence: `cannot change: \d+ without a leader`, blocked: 11},
	{rule: "D02", name: "no leader", edit: func(f *fakePD) { f.add(5, 1, 2).Leader = cluster.Peer{} }, want: Problem, blocked: 1, sentence: `^1 region cannot change: 1 without a leader on a live store, 0 without`},
	{rule: "D02", name: "led by a store that was deleted by force and runs", edit: func(f *fakePD) {
		f.store(5).PhysicallyDestroyed = true
		f.add(5, 1, 2)
	}, want: OK},
	{rule: "D02", name: "malformed", edit: func(f *fakePD) { f.add(5, 1, 1) }, want: CouldNotLook},
	{rule: "D02", name: "an election in between", edit: func(f *fakePD) {
		r := f.add(5, 1, 2)
		f.reread[r.ID] = *r
		r.Leader = cluster.Peer{}
	}, want: OK},
	{rule: "D03", name: "one is set aside", edit: func(f *fakePD) {
		f.store(3).Labels = []cluster.Label{{Key: "specialUse", Value: "reserved"}}
	}, want: Pace, sentence: `^3 tikv stores can add 45 peers a minute together`},
	{rule: "D03", name: "limits", want: Pace, sentence: `^4 tikv stores can add 60 peers a minute together; 40 regions take at least 40s$`},
	{rule: "D03", name: "limits that nobody feels", edit: func(f *fakePD) {
		for id := range f.snap.Limits {
			f.snap.Limits[id] = cluster.StoreLimit{AddPeer: cluster.LimitUnlimited, RemovePeer: 15}
		}
	}, want: OK},
	{rule: "D03", name: "small and empty regions count less", edit: func(f *fakePD) {
		for i := range f.regions {
			f.regions[i].ApproximateSizeMiB = int64(i % 2 * 20)
		}
	}, want: Pace, sentence: `40 regions take at least 4s$`},
	{rule: "D03", name: "v2", edit: func(f *fakePD) { f.snap.Schedule.StoreLimitVersion = "v2" }, want: NotApplicable},
	{rule: "D03", name: "v2, which has no limits to read", edit: func(f *fakePD) {
		f.snap.Schedule.StoreLimitVersion = "v2"
		f.snap.Limits, f.snap.Unread = nil, cluster.Unread{cluster.FieldLimits: errAbsent}
	}, want: NotApplicable},
	{rule: "D03", name: "unread, and nothing leaves", edit: func(f *fakePD) {
		f.store(5).State, f.store(5).StateName = cluster.Up, cluster.StateUp
		f.snap.Limits, f.snap.Unread = nil, cluster.Unread{cluster.FieldLimits: errAbsent}
	}, want: NotApplicable},
	{rule: "D04", name: "more replicas than stores", edit: tiflash(2, 91, 92), stores: []cluster.StoreID{91}, want: Problem, blocked: 1, sentence: `^table 45 wants 2 TiFlash replicas, and only 1 TiFlash store stays$`},
	{rule: "D04", name: "enough", edit: tiflash(2, 91, 92, 93), stores: []cluster.StoreID{91}, want: OK},
	{rule: "D04", name: "by name", edit: tiflash(1, 91), stores: []cluster.StoreID{91}, after: func(ev *Evidence) { ev.Tables[45] = Table{Name: "shop.orders"} }, want: Problem, blocked: 1, sentence: `^table shop.orders \(45\) wants 1 TiFlash replica, and only 0 TiFlash stores stay$`},
	{rule: "D05", name: "two records", edit: func(f *fakePD) { f.store(2).Address = f.store(1).Address }, want: Problem, sentence: `^stores 1, 2 have the same address`},
	{rule: "D05", name: "a Tombstone has it too", edit: both(tombstone, func(f *fakePD) { f.store(8).Address = f.store(1).Address }), want: OK},
	{rule: "D05", name: "a destroyed one has it too", edit: func(f *fakePD) { f.store(5).PhysicallyDestroyed, f.store(5).Address = true, f.store(1).Address }, want: OK},
	{rule: "D06", name: "the only copy", edit: both(silent(5, time.Hour), func(f *fakePD) { f.store(5).PhysicallyDestroyed = true; f.add(5) }), want: Problem, blocked: 1, sentence: `was deleted by force, which cannot be taken back, and 1 region cannot go on`},
	{rule: "D06", name: "still alive", edit: func(f *fakePD) { f.store(5).PhysicallyDestroyed = true }, want: Problem, sentence: `deleted by force but still sends heartbeats$`},
	{rule: "D06", name: "dead, and nothing needs it", edit: both(silent(5, time.Hour), func(f *fakePD) { f.store(5).PhysicallyDestroyed = true }), want: OK},
	{rule: "D07", name: "peers on an unknown store", edit: func(f *fakePD) { f.add(1, 2, 99); f.add(1, 99, 98) }, want: Problem, sentence: `^3 peers on 2 stores that PD has no record of$`},
	{rule: "D07", name: "and on the leaving one, without rules", edit: both(noRules, func(f *fakePD) { f.add(5, 1, 99) }), want: Problem, blocked: 1},
	{rule: "D08", name: "a Tombstone", edit: tombstone, want: Note, sentence: `has left and waits to be cleaned up$`},
	{rule: "D08", name: "no mark of tiup", after: func(ev *Evidence) { ev.Nodes[4].Offline = false }, want: Note, sentence: `tiup cluster prune will pass it over$`},
	{rule: "D08", name: "no topology", after: func(ev *Evidence) { ev.Nodes = nil; ev.NoteAbsent(FieldTopology, "none") }, want: NotApplicable},
	{rule: "D09", name: "dropped", edit: tiflash(2, 91, 92), stores: []cluster.StoreID{91}, after: func(ev *Evidence) { ev.Tables[45] = Table{Gone: true} }, want: Problem, blocked: 1, sentence: `^1 TiFlash rule asks for more replicas`},
	{rule: "D09", name: "there", edit: tiflash(2, 91, 92), stores: []cluster.StoreID{91}, after: func(ev *Evidence) { ev.Tables[45] = Table{Name: "a.b"} }, want: OK},
	{rule: "D09", name: "TiDB silent", edit: tiflash(2, 91, 92), stores: []cluster.StoreID{91}, after: func(ev *Evidence) { ev.NoteUnread(FieldTables, fmt.Errorf("refused")) }, want: CouldNotLook},
	{rule: "D09", name: "enough stores", edit: tiflash(1, 91, 92), stores: []cluster.StoreID{91}, want: NotApplicable},
	{rule: "D10", name: "too few with room", edit: func(f *fakePD) {
		for id := cluster.StoreID(2); id < 5; id++ {
			f.store(id).Available.Bytes = testTiB / 10
		}
	}, want: Problem, sentence: `only 1 can be placed: store 2 .* are low on space$`, blocked: 20},
	{rule: "D10", name: "one full", edit: func(f *fakePD) { f.store(2).Available.Bytes = testTiB / 10 }, want: Pace, sentence: `^1 of 4 tikv stores that stay are low on space`},
	{rule: "D10", name: "nobody can tell", edit: func(f *fakePD) {
		for id := cluster.StoreID(2); id < 5; id++ {
			f.store(id).Available = cluster.Size{Bytes: testTiB/5 - 1, Precision: 1 << 20, Known: true}
		}
	}, want: OK},
	{rule: "D10", name: "what is left does not fit", edit: func(f *fakePD) {
		for id := cluster.StoreID(1); id < 5; id++ {
			f.store(id).Available.Bytes = testTiB/5 + 1<<20
		}
	}, want: Note, sentence: `^3.75GiB of tikv data are left to move, and only`},
	{rule: "D11", name: "together too many", edit: func(f *fakePD) { *f.store(4) = leavingStore(4); *f.store(3) = leavingStore(3) }, want: Problem, sentence: `2 can be placed while so many stores leave at once$`, blocked: 10},
	{rule: "D11", name: "two", edit: func(f *fakePD) { *f.store(4) = leavingStore(4) }, want: Note, sentence: `^2 stores leave at the same time`},
	{rule: "D12", name: "everywhere", edit: func(f *fakePD) { f.snap.EvictLeader = []cluster.StoreID{1, 2, 3, 4}; f.add(1, 2, 5).Leader.StoreID = 5 }, want: Problem, blocked: 1, sentence: `^1 leader cannot leave`},
	{rule: "D12", name: "on one", edit: func(f *fakePD) { f.snap.EvictLeader = []cluster.StoreID{1} }, want: Note, sentence: `^1 of 4 TiKV stores that stay take no leaders`},
	{rule: "D12", name: "left behind", edit: func(f *fakePD) { f.snap.EvictLeader = []cluster.StoreID{66} }, want: Note, sentence: `^evict-leader is left behind for stores that are gone: 66$`},
	{rule: "D12", name: "for the leaving one", edit: func(f *fakePD) { f.snap.EvictLeader = []cluster.StoreID{5} }, want: OK},
	{rule: "D13", name: "halted", edit: func(f *fakePD) { f.snap.Schedule.HaltScheduling = true }, want: Problem, blocked: 40},
	{rule: "D13", name: "by an unsafe recovery", edit: func(f *fakePD) {
		f.snap.Schedule.HaltScheduling, f.snap.UnsafeRecovery = true, "collecting"
	}, want: OK},
	{rule: "D13", name: "not before 7.2", edit: version("v6.5.9"), want: NotApplicable},
	{rule: "D14", name: "zones", edit: zones("a", "b", "a", "b", "c"), want: Problem, sentence: `each in another zone, and only 2 of them are left$`, blocked: 40},
	{rule: "D14", name: "labels", edit: func(f *fakePD) {
		for _, id := range []cluster.StoreID{1, 2, 5} {
			f.store(id).Labels = []cluster.Label{{Key: "disk", Value: "ssd"}}
		}
		f.snap.Rules[0].LabelConstraints = []cluster.LabelConstraint{{Key: "disk", Op: "in", Values: []string{"ssd"}}}
	}, want: Problem, sentence: `only 2 can be placed for its labels$`, blocked: 10},
	{rule: "D14", name: "reserved stores", edit: func(f *fakePD) {
		for _, id := range []cluster.StoreID{3, 4} {
			f.store(id).Labels = []cluster.Label{{Key: "specialUse", Value: "reserved"}}
		}
	}, want: Problem, blocked: 10, sentence: `only 2 can be placed for its labels$`},
	{rule: "D15", name: "leads", edit: func(f *fakePD) { f.add(1, 2, 5).Leader.StoreID = 5 }, want: Pace, sentence: `leads 1 of its 41 regions`},
	{rule: "D15", name: "under evict-leader", edit: func(f *fakePD) { f.add(1, 2, 5).Leader.StoreID = 5; f.snap.EvictLeader = []cluster.StoreID{5} }, want: OK},
	{rule: "D16", name: "timed out", edit: ended("TIMEOUT"), want: Problem, blocked: 1, sentence: `^1 region ran into a timeout when PD last changed them`},
	{rule: "D16", name: "cancelled", edit: ended(""), want: OK},
	{rule: "D16", name: "came through", edit: ended("SUCCESS"), want: OK},
	{rule: "D16", name: "others fail", edit: func(f *fakePD) {
		op := operator("mv peer: store [15] to [1]")
		op.Status = "TIMEOUT"
		f.records = append(f.records, op)
	}, want: OK},
	{rule: "D16", name: "joint", edit: func(f *fakePD) { f.add(5, 1, 2, 3).Peers[0].Role = cluster.DemotingVoter }, want: Note, sentence: `^1 region in the middle of a change of peers`},
	{rule: "D16", name: "old PD", edit: func(f *fakePD) { f.fail[FieldRecords] = errAbsent }, want: NotApplicable},
	{rule: "D17", name: "huge", edit: func(f *fakePD) { f.add(5, 1, 2).ApproximateSizeMiB = 20 << 10 }, want: Pace, blocked: 1, sentence: `the largest of 20GiB$`},
	{rule: "D18", name: "busy", edit: func(f *fakePD) { f.store(1).IsBusy = true }, want: Pace, sentence: `^1 of 4 stores that stay are busy`},
	{rule: "D18", name: "slow", edit: func(f *fakePD) { f.store(1).SlowScore = 80 }, want: Pace},
	{rule: "D18", name: "snapshots", edit: func(f *fakePD) { f.store(1).ReceivingSnapCount = 65 }, want: Pace},
	{rule: "D18", name: "pending peers", edit: func(f *fakePD) { f.store(1).PendingPeerCount = 65 }, want: Pace},
	{rule: "D18", name: "at the limits", edit: func(f *fakePD) {
		f.store(1).ReceivingSnapCount, f.store(1).PendingPeerCount, f.store(1).SlowScore = 64, 64, 79
	}, want: OK},
	{rule: "D19", name: "towards a dead store", edit: both(silent(2, time.Minute), func(f *fakePD) { f.running = []cluster.Operator{operator("mv peer: store [5] to [2]")} }), want: Problem, blocked: 1, sentence: `^1 operator waits for 1 store without heartbeats: store 2 \(10\.0\.1\.2:20160\)$`},
	{rule: "D19", name: "towards a dead leader", edit: both(silent(2, time.Minute), func(f *fakePD) {
		f.running = []cluster.Operator{stepping(1, "add learner peer 9 on store 1", "transfer leader from store 5 to store 2", "use joint consensus, promote learner peer 9 on store 1 to voter, demote voter peer 7 on store 5 to learner")}
	}), want: Problem, blocked: 1, sentence: `^1 operator waits for 1 store without heartbeats: store 2 \(10\.0\.1\.2:20160\)$`},
	{rule: "D19", name: "past a dead leader", edit: both(silent(2, time.Minute), func(f *fakePD) {
		f.running = []cluster.Operator{stepping(2, "add learner peer 9 on store 1", "transfer leader from store 5 to store 2", "use joint consensus, promote learner peer 9 on store 1 to voter, demote voter peer 7 on store 2 to learner", "remove peer on store 2")}
	}), want: OK},
	{rule: "D19", name: "from a dead store", edit: both(silent(5, time.Minute), func(f *fakePD) { f.running = []cluster.Operator{operator("mv peer: store [5] to [2]")} }), want: OK},
	{rule: "D20", name: "Disconnected", edit: silent(2, time.Minute), want: Problem, sentence: `^store 2 .* is silent: PD sends nothing there`},
	{rule: "D20", name: "too few live", edit: both(silent(2, time.Minute), silent(3, time.Minute), func(f *fakePD) { f.regions = nil; f.add(5, 1, 4) }), want: Problem, blocked: 1, sentence: `only 2 can be placed: store 2 .* are not live$`},
	{rule: "D20", name: "the leaving one", edit: silent(5, time.Hour), want: Note, sentence: `^store 5 .* is dead: its regions are rebuilt`},
	{rule: "D20", name: "never heard", edit: func(f *fakePD) { f.store(2).LastHeartbeat = time.Time{} }, want: Problem, sentence: `^this PD leader has no heartbeat yet of store 2 `},
	{rule: "D21", name: "running", edit: func(f *fakePD) { f.snap.UnsafeRecovery = "collecting" }, want: Problem, blocked: 40},
	{rule: "D22", name: "named still", edit: both(tombstone, func(f *fakePD) { f.add(8, 1, 2) }), want: Problem, blocked: 1, sentence: `^PD calls store 8 .* Tombstone, but 1 region still names it$`},
	{rule: "D22", name: "empty", edit: tombstone, want: OK},
	{rule: "D23", name: "a Tombstone runs", edit: tombstone, after: func(ev *Evidence) { ev.Hosts[8] = Host{Unit: "u", Running: true} }, want: Problem, sentence: `is Tombstone, but its process runs$`},
	{rule: "D23", name: "runs unheard", edit: silent(5, time.Hour), after: func(ev *Evidence) { ev.Hosts[5] = Host{Unit: "u", Running: true} }, want: Problem, sentence: `runs, but PD does not hear it$`},
	{rule: "D23", name: "stopped", after: func(ev *Evidence) { ev.Hosts[5] = Host{Unit: "u"} }, want: Problem, sentence: `does not run, and 40 regions are left`},
	{rule: "D23", name: "as it should be", after: func(ev *Evidence) { ev.Hosts[5] = Host{Unit: "u", Running: true} }, want: OK},
	{rule: "D23", name: "not asked", after: func(ev *Evidence) { ev.Hosts = nil; ev.NoteAbsent(FieldHosts, "not asked") }, want: NotApplicable},
	{rule: "D24", name: "silent", edit: silent(2, time.Hour), after: func(ev *Evidence) { ev.Nodes = slices.Delete(ev.Nodes, 1, 2) }, want: Problem, sentence: `it was removed without PD$`},
	{rule: "D20", name: "removed without PD", edit: silent(2, time.Hour), after: func(ev *Evidence) { ev.Nodes = slices.Delete(ev.Nodes, 1, 2) }, want: OK},
	{rule: "D24", name: "alive", after: func(ev *Evidence) { ev.Nodes = slices.Delete(ev.Nodes, 1, 2) }, want: Note, sentence: `is not in the topology$`},
	{rule: "D25", name: "refused", edit: func(f *fakePD) {
		f.snap.Stores = append(f.snap.Stores[:2], tiflashStore(9))
	}, stores: []cluster.StoreID{9}, want: Problem, sentence: `^PD v8.5.3 refuses the delete: 2 Up stores would be left and max-replicas is 3`},
	{rule: "D25", name: "enough", edit: func(f *fakePD) { f.snap.Stores = append(f.snap.Stores, tiflashStore(9)) }, stores: []cluster.StoreID{9}, want: OK},
	{rule: "D25", name: "old PD", edit: both(version("v5.4.0"), func(f *fakePD) { f.snap.Stores = append(f.snap.Stores[:2], tiflashStore(9)) }), stores: []cluster.StoreID{9}, want: NotApplicable},
	{rule: "D26", name: "unlimited", edit: func(f *fakePD) {
		f.snap.Limits[2] = cluster.StoreLimit{AddPeer: 15, RemovePeer: cluster.LimitUnlimited}
	}, want: Note, sentence: `^store 2 .* may lose any number of peers`},
	{rule: "D27", name: "reused", edit: both(tombstone, func(f *fakePD) { f.store(8).Address = f.store(5).Address }), want: Note, sentence: `name the store by its id$`},
	{rule: "D28", name: "restarted", between: time.Minute, edit: func(f *fakePD) { f.later = slices.Clone(f.snap.Stores); f.later[1].StartTime = noon }, want: Problem, sentence: `^store 2 .* restarted within 1m00s$`},
	{rule: "D28", name: "moved", between: time.Minute, edit: func(f *fakePD) { f.later = slices.Clone(f.snap.Stores); f.later[1].Address = "10.9.9.9:20160" }, want: Problem, sentence: `two processes may share its data$`},
	{rule: "D28", name: "the same", between: time.Minute, want: OK},
	{rule: "D28", name: "one reading", want: NotApplicable},
	{rule: "D30", name: "a million regions", edit: func(f *fakePD) {
		f.snap.Schedule.PatrolRegionInterval = 100 * time.Millisecond
		f.snap.PDVersion = "v7.5.0"
	}, after: func(ev *Evidence) { ev.RegionStats.Regions = 1_000_000 }, want: Pace, sentence: `^PD takes some 13m01s to look at all 1000000 regions once`},
	{rule: "D30", name: "newer PD", edit: func(f *fakePD) { f.snap.Schedule.PatrolRegionInterval = 100 * time.Millisecond }, after: func(ev *Evidence) { ev.RegionStats.Regions = 1_000_000 }, want: OK},
	{rule: "D31", name: "off", edit: both(noRules, func(f *fakePD) { f.snap.Schedule.ReplaceOfflineReplica = false }), want: Problem, blocked: 40},
	{rule: "D31", name: "off, but rules are on", edit: func(f *fakePD) { f.snap.Schedule.ReplaceOfflineReplica = false }, want: NotApplicable},
	{rule: "D32", name: "blocks", edit: both(deny, version("v6.5.2")), want: Problem, blocked: 3},
	{rule: "D32", name: "blocks in 7.0", edit: both(deny, version("v7.0.0")), want: Problem, blocked: 3},
	{rule: "D32", name: "fixed", edit: both(deny, version("v6.5.3")), want: Note},
	{rule: "D33", name: "async", edit: func(f *fakePD) {
		f.mode = cluster.ReplicationStatus{Mode: "dr-auto-sync", State: "async", LabelKey: "dc"}
	}, want: Note, sentence: `^dr-auto-sync is in state async`},
	{rule: "D33", name: "sync", edit: func(f *fakePD) { f.mode = cluster.ReplicationStatus{Mode: "dr-auto-sync", State: "sync"} }, want: OK},
	{rule: "D34", name: "held", edit: both(version("v8.5.5"), func(f *fakePD) {
		f.tasks = []cluster.MaintenanceTask{{Type: "ebb", ID: "db1", Description: "prune by ops"}}
	}), want: Note, sentence: `prune by ops \(db1\)$`},
	{rule: "D34", name: "old PD", edit: func(f *fakePD) { f.fail[FieldMaintenance] = errAbsent }, want: NotApplicable},
	{rule: "P06", name: "lowered", edit: func(f *fakePD) { f.snap.Limits[5] = cluster.StoreLimit{AddPeer: 15, RemovePeer: 15} }, want: Pace, sentence: `may lose only 15 peers a minute`},
	{rule: "P07", name: "zero", edit: func(f *fakePD) { f.snap.Schedule.ReplicaScheduleLimit = 0 }, want: Problem, blocked: 40},
	{rule: "P07", name: "used up", edit: func(f *fakePD) {
		f.snap.Schedule.ReplicaScheduleLimit = 1
		f.running = []cluster.Operator{operator("mv peer: store [5] to [2]")}
	}, want: Pace, sentence: `^all 1 operators that`},
	{rule: "P08", name: "snapshots", edit: func(f *fakePD) { f.snap.Schedule.MaxSnapshotCount = 3 }, want: Pace},
	{rule: "P08", name: "patrol", edit: func(f *fakePD) { f.snap.Schedule.PatrolRegionInterval = 100 * time.Millisecond }, want: Pace},
	{rule: "P08", name: "no bound is not an old one", edit: func(f *fakePD) { f.snap.Schedule.MaxPendingPeerCount = 0 }, want: OK},
	{rule: "P12", name: "down elsewhere", edit: func(f *fakePD) { r := f.add(5, 1, 2); r.Down = []cluster.DownPeer{{Peer: r.Peers[2]}} }, want: Note, sentence: `^1 region has a down peer on another store`},
	{rule: "P12", name: "a learner that is not well, without rules", edit: both(noRules, func(f *fakePD) {
		r := f.add(5, 1, 2, 3)
		r.Peers[3].Role = cluster.Learner
		r.Down = []cluster.DownPeer{{Peer: r.Peers[3]}}
	}), want: Problem, blocked: 1},
	{rule: "P16", name: "rule checker", edit: func(f *fakePD) { f.snap.PausedCheckers = []string{"rule"} }, want: Problem, blocked: 40},
	{rule: "P16", name: "one that does not matter", edit: func(f *fakePD) { f.snap.PausedCheckers = []string{"merge", "replica"} }, want: OK},
	{rule: "P16", name: "replica checker, without rules", edit: both(noRules, func(f *fakePD) { f.snap.PausedCheckers = []string{"replica"} }), want: Problem, blocked: 40},
	{rule: "P16", name: "joint-state", edit: func(f *fakePD) { f.snap.PausedCheckers = []string{"joint-state"} }, want: Problem},
	{rule: "P20", name: "old operator", edit: func(f *fakePD) {
		op := operator("mv peer: store [5] to [2]")
		op.StartedAt, op.Steps = noon.Add(-10*time.Minute), []string{"add learner", "promote"}
		f.running = []cluster.Operator{op}
	}, want: Pace, sentence: `^1 operator has been running for more than 5m00s, the oldest for 10m00s`},
	{rule: "P20", name: "young operator", edit: func(f *fakePD) { f.running = []cluster.Operator{operator("mv peer: store [5] to [2]")} }, want: OK},
	{rule: "P23", name: "young PD", edit: func(f *fakePD) { f.started = noon.Add(-time.Minute) }, want: Pace, sentence: `^the PD leader started 1m00s ago`},
	{rule: "P23", name: "old enough", edit: func(f *fakePD) { f.started = noon.Add(-cluster.CollectTimeout) }, want: OK},
	{rule: "P23", name: "young PD that moves", edit: func(f *fakePD) {
		f.started = noon.Add(-time.Minute)
		f.running = []cluster.Operator{operator("mv peer: store [5] to [2]")}
	}, want: OK},
	{rule: "P23", name: "young PD that measures", edit: func(f *fakePD) {
		f.started = noon.Add(-time.Minute)
		f.left = map[cluster.StoreID]cluster.Progress{5: {Action: cluster.ActionRemoving, SpeedMiB: 1}}
	}, want: OK},
	{rule: "P23", name: "young PD that has moved", edit: both(ended("SUCCESS"), func(f *fakePD) { f.started = noon.Add(-time.Minute) }), want: OK},
	{rule: "P24", name: "a few", edit: func(f *fakePD) { f.regions = f.regions[:5] }, want: Pace, sentence: `^the last 5 regions wait`},
	{rule: "P24", name: "a few, moving", edit: func(f *fakePD) {
		f.regions = f.regions[:5]
		f.running = []cluster.Operator{operator("mv peer: store [5] to [2]")}
	}, want: OK},
	{rule: "P25", name: "merges", edit: func(f *fakePD) {
		for i := range 40 {
			f.running = append(f.running, cluster.Operator{RegionID: cluster.RegionID(5000 + i), Desc: "merge-region", Brief: "merge: region 1 to 2", Kinds: []string{"merge"}})
		}
	}, want: Pace, sentence: `^40 merges and hot-region moves`},
	{rule: "P26", name: "paused", edit: func(f *fakePD) { f.paused = []string{"balance-region-scheduler"} }, want: Note, sentence: `^1 scheduler is paused`},
}

func (c *ruleCase) run(t *testing.T) *Report {
	f := healthy(5, 40)
	if c.edit != nil {
		c.edit(f)
	}
	ev := f.collect(t, c.between, c.stores...)
	if c.after != nil {
		c.after(ev)
	}
	return Run(ev)
}

func TestRules(t *testing.T) {
	for _, c := range ruleCases {
		t.Run(c.rule+"/"+c.name, func(t *testing.T) {
			r := c.run(t)
			j, causes := judgedBy(r, c.rule), causesBy(r, c.rule)
			if j.Result != c.want {
				t.Fatalf("%s says %s (%s), want %s\n%+v\n%s", c.rule, j.Result, j.Reason, c.want, causes, asJSON(t, r.Tails))
			}
			if c.want < Note {
				return
			}
			if len(causes) == 0 || causes[0].Severity != c.want {
				t.Fatalf("causes %+v", causes)
			}
			if !regexp.MustCompile(c.sentence).MatchString(causes[0].Sentence) {
				t.Errorf("says %q, want %q", causes[0].Sentence, c.sentence)
			}
			if causes[0].Blocked != c.blocked {
				t.Errorf("keeps %d regions, want %d\n%s", causes[0].Blocked, c.blocked, asJSON(t, r.Tails))
			}
			checkCause(t, &causes[0])
		})
	}
}

// checkCause holds every cause to one form.
func checkCause(t *testing.T, c *Cause) {
	t.Helper()
	switch {
	case len(c.Evidence) == 0:
		t.Error("no evidence")
	case c.Severity == Problem && (c.Next == "" || c.Risk == ""):
		t.Errorf("next %q, risk %q", c.Next, c.Risk)
	case regexp.MustCompile(`\.$|^[A-Z][a-z]+ed `).MatchString(c.Sentence):
		t.Errorf("sentence %q", c.Sentence)
	}
}

// One busy store of many, or one big region, does not set the pace of all.
func TestWhatIsRareSetsNoPace(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(f *fakePD)
		want string
	}{
		"one busy store":   {func(f *fakePD) { f.store(1).IsBusy = true }, "add-peer-limit"},
		"two of four":      {func(f *fakePD) { f.store(1).IsBusy, f.store(2).IsBusy = true, true }, "busy-targets"},
		"one big region":   {func(f *fakePD) { f.add(5, 1, 2).ApproximateSizeMiB = 20 << 10 }, "add-peer-limit"},
		"only big regions": {func(f *fakePD) { f.regions = nil; f.add(5, 1, 2).ApproximateSizeMiB = 20 << 10 }, "big-regions"},
	} {
		f := healthy(5, 40)
		c.edit(f)
		if got := Run(f.collect(t, 0)).Pace.Limit; got != c.want {
			t.Errorf("%s: limited by %q, want %q", name, got, c.want)
		}
	}
}

// Where too many leave, one is taken back, not all.
func TestOneIsTakenBack(t *testing.T) {
	f := healthy(5, 40)
	*f.store(4), *f.store(3) = leavingStore(4), leavingStore(3)
	causes := causesBy(Run(f.collect(t, 0)), "D11")
	if want := "take one back until the others are gone: ebb cancel-offline CLUSTER -N 5"; len(causes) == 0 || causes[0].Next != want {
		t.Errorf("%+v, want next %q", causes, want)
	}
}

// Every rule has a case in which it finds something.
func TestEveryRuleFindsSomething(t *testing.T) {
	for _, rule := range Rules() {
		if !slices.ContainsFunc(ruleCases, func(c ruleCase) bool { return c.rule == rule.ID && c.want >= Note }) {
			t.Errorf("%s %s: no case in which it speaks", rule.ID, rule.Name)
		}
	}
}
