package jq

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"testing"
)

// sopFilter is the first program of the procedure.
const sopFilter = `.regions[] | {id: .id, peer_stores: [.peers[].store_id] | select(any(.==5)) } | .id`

// pdRegion is a region of three peers as PD prints it, about 625 bytes.
func pdRegion(i int) []byte {
	id := 1000 + 4*i
	peer := func(n, store int) string {
		return fmt.Sprintf(`{"id":%d,"store_id":%d,"role":0,"role_name":"Voter"}`, id+n, store)
	}
	extra := ""
	if i%50 == 0 {
		extra = fmt.Sprintf(`"down_peers":[{"peer":%s,"down_seconds":300}],"pending_peers":[%s],`, peer(3, 3), peer(3, 3))
	}
	s := [3]int{1 + i%9, 1 + (i+3)%9, 1 + (i+5)%9}
	return fmt.Appendf(nil, `{"id":%d,"start_key":"7480000000000000FF%08X00000000FB","end_key":"7480000000000000FF%08X00000000FB","epoch":{"conf_ver":5,"version":%d},"peers":[%s,%s,%s],"leader":%s,%s"cpu_usage":0,"written_bytes":%d,"read_bytes":0,"written_keys":12,"read_keys":0,"approximate_size":%d,"approximate_keys":%d}`,
		id, i, i+1, 40+i%7, peer(1, s[0]), peer(2, s[1]), peer(3, s[2]), peer(1, s[0]), extra, 1000+i%5000, 60+i%60, 400000+i%9999)
}

// pages cuts n regions as a client of PD does.
func pages(n int) [][][]byte {
	var all [][][]byte
	var page [][]byte
	for i := range n {
		if page = append(page, pdRegion(i)); len(page) == 1024 {
			all, page = append(all, page), nil
		}
	}
	return append(all, page)
}

func sequence(all [][][]byte) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		for _, page := range all {
			if !yield(page, nil) {
				return
			}
		}
	}
}

const benchRegions = 100_000

// BenchmarkElements shows what a region costs. The time of one core is that of
// -cpu 1; decode is what reading alone takes, for the same view of a region.
func BenchmarkElements(b *testing.B) {
	all := pages(benchRegions)
	bytes := 0
	for _, page := range all {
		for _, region := range page {
			bytes += len(region)
		}
	}
	for name, source := range map[string]string{
		"SOP":    sopFilter,
		"stores": `.regions[] | "\(.id) \([.peers[].store_id] | join(","))"`,
		"whole":  `.regions[]`,
		"reduce": `reduce .regions[] as $r ({}; .["\($r.leader.store_id)"] += 1)`,
		"group":  `[.regions[] | {id, s: .leader.store_id}] | group_by(.s) | map(length)`,
	} {
		p, err := CompileWith(source, Options{Array: "regions"})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(bytes))
			b.ReportAllocs()
			for b.Loop() {
				if err := p.RunElements(b.Context(), sequence(all), func([]byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchRegions), "ns/region")
		})
		b.Run(name+"/decode", func(b *testing.B) {
			d := &decoder{reuse: p.parallel}
			b.SetBytes(int64(bytes))
			for b.Loop() {
				for _, page := range all {
					for _, region := range page {
						if _, err := d.decode(region, p.needed); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchRegions), "ns/region")
		})
	}
}

// BenchmarkWholeDocument is the way of programs that do not stream.
func BenchmarkWholeDocument(b *testing.B) {
	all := pages(benchRegions / 10)
	var elements [][]byte
	for _, page := range all {
		elements = append(elements, page...)
	}
	whole := []byte(`{"count":1,"regions":[` + string(bytes.Join(elements, []byte(","))) + `]}`)
	p, err := Compile(strings.Replace(sopFilter, ".regions[]", ".regions | sort_by(.id)[]", 1))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(whole)))
	for b.Loop() {
		for _, err := range p.Run(b.Context(), whole) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
