package render

import (
	"bytes"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/diagnose"
	"ebb/internal/golden"
	"ebb/ui"
)

// TestExplain shows a region with a place that is full, one in a taken zone and
// one that may do, on a narrow and on a wide terminal.
func TestExplain(t *testing.T) {
	leaving := func(s *cluster.Store) { s.State, s.StateName = cluster.Offline, cluster.StateOffline }
	snap := &cluster.Snapshot{
		ReadAt: now, PDVersion: "v8.5.3", Unread: cluster.Unread{},
		Stores: []cluster.Store{
			store(1, "10.0.2.1:20160", labelled("zone=a")), store(2, "10.0.2.2:20160", labelled("zone=b")),
			store(4, "10.0.2.3:20160", labelled("zone=c"), leaving),
			store(5, "10.0.2.4:20160", labelled("zone=c"), func(s *cluster.Store) { s.Available.Bytes /= 10 }),
			store(6, "10.0.2.5:20160", labelled("zone=b")), store(7, "10.0.2.6:20160", labelled("zone=c")),
		},
		Limits:      cluster.StoreLimits{7: {AddPeer: 15, RemovePeer: 15}},
		Schedule:    &cluster.ScheduleConfig{ReplicaScheduleLimit: 64, MaxSnapshotCount: 64, MaxPendingPeerCount: 64, MaxStoreDownTime: 30 * time.Minute, LowSpaceRatio: 0.8},
		Replication: &cluster.ReplicationConfig{MaxReplicas: 3, EnablePlacementRules: true},
		Rules:       []cluster.Rule{{GroupID: "pd", ID: "default", Role: cluster.RoleVoter, Count: 3, LocationLabels: []string{"zone"}, IsolationLevel: "zone"}},
	}
	r := &cluster.Region{
		ID: 4711, StartKey: []byte("t\x80\x00\x00\x00\x00\x00\x00\xff\x2a\x00\x00\x00\x00\x00\x00\x00\xf8"), Epoch: cluster.RegionEpoch{ConfVer: 5, Version: 12},
		Peers:              []cluster.Peer{{ID: 4712, StoreID: 1}, {ID: 4713, StoreID: 2}, {ID: 4714, StoreID: 4}},
		ApproximateSizeMiB: 96, Leader: cluster.Peer{ID: 4712, StoreID: 1},
	}
	w := diagnose.NewWorld(snap, nil)
	doc := &Explain{
		PDVersion: snap.PDVersion, ReadAt: snap.ReadAt, Region: NewExplainRegion(r, snap, w), Explanations: []diagnose.Explanation{w.Explain(r, 4)},
		LastOperator: &cluster.Operator{Status: "TIMEOUT", Desc: "replace-rule-offline-peer", Brief: "mv peer: store [4] to [7]", CreatedAt: now.Add(-time.Hour)},
		Differences:  []string{"rule pd/default: PD gives it the peers on store 1, 2, this program those on store 1, 2, 4"},
		Notes:        []string{"something could not be read"},
	}
	for name, width := range map[string]int{"narrow": 80, "wide": 220} {
		streams := ui.Test("")
		streams.SetTTY(false, true, false)
		streams.SetSize(width, 40)
		if err := doc.Write(streams.Out); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "explain-"+name+".txt", bytes.TrimSpace([]byte(streams.OutBuf.String())))
	}
}
