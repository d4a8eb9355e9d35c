package pdclient

import (
	"bytes"
	"fmt"
	"testing"

	"ebb/cluster"
)

// regionsBody is n regions as PD prints them, about 600 bytes each; every
// twentieth has a learner, a down and a pending peer.
func regionsBody(n int) []byte { return regionsPage(0, n, n) }

// regionsPage is the part of it from one region to before another.
func regionsPage(from, to, n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"count":%d,"regions":[`, to-from)
	key := func(i int) string {
		if i == 0 || i == n {
			return ""
		}
		return fmt.Sprintf("7480000000000000FF%012X72800000001EFFF4CE000000000000FA", i)
	}
	for i := from; i < to; i++ {
		if i > from {
			b.WriteByte(',')
		}
		id := 10000000 + i
		fmt.Fprintf(&b, `{"id":%d,"start_key":"%s","end_key":"%s","epoch":{"conf_ver":5,"version":10},"peers":[`, id, key(i), key(i+1))
		for p := range 3 {
			fmt.Fprintf(&b, `{"role_name":"Voter","id":%d,"store_id":%d},`, id*10+p, (i+p)%20+1)
		}
		if i%20 == 0 {
			fmt.Fprintf(&b, `{"role_name":"Learner","is_learner":true,"id":%d,"store_id":21,"role":1},`, id*10+4)
		}
		b.Truncate(b.Len() - 1)
		fmt.Fprintf(&b, `],"leader":{"role_name":"Voter","id":%d,"store_id":%d},`, id*10, i%20+1)
		if i%20 == 0 {
			fmt.Fprintf(&b, `"down_peers":[{"peer":{"role_name":"Voter","id":%d,"store_id":%d},"down_seconds":700}],`, id*10+1, (i+1)%20+1)
			fmt.Fprintf(&b, `"pending_peers":[{"role_name":"Learner","is_learner":true,"id":%d,"store_id":21,"role":1}],`, id*10+4)
		}
		b.WriteString(`"cpu_usage":4,"written_bytes":48595,"read_bytes":70634,"written_keys":365,"read_keys":965,"approximate_size":96,"approximate_keys":960000,"approximate_kv_size":0,"approximate_columnar_kv_size":0}`)
	}
	b.WriteString("]}")
	return b.Bytes()
}

// BenchmarkRegions decodes a stream of regions. PD itself needs 2,000 ns of CPU
// to print one, so a decoder below that is hidden behind the next page.
func BenchmarkRegions(b *testing.B) {
	const n = 10000
	body := regionsBody(n)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		seen := 0
		regions := newRegionReader()
		regions.src, regions.counted = bytes.NewReader(body), -1
		regions.emit = func(items []scanned[cluster.Region]) bool {
			for i := range items {
				seen += len(items[i].value.Peers)
			}
			return true
		}
		err := regions.read()
		if err != nil || seen < 3*n {
			b.Fatal(seen, err)
		}
	}
	perRegion := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / n
	b.ReportMetric(perRegion, "ns/region")
	b.ReportMetric(float64(len(body))/n, "bytes/region")
}
