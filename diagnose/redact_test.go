package diagnose

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ebb/cluster"
)

// secretive is evidence with something that must not get out in every place that
// can hold it.
func secretive(t *testing.T) (*Evidence, []string) {
	f := healthy(5, 10)
	const host = "db7.corp.secret"
	for i := range f.snap.Stores {
		s := &f.snap.Stores[i]
		s.Address, s.PeerAddress, s.StatusAddress = fmt.Sprintf("db%d.corp.secret:20160", i), "10.8.7.6:20170", "[fd00:8:7::6]:20180"
		s.DeployPath = "/data/customer-secret/deploy"
		s.Labels = append(s.Labels, cluster.Label{Key: "host", Value: fmt.Sprintf("rack-secret-%d", i)})
	}
	f.snap.Members.Members = []cluster.Member{{Name: "pd-secret", ClientURLs: []string{"https://user:pass-secret@" + host + ":2379"}}}
	f.snap.Members.Leader = f.snap.Members.Members[0]
	f.snap.Health = []cluster.MemberHealth{{Name: "pd-secret", ClientURLs: []string{"http://10.8.7.6:2379"}}}
	f.snap.DashboardURL = "http://" + host + ":2379"
	f.snap.UnsafeRecovery = "waiting for db3.corp.secret:20160 and pd-secret"
	f.snap.Rules = append(f.snap.Rules, cluster.Rule{
		GroupID: "zone", ID: "z", Role: cluster.RoleVoter, Count: 1, StartKey: []byte("kq-secret-a"), EndKey: []byte("kq-secret-b"),
		LabelConstraints: []cluster.LabelConstraint{{Key: "host", Op: "in", Values: []string{"rack-secret-1"}}},
	})
	f.labels = []cluster.RegionLabelRule{{ID: "schema/secret/t", Ranges: []cluster.KeyRange{{Start: []byte("kq-secret-a"), End: []byte("kq-secret-c")}}}}
	f.regions[0].StartKey = []byte("kq-secret-0")
	split := operator("split: region 1 use policy USEKEY and keys [6b712d736563726574]")
	split.Text, split.Steps = "split with 6b712d736563726574", []string{"split region with policy USEKEY 6b712d736563726574"}
	f.running, f.records = []cluster.Operator{split}, []cluster.Operator{split}
	f.tasks = []cluster.MaintenanceTask{{Type: "ebb", ID: "db9-secret", Description: "prune by root@db9-secret"}}
	f.later = f.snap.Stores
	ev := f.collect(t, 1)
	ev.Tables[45] = Table{Name: "secret.orders"}
	ev.Hosts[5] = Host{Unit: "tikv-secret.service", Err: "dial tcp 10.8.7.6:22: no route to db3.corp.secret"}
	ev.NoteUnread(FieldSchedule, fmt.Errorf("GET https://user:pass-secret@%s:2379/pd/api/v1/regions/key?key=kq-secret-a&end_key=kq-secret-b: lookup other.corp.secret on [fd00:8:7::6]:53", host))
	ev.NoteAbsent(FieldHosts, "db3.corp.secret was not asked")
	ev.Tallies[5].Err = "cut off by 10.77.1.2:2379 and [fd77:1::2]:2379"
	hosts := []string{"secret", "10.8.7.6", "fd00", "10.77", "fd77", "customer", "orders"}
	return ev, hosts
}

func TestRedaction(t *testing.T) {
	ev, secrets := secretive(t)
	keys := []string{"kq-secret", "6b712d73", "a3Etc2VjcmV0"} // plain, hex, base64
	for name, c := range map[string]struct {
		opts   ExportOptions
		hidden []string
		shown  []string
	}{
		"plain":           {ExportOptions{}, append([]string{"pass-secret"}, keys...), []string{"db7.corp.secret", "rack-secret-1"}},
		"keys":            {ExportOptions{Keys: true}, []string{"pass-secret"}, []string{"a3Etc2VjcmV0"}},
		"redacted":        {ExportOptions{Redact: true}, append(slices.Clone(secrets), keys...), []string{"host-1:20160", "label-1"}},
		"redacted + keys": {ExportOptions{Redact: true, Keys: true}, []string{"corp", "10.8.7.6", "rack-secret", "pd-secret", "pass-secret"}, []string{"a3Etc2VjcmV0"}},
	} {
		t.Run(name, func(t *testing.T) {
			var file bytes.Buffer
			if err := Export(&file, ev, c.opts); err != nil {
				t.Fatal(err)
			}
			for _, secret := range c.hidden {
				if at := strings.Index(file.String(), secret); at >= 0 {
					t.Errorf("%q is in the file: ...%s...", secret, file.String()[max(at-60, 0):min(at+60, file.Len())])
				}
			}
			for _, word := range c.shown {
				if !strings.Contains(file.String(), word) {
					t.Errorf("%q is not in the file", word)
				}
			}
		})
	}
	if ev.Snapshot.Stores[0].Address != "db0.corp.secret:20160" {
		t.Error("the evidence itself was changed")
	}
}

// What was equal is equal afterwards, so the rules say the same.
func TestRedactionKeepsTheReport(t *testing.T) {
	for name, ev := range map[string]*Evidence{"ill": ill(t), "healthy": healthy(6, 30).collect(t, 0)} {
		var file bytes.Buffer
		if err := Export(&file, ev, ExportOptions{Redact: true}); err != nil {
			t.Fatal(err)
		}
		back, err := Import(&file)
		if err != nil {
			t.Fatal(err)
		}
		got, want := Run(back), Run(ev)
		if !slices.EqualFunc(got.Causes, want.Causes, func(a, b Cause) bool {
			return a.ID == b.ID && a.Severity == b.Severity && a.Blocked == b.Blocked && slices.Equal(a.Regions, b.Regions)
		}) {
			t.Errorf("%s: causes %+v, want %+v", name, got.Causes, want.Causes)
		}
		for i := range got.Rules {
			if got.Rules[i].Result != want.Rules[i].Result {
				t.Errorf("%s: %s says %s, want %s", name, got.Rules[i].ID, got.Rules[i].Result, want.Rules[i].Result)
			}
		}
	}
}
