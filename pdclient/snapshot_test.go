package pdclient_test

import (
	"slices"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
)

func TestSnapshotOfEveryVersion(t *testing.T) {
	for _, p := range pdtest.Profiles() {
		t.Run(p.String(), func(t *testing.T) {
			pd := newPD(t, p, pdtest.Members(3))
			pd.SetEvictLeaders(2, 1)
			pd.SetRuleGroups(cluster.RuleGroup{ID: "tiflash", Index: 120})
			pd.PauseChecker("rule", time.Minute)
			pd.SetUnsafeRecovery("Unsafe recovery enters collect report stage")
			s, err := newClient(t, pd.URLs()...).Snapshot(t.Context())
			if err != nil || len(s.Unread) > 0 {
				t.Fatalf("%v, unread %v", err, s.Unread)
			}
			if len(s.Stores) != 4 || len(s.Limits) != 4 || len(s.Members.Members) != 3 || len(s.Health) != 3 ||
				s.Members.Leader.Name != "pd-1" || s.Members.ClusterID == 0 || s.PDVersion == "" || s.ReadAt.IsZero() {
				t.Errorf("%+v", s)
			}
			if groups := s.RuleGroups; (p == pdtest.V4_0_16) != (len(groups) == 0) || len(groups) > 0 && groups[0].Index != 120 {
				t.Errorf("rule groups %+v", groups)
			}
			if !slices.Equal(s.EvictLeader, []cluster.StoreID{1, 2}) {
				t.Errorf("evict-leader %v", s.EvictLeader)
			}
			if sets, ok := s.RuleSets(); !ok || len(sets) != 1 || sets[0].Rules[0].Count != 3 {
				t.Errorf("rules %+v, %v", sets, ok)
			}
			var paused []string
			recovery := ""
			if p >= pdtest.V5_4 {
				paused, recovery = []string{"rule"}, "Unsafe recovery enters collect report stage"
			}
			if !slices.Equal(s.PausedCheckers, paused) || s.UnsafeRecovery != recovery {
				t.Errorf("paused checkers %v, unsafe recovery %q", s.PausedCheckers, s.UnsafeRecovery)
			}
			pd.ExpectWrites(t)
		})
	}
}

func TestSnapshotKeepsFailuresApart(t *testing.T) {
	parts := map[cluster.Field]string{
		cluster.FieldMembers: "GET /members", cluster.FieldHealth: "GET /health", cluster.FieldPDVersion: "GET /version", cluster.FieldLimits: "GET /stores/limit",
		cluster.FieldSchedule: "GET /config/schedule", cluster.FieldReplication: "GET /config/replicate", cluster.FieldRules: "GET /config/rules",
		cluster.FieldRuleGroups:  "GET /config/rule_groups",
		cluster.FieldEvictLeader: "GET /scheduler-config/*", cluster.FieldPausedCheckers: "GET /checker/rule",
		cluster.FieldUnsafeRecovery: "GET /admin/unsafe/*",
	}
	for name, on := range parts {
		t.Run(string(name), func(t *testing.T) {
			pd := newPD(t, pdtest.V8_5)
			skip := 0
			if name == cluster.FieldMembers {
				skip = 1 // the look for the leader
			}
			pd.Inject(pdtest.Fault{On: on, Skip: skip, Times: -1, Status: 500, Body: `"[PD:x:ErrY]no"`})
			s, err := newClient(t, pd.URLs()...).Snapshot(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Unread) != 1 || s.Unread[name] == nil {
				t.Errorf("unread %v, want only %s", s.Unread, name)
			}
		})
	}
	pd := newPD(t, pdtest.V8_5)
	pd.Inject(pdtest.Fault{On: "GET /stores", Times: -1, Status: 500, Body: `"no"`})
	if _, err := newClient(t, pd.URLs()...).Snapshot(t.Context()); err == nil {
		t.Error("no error although the stores cannot be read")
	}
}

func TestSnapshotWithoutRules(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	pd.SetRules()
	s, err := newClient(t, pd.URLs()...).Snapshot(t.Context())
	if err != nil || len(s.Unread) > 0 || len(s.Rules) > 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if sets, ok := s.RuleSets(); !ok || sets[0].Rules[0].Count != 3 {
		t.Errorf("rules %+v, %v", sets, ok)
	}
}

func TestUnsafeRecovery(t *testing.T) {
	tests := []struct {
		profile pdtest.Profile
		stages  []string
		want    string
	}{
		{pdtest.V8_5, nil, ""},
		{pdtest.V5_4, nil, ""},
		{pdtest.V8_5, []string{"Unsafe recovery enters collect report stage", "Unsafe recovery Finished"}, ""},
		{pdtest.V8_5, []string{"Unsafe recovery Failed: timeout"}, ""},
		{pdtest.V8_5, []string{"Unsafe recovery enters collect report stage", "Unsafe recovery enters force leader stage"},
			"Unsafe recovery enters force leader stage"},
		{pdtest.V8_5, []string{"words that are not known"}, "words that are not known"},
	}
	for _, tt := range tests {
		pd := newPD(t, tt.profile)
		pd.SetUnsafeRecovery(tt.stages...)
		if got, err := newClient(t, pd.URLs()...).UnsafeRecovery(t.Context()); err != nil || got != tt.want {
			t.Errorf("%v %q: got %q, %v", tt.profile, tt.stages, got, err)
		}
	}
}
