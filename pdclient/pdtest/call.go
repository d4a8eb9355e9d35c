package pdtest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"ebb/cluster"
)

// Call is a request that reached the leader's handlers.
type Call struct {
	Method string
	Path   string // below /pd/api/v1
	Query  url.Values
	Body   string
	Member int
	Status int // as answered; also for an answer that was lost
}

// String is "DELETE /store/4" or "POST /config?ttlSecond=60"; query keys are
// sorted.
func (c Call) String() string {
	s := c.Method + " " + c.Path
	if len(c.Query) > 0 {
		s += "?" + c.Query.Encode()
	}
	return s
}

// Calls returns all calls so far.
func (pd *PD) Calls() []Call {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	return slices.Clone(pd.calls)
}

// Writes returns the calls that are not GET, as strings.
func (pd *PD) Writes() []string {
	var out []string
	for _, c := range pd.Calls() {
		if c.Method != http.MethodGet {
			out = append(out, c.String())
		}
	}
	return out
}

// Made counts the calls that match a pattern: a method and a path in which "*"
// stands for any text, such as "GET /regions/*". Queries are not looked at.
func (pd *PD) Made(pattern string) int {
	n := 0
	for _, c := range pd.Calls() {
		if matches(pattern, c.Method+" "+c.Path) {
			n++
		}
	}
	return n
}

// ExpectWrites fails the test unless exactly these writes were made, in this
// order; none means that nothing was changed.
func (pd *PD) ExpectWrites(t testing.TB, want ...string) {
	t.Helper()
	if got := pd.Writes(); !slices.Equal(got, want) {
		t.Errorf("pd got the writes\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// ExpectCalls fails the test unless every pattern (see Made) was called, and
// every pattern that starts with "!" was not.
func (pd *PD) ExpectCalls(t testing.TB, patterns ...string) {
	t.Helper()
	for _, p := range patterns {
		pattern, not := strings.CutPrefix(p, "!")
		if n := pd.Made(pattern); (n == 0) != not {
			t.Errorf("pd got %d calls %q, want them: %v", n, pattern, !not)
		}
	}
}

// Forced lists the stores that were deleted with a force key in the query,
// whatever its value: PD goes by its presence.
func (pd *PD) Forced() []cluster.StoreID {
	var out []cluster.StoreID
	for _, c := range pd.Calls() {
		id, ok := strings.CutPrefix(c.Path, "/store/")
		if c.Method == http.MethodDelete && ok && c.Query.Has("force") {
			out = append(out, storeID(id))
		}
	}
	return out
}

// matches compares with "*" for any text.
func matches(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	rest, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}
