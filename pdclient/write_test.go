package pdclient_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

// writes are all calls that change something, each with the request it makes on
// a fresh PD of newPD.
var writes = []struct {
	name    string
	request string
	call    func(context.Context, *pdclient.Client) error
	rereads bool // finds out by itself when the answer is lost
}{
	{"delete", "DELETE /store/4",
		func(ctx context.Context, c *pdclient.Client) error { return c.DeleteStore(ctx, 4) }, true},
	{"force delete", "DELETE /store/4?force=true",
		func(ctx context.Context, c *pdclient.Client) error { return c.ForceDeleteStore(ctx, 4) }, true},
	{"up", "POST /store/4/state?state=Up",
		func(ctx context.Context, c *pdclient.Client) error { return c.SetStoreUp(ctx, 4) }, true},
	{"remove tombstones", "DELETE /stores/remove-tombstone",
		func(ctx context.Context, c *pdclient.Client) error { return c.RemoveTombstones(ctx) }, true},
	{"limit", "POST /store/4/limit",
		func(ctx context.Context, c *pdclient.Client) error {
			return c.SetStoreLimit(ctx, 4, cluster.AddPeer, 200)
		}, true},
	{"limit ttl", "POST /store/4/limit?ttlSecond=60",
		func(ctx context.Context, c *pdclient.Client) error {
			return c.SetStoreLimitTTL(ctx, 4, cluster.AddPeer, 200, time.Minute)
		}, false},
	{"evict leader", "POST /schedulers",
		func(ctx context.Context, c *pdclient.Client) error { return c.AddEvictLeader(ctx, 4) }, true},
	{"pause scheduler", "POST /schedulers/balance-leader-scheduler",
		func(ctx context.Context, c *pdclient.Client) error {
			return c.PauseScheduler(ctx, "balance-leader-scheduler", time.Minute)
		}, false},
	{"config", "POST /config",
		func(ctx context.Context, c *pdclient.Client) error {
			return c.SetConfig(ctx, map[string]any{"schedule.replica-schedule-limit": 128})
		}, false},
	{"config ttl", "POST /config?ttlSecond=60",
		func(ctx context.Context, c *pdclient.Client) error {
			return c.SetConfigTTL(ctx, map[string]any{"schedule.replica-schedule-limit": 128}, time.Minute)
		}, false},
	{"remove peer", "POST /operators",
		func(ctx context.Context, c *pdclient.Client) error { return c.AddRemovePeer(ctx, 1000, 2) }, true},
	{"accelerate", "POST /regions/accelerate-schedule",
		func(ctx context.Context, c *pdclient.Client) error {
			return c.AccelerateSchedule(ctx, cluster.KeyRange{})
		}, false},
}

func TestWritesAreSentOnce(t *testing.T) {
	for _, w := range writes {
		t.Run(w.name, func(t *testing.T) {
			pd := newPD(t, pdtest.V8_5)
			if err := w.call(t.Context(), newClient(t, pd.URLs()...)); err != nil {
				t.Fatal(err)
			}
			pd.ExpectWrites(t, w.request)
		})
	}
}

// The write is carried out and its answer is lost.
func TestLostReply(t *testing.T) {
	for _, w := range writes {
		t.Run(w.name, func(t *testing.T) {
			pd := newPD(t, pdtest.V8_5)
			method, path := split(w.request)
			pd.Inject(pdtest.Fault{On: method + " " + path, LoseReply: true})
			err := w.call(t.Context(), newClient(t, pd.URLs()...))
			switch {
			case w.rereads && err != nil:
				t.Errorf("got %v, want nil after reading again", err)
			case !w.rereads && !errors.Is(err, pdclient.ErrOutcomeUnknown):
				t.Errorf("got %v, want ErrOutcomeUnknown", err)
			}
			pd.ExpectWrites(t, w.request)
			if unused := pd.Unused(); len(unused) > 0 {
				t.Error(unused)
			}
		})
	}
}

// The connection breaks before PD does anything: from here that looks the same,
// and reading that nothing happened proves nothing, for it may still happen.
func TestConnectionBreaksBeforeTheWrite(t *testing.T) {
	for _, w := range writes {
		if w.name == "up" || w.name == "remove tombstones" {
			continue // the state that is read again is the one asked for
		}
		t.Run(w.name, func(t *testing.T) {
			pd := newPD(t, pdtest.V8_5)
			method, path := split(w.request)
			pd.Inject(pdtest.Fault{On: method + " " + path, Cut: true})
			err := w.call(t.Context(), newClient(t, pd.URLs()...))
			if !errors.Is(err, pdclient.ErrOutcomeUnknown) {
				t.Errorf("got %v, want ErrOutcomeUnknown", err)
			}
			var unknown *pdclient.OutcomeUnknownError
			if w.rereads && (!errors.As(err, &unknown) || unknown.Reread == "") {
				t.Errorf("error %v does not say what was read again", err)
			}
			pd.ExpectWrites(t) // none reached the handlers
		})
	}
}

func TestLeaderChangesInTheMiddleOfAWrite(t *testing.T) {
	pd := newPD(t, pdtest.V8_5, pdtest.Members(3))
	pd.Inject(pdtest.Fault{On: "DELETE /store/4", LoseReply: true, Then: func(pd *pdtest.PD) { pd.Elect(1) }})
	if err := newClient(t, pd.URLs()...).DeleteStore(t.Context(), 4); err != nil {
		t.Errorf("got %v, want nil after reading from the new leader", err)
	}
	pd.ExpectWrites(t, "DELETE /store/4")
}

func TestWriteTimesOut(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	pd.Inject(pdtest.Fault{On: "POST /config", Hang: true})
	c, err := pdclient.New(pdclient.Config{Endpoints: pd.URLs(), Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	err = c.SetConfig(t.Context(), map[string]any{"schedule.replica-schedule-limit": 128})
	if !errors.Is(err, pdclient.ErrOutcomeUnknown) {
		t.Errorf("got %v, want ErrOutcomeUnknown", err)
	}
}

// Answers that a proxy makes up tell nothing about the write; PD's own do.
func TestWriteAnswers(t *testing.T) {
	tests := []struct {
		name    string
		status  int
		body    string
		unknown bool
	}{
		{"redirect failed", 500, "[PD:apiutil:ErrRedirect]redirect failed\n", true},
		{"bad gateway", 502, "<html>", true},
		{"gateway timeout", 504, "", true},
		{"no leader", 503, "no leader\n", false},
		{"not the leader", 500, "[PD:apiutil:ErrRedirectToNotLeader]redirect to not leader\n", false},
		{"refused", 400, `"[PD:core:ErrStoresNotEnough]can not remove store 4"`, false},
		{"failed", 500, `"[PD:x:ErrY]no"`, false},
		{"moved", 307, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			pd := newPD(t, pdtest.V8_5)
			header := http.Header{"Location": {"/pd/api/v1/store/4"}} // for the one that is moved
			pd.Inject(pdtest.Fault{On: "DELETE /store/4", Status: tt.status, Body: tt.body, Header: header})
			err := newClient(t, pd.URLs()...).DeleteStore(t.Context(), 4)
			var status *pdclient.StatusError
			if !errors.As(err, &status) || status.Status != tt.status {
				t.Fatalf("got %v, want a *StatusError with status %d", err, tt.status)
			}
			if errors.Is(err, pdclient.ErrOutcomeUnknown) != tt.unknown {
				t.Errorf("got %v, want an unknown outcome: %v", err, tt.unknown)
			}
			pd.ExpectWrites(t)
		})
	}
}

func TestDeleteStoreNeverForces(t *testing.T) {
	for _, p := range pdtest.Profiles() {
		pd := newPD(t, p)
		if err := newClient(t, pd.URLs()...).DeleteStore(t.Context(), 4); err != nil {
			t.Errorf("%v: %v", p, err)
		}
		if forced := pd.Forced(); len(forced) > 0 {
			t.Errorf("%v: stores %v were deleted by force", p, forced)
		}
		s, _ := pd.Store(4)
		if s.State != cluster.Offline || s.PhysicallyDestroyed {
			t.Errorf("%v: store is %v", p, s.State)
		}
	}
}

func TestForceDeleteIsRefusedWhereItOrphans(t *testing.T) {
	pd := newPD(t, pdtest.V4_0_16)
	err := newClient(t, pd.URLs()...).ForceDeleteStore(t.Context(), 4)
	if !errors.Is(err, pdclient.ErrNotSupported) {
		t.Errorf("got %v, want ErrNotSupported", err)
	}
	pd.ExpectWrites(t)
}

func split(request string) (method, path string) {
	for i := range request {
		if request[i] == ' ' {
			method, request = request[:i], request[i+1:]
			break
		}
	}
	for i := range request {
		if request[i] == '?' {
			return method, request[:i]
		}
	}
	return method, request
}
