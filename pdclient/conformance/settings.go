package conformance

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

// pdContext is for what has to happen after the test's own context has ended.
func pdContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}

// contains ignores blanks: PD indents some answers.
func contains(body []byte, text string) bool {
	compact := strings.NewReplacer(" ", "", "\n", "").Replace(string(body))
	return bytes.Contains([]byte(compact), []byte(text))
}

func limits(t *testing.T, s *suite) {
	ctx := t.Context()
	before, err := s.client.StoreLimits(ctx)
	must(t, err)
	old, listed := before[s.Other]
	if !listed {
		t.Fatalf("store %d has no limits", s.Other)
	}
	t.Cleanup(func() { s.restore(t, s.Other, old) })
	must(t, s.client.SetStoreLimit(ctx, s.Other, cluster.AddPeer, 33.5))
	after, err := s.client.StoreLimits(ctx)
	must(t, err)
	if got := after[s.Other]; got != (cluster.StoreLimit{AddPeer: 33.5, RemovePeer: old.RemovePeer}) {
		t.Errorf("got %+v", got)
	}
	if after[s.Victim] != before[s.Victim] {
		t.Errorf("the limits of store %d changed as well", s.Victim)
	}
	if err := s.client.SetStoreLimit(ctx, s.UnknownStore, cluster.AddPeer, 33); statusOf(err) != 500 || s.atLeast(pdtest.V5_0) && !pdclient.IsNotFound(err) {
		t.Errorf("unknown store: %v, want 500 and ErrNotFound", err)
	}
	path := "/store/" + s.Other.String() + "/limit"
	s.raw(t, http.MethodPost, path, nil, `{"rate":0,"type":"add-peer"}`).want(t, 400)
	s.raw(t, http.MethodPost, path, nil, `{"rate":-1,"type":"add-peer"}`).want(t, 400)
	s.raw(t, http.MethodPost, path, nil, `{"rate":15,"type":"nonsense"}`).want(t, 400)
	s.raw(t, http.MethodPost, path, nil, `{"type":"add-peer"}`).want(t, 400)
}

// temporaryLimits: taken until 8.5, refused later, never shown.
func temporaryLimits(t *testing.T, s *suite) {
	ctx := t.Context()
	before, err := s.client.StoreLimits(ctx)
	must(t, err)
	err = s.client.SetStoreLimitTTL(ctx, s.Other, cluster.AddPeer, before[s.Other].AddPeer+5, 5*time.Second)
	if s.Profile == pdtest.Master {
		if !errors.Is(err, pdclient.ErrNotSupported) {
			t.Errorf("got %v, want ErrNotSupported", err)
		}
		return
	}
	must(t, err)
	after, err := s.client.StoreLimits(ctx)
	must(t, err)
	if after[s.Other] != before[s.Other] {
		t.Errorf("a temporary limit is shown: %+v, before %+v", after[s.Other], before[s.Other])
	}
	s.Sleep(6 * time.Second)
}

func evictLeader(t *testing.T, s *suite) {
	ctx := t.Context()
	before, err := s.client.EvictLeaderStores(ctx)
	must(t, err)
	if slices.Contains(before, s.Victim) || slices.Contains(before, s.Other) {
		t.Fatalf("evict-leader is on %v already", before)
	}
	t.Cleanup(func() {
		ctx, cancel := pdContext()
		defer cancel()
		for _, id := range []cluster.StoreID{s.Victim, s.Other} {
			if err := s.client.RemoveEvictLeader(ctx, id); err != nil {
				t.Error(err)
			}
		}
	})
	const list = "/scheduler-config/evict-leader-scheduler/list"
	if len(before) == 0 {
		s.raw(t, http.MethodGet, list, nil, "").want(t, 404)
	}
	for _, id := range []cluster.StoreID{s.Victim, s.Other, s.Victim} {
		if err := s.client.AddEvictLeader(ctx, id); err != nil {
			t.Errorf("add store %d: %v", id, err)
		}
	}
	got, err := s.client.EvictLeaderStores(ctx)
	must(t, err)
	if len(got) != len(before)+2 || !slices.Contains(got, s.Victim) || !slices.Contains(got, s.Other) {
		t.Errorf("got %v", got)
	}
	must(t, s.client.RemoveEvictLeader(ctx, s.Victim))
	s.raw(t, http.MethodDelete, "/schedulers/evict-leader-scheduler-"+s.Victim.String(), nil, "").want(t, 404)
	must(t, s.client.RemoveEvictLeader(ctx, s.Victim))
	must(t, s.client.RemoveEvictLeader(ctx, s.Other))
	after, err := s.client.EvictLeaderStores(ctx)
	must(t, err)
	if !slices.Equal(after, before) {
		t.Errorf("left %v, want %v", after, before)
	}
}

func schedulers(t *testing.T, s *suite) {
	ctx := t.Context()
	const name = "balance-leader-scheduler"
	all, err := s.client.Schedulers(ctx)
	must(t, err)
	if !slices.Contains(all, name) {
		t.Fatalf("schedulers %v", all)
	}
	must(t, s.client.PauseScheduler(ctx, name, 30*time.Second))
	paused, err := s.client.PausedSchedulers(ctx)
	must(t, err)
	must(t, s.client.PauseScheduler(ctx, name, 0))
	if !slices.Contains(paused, name) {
		t.Errorf("paused %v", paused)
	}
	if paused, err = s.client.PausedSchedulers(ctx); err != nil || slices.Contains(paused, name) {
		t.Errorf("resumed, but paused are %v, %v", paused, err)
	}
	if got := statusOf(s.client.PauseScheduler(ctx, "nonsense-scheduler", time.Second)); got != 500 {
		t.Errorf("pause of an unknown scheduler: %d, want 500", got)
	}
	if checkers, err := s.client.PausedCheckers(ctx); errors.Is(err, pdclient.ErrNotSupported) != !s.atLeast(pdtest.V5_4) {
		t.Errorf("paused checkers %v, %v", checkers, err)
	}
	if recovery, err := s.client.UnsafeRecovery(ctx); errors.Is(err, pdclient.ErrNotSupported) != !s.atLeast(pdtest.V5_4) || recovery != "" {
		t.Errorf("unsafe recovery %q, %v", recovery, err)
	}
}

const mergeLimit = "schedule.merge-schedule-limit"

func config(t *testing.T, s *suite) {
	ctx := t.Context()
	before, err := s.client.ScheduleConfig(ctx)
	must(t, err)
	if before.MaxStoreDownTime <= 0 || before.PatrolRegionInterval <= 0 || before.LowSpaceRatio <= 0 || before.ReplicaScheduleLimit <= 0 {
		t.Errorf("schedule %+v", before)
	}
	t.Cleanup(func() {
		ctx, cancel := pdContext()
		defer cancel()
		if err := s.client.SetConfig(ctx, map[string]any{mergeLimit: before.MergeScheduleLimit}); err != nil {
			t.Error(err)
		}
	})
	must(t, s.client.SetConfig(ctx, map[string]any{mergeLimit: before.MergeScheduleLimit + 1}))
	after, err := s.client.ScheduleConfig(ctx)
	must(t, err)
	if after.MergeScheduleLimit != before.MergeScheduleLimit+1 {
		t.Errorf("merge-schedule-limit %d, want %d", after.MergeScheduleLimit, before.MergeScheduleLimit+1)
	}
	if got := statusOf(s.client.SetConfig(ctx, map[string]any{"schedule.nonsense": 1})); got != 400 {
		t.Errorf("unknown item: %d, want 400", got)
	}
	replication, err := s.client.ReplicationConfig(ctx)
	must(t, err)
	if replication.MaxReplicas <= 0 {
		t.Errorf("replication %+v", replication)
	}
}

// temporaryConfig: not shown, in the way of a permanent value, and over by itself.
func temporaryConfig(t *testing.T, s *suite) {
	ctx := t.Context()
	before, err := s.client.ScheduleConfig(ctx)
	must(t, err)
	value := map[string]any{mergeLimit: before.MergeScheduleLimit}
	must(t, s.client.SetConfigTTL(ctx, value, 5*time.Second))
	after, err := s.client.ScheduleConfig(ctx)
	must(t, err)
	if after.MergeScheduleLimit != before.MergeScheduleLimit {
		t.Errorf("a temporary value is shown: %d", after.MergeScheduleLimit)
	}
	err = s.client.SetConfig(ctx, value)
	if s.atLeast(pdtest.V6_1) && !errors.Is(err, pdclient.ErrTTLActive) {
		t.Errorf("got %v, want ErrTTLActive", err)
	}
	s.raw(t, http.MethodPost, "/config?ttlSecond=5", nil, `{"schedule.max-store-down-time":"30m"}`).want(t, 400)
	if s.atLeast(pdtest.V8_1) {
		must(t, s.client.ClearConfigTTL(ctx, value))
	} else {
		s.Sleep(7 * time.Second)
	}
	if err := s.client.SetConfig(ctx, value); err != nil {
		t.Errorf("after the time: %v", err)
	}
}
