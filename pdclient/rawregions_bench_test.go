package pdclient

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"ebb/cluster"
)

// BenchmarkRawPage finds the regions of a page and leaves them as they are.
func BenchmarkRawPage(b *testing.B) {
	const n = 4096
	body := regionsBody(n)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		page, err := rawPage(&answer{body: body}, nil)
		if err != nil || len(page) != n {
			b.Fatal(len(page), err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/region")
}

// pagedPD answers /regions/key from pages that were made before. cost is the CPU
// time that it burns for each region: PD needs about 2 microseconds.
func pagedPD(b *testing.B, regions int, cost time.Duration) *Client {
	b.Helper()
	const page = defaultPage
	bodies := make(map[string][]byte)
	for from := 0; from < regions; from += page {
		body := regionsPage(from, min(from+page, regions), regions)
		bodies[string(firstStartKey(b, body))] = body
	}
	var url string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == apiPrefix+"/members" {
			_, _ = io.WriteString(w, `{"header":{"cluster_id":1},"members":[{"name":"pd","member_id":1,"client_urls":["`+url+`"]}],"leader":{"name":"pd","member_id":1,"client_urls":["`+url+`"]}}`)
			return
		}
		body, ok := bodies[r.URL.Query().Get("key")]
		if !ok {
			http.Error(w, "no page starts there", http.StatusTeapot)
			return
		}
		for start := time.Now(); time.Since(start) < cost*page; {
		}
		_, _ = w.Write(body)
	}))
	b.Cleanup(server.Close)
	url = server.URL
	c, err := New(Config{Endpoints: []string{url}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.Close)
	return c
}

func firstStartKey(tb testing.TB, body []byte) []byte {
	const name = `"start_key":"`
	_, rest, _ := bytes.Cut(body, []byte(name))
	digits, _, ok := bytes.Cut(rest, []byte{'"'})
	key, err := hex.DecodeString(string(digits))
	if !ok || err != nil {
		tb.Fatal("no start key in ", clip(string(body)))
	}
	return key
}

// BenchmarkScan reads all regions in pages: only the bodies, as PD printed them,
// and decoded; "x-discard" is how much longer that takes than the bodies alone.
func BenchmarkScan(b *testing.B) {
	const regions = 50 * defaultPage
	for _, server := range []struct {
		name string
		cost time.Duration
	}{{"free", 0}, {"2us", 2 * time.Microsecond}} {
		c := pagedPD(b, regions, server.cost)
		var discard float64
		for _, reader := range []struct {
			name string
			read func(b *testing.B) int
		}{
			{"discard", func(b *testing.B) int { return scanAndDiscard(b, c) }},
			{"raw", func(b *testing.B) (n int) {
				for batch, err := range c.RawRegions(b.Context(), RegionScan{}) {
					if err != nil {
						b.Fatal(err)
					}
					n += len(batch)
				}
				return n
			}},
			{"typed", func(b *testing.B) (n int) {
				for r, err := range c.Regions(b.Context(), RegionScan{}) {
					if err != nil {
						b.Fatal(err)
					}
					if n++; r.PeerOn(cluster.StoreID(99)) != nil {
						b.Fatal("a peer on store 99")
					}
				}
				return n
			}},
		} {
			b.Run(server.name+"/"+reader.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if n := reader.read(b); n != regions {
						b.Fatalf("%d regions", n)
					}
				}
				per := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / regions
				b.ReportMetric(per, "ns/region")
				if reader.name == "discard" {
					discard = per
				}
				if discard > 0 {
					b.ReportMetric(per/discard, "x-discard")
				}
			})
		}
	}
}

// scanAndDiscard looks at no more than the edges of the pages.
func scanAndDiscard(b *testing.B, c *Client) (n int) {
	var id cluster.RegionID
	for page, err := range pages(b.Context(), c, RegionScan{}, func(a *answer, _ []scanned[int]) ([]scanned[int], error) {
		id++
		return []scanned[int]{{defaultPage, edge{id, 1, firstStartKey(b, a.body), lastEndKey(a.body)}}}, nil
	}, false) {
		if err != nil {
			b.Fatal(err)
		}
		n += page[0].value
	}
	return n
}
