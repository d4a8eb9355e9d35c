package diagnose

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
)

// fields are all readings.
var fields = []Field{
	FieldMembers, FieldHealth, FieldPDVersion, FieldLimits, FieldSchedule, FieldReplication, FieldRules, FieldRuleGroups,
	FieldEvictLeader, FieldPausedCheckers, FieldUnsafeRecovery, FieldOperators, FieldRecords, FieldRegionLabels, FieldRegionStats,
	FieldPausedSchedulers, FieldPDStatus, FieldProgress, FieldReplicationState, FieldMaintenance, FieldRegions, FieldLater,
	FieldTables, FieldTopology, FieldHosts,
}

// blank is evidence in which a reading failed.
func blank(ev *Evidence, f Field) *Evidence {
	out, err := clone(ev)
	if err != nil {
		panic(err)
	}
	out.NoteUnread(f, errors.New("broken"))
	delete(out.Absent, f)
	snap := out.Snapshot
	switch f {
	case FieldMembers:
		snap.Members = nil
	case FieldHealth:
		snap.Health = nil
	case FieldPDVersion:
		snap.PDVersion = ""
	case FieldLimits:
		snap.Limits = nil
	case FieldSchedule:
		snap.Schedule = nil
	case FieldReplication:
		snap.Replication = nil
	case FieldRules:
		snap.Rules = nil
	case FieldRuleGroups:
		snap.RuleGroups = nil
	case FieldEvictLeader:
		snap.EvictLeader = nil
	case FieldPausedCheckers:
		snap.PausedCheckers = nil
	case FieldUnsafeRecovery:
		snap.UnsafeRecovery = ""
	case FieldOperators:
		out.Running = nil
	case FieldRecords:
		out.Records = nil
	case FieldRegionLabels:
		out.LabelRules = nil
	case FieldRegionStats:
		out.RegionStats = nil
	case FieldPausedSchedulers:
		out.PausedSchedulers = nil
	case FieldPDStatus:
		out.PDStatus = nil
	case FieldProgress:
		out.Progress = nil
	case FieldReplicationState:
		out.Replication = nil
	case FieldMaintenance:
		out.Maintenance = nil
	case FieldRegions:
		for _, t := range out.Tallies {
			*t = Tally{Err: "broken"}
		}
	case FieldLater:
		out.Later = nil
	case FieldTables:
		out.Tables = nil
	case FieldTopology:
		out.Nodes = nil
	case FieldHosts:
		out.Hosts = nil
	}
	return out
}

// ill has a little of everything, so that most rules find something.
func ill(t testing.TB) *Evidence {
	f := healthy(5, 40)
	f.snap.PDVersion = "v8.5.6"
	f.store(2).LastHeartbeat, f.store(2).StateName = noon.Add(-10*time.Minute), cluster.StateDisconnected
	f.store(3).IsBusy = true
	f.snap.Schedule.MaxSnapshotCount, f.snap.Schedule.ReplicaScheduleLimit = 3, 1
	f.snap.Limits[5] = cluster.StoreLimit{AddPeer: 15, RemovePeer: 15}
	f.snap.Limits[1] = cluster.StoreLimit{AddPeer: 15, RemovePeer: cluster.LimitUnlimited}
	f.snap.EvictLeader = []cluster.StoreID{1, 66}
	f.snap.UnsafeRecovery, f.snap.PausedCheckers, f.snap.Schedule.HaltScheduling = "collecting", []string{"rule"}, true
	f.snap.Stores = append(f.snap.Stores, cluster.Store{ID: 8, Address: "10.0.1.8:20160", State: cluster.Tombstone, StateName: cluster.StateTombstone}, leavingStore(9))
	f.add(5, 1, 99)
	f.add(8, 1, 3)
	f.running = []cluster.Operator{{RegionID: 1001, Desc: "replace-rule-offline-peer", Brief: "mv peer: store [5] to [2]", Kinds: []string{"replica"}}}
	f.records = []cluster.Operator{
		{RegionID: 1003, Desc: "replace-rule-offline-peer", Brief: "mv peer: store [5] to [1]", Status: "TIMEOUT"},
		{RegionID: 1003, Desc: "replace-rule-offline-peer", Brief: "mv peer: store [5] to [3]", Status: "TIMEOUT"},
	}
	f.labels = []cluster.RegionLabelRule{{ID: "schema/a/b", Labels: []cluster.RegionLabel{{Key: "schedule", Value: "deny"}}, Ranges: []cluster.KeyRange{{}}}}
	f.paused, f.started = []string{"balance-region-scheduler"}, noon.Add(-time.Minute)
	f.mode = cluster.ReplicationStatus{Mode: "dr-auto-sync", State: "async", LabelKey: "dc"}
	f.tasks = []cluster.MaintenanceTask{{Type: "ebb", ID: "db7", Description: "prune by root@db7"}}
	f.later = slices.Clone(f.snap.Stores)
	f.later[0].StartTime = noon
	f.left = map[cluster.StoreID]cluster.Progress{5: {Action: cluster.ActionRemoving, SpeedMiB: 3, Left: time.Hour}}
	ev := f.collect(t, 10*time.Second)
	ev.Hosts = map[cluster.StoreID]Host{5: {Unit: "tikv-20160.service"}}
	return ev
}

// A reading that failed makes every rule that needs it say so, or find a problem
// in what is left: none says that all is well.
func TestUnreadIsNeverOK(t *testing.T) {
	for name, ev := range map[string]*Evidence{"healthy": healthy(5, 40).collect(t, 10*time.Second), "ill": ill(t)} {
		rules, whole := Rules(), Run(ev)
		for _, f := range fields {
			r := Run(blank(ev, f))
			for i := range rules {
				rule, said := &rules[i], judgedBy(r, rules[i].ID)
				before := judgedBy(whole, rule.ID)
				switch {
				case slices.Contains(rule.Needs, f) && said.Result != CouldNotLook && before.Result != NotApplicable:
					t.Errorf("%s without %s: %s says %s (%s)", name, f, rule.ID, said.Result, said.Reason)
				case slices.Contains(rule.wants, f) && said.Result != CouldNotLook && said.Result != Problem && before.Result != NotApplicable:
					t.Errorf("%s without %s: %s says %s", name, f, rule.ID, said.Result)
				case !slices.Contains(rule.Needs, f) && !slices.Contains(rule.wants, f) && said.Result != before.Result &&
					(f != FieldPDVersion || rule.versions == (versions{})): // which it is not asked for where PD is older
					t.Errorf("%s: %s does not name %s, but says %s with and %s without it", name, rule.ID, f, before.Result, said.Result)
				}
			}
		}
	}
}

// The ill cluster makes most rules speak; those that cannot here have tests of
// their own.
func TestIllSpeaks(t *testing.T) {
	r := Run(ill(t))
	var silent []string
	for _, j := range r.Rules {
		if j.Result == OK || j.Result == NotApplicable {
			silent = append(silent, j.ID)
		}
	}
	if len(silent) > 22 {
		t.Errorf("only %d of %d rules speak; silent: %v", len(r.Rules)-len(silent), len(r.Rules), silent)
	}
}

// The same evidence gives the same report, also when it went through a file,
// with the keys hidden.
func TestBundleGivesTheSameReport(t *testing.T) {
	for name, ev := range map[string]*Evidence{"healthy": healthy(5, 40).collect(t, 0), "ill": ill(t)} {
		for _, opts := range []ExportOptions{{}, {Keys: true}} {
			var file bytes.Buffer
			if err := Export(&file, ev, opts); err != nil {
				t.Fatal(err)
			}
			back, err := Import(&file)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := asJSON(t, Run(back)), asJSON(t, Run(ev)); got != want {
				t.Errorf("%s %+v: report of the file\n%s\nwant\n%s", name, opts, got, want)
			}
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestImportRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no json": "ebb", "another document": `{"schema_version":1}`, "no snapshot": `{"format":1}`,
		"a later format": `{"format":99,"snapshot":{"stores":[]}}`,
	} {
		_, err := Import(strings.NewReader(text))
		if _, ok := errors.AsType[*FormatError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file that lacks everything is not a healthy cluster.
func TestBareBundle(t *testing.T) {
	ev, err := Import(strings.NewReader(`{"format":1,"stores":[4],"snapshot":{"read_at":"2026-03-01T12:00:00Z","stores":[{"id":4,"state":1}]},"tallies":{"4":{"classes":{"waiting":null}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if r := Run(ev); r.Result != CouldNotLook {
		t.Errorf("%s: %s", r.Result, r.Headline)
	}
	for _, text := range []string{`null`, `{"4":null}`} {
		ev, err := Import(strings.NewReader(`{"format":1,"stores":[4,5],"snapshot":{"stores":[{"id":4,"state":1}]},"tallies":` + text + `}`))
		if err != nil {
			t.Fatal(err)
		}
		Run(ev)
	}
}

func FuzzImport(f *testing.F) {
	var file bytes.Buffer
	if err := Export(&file, ill(f), ExportOptions{}); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add([]byte(`{"format":1,"stores":[4],"snapshot":{"stores":[{"id":4,"state":1}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ev, err := Import(bytes.NewReader(data))
		if err != nil {
			return
		}
		first, second := Run(ev), Run(ev)
		if !reflect.DeepEqual(first, second) {
			t.Error("two reports differ")
		}
		if err := Export(new(bytes.Buffer), ev, ExportOptions{Redact: true}); err != nil {
			t.Error(err)
		}
	})
}
