package diagnose

import (
	"fmt"
	"testing"
	"time"

	"ebb/cluster"
)

// TestFilters gives every filter what passes, what fails, and what PD did not
// show. The asked store is 3; region 7 is on 1, 2 and 4, which leaves.
func TestFilters(t *testing.T) {
	label := func(pairs ...string) (list []cluster.Label) {
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, cluster.Label{Key: pairs[i], Value: pairs[i+1]})
		}
		return list
	}
	zones := func(isolation string, of ...string) func(*cluster.Snapshot) {
		return func(s *cluster.Snapshot) {
			s.Rules[0].LocationLabels, s.Rules[0].IsolationLevel = []string{"zone", "host"}, isolation
			for i, zone := range of {
				s.Stores[i].Labels = label("zone", zone, "host", fmt.Sprint("h", i))
			}
		}
	}
	type snap = *cluster.Snapshot
	const pass, fail, unknown = FilterPass, FilterFail, FilterUnknown
	for _, c := range []struct {
		filter string
		name   string
		want   FilterOutcome
		change func(snap)
	}{
		{"has-peer", "free", pass, nil},
		{"low-space", "half free", pass, nil},
		{"low-space", "a tenth free", fail, func(s snap) { s.Stores[2].Available.Bytes = testTiB / 10 }},
		{"low-space", "few regions and 8 GiB", pass, func(s snap) { s.Stores[2].Available.Bytes = testTiB / 10; s.Stores[2].RegionCount = 99 }},
		{"low-space", "few regions, no 8 GiB", fail, func(s snap) { s.Stores[2].Available.Bytes = 7 << 30; s.Stores[2].RegionCount = 99 }},
		{"low-space", "100 regions are not few", fail, func(s snap) { s.Stores[2].Available.Bytes = testTiB / 10; s.Stores[2].RegionCount = 100 }},
		{"low-space", "on the edge", unknown, func(s snap) {
			s.Stores[2].Available = cluster.Size{Bytes: testTiB / 5, Precision: testTiB / 2000, Known: true}
		}},
		{"low-space", "8 GiB on the edge", unknown, func(s snap) {
			s.Stores[2].Available = cluster.Size{Bytes: 8 << 30, Precision: 1 << 20, Known: true}
			s.Stores[2].RegionCount = 99
		}},
		{"low-space", "never heard", unknown, func(s snap) { s.Stores[2].Capacity, s.Stores[2].Available = cluster.Size{}, cluster.Size{} }},
		{"low-space", "ratio not read", unknown, func(s snap) { s.Schedule = nil }},
		{"special-use", "another value", pass, func(s snap) { s.Stores[2].Labels = label("specialUse", "archive") }},
		{"special-use", "reserved", fail, func(s snap) { s.Stores[2].Labels = label("specialUse", "reserved") }},
		{"special-use", "hot regions, key without case", fail, func(s snap) { s.Stores[2].Labels = label("SPECIALUSE", "hotRegion") }},
		{"removing", "up", pass, nil},
		{"removing", "offline", fail, func(s snap) { s.Stores[2].State, s.Stores[2].StateName = cluster.Offline, cluster.StateOffline }},
		{"down", "just disconnected", pass, func(s snap) { s.Stores[2].StateName = cluster.StateDisconnected }},
		{"down", "down", fail, func(s snap) { s.Stores[2].StateName = cluster.StateDown }},
		{"down", "offline and silent", fail, func(s snap) {
			s.Stores[2].State, s.Stores[2].StateName, s.Stores[2].LastHeartbeat = cluster.Offline, cluster.StateOffline, noon.Add(-31*time.Minute)
		}},
		{"down", "offline and silent, limit not read", unknown, func(s snap) {
			s.Stores[2].State, s.Stores[2].StateName, s.Schedule = cluster.Offline, cluster.StateOffline, nil
		}},
		{"down", "clocks differ", unknown, func(s snap) {
			s.Stores[2].State, s.Stores[2].StateName, s.Stores[2].LastHeartbeat = cluster.Offline, cluster.StateOffline, noon.Add(time.Hour)
		}},
		{"disconnected", "up", pass, nil},
		{"disconnected", "disconnected", fail, func(s snap) { s.Stores[2].StateName = cluster.StateDisconnected }},
		{"disconnected", "down", fail, func(s snap) { s.Stores[2].StateName = cluster.StateDown }},
		{"disconnected", "offline, 21 s", fail, func(s snap) {
			s.Stores[2].State, s.Stores[2].StateName, s.Stores[2].LastHeartbeat = cluster.Offline, cluster.StateOffline, noon.Add(-21*time.Second)
		}},
		{"disconnected", "offline, never heard", fail, func(s snap) {
			s.Stores[2].State, s.Stores[2].StateName, s.Stores[2].LastHeartbeat = cluster.Offline, cluster.StateOffline, time.Time{}
		}},
		{"isolation", "another zone", pass, zones("zone", "z1", "z2", "z3", "z3")},
		{"isolation", "a taken zone", fail, zones("zone", "z1", "z2", "z2", "z3")},
		{"isolation", "taken zone, free host", pass, zones("host", "z1", "z2", "z2", "z3")},
		{"isolation", "a level that is no label isolates at the first", fail, zones("rack", "z1", "z2", "z2", "z3")},
		{"isolation", "no zone is the empty zone", fail, zones("zone", "z1", "", "", "z3")},
		{"label-constraint", "none", pass, nil},
		{"label-constraint", "an exclusive label", fail, func(s snap) { s.Stores[2].Labels = label("engine", "tiflash") }},
		{"label-constraint", "not in", fail, func(s snap) {
			s.Rules[0].LabelConstraints = []cluster.LabelConstraint{{Key: "disk", Op: "notIn", Values: []string{"hdd"}}}
			s.Stores[2].Labels = label("disk", "hdd")
		}},
		{"best-location", "as good as any", pass, zones("", "z1", "z2", "z3", "z4", "z5")},
		{"best-location", "another is farther", fail, zones("", "z1", "z2", "z2", "z4", "z5")},
		{"best-location", "case does not matter", fail, zones("", "z1", "z2", "Z2", "z4", "z5")},
		{"best-location", "no zone is near every zone", fail, zones("", "z1", "z2", "", "z4", "z5")},
		{"best-location", "another may be farther", unknown, func(s snap) {
			zones("", "z1", "z2", "z2", "z4", "z5")(s)
			s.Stores[4].Capacity = cluster.Size{}
		}},
		{"busy", "idle", pass, nil},
		{"busy", "busy", fail, func(s snap) { s.Stores[2].IsBusy = true }},
		{"add-peer-limit", "unlimited", pass, nil},
		{"add-peer-limit", "15 a minute", unknown, func(s snap) { s.Limits[3] = cluster.StoreLimit{AddPeer: 15} }},
		{"add-peer-limit", "not shown", unknown, func(s snap) { delete(s.Limits, 3) }},
		{"add-peer-limit", "not read", unknown, func(s snap) { s.Unread[cluster.FieldLimits] = fmt.Errorf("timeout") }},
		{"snapshots", "at the limit", pass, func(s snap) { s.Stores[2].ReceivingSnapCount = 64 }},
		{"snapshots", "receiving too many", fail, func(s snap) { s.Stores[2].ReceivingSnapCount = 65 }},
		{"snapshots", "sending too many", fail, func(s snap) { s.Stores[2].SendingSnapCount = 65 }},
		{"snapshots", "limit not read", unknown, func(s snap) { s.Stores[2].SendingSnapCount = 1; s.Schedule = nil }},
		{"pending-peers", "at the limit", pass, func(s snap) { s.Stores[2].PendingPeerCount = 64 }},
		{"pending-peers", "too many", fail, func(s snap) { s.Stores[2].PendingPeerCount = 65 }},
		{"pending-peers", "no limit", pass, func(s snap) { s.Stores[2].PendingPeerCount = 65; s.Schedule.MaxPendingPeerCount = 0 }},
		{"pending-peers", "not shown before 8.5", unknown, func(s snap) { s.PDVersion = "v8.4.0" }},
		{"pending-peers", "a PD without version", unknown, func(s snap) { s.PDVersion = "None" }},
	} {
		t.Run(c.filter+", "+c.name, func(t *testing.T) {
			snap := testSnapshot(upStore(1), upStore(2), upStore(3), leavingStore(4), upStore(5))
			if c.change != nil {
				c.change(snap)
			}
			e := NewWorld(snap, nil).Explain(testRegion(1, 2, 4), 4)
			if len(e.Candidates) != 5 {
				t.Fatalf("%d candidates: %s", len(e.Candidates), e.Sentence)
			}
			found := false
			for _, f := range e.Candidates[2].Filters {
				if f.Sentence == "" {
					t.Errorf("%s says nothing", f.Filter)
				}
				if f.Filter == c.filter {
					found = true
					if f.Result != c.want {
						t.Errorf("%s, want %s: %s", f.Result, c.want, f.Sentence)
					}
				}
			}
			if !found && (c.want != pass || c.filter != "isolation" && c.filter != "label-constraint") {
				t.Error("the filter is not listed")
			}
			if got := e.Candidates[2].Eligible; c.want == fail && got != cluster.No || c.want == unknown && got == cluster.Yes {
				t.Errorf("eligible %s: %+v", got, e.Candidates[2])
			}
		})
	}
}

// With nobody to be apart from, PD's isolation filter lets no store pass.
func TestIsolationAlone(t *testing.T) {
	snap := testSnapshot(leavingStore(1, cluster.Label{Key: "zone", Value: "z1"}), upStore(2, cluster.Label{Key: "zone", Value: "z2"}))
	snap.Rules[0].Count, snap.Rules[0].LocationLabels, snap.Rules[0].IsolationLevel = 1, []string{"zone"}, "zone"
	if e := NewWorld(snap, nil).Explain(testRegion(1), 1); e.Class != TailNoTarget || len(e.Eligible()) != 0 {
		t.Errorf("%s: %s", e.Class, e.Sentence)
	}
}

// PD's briefs name the stores that an operator adds peers to.
func TestTargetsOf(t *testing.T) {
	for brief, want := range map[string]string{
		"mv peer: store [4] to [5]":       "[5]",
		"mv peer: store [4,6] to [5, 12]": "[5 12]",
		"add peer: store [7]":             "[7]",
		"rm peer: store [7]":              "[]",
		"transfer leader: store 1 to 2":   "[]",
		"add peer: store [":               "[]",
		"":                                "[]",
	} {
		if got := fmt.Sprint(targetsOf(&cluster.Operator{Brief: brief})); got != want {
			t.Errorf("%q: %s, want %s", brief, got, want)
		}
	}
}

// An operator towards a store that is silent ends by its timeout only.
func TestOperatorToSilentStore(t *testing.T) {
	snap := testSnapshot(upStore(1), upStore(2), upStore(3), leavingStore(4))
	snap.Stores[2].StateName = cluster.StateDisconnected
	op := cluster.Operator{RegionID: 7, Desc: "replace-rule-offline-peer", Brief: "mv peer: store [4] to [3]"}
	e := NewWorld(snap, []cluster.Operator{op}).Explain(testRegion(1, 2, 4), 4)
	if e.Class != TailMoving || e.Operator == nil || e.Next != "pd-ctl operator remove 7" {
		t.Errorf("%s, next %q: %s", e.Class, e.Next, e.Sentence)
	}
}

// Where some of PD's own fit is another, the differences are named.
func TestDifferences(t *testing.T) {
	snap := testSnapshot(upStore(1), upStore(2), upStore(3), leavingStore(4))
	r := testRegion(1, 2, 4)
	e := NewWorld(snap, nil).Explain(r, 4)
	same := &cluster.RegionFit{Fits: []cluster.FittedRule{{Rule: snap.Rules[0], Peers: []cluster.Peer{r.Peers[2], r.Peers[0], r.Peers[1]}}}}
	if d := e.Differences(same); len(d) != 0 {
		t.Errorf("no difference, and yet %q", d)
	}
	other := &cluster.RegionFit{Fits: []cluster.FittedRule{{Rule: snap.Rules[0], Peers: r.Peers[:2]}, {Rule: cluster.Rule{GroupID: "x"}, Peers: r.Peers[2:]}}, Orphans: r.Peers[2:]}
	if d := e.Differences(other); len(d) != 3 {
		t.Errorf("three differences, not %q", d)
	}
}
