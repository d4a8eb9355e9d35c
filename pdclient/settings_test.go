package pdclient_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

func TestConfig(t *testing.T) {
	for _, p := range pdtest.Profiles() {
		pd := newPD(t, p)
		pd.SetConfig("replication.location-labels", "zone,host")
		pd.SetConfig("schedule.max-store-down-time", "1h0m0s")
		c := newClient(t, pd.URLs()...)
		s, err := c.ScheduleConfig(t.Context())
		if err != nil {
			t.Fatalf("%v: %v", p, err)
		}
		if s.ReplicaScheduleLimit != 64 || s.MaxStoreDownTime != time.Hour || !s.MakeUpReplica || s.HaltScheduling ||
			(s.EnableJointConsensus == nil) != (p < pdtest.V5_0) || (s.PatrolRegionWorkerCount == nil) != (p < pdtest.V8_5) {
			t.Errorf("%v: %+v", p, s)
		}
		r, err := c.ReplicationConfig(t.Context())
		if err != nil || r.MaxReplicas != 3 || !slices.Equal(r.LocationLabels, []string{"zone", "host"}) ||
			r.EnablePlacementRules != (p >= pdtest.V5_0) {
			t.Errorf("%v: %+v, %v", p, r, err)
		}
	}
}

func TestSetConfig(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	c := newClient(t, pd.URLs()...)
	ctx := t.Context()
	const key = "schedule.replica-schedule-limit"
	if err := c.SetConfig(ctx, map[string]any{key: 128}); err != nil || pd.Config(key) != 128.0 {
		t.Errorf("set: %v, %v", pd.Config(key), err)
	}
	if err := c.SetConfigTTL(ctx, map[string]any{key: 256}, time.Minute); err != nil || pd.Config(key) != 256.0 {
		t.Errorf("set for a minute: %v, %v", pd.Config(key), err)
	}
	if s, err := c.ScheduleConfig(ctx); err != nil || s.ReplicaScheduleLimit != 128 {
		t.Errorf("a temporary value is not shown: %v, %v", s.ReplicaScheduleLimit, err)
	}
	err := c.SetConfig(ctx, map[string]any{key: 64})
	var active *pdclient.TTLActiveError
	if !errors.As(err, &active) || active.Key != key || !errors.Is(err, pdclient.ErrTTLActive) || active.Hint() == "" {
		t.Errorf("got %v, want a *TTLActiveError for %s", err, key)
	}
	if err := c.ClearConfigTTL(ctx, map[string]any{key: 0}); err != nil || pd.Config(key) != 128.0 {
		t.Errorf("clear: %v, %v", pd.Config(key), err)
	}
	if err := c.SetConfigTTL(ctx, map[string]any{key: 256}, time.Minute); err != nil {
		t.Error(err)
	}
	pd.Advance(2 * time.Minute)
	if pd.Config(key) != 128.0 {
		t.Errorf("after the time: %v", pd.Config(key))
	}
	before := len(pd.Writes())
	if err := c.SetConfigTTL(ctx, map[string]any{key: 1, "schedule.halt-scheduling": true}, time.Minute); !errors.Is(err, pdclient.ErrNotSupported) {
		t.Errorf("got %v, want ErrNotSupported", err)
	}
	if len(pd.Writes()) != before {
		t.Error("a refused key was sent")
	}
	var status *pdclient.StatusError
	if err := c.SetConfig(ctx, map[string]any{"schedule.nonsense": 1}); !errors.As(err, &status) || status.Status != 400 {
		t.Errorf("unknown item: %v", err)
	}
}

func TestStoreLimits(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	c := newClient(t, pd.URLs()...)
	ctx := t.Context()
	if err := c.SetStoreLimit(ctx, 4, cluster.AddPeer, 200); err != nil {
		t.Error(err)
	}
	if limits, err := c.StoreLimits(ctx); err != nil || limits[4] != (cluster.StoreLimit{AddPeer: 200, RemovePeer: 15}) {
		t.Errorf("got %v, %v", limits, err)
	}
	if err := c.SetStoreLimitTTL(ctx, 4, cluster.AddPeer, 500, time.Minute); err != nil {
		t.Error(err)
	}
	if pd.Limit(4).AddPeer != 200 || pd.EffectiveLimit(4).AddPeer != 500 {
		t.Errorf("permanent %v, effective %v", pd.Limit(4), pd.EffectiveLimit(4))
	}
	if err := c.SetStoreLimit(ctx, 4, cluster.AddPeer, 0); err == nil {
		t.Error("a rate of 0 was accepted")
	}
	master := newPD(t, pdtest.Master)
	if err := newClient(t, master.URLs()...).SetStoreLimitTTL(ctx, 4, cluster.AddPeer, 500, time.Minute); !errors.Is(err, pdclient.ErrNotSupported) {
		t.Errorf("master: %v, want ErrNotSupported", err)
	}
	v2 := newPD(t, pdtest.V8_5)
	v2.Inject(pdtest.Fault{On: "POST /store/4/limit", Status: 400, Body: `"store limit v2"`})
	if err := newClient(t, v2.URLs()...).SetStoreLimitTTL(ctx, 4, cluster.AddPeer, 500, time.Minute); err == nil || errors.Is(err, pdclient.ErrNotSupported) {
		t.Errorf("8.5 that refuses for another reason: %v, want its own words", err)
	}
	early := newPD(t, pdtest.V4_0_16)
	early.Inject(pdtest.Fault{On: "GET /stores/limit", Status: 200, Body: `{"4":{"rate":12,"mode":"auto"}}`})
	if limits, err := newClient(t, early.URLs()...).StoreLimits(ctx); err != nil || limits[4] != (cluster.StoreLimit{AddPeer: 12, RemovePeer: 12}) {
		t.Errorf("4.0.0: %v, %v", limits, err)
	}
}
