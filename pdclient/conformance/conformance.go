// Package conformance is what the project believes about PD, as tests. They run
// against the PD in memory (pdtest), so that it stays honest, and against real
// PDs, so that the belief does.
//
// The cluster needs four Up stores or more than max-replicas, no decommission in
// progress and one placement rule; it is left as it was found.
package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

// Target is a PD to check.
type Target struct {
	// Profile says which dialect to expect.
	Profile pdtest.Profile
	// BaseURL is that of the PD leader, such as "http://127.0.0.1:2379".
	BaseURL string
	// Victim is an Up store that is set Offline and Up again.
	Victim cluster.StoreID
	// Other is another Up store.
	Other cluster.StoreID
	// Region has a leader and a peer on neither UnknownStore nor another unknown one.
	Region cluster.RegionID
	// Tombstone is a store in that state; 0 leaves out what needs one.
	Tombstone cluster.StoreID
	// UnknownStore and UnknownRegion are ids that PD has never given out; some large
	// number when 0.
	UnknownStore  cluster.StoreID
	UnknownRegion cluster.RegionID
	// Sleep lets time pass for PD; time.Sleep when nil.
	Sleep func(time.Duration)
}

// Run checks the PD that target returns. It is called once for each group of
// checks, and may return the same PD every time.
func Run(t *testing.T, target func(t *testing.T) Target) {
	t.Helper()
	for _, group := range []struct {
		name  string
		check func(*testing.T, *suite)
	}{
		{"members", members}, {"stores", stores}, {"store life", storeLife}, {"tombstone", tombstone},
		{"limits", limits}, {"temporary limits", temporaryLimits}, {"evict-leader", evictLeader},
		{"schedulers", schedulers}, {"config", config}, {"temporary config", temporaryConfig},
		{"rules", rules}, {"rules off", rulesOff}, {"regions", regions}, {"unknown region", unknownRegion},
		{"region statistics", regionStats}, {"progress", progress}, {"operators", operators},
		{"error bodies", errorBodies},
	} {
		t.Run(group.name, func(t *testing.T) { group.check(t, newSuite(t, target(t))) })
	}
}

// suite is a target with what the checks use to talk to it.
type suite struct {
	Target
	client *pdclient.Client
}

func newSuite(t *testing.T, target Target) *suite {
	t.Helper()
	if target.UnknownStore == 0 {
		target.UnknownStore = 999999001
	}
	if target.UnknownRegion == 0 {
		target.UnknownRegion = 999999002
	}
	if target.Sleep == nil {
		target.Sleep = time.Sleep
	}
	c, err := pdclient.New(pdclient.Config{Endpoints: []string{target.BaseURL}})
	if err != nil {
		t.Fatal(err)
	}
	return &suite{target, c}
}

// atLeast reports whether the dialect is that of a profile or later.
func (s *suite) atLeast(p pdtest.Profile) bool { return s.Profile >= p }

// response is a raw answer.
type response struct {
	status int
	header http.Header
	body   []byte
}

// raw sends a request that the client would not, body "" for none.
func (s *suite) raw(t *testing.T, method, path string, query url.Values, body string) response {
	t.Helper()
	target := s.BaseURL + "/pd/api/v1" + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, reader)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Caller-ID", "ebb")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{resp.StatusCode, resp.Header, data}
}

// want fails unless the status is the expected one.
func (r response) want(t *testing.T, status int) {
	t.Helper()
	if r.status != status {
		t.Errorf("status %d %s, want %d", r.status, bytes.TrimSpace(r.body), status)
	}
}

// wantString fails unless the body is a JSON string, with PD's code if given.
func (r response) wantString(t *testing.T, code string) {
	t.Helper()
	var text string
	if err := json.Unmarshal(r.body, &text); err != nil {
		t.Errorf("body %s is no JSON string", r.body)
		return
	}
	if code != "" && !strings.HasPrefix(text, "["+code+"]") {
		t.Errorf("body %q, want code %s", text, code)
	}
}

// must fails the check at once.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// statusOf is the status in an error of the client, 0 when there is none.
func statusOf(err error) int {
	if status, ok := errors.AsType[*pdclient.StatusError](err); ok {
		return status.Status
	}
	return 0
}
