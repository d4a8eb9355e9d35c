package render

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/diagnose"
	"ebb/internal/golden"
	"ebb/ui"
)

// diagnosis has something of everything, and text of a server that tries to
// write on the terminal.
func diagnosis() *diagnose.Report {
	return &diagnose.Report{
		ReadAt: time.Date(2026, 3, 1, 3, 0, 0, 0, time.UTC), ClusterID: 7, PDVersion: "v8.5.3", Result: diagnose.Problem,
		Headline: "2 problems found; first: 12 regions cannot change: 12 without a leader on a live store, 0 without a live majority",
		Stores: []diagnose.StoreSummary{
			{ID: 4, Address: "10.0.1.4:20160", Engine: cluster.TiKV, State: "Offline", Regions: 1191, Leaders: 12, SizeMiB: 114336},
		},
		Causes: []diagnose.Cause{
			{
				ID: "D02", Name: "no-leader-or-majority", Severity: diagnose.Problem, Certainty: diagnose.Likely, Blocked: 12,
				Sentence: "12 regions cannot change: 12 without a leader on a live store, 0 without a live majority",
				Evidence: []string{"regions/store: leader, peers, down_peers, pending_peers of region 1, 2", "stores: not live are store 7 (evil\x1b[2Jhost)"},
				Regions:  []cluster.RegionID{1, 2}, Next: "start store 7 (10.0.1.7:20160); then look at one region: ebb explain 1 prod",
				Risk: "none; where the other peers are lost for good, only an unsafe recovery helps, and it may lose data", Doc: "docs/causes/D02-no-leader-or-majority.md",
			},
			{
				ID: "D20", Name: "dead-store", Severity: diagnose.Problem, Sentence: "store 7 (10.0.1.7:20160) is Down: PD sends it nothing, and replaces its peers only after max-store-down-time",
				Evidence: []string{"stores: last heartbeat 40m0s ago"}, Next: "start it; if it is gone for good: ebb scale-in prod -N 7", Risk: "its regions are rebuilt from their other copies", Doc: "docs/causes/D20-dead-store.md",
			},
			{ID: "D03", Name: "add-peer-limit", Severity: diagnose.Pace, Sentence: "3 tikv stores can add 45 peers a minute together; 1191 regions take at least 26m28s", Next: "ebb tune show prod"},
			{ID: "D11", Name: "several-leaving", Severity: diagnose.Note, Sentence: "2 stores leave at the same time and share the same receivers"},
		},
		Tails: []diagnose.Tail{{Store: 4, Regions: 1191, Classes: []diagnose.TailCount{
			{Class: diagnose.TailWaiting, Count: 1179, Examples: []diagnose.TailExample{{Region: 9}}},
			{Class: diagnose.TailNoLeader, Count: 12, Examples: []diagnose.TailExample{{Region: 1, Table: "shop.orders", Sentence: "PD knows no leader"}}},
		}}},
		Bugs: []diagnose.Bug{{Issue: "pd#10778", Versions: "all", Text: "a peer that is down on a store that is Up is never replaced"}},
		Rules: []diagnose.Judged{
			{ID: "D02", Name: "no-leader-or-majority", Title: "Regions without a leader or a live majority", Result: diagnose.Problem},
			{ID: "D09", Name: "stale-tiflash-rules", Title: "TiFlash rules of dropped tables are left behind", Result: diagnose.CouldNotLook, Reason: "tables: no TiDB answered"},
			{ID: "D34", Name: "maintenance-running", Title: "Another run of ebb holds the lock", Result: diagnose.NotApplicable, Reason: "PD v8.5.3 does not have it: 8.5.5 and later"},
		},
	}
}

func TestDiagnose(t *testing.T) {
	for _, width := range []int{80, 200} {
		streams := ui.Test("")
		streams.SetTTY(true, true, true)
		streams.SetSize(width, 50)
		streams.Setenv("NO_COLOR", "1")
		if err := Diagnose(streams.Out, diagnosis(), true); err != nil {
			t.Fatal(err)
		}
		text := streams.OutBuf.String()
		for line := range strings.Lines(text) {
			if ui.Width(strings.TrimRight(line, "\n")) > width {
				t.Errorf("at %d columns a line takes %d: %s", width, ui.Width(line), line)
			}
		}
		if strings.Contains(text, "\x1b") {
			t.Errorf("at %d columns: an escape sequence of a server got through", width)
		}
		golden.Check(t, fmt.Sprintf("diagnose-%d.txt", width), []byte(text))
	}
	streams := ui.Test("")
	if err := Diagnose(streams.Out, diagnosis(), false); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "diagnose-pipe.txt", []byte(streams.OutBuf.String()))
}
