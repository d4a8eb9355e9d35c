package pdclient_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

// newPD starts a PD with four stores and some regions.
func newPD(t *testing.T, p pdtest.Profile, opts ...pdtest.Option) *pdtest.PD {
	t.Helper()
	pd := pdtest.New(t, p, opts...)
	pd.AddStores(1, 2, 3, 4)
	pd.AddRegions(40, 1, 2, 3, 4)
	return pd
}

// quickly is a sleep that does not, but ends with its context.
func quickly(ctx context.Context, _ time.Duration) error {
	time.Sleep(time.Millisecond)
	return ctx.Err()
}

func newClient(t *testing.T, endpoints ...string) *pdclient.Client {
	t.Helper()
	c, err := pdclient.New(pdclient.Config{
		Endpoints: endpoints, Timeout: 5 * time.Second, EndpointTimeout: 500 * time.Millisecond, Sleep: quickly,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// deadEndpoint accepts connections and says nothing.
func deadEndpoint(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "http://" + l.Addr().String()
}

// closedEndpoint refuses connections.
func closedEndpoint(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	return s.URL
}

func TestDeadEndpointCostsOneShortDeadline(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	c := newClient(t, deadEndpoint(t), pd.URLs()[0])
	start := time.Now()
	if _, _, err := c.Stores(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 400*time.Millisecond {
		t.Errorf("first read took %v, want at least the endpoint timeout of 500ms", took)
	}
	quickest := time.Hour
	for range 5 {
		start = time.Now()
		if _, err := c.Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		quickest = min(quickest, time.Since(start))
	}
	if quickest > 400*time.Millisecond {
		t.Errorf("a snapshot took %v at best, want none to wait for the dead endpoint", quickest)
	}
}

func TestUnreachableNamesEveryEndpoint(t *testing.T) {
	a, b := closedEndpoint(t), closedEndpoint(t)
	_, _, err := newClient(t, a, b).Stores(t.Context())
	var unreachable *pdclient.UnreachableError
	if !errors.As(err, &unreachable) || !errors.Is(err, pdclient.ErrUnreachable) {
		t.Fatalf("got %v, want an *UnreachableError", err)
	}
	if len(unreachable.Tries) != 2 || !strings.Contains(err.Error(), a) || !strings.Contains(err.Error(), b) {
		t.Errorf("error %q does not name %s and %s", err, a, b)
	}
	if errors.Is(err, pdclient.ErrNoLeader) {
		t.Error("refused connections are no missing leader")
	}
}

func TestNoLeader(t *testing.T) {
	for _, p := range []pdtest.Profile{pdtest.V6_5, pdtest.Master} {
		pd := newPD(t, p, pdtest.Members(3))
		pd.Elect(-1)
		c, err := pdclient.New(pdclient.Config{Endpoints: pd.URLs(), Timeout: 300 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = c.Stores(t.Context())
		if !errors.Is(err, pdclient.ErrNoLeader) {
			t.Errorf("%v: got %v, want ErrNoLeader", p, err)
		}
	}
}

func TestReadsSurviveLeaderChange(t *testing.T) {
	pd := newPD(t, pdtest.V8_5, pdtest.Members(3))
	c := newClient(t, pd.URLs()[0]) // the others are learned
	if _, _, err := c.Stores(t.Context()); err != nil {
		t.Fatal(err)
	}
	pd.Stop(0)
	polls := 0
	slow, err := pdclient.New(pdclient.Config{Endpoints: pd.URLs(), Sleep: func(ctx context.Context, d time.Duration) error {
		if polls++; polls == 3 {
			pd.Elect(1)
		}
		return quickly(ctx, d)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := slow.Stores(t.Context()); err != nil {
		t.Errorf("read over an election: %v", err)
	}
	if _, _, err := c.Stores(t.Context()); err != nil {
		t.Errorf("read through learned members: %v", err)
	}
}

func TestWritesFollowTheLeader(t *testing.T) {
	pd := newPD(t, pdtest.V8_5, pdtest.Members(3))
	c := newClient(t, pd.URLs()...)
	if err := c.AddEvictLeader(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	pd.Stop(0)
	pd.Elect(2)
	if err := c.RemoveEvictLeader(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	pd.ExpectWrites(t, "POST /schedulers", "DELETE /schedulers/evict-leader-scheduler-4")
}

func TestAdvertisedAddressOutOfReach(t *testing.T) {
	pd := newPD(t, pdtest.V8_5, pdtest.Members(2))
	pd.Elect(1)
	pd.Advertise(0, "http://127.0.0.1:1")
	pd.Advertise(1, closedEndpoint(t))
	c := newClient(t, pd.URLs()[0])
	if err := c.DeleteStore(t.Context(), 4); err != nil {
		t.Errorf("write through a follower: %v", err)
	}
	pd.ExpectWrites(t, "DELETE /store/4")
}

func TestAdvertisedAddressOfAnotherCluster(t *testing.T) {
	other := newPD(t, pdtest.V8_5)
	other.SetClusterID(42)
	pd := newPD(t, pdtest.V8_5, pdtest.Members(2))
	pd.Elect(1)
	pd.Advertise(1, other.URLs()[0])
	if err := newClient(t, pd.URLs()[0]).DeleteStore(t.Context(), 4); err != nil {
		t.Error(err)
	}
	pd.ExpectWrites(t, "DELETE /store/4")
	other.ExpectWrites(t)
}

func TestEndpointsOfTwoClustersAreRefused(t *testing.T) {
	first, second := newPD(t, pdtest.V8_5), newPD(t, pdtest.V8_5)
	second.SetClusterID(42)
	c := newClient(t, first.URLs()[0], second.URLs()[0])
	if _, _, err := c.Stores(t.Context()); err != nil {
		t.Fatal(err)
	}
	first.Close()
	if err := c.DeleteStore(t.Context(), 4); !errors.Is(err, pdclient.ErrOtherCluster) {
		t.Errorf("got %v, want ErrOtherCluster", err)
	}
	second.ExpectWrites(t)
}

func TestRateLimit(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	pd.Inject(pdtest.Fault{On: "GET /stores", Status: 429, Body: `"too many requests"`, Header: http.Header{"Retry-After": {"3"}}})
	var pauses []time.Duration
	c, err := pdclient.New(pdclient.Config{Endpoints: pd.URLs(), Sleep: func(_ context.Context, d time.Duration) error {
		pauses = append(pauses, d)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Stores(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(pauses) != 1 || pauses[0] < 3*time.Second {
		t.Errorf("paused %v, want the 3s that PD asked for", pauses)
	}
	pd.Inject(pdtest.Fault{On: "DELETE /store/4", Status: 429, Body: `"too many requests"`, Times: -1})
	var status *pdclient.StatusError
	if err := c.DeleteStore(t.Context(), 4); !errors.As(err, &status) || status.Status != 429 || status.Hint() == "" {
		t.Errorf("got %v, want a *StatusError 429 with a hint", err)
	}
}

func TestDeadlineEndsARead(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	pd.Inject(pdtest.Fault{On: "GET /stores", Hang: true, Times: -1})
	c, err := pdclient.New(pdclient.Config{Endpoints: pd.URLs(), Timeout: 700 * time.Millisecond, EndpointTimeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = c.Stores(t.Context()); err == nil { // PD never answers
		t.Error("a read ended well without an answer")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	if _, _, err := c.Stores(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the caller's deadline", err)
	} else if !errors.Is(err, pdclient.ErrUnreachable) {
		t.Errorf("got %v, want what the endpoint did as well", err)
	}
}

func TestEndpoints(t *testing.T) {
	for _, bad := range []string{"", "ftp://pd:2379", "http://", "http://pd:2379/pd/api", "http://user@pd:2379", "http://pd:23:79"} {
		if _, err := pdclient.New(pdclient.Config{Endpoints: []string{bad}}); err == nil {
			t.Errorf("endpoint %q was accepted", bad)
		}
	}
	if _, err := pdclient.New(pdclient.Config{}); err == nil {
		t.Error("no endpoint was accepted")
	}
	pd := newPD(t, pdtest.V8_5)
	c := newClient(t, strings.TrimPrefix(pd.URLs()[0], "http://"))
	if _, err := c.Store(t.Context(), cluster.StoreID(1)); err != nil {
		t.Errorf("host:port: %v", err)
	}
}

func TestDashboardURL(t *testing.T) {
	for address, want := range map[string]string{"auto": "", "none": "", "": "", "http://10.0.1.2:2379": "http://10.0.1.2:2379"} {
		pd := pdtest.New(t, pdtest.V8_5)
		pd.SetDashboard(address)
		if got, err := newClient(t, pd.URLs()...).DashboardURL(t.Context()); err != nil || got != want {
			t.Errorf("with dashboard-address %q: %q, %v", address, got, err)
		}
	}
}
