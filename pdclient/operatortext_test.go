package pdclient

import (
	"slices"
	"testing"
	"time"

	"ebb/cluster"
)

func TestParseOperator(t *testing.T) {
	const created = "2026-11-22 11:38:05.008635708 +0000 UTC"
	at := time.Date(2026, 11, 22, 11, 38, 5, 8635708, time.UTC)
	tests := []struct {
		name, text string
		want       cluster.Operator
	}{
		{"8.5, running", "status: RUNNING, operator: replace-rule-offline-peer {mv peer: store [4] to [5]} (kind:replica,region, " +
			"region:10001541(10, 5), createAt:" + created + " m=+16.355082291, startAt:" + created + " m=+16.355108670, " +
			"currentStep:1, size:96, steps:[0:{add learner peer 8 on store 5}, 1:{use joint consensus, promote learner peer 8 " +
			"on store 5 to voter, demote voter peer 10006625 on store 4 to learner}, 2:{remove peer on store 4}], timeout:[17m0s])",
			cluster.Operator{RegionID: 10001541, Desc: "replace-rule-offline-peer", Brief: "mv peer: store [4] to [5]",
				Kinds: []string{"replica", "region"}, Epoch: cluster.RegionEpoch{Version: 10, ConfVer: 5}, Status: "RUNNING",
				CreatedAt: at, StartedAt: at, CurrentStep: 1, Timeout: 17 * time.Minute,
				Steps: []string{"add learner peer 8 on store 5", "use joint consensus, promote learner peer 8 on store 5 to voter, " +
					"demote voter peer 10006625 on store 4 to learner", "remove peer on store 4"}}},
		{"split keys in the brief", "labeler-split-region {split: region 1 use policy USEKEY and keys [78 79]} (kind:split, region:1(10, 5), " +
			"createAt:" + created + " m=+4.3, startAt:" + created + " m=+4.3, currentStep:0, size:96, steps:[0:{split region with " +
			"policy USEKEY}], timeout:[1m0s])",
			cluster.Operator{RegionID: 1, Desc: "labeler-split-region", Brief: "split: region 1 use policy USEKEY and keys [78 79]",
				Kinds: []string{"split"}, Epoch: cluster.RegionEpoch{Version: 10, ConfVer: 5}, CreatedAt: at, StartedAt: at,
				Steps: []string{"split region with policy USEKEY"}, Timeout: time.Minute}},
		{"record", "balance-leader-scheduler {transfer leader: store 4 to 3} (kind:leader, region:2(10, 5), createAt:" + created +
			" m=+4.7, startAt:" + created + " m=+4.7, currentStep:1, size:96, steps:[0:{transfer leader from store 4 to store 3}], " +
			"timeout:[1m0s]) finished (finishAt:" + created + " m=+4.8, duration:51.577221ms)",
			cluster.Operator{RegionID: 2, Status: "SUCCESS", Desc: "balance-leader-scheduler", Brief: "transfer leader: store 4 to 3", Kinds: []string{"leader"},
				Epoch: cluster.RegionEpoch{Version: 10, ConfVer: 5}, CreatedAt: at, StartedAt: at, FinishedAt: at, CurrentStep: 1,
				Steps: []string{"transfer leader from store 4 to store 3"}, Timeout: time.Minute}},
		{"record of a timeout", "x {rm peer: store [5]} (kind:region, region:2(10, 5), createAt:" + created + ", startAt:" + created +
			", currentStep:0, size:96, steps:[0:{remove peer on store 5}], timeout:[1m0s]) timeout (finishAt:" + created + ", duration:1m1s)",
			cluster.Operator{RegionID: 2, Status: "TIMEOUT", Desc: "x", Brief: "rm peer: store [5]", Kinds: []string{"region"},
				Epoch: cluster.RegionEpoch{Version: 10, ConfVer: 5}, CreatedAt: at, StartedAt: at, FinishedAt: at,
				Steps: []string{"remove peer on store 5"}, Timeout: time.Minute}},
		{"record of another end", "x {rm peer: store [5]} (kind:region, region:2(10, 5), createAt:" + created + ", startAt:" + created +
			", currentStep:0, size:96, steps:[0:{remove peer on store 5}], timeout:[1m0s]) (finishAt:" + created + ", duration:1s)",
			cluster.Operator{RegionID: 2, Desc: "x", Brief: "rm peer: store [5]", Kinds: []string{"region"},
				Epoch: cluster.RegionEpoch{Version: 10, ConfVer: 5}, CreatedAt: at, StartedAt: at, FinishedAt: at,
				Steps: []string{"remove peer on store 5"}, Timeout: time.Minute}},
		{"4.0", "admin-remove-peer {rm peer: store [5]} (kind:admin,region, region:12(3,9), createAt:" + created + " m=+1.0, startAt:" +
			created + " m=+1.0, currentStep:0, steps:[remove peer on store 5])",
			cluster.Operator{RegionID: 12, Desc: "admin-remove-peer", Brief: "rm peer: store [5]", Kinds: []string{"admin", "region"},
				Epoch: cluster.RegionEpoch{Version: 3, ConfVer: 9}, CreatedAt: at, StartedAt: at}},
		{"unknown words", "something new", cluster.Operator{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parseOperator(tt.text)
			if got.Text != tt.text {
				t.Error("the text was not kept")
			}
			times := got.CreatedAt.Equal(tt.want.CreatedAt) && got.StartedAt.Equal(tt.want.StartedAt) && got.FinishedAt.Equal(tt.want.FinishedAt)
			if !times || got.RegionID != tt.want.RegionID || got.Desc != tt.want.Desc || got.Brief != tt.want.Brief ||
				!slices.Equal(got.Kinds, tt.want.Kinds) || got.Epoch != tt.want.Epoch || got.Status != tt.want.Status ||
				got.CurrentStep != tt.want.CurrentStep || !slices.Equal(got.Steps, tt.want.Steps) || got.Timeout != tt.want.Timeout {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func FuzzParseOperator(f *testing.F) {
	f.Add("status: RUNNING, operator: a {b} (kind:admin,region, region:12(3,9), createAt:x, startAt:y, currentStep:0, steps:[0:{z}])")
	f.Fuzz(func(t *testing.T, text string) {
		if op := parseOperator(text); op.Text != text {
			t.Fatal("the text was not kept")
		}
	})
}
