package tune

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ebb/cluster"
)

// changesOf maps what a plan changes to the new values; "!" marks what expires by
// itself and "-" what is put back.
func changesOf(p *Plan) map[string]string {
	list := make(map[string]string)
	for i := range p.Changes {
		c := &p.Changes[i]
		text := string(c.New)
		if c.Expires {
			text += "!"
		}
		if c.Kind == Restore {
			text = "-" + text
		}
		list[c.String()] = text
	}
	return list
}

func TestPlanApply(t *testing.T) {
	for _, tt := range []struct {
		name    string
		version string
		profile Profile
		edit    func(*cluster.Snapshot)
		want    map[string]string
		note    string
	}{
		{"gentle", "v8.5.3", Gentle, nil, map[string]string{"add-peer/1": "30!", "add-peer/2": "30!", "add-peer/3": "30!"}, ""},
		{"fast evicts leaders and lifts what that needs", "v8.5.3", Fast, nil, map[string]string{
			"schedule.replica-schedule-limit": "128!",
			"add-peer/1":                      "100!", "add-peer/2": "100!", "add-peer/3": "100!",
			"remove-peer/1": "100!", "remove-peer/2": "100!", "remove-peer/3": "100!", "evict-leader/4": "on",
		}, ""},
		{"old defaults", "v4.0.16", Gentle, nil, map[string]string{
			"schedule.max-snapshot-count": "16!", "schedule.max-pending-peer-count": "32!",
			"add-peer/1": "30!", "add-peer/2": "30!", "add-peer/3": "30!",
		}, ""},
		{"old patrol", "v5.2.4", Fast, func(s *cluster.Snapshot) { s.Stores[3].LeaderCount = 0 }, map[string]string{
			"schedule.replica-schedule-limit": "128!", "schedule.max-snapshot-count": "64!",
			"schedule.max-pending-peer-count": "64!", "schedule.patrol-region-interval": "10ms",
			"add-peer/1": "100!", "add-peer/2": "100!", "add-peer/3": "100!",
		}, ""},
		{"before 4.0.9 nothing expires", "v4.0.8", Gentle, nil, map[string]string{
			"schedule.max-snapshot-count": "16", "schedule.max-pending-peer-count": "32",
			"add-peer/1": "30", "add-peer/2": "30", "add-peer/3": "30",
		}, ""},
		{"what is as fast is left alone", "v8.5.3", Fast, func(s *cluster.Snapshot) {
			s.Schedule.ReplicaScheduleLimit, s.Schedule.MaxPendingPeerCount = 1000, 0
			s.Limits[1] = cluster.StoreLimit{AddPeer: cluster.LimitUnlimited, RemovePeer: 500}
			s.Limits[2] = cluster.StoreLimit{AddPeer: 100, RemovePeer: 100}
			s.Stores[3].LeaderCount = 0
		}, map[string]string{"add-peer/3": "100!"}, ""},
		{"store limit v2", "v8.5.3", Fast, func(s *cluster.Snapshot) {
			s.Schedule.StoreLimitVersion = "v2"
			s.Unread[cluster.FieldLimits] = errBroken
		}, map[string]string{"schedule.replica-schedule-limit": "128!"}, "store limits: not applicable"},
		{"who cannot take more is left alone", "v8.5.3", Gentle, func(s *cluster.Snapshot) {
			s.Stores[0].IsBusy = true
			s.Stores[1].LastHeartbeat = start.Add(-time.Hour)
			s.Stores[2].Capacity, s.Stores[2].Available = cluster.Size{Bytes: 100, Known: true}, cluster.Size{Bytes: 10, Known: true}
		}, map[string]string{}, "no store is fit to receive"},
		{"one that is low on space, few regions or not", "v8.5.3", Gentle, func(s *cluster.Snapshot) {
			s.Stores[0].RegionCount, s.Stores[0].Available.Bytes = 99, 7<<30
			s.Stores[1].RegionCount, s.Stores[1].Available.Bytes = 99, 9<<30
		}, map[string]string{"add-peer/2": "30!", "add-peer/3": "30!"}, "it is low on space"},
		{"one of which nobody can tell whether it is", "v8.5.3", Gentle, func(s *cluster.Snapshot) { s.Stores[0].Capacity = cluster.Size{} },
			map[string]string{"add-peer/2": "30!", "add-peer/3": "30!"}, "nobody can tell whether it is low on space"},
		{"one that is set aside", "v8.5.3", Gentle, func(s *cluster.Snapshot) {
			s.Stores[0].Labels = []cluster.Label{{Key: cluster.SpecialUseLabel, Value: "reserved"}}
		}, map[string]string{"add-peer/2": "30!", "add-peer/3": "30!"}, "its label specialUse keeps regions off it"},
		{"a slow one as well", "v8.5.3", Gentle, func(s *cluster.Snapshot) { s.Stores[0].SlowScore = 80 },
			map[string]string{"add-peer/2": "30!", "add-peer/3": "30!"}, "its slow score is 80"},
		{"a braked store that leaves", "v8.5.3", Gentle, func(s *cluster.Snapshot) {
			s.Limits[4] = cluster.StoreLimit{AddPeer: 15, RemovePeer: 15}
		}, map[string]string{"remove-peer/4": "100000000!", "add-peer/1": "30!", "add-peer/2": "30!", "add-peer/3": "30!"}, ""},
		{"evict-leader of somebody else", "v8.5.3", Gentle, func(s *cluster.Snapshot) { s.EvictLeader = []cluster.StoreID{4} }, map[string]string{
			"add-peer/1": "30!", "add-peer/2": "30!", "add-peer/3": "30!",
			"remove-peer/1": "30!", "remove-peer/2": "30!", "remove-peer/3": "30!",
		}, ""},
		{"too many leave to evict", "v8.5.3", Fast, func(s *cluster.Snapshot) {
			s.Stores[2].State, s.Stores[2].StateName = cluster.Offline, cluster.StateOffline
			s.Limits[3] = s.Limits[4]
		}, map[string]string{"schedule.replica-schedule-limit": "128!", "add-peer/1": "100!", "add-peer/2": "100!"}, ""},
		{"TiFlash to TiFlash", "v8.5.3", Max, func(s *cluster.Snapshot) {
			for _, i := range []int{2, 3} {
				s.Stores[i].Labels = []cluster.Label{{Key: "engine", Value: "tiflash"}}
			}
		}, map[string]string{
			"schedule.replica-schedule-limit": "256!", "schedule.max-snapshot-count": "128!",
			"schedule.max-pending-peer-count": "128!", "add-peer/3": "400!",
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			snap := snapshotOf(tt.version)
			if tt.edit != nil {
				tt.edit(snap)
			}
			p, err := PlanApply(evidenceOf(snap), tt.profile, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, changesOf(p)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			if notes := strings.Join(p.Notes, "\n"); !strings.Contains(notes, tt.note) || tt.note == "" && notes != "" {
				t.Errorf("notes %q, want %q", notes, tt.note)
			}
		})
	}
}

// A store that is named leaves although it is Up still; PD lifts its limit by
// itself.
func TestPlanApplyAhead(t *testing.T) {
	snap := snapshotOf("v8.5.3")
	snap.Stores[3].State, snap.Stores[3].StateName = cluster.Up, cluster.StateUp
	snap.Limits[4] = cluster.StoreLimit{AddPeer: 15, RemovePeer: 15}
	if _, err := PlanApply(evidenceOf(snap), Fast, time.Hour); !errors.As(err, new(*NothingLeavingError)) {
		t.Errorf("PlanApply() with nothing leaving = %v", err)
	}
	ev := evidenceOf(snap)
	ev.Leaving = []cluster.StoreID{4}
	p, err := PlanApply(ev, Gentle, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"add-peer/1": "30!", "add-peer/2": "30!", "add-peer/3": "30!"}
	if diff := cmp.Diff(want, changesOf(p)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if !slices.Equal(p.Leaving, []cluster.StoreID{4}) || !slices.Equal(p.Receivers, []cluster.StoreID{1, 2, 3}) {
		t.Errorf("leaving %v, receivers %v", p.Leaving, p.Receivers)
	}
}

func TestPlanCannotTell(t *testing.T) {
	for _, what := range []cluster.Field{cluster.FieldSchedule, cluster.FieldLimits} {
		snap := snapshotOf("v8.5.3")
		snap.Unread[what] = errBroken
		if what == "schedule" {
			snap.Schedule = nil
		}
		var unknown *UnreadError
		if _, err := PlanApply(evidenceOf(snap), Fast, time.Hour); !errors.As(err, &unknown) || !errors.Is(err, errBroken) {
			t.Errorf("PlanApply() without %s = %v", what, err)
		}
		if _, err := PlanRestore(evidenceOf(snap)); !errors.As(err, &unknown) {
			t.Errorf("PlanRestore() without %s = %v", what, err)
		}
	}
}

func TestFasterOrSame(t *testing.T) {
	for _, tt := range []struct {
		s    Setting
		a, b Value
		want bool
	}{
		{AddPeer, "100", "15", true},
		{AddPeer, "15", "100", false},
		{AddPeer, "100000000", "200000000", true},
		{PatrolRegionInterval, "10ms", "100ms", true},
		{PatrolRegionInterval, "1s", "100ms", false},
		{MaxPendingPeerCount, "0", "128", true},
		{MaxPendingPeerCount, "128", "0", false},
		{MaxSnapshotCount, "0", "128", false},
		{EvictLeader, "off", "on", false},
		{EvictLeader, "on", "off", true},
		{ReplicaScheduleLimit, "", "64", true}, // not known: hands off
	} {
		if got := tt.s.fasterOrSame(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: %q as fast as %q = %v", tt.s, tt.a, tt.b, got)
		}
	}
}

func TestParseProfile(t *testing.T) {
	for _, p := range Profiles() {
		if got, err := ParseProfile(string(p)); got != p || err != nil {
			t.Errorf("ParseProfile(%q) = %v, %v", p, got, err)
		}
	}
	var unknown *UnknownProfileError
	if _, err := ParseProfile(""); !errors.As(err, &unknown) || !strings.Contains(unknown.Hint(), "gentle, fast, max") {
		t.Errorf("ParseProfile of nothing = %v", err)
	}
}

// A faster profile asks for no less than a slower one, of anything.
func TestProfilesGrow(t *testing.T) {
	for _, s := range append(slices.Clone(configSettings), AddPeer, RemovePeer) {
		for _, e := range []cluster.Engine{cluster.TiKV, cluster.TiFlash} {
			last := Value("")
			for _, p := range Profiles() {
				value := p.Wants(s, e)
				if last != "" && !s.fasterOrSame(value, last) {
					t.Errorf("%s asks %s for %s, after %s", p, s, value, last)
				}
				last = value
			}
		}
	}
}

func TestLook(t *testing.T) {
	snap := snapshotOf("v5.2.4")
	for i := range snap.Stores {
		snap.Stores[i].RegionCount = 1_000_000
	}
	snap.Stores[1].ReceivingSnapCount = 4
	snap.Limits[3] = cluster.StoreLimit{AddPeer: 30, RemovePeer: 15}
	ev := evidenceOf(snap)
	for range 64 {
		ev.Operators = append(ev.Operators, cluster.Operator{Kinds: []string{"replica", "region"}})
	}
	o, err := Look(ev)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, l := range o.Limits {
		mark := " "
		if l.Binding {
			mark = "*"
		}
		texts = append(texts, mark+l.Text)
	}
	want := []string{
		" tikv receivers' add-peer: 15 to 30 a minute, of 3 together 60 regions a minute",
		"*replica-schedule-limit: 64 of 64 operators are running",
		"*store 2 has 4 snapshots under way, more than max-snapshot-count 3",
		" patrol-region-interval: PD takes 17m22s to look at all of some 1333333 regions once",
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
	var rows []string
	for _, r := range o.Settings {
		rows = append(rows, strings.Join([]string{string(r.Setting), cluster.Label{Key: string(r.Engine)}.Key, string(r.Now), string(r.Default), string(r.Profiles[Gentle]), string(r.Profiles[Fast]), string(r.Profiles[Max])}, " "))
	}
	wantRows := []string{
		"schedule.replica-schedule-limit  64 64 64 128 256", "schedule.max-snapshot-count  3 3 16 64 128",
		"schedule.max-pending-peer-count  16 16 32 64 128", "schedule.patrol-region-interval  100ms 100ms 100ms 10ms 10ms",
		"add-peer tikv 15 15 30 100 400", "add-peer tikv 30 15 30 100 400", "remove-peer tikv 15 15 30 100 400",
	}
	if diff := cmp.Diff(wantRows, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// Without anything that is reached, the least rate is what is felt.
func TestLookBindsTheLeastRate(t *testing.T) {
	o, err := Look(evidenceOf(snapshotOf("v8.5.3")))
	if err != nil {
		t.Fatal(err)
	}
	if l := o.Limits[0]; l.Setting != AddPeer || !l.Binding || *l.PerMinute != 45 {
		t.Errorf("limits %+v", o.Limits)
	}
}
