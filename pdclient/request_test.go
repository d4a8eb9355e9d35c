package pdclient

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
)

// The guard itself: whatever asks for it, an unbounded count is not built.
func TestUnboundedStatsAreNotBuilt(t *testing.T) {
	for _, query := range []url.Values{
		nil, {}, {"start_key": {""}}, {"start_key": {"a"}, "end_key": {""}}, {"end_key": {"", "b"}}, {"count": {""}},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r := request{method: method, path: statsRegionPath, query: query}
			if _, err := r.build(t.Context(), "http://pd"); !errors.Is(err, errUnboundedStats) {
				t.Errorf("%s with query %v was built: %v", method, query, err)
			}
		}
	}
	r := get(statsRegionPath, url.Values{"start_key": {""}, "end_key": {"\xff"}})
	req, err := r.build(t.Context(), "http://pd")
	if err != nil {
		t.Fatal(err)
	}
	if got := req.URL.RawQuery; got != "end_key=%FF&start_key=" {
		t.Errorf("query %q", got)
	}
	if req.Header.Get("X-Caller-ID") != "ebb" {
		t.Error("no X-Caller-ID")
	}
}
