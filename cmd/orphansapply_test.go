package cmd

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/operators"
	"ebb/pdclient/pdtest"
	"ebb/ui"
)

// orphanedPD has n regions that name store 97, which PD does not know, and repairs
// nothing itself.
func orphanedPD(t *testing.T, n int) *pdtest.PD {
	t.Helper()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3)
	for i := range n {
		id := uint64(100 + i)
		r := cluster.Region{ID: cluster.RegionID(id), Epoch: cluster.RegionEpoch{ConfVer: 5, Version: 3},
			StartKey: fmt.Appendf(nil, "%03d", i), EndKey: fmt.Appendf(nil, "%03d", i+1)}
		for k, store := range []cluster.StoreID{1, 2, 97} {
			r.Peers = append(r.Peers, cluster.Peer{ID: id*10 + uint64(k), StoreID: store})
		}
		r.Leader = r.Peers[0]
		if i == 0 {
			r.StartKey = nil
		}
		if i == n-1 {
			r.EndKey = nil
		}
		pd.AddRegion(r)
	}
	pd.SetConfig("halt-scheduling", true)
	pd.ObeyOperators()
	return pd
}

// Only the very number of peers is a yes; it may be mistyped once.
func TestOrphansApplyOnATerminal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, keys, again string
		want              ExitCode
		writes            int
		says              string
	}{
		{"the number", "2\r", "", ExitDone, 2, "2/2  region 10"},
		{"the number after another", "3\r", "2\r", ExitDone, 2, "2/2  region 10"},
		{"another number", "3\r", "22\r", ExitDeclined, 0, "declined; nothing was changed"},
		{"yes", "yes\r", "y\r", ExitDeclined, 0, "declined; nothing was changed"},
		{"another, then Enter", "3\r", "\r", ExitDeclined, 0, "declined; nothing was changed"},
		{"another, then Ctrl-C", "3\r", "\x03", ExitInterrupted, 0, "interrupted"},
		{"Enter alone", "\r", "", ExitDeclined, 0, "declined; nothing was changed"},
		{"Ctrl-C", "\x03", "", ExitInterrupted, 0, "interrupted"},
		{"the number, then Ctrl-C", "2\x03", "", ExitInterrupted, 0, "interrupted"},
		{"Ctrl-D", "\x04", "", ExitDeclined, 0, "declined; nothing was changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			pd := orphanedPD(t, 2)
			before := untouched(t)
			m := onTerminal(t, nil, "orphans", "apply", "-u", pd.URLs()[0])
			m.press("Type 2 to remove these peers:", tt.keys)
			if tt.again != "" {
				m.waitFor(`" is not "2"`)
				for deadline := time.Now().Add(patience); strings.Count(m.screen.String(), "\x1b[6n") < 4 && time.Now().Before(deadline); {
					time.Sleep(5 * time.Millisecond)
				}
				m.press("", tt.again)
			}
			m.end(tt.want, before)
			pd.ExpectWrites(t, writesOf(tt.writes)...)
			m.waitFor(tt.says)
		})
	}
}

func writesOf(n int) []string {
	var list []string
	for range n {
		list = append(list, "POST /operators")
	}
	return list
}

// A port that swallows what is sent to it takes two seconds to look at: an apply
// does not look before each removal.
func TestAnswerMemo(t *testing.T) {
	t.Parallel()
	now, looks := time.Unix(0, 0), 0
	m := answerMemo{
		now: func() time.Time { return now },
		find: func(_ context.Context, _ *target, _ *cluster.Snapshot, gone []operators.GoneStore) map[cluster.StoreID]string {
			looks++
			now = now.Add(answerTimeout)
			return map[cluster.StoreID]string{gone[0].ID: fmt.Sprint(looks)}
		},
	}
	for _, step := range []struct {
		after time.Duration
		gone  []operators.GoneStore
		looks int
	}{
		{0, []operators.GoneStore{{ID: 97}, {ID: 98}}, 1},
		{2 * time.Second, []operators.GoneStore{{ID: 97}, {ID: 98}}, 1},
		{2 * time.Second, []operators.GoneStore{{ID: 97}}, 1},           // the other is empty now
		{time.Second, []operators.GoneStore{{ID: 97}, {ID: 99}}, 2},     // somebody new
		{9 * time.Second, []operators.GoneStore{{ID: 97}, {ID: 99}}, 2}, //
		{2 * time.Second, []operators.GoneStore{{ID: 97}, {ID: 99}}, 3}, // too long ago
		{time.Second, []operators.GoneStore{{ID: 97}, {ID: 99}}, 3},     //
	} {
		now = now.Add(step.after)
		found := m.answering(t.Context(), nil, nil, step.gone)
		if looks != step.looks || found[97] != fmt.Sprint(step.looks) {
			t.Errorf("after %s with %d stores: %d looks, found %v, want %d", step.after, len(step.gone), looks, found, step.looks)
		}
	}
}

// However many are left, a reader sees first what PD still works on.
func TestRemainingShowsWhatRunsFirst(t *testing.T) {
	t.Parallel()
	var list []operators.Remaining
	for i := range 3000 {
		r := operators.Remaining{RegionID: cluster.RegionID(i), StoreID: 97, Result: operators.NotTried}
		switch i {
		case 1500:
			r.Result, r.Reason = operators.NotSafe, "a reason"
		case 2000:
			r.Result, r.Reason = operators.Failed, "no"
		case 2500:
			r.Result, r.Reason = operators.InFlight, "PD has the operator"
		}
		list = append(list, r)
	}
	streams := ui.Test("")
	if err := render.Remaining(streams.Out, list); err != nil {
		t.Fatal(err)
	}
	got := streams.OutBuf.String()
	const want = "remaining:\n  region 2500, store 97: in-flight; PD has the operator\n  region 2000, store 97: failed; no\n" +
		"  region 1500, store 97: not-safe; a reason\n  region 0, store 97: not-tried\n"
	if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "\n  and 2,980 more\n") {
		t.Errorf("printed %s", got)
	}
}
