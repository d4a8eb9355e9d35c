package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ebb/burndown"
	"ebb/burndown/file"
	"ebb/cluster"
	"ebb/decommission"
	"ebb/diagnose"
	"ebb/ui"
)

// recording is a sampler, and how many lines it has said.
func recording(t *testing.T, snap *cluster.Snapshot) (s *sampler, env *Env, said func() int) {
	t.Helper()
	streams := ui.Test("")
	streams.Setenv("XDG_STATE_HOME", t.TempDir())
	env = systemEnv(streams.Streams)
	return newSampler(env, &target{}, snap, time.Second), env, func() int { return strings.Count(streams.ErrBuf.String(), "\n") }
}

var watchedCluster = &cluster.Snapshot{Members: &cluster.Members{ClusterID: 42}, PDVersion: "v8.5.0"}

func TestSamplerKeepsWhatMatters(t *testing.T) {
	s, env, said := recording(t, watchedCluster)
	start := time.Date(2026, 1, 2, 3, 4, 5, 987654321, time.UTC)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	reading := func(seconds float64, w decommission.StoreWatch, types ...decommission.EventType) {
		for _, e := range types {
			s.event(decommission.Event{Type: e, At: at(seconds), Store: &w})
		}
	}
	leaving := decommission.StoreWatch{ID: 4, Address: "10.0.1.4:20160", Phase: decommission.PhaseLeaving, State: "Offline", Regions: 9}
	stalled := leaving
	stalled.Stalled = true
	gone := decommission.StoreWatch{ID: 4, Phase: decommission.PhaseTombstone, State: "Tombstone"}

	reading(0, leaving, decommission.EventWatching, decommission.EventProgress)
	reading(0.5, leaving, decommission.EventProgress) // too early
	reading(1, stalled, decommission.EventStalled)    // then somebody looks why
	s.diagnosed(4, &diagnose.Report{Causes: []diagnose.Cause{{ID: "D03", Name: "store limit", Blocked: 7}, {ID: "D10"}, {ID: "D11"}, {ID: "D12"}}})
	reading(1, stalled, decommission.EventProgress)
	reading(1.5, stalled, decommission.EventProgress) // too early
	s.event(decommission.Event{Type: decommission.EventContactLost, At: at(2), Err: errors.New("silent")})
	reading(3, stalled, decommission.EventProgress)
	reading(3.2, leaving, decommission.EventMoving, decommission.EventProgress)
	reading(3.5, gone, decommission.EventTombstone)

	records, skipped, err := file.Read(env.samplesDir(), 42)
	if err != nil || skipped != 0 || said() != 0 {
		t.Fatalf("skipped %d, said %d lines, %v", skipped, said(), err)
	}
	var got []string
	for _, r := range records {
		if r.Kind == burndown.KindWatch {
			got = append(got, r.PDVersion)
			continue
		}
		got = append(got, fmt.Sprint(r.Time.Sub(start).Round(100*time.Millisecond), " ", r.Phase, " ", r.Regions, " ", r.Stalled, " ", r.Looked, " ", len(r.Causes), " ", r.Every))
	}
	want := "[v8.5.0 0s leaving 9 false false 0 2 1s leaving 9 true true 3 2 3s leaving 9 true false 0 2 3.2s leaving 9 false false 0 2 3.5s tombstone 0 false false 0 2]"
	if fmt.Sprint(got) != want {
		t.Errorf("recorded %v\n    want %s", got, want)
	}
}

// What cannot be written is said once, and never tried again.
func TestSamplerGivesUp(t *testing.T) {
	s, env, said := recording(t, watchedCluster)
	if err := os.MkdirAll(filepath.Dir(env.samplesDir()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(env.samplesDir(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		s.event(decommission.Event{Type: decommission.EventProgress, At: time.Unix(int64(1e9+10*i), 0), Store: &decommission.StoreWatch{ID: 4, Phase: decommission.PhaseLeaving}})
	}
	if said() != 1 {
		t.Errorf("said %d lines", said())
	}
	// Nobody knows which cluster it is: the same.
	s, _, said = recording(t, &cluster.Snapshot{Unread: cluster.Unread{"members": errors.New("no leader")}})
	s.event(decommission.Event{Type: decommission.EventProgress, Store: &decommission.StoreWatch{ID: 4}})
	if said() != 1 {
		t.Errorf("said %d lines", said())
	}
	// A wait that is not recorded.
	s = nil
	s.event(decommission.Event{Type: decommission.EventProgress, Store: &decommission.StoreWatch{ID: 4}})
	s.diagnosed(4, nil)
}

// What recording costs a wait for one reading of one store that is kept.
func BenchmarkSampler(b *testing.B) {
	streams := ui.Test("")
	streams.Setenv("XDG_STATE_HOME", b.TempDir())
	s := newSampler(systemEnv(streams.Streams), &target{}, watchedCluster, time.Second)
	w := &decommission.StoreWatch{
		ID: 4, Address: "10.0.1.4:20160", Phase: decommission.PhaseLeaving, State: "Offline", Regions: 1200, PerSecond: 1.5,
		Forecast: &decommission.Forecast{Low: time.Minute, High: time.Hour, Basis: "300 regions in the last 5m0s, and up to 10s until PD buries the store"},
	}
	at := time.Unix(1_700_000_000, 0)
	for b.Loop() {
		s.changed[4] = true
		s.event(decommission.Event{Type: decommission.EventProgress, At: at, Store: w})
		if s.failed { // the file of the day is full
			b.StopTimer()
			at, s.failed = at.Add(24*time.Hour), false
			b.StartTimer()
		}
	}
}
