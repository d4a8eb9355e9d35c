package pdclient

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	"ebb/cluster"
)

// manyRegions is a PD with regions at the given start keys (the first is empty).
// Region i has peers on store i%7+1 and on store 99.
type manyRegions struct {
	keys    []string
	noCount bool // a version that does not know count

	mu     sync.Mutex
	ranges [][2]string // that peers were counted in
	probes int
}

func (m *manyRegions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch r.URL.Path {
	case "/pd/api/v1/members":
		fmt.Fprintf(w, `{"header":{"cluster_id":1},"leader":{"member_id":1,"client_urls":["http://%s"]},"members":[]}`, r.Host)
	case "/pd/api/v1/regions/key":
		i, found := slices.BinarySearch(m.keys, q.Get("key"))
		if !found {
			i--
		}
		end := ""
		if i+1 < len(m.keys) {
			end = m.keys[i+1]
		}
		fmt.Fprintf(w, `{"count":1,"regions":[{"id":%d,"start_key":"%X","end_key":"%X","peers":[{"id":1,"store_id":%d},{"id":2,"store_id":99}],"leader":{"id":1,"store_id":%d}}]}`,
			i+1, m.keys[i], end, i%7+1, i%7+1)
	case "/pd/api/v1/stats/region":
		m.stats(w, q.Get("start_key"), q.Get("end_key"), q.Has("count"))
	default:
		http.Error(w, "unexpected "+r.URL.Path, http.StatusNotFound)
	}
}

func (m *manyRegions) stats(w http.ResponseWriter, start, end string, count bool) {
	from, _ := slices.BinarySearch(m.keys, start)
	to, _ := slices.BinarySearch(m.keys, end)
	m.mu.Lock()
	defer m.mu.Unlock()
	if count {
		m.probes++
	}
	if count && !m.noCount {
		fmt.Fprintf(w, `{"count":%d,"store_peer_count":null}`, to-from)
		return
	}
	m.ranges = append(m.ranges, [2]string{start, end})
	peers := make(map[string]int)
	for i := from; i < to; i++ {
		peers[strconv.Itoa(i%7+1)]++
		peers["99"]++
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"count": to - from, "store_peer_count": peers, "store_leader_count": map[string]int{}})
}

func TestRegionStatsInParts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	shapes := map[string]func(i int) string{
		"one table":      func(i int) string { return fmt.Sprintf("t\x80\x00\x00\x00\x00\x00\x00\x65_r%08d", i) },
		"rows as random": func(int) string { return fmt.Sprintf("t\x80\x00\x00\x00\x00\x00\x00\x65_r%016x", random.Uint64()) },
		"many tables": func(i int) string {
			return fmt.Sprintf("t\x80\x00\x00\x00\x00\x00%c%c_r", rune(i/100%120+1), rune(i%100+1))
		},
		"one of many is huge": func(i int) string { return fmt.Sprintf("t\x80\x00\x00\x00%c\x00_r%08d", rune(min(i, 50)+1), i) },
		"any bytes": func(int) string {
			return string([]byte{byte(random.Uint32()), byte(random.Uint32()), byte(random.Uint32())})
		},
	}
	for name, key := range shapes {
		for _, n := range []int{1, 2, 3, 5, 10, 1000, 4000} {
			for _, noCount := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%d/%t", name, n, noCount), func(t *testing.T) {
					m := &manyRegions{keys: []string{""}, noCount: noCount}
					for i := range n - 1 {
						m.keys = append(m.keys, key(i))
					}
					slices.Sort(m.keys)
					m.keys = slices.Compact(m.keys)
					m.check(t)
				})
			}
		}
	}
}

// check compares the counts with the truth, and the ranges with what they must be:
// adjoining, none of them open, and about equal where there are many regions.
func (m *manyRegions) check(t *testing.T) {
	server := httptest.NewServer(m)
	defer server.Close()
	c, err := New(Config{Endpoints: []string{server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.statsFew = 4
	got, err := c.RegionStats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[cluster.StoreID]int)
	for i := range m.keys {
		want[cluster.StoreID(i%7+1)]++
		want[99]++
	}
	if got.Regions != len(m.keys) || !maps.Equal(got.PeerCount, want) {
		t.Errorf("%d regions, peers %v; want %d, %v", got.Regions, got.PeerCount, len(m.keys), want)
	}
	slices.SortFunc(m.ranges, func(a, b [2]string) int { return bytes.Compare([]byte(a[0]), []byte(b[0])) })
	at := ""
	for _, r := range m.ranges {
		if r[0] != at || r[1] == "" {
			t.Errorf("ranges %q", m.ranges)
		}
		at = r[1]
	}
	if m.probes > 1+(statsSplit-1)*statsProbes {
		t.Errorf("%d probes", m.probes)
	}
	if len(m.keys) < 1000 || m.noCount {
		return
	}
	for _, r := range m.ranges {
		from, _ := slices.BinarySearch(m.keys, r[0])
		to, _ := slices.BinarySearch(m.keys, r[1])
		if to-from > len(m.keys)/2 {
			t.Errorf("range %q has %d of %d regions", r, to-from, len(m.keys))
		}
	}
}

func TestBetween(t *testing.T) {
	tests := []struct{ low, high, want string }{
		{"", "\x80", "\x40"},
		{"a", "c", "b"},
		{"a", "b", "a\x80"},
		{"", "\x01", "\x00\x80"},
		{"t\x80", "t\x80\x00\x02", "t\x80\x00\x01"},
	}
	for _, tt := range tests {
		if got := string(between([]byte(tt.low), []byte(tt.high))); got != tt.want {
			t.Errorf("between(%q, %q) = %q, want %q", tt.low, tt.high, got, tt.want)
		}
	}
}
