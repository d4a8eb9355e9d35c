//go:build unix

package jq

import (
	"bytes"
	"strings"
	"syscall"
	"testing"
	"time"
)

const benchRegions = 100_000

// cpuTime is what the process has used. Other processes do not disturb it.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkElements shows what a region costs, in time of all cores; gojq is
// without the native program, decode what gojq's values alone take.
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
		p, err := Compile(source, Options{Array: "regions"})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) { benchElements(b, p, all, bytes) })
		if p.native != nil {
			b.Run(name+"/gojq", func(b *testing.B) {
				q := *p
				q.native = nil
				benchElements(b, &q, all, bytes)
			})
		}
		b.Run(name+"/decode", func(b *testing.B) {
			d := &decoder{reuse: p.parallel}
			b.SetBytes(int64(bytes))
			start := cpuTime(b)
			for b.Loop() {
				for _, page := range all {
					for _, region := range page {
						if _, err := d.decode(region, p.needed); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			b.ReportMetric(float64((cpuTime(b)-start).Nanoseconds())/float64(b.N*benchRegions), "cpu-ns/region")
		})
	}
}

func benchElements(b *testing.B, p *Program, all [][][]byte, bytes int) {
	b.SetBytes(int64(bytes))
	b.ReportAllocs()
	start := cpuTime(b)
	for b.Loop() {
		if err := p.RunElements(b.Context(), sequence(all), func([]byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime(b)-start).Nanoseconds())/float64(b.N*benchRegions), "cpu-ns/region")
}

// BenchmarkWholeDocument is the way of programs that do not stream.
func BenchmarkWholeDocument(b *testing.B) {
	all := pages(benchRegions / 10)
	var elements [][]byte
	for _, page := range all {
		elements = append(elements, page...)
	}
	whole := []byte(`{"count":1,"regions":[` + string(bytes.Join(elements, []byte(","))) + `]}`)
	p, err := Compile(strings.Replace(sopFilter, ".regions[]", ".regions | sort_by(.id)[]", 1), Options{})
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
