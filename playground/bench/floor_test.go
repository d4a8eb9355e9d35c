package bench

import (
	"context"
	"io"
	"strconv"
	"testing"
	"time"

	"ebb/pdclient"
	"ebb/playground/bench/cost"
)

// BenchmarkDiscard is PD's own time, below which no client can come.
func BenchmarkDiscard(b *testing.B) {
	open(b)
	for _, size := range []int{1024, 4096, 10240} {
		b.Run("page="+strconv.Itoa(size), func(b *testing.B) {
			repeat(b, func() (cost.Cost, error) { return discardPages(size) })
		})
	}
	for name, path := range map[string]string{"whole": "/regions", "store": "/regions/store/" + strconv.Itoa(lostStore)} {
		b.Run(name, func(b *testing.B) {
			repeat(b, func() (cost.Cost, error) { return discard(path) })
		})
	}
}

func discard(path string) (cost.Cost, error) {
	began := time.Now()
	err := fetch(io.Discard, path, nil)
	return cost.Cost{Wall: time.Since(began)}, err
}

// BenchmarkPDClient is what ebb reads clusters with, in this process: for
// profiles, with -cpuprofile.
func BenchmarkPDClient(b *testing.B) {
	open(b)
	client, err := pdclient.New(pdclient.Config{Endpoints: []string{lab.url}})
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	for _, size := range []int{1024, 4096, 10240} {
		b.Run("Regions/page="+strconv.Itoa(size), func(b *testing.B) {
			repeat(b, timed(func() error {
				n := 0
				for _, err := range client.Regions(ctx, pdclient.RegionScan{PageSize: size}) {
					if err != nil {
						return err
					}
					n++
				}
				if n != lab.regions {
					b.Errorf("%d regions, want %d", n, lab.regions)
				}
				return nil
			}))
		})
	}
	b.Run("RegionsOfStore", func(b *testing.B) {
		repeat(b, timed(func() error {
			for _, err := range client.RegionsOfStore(ctx, lostStore) {
				if err != nil {
					return err
				}
			}
			return nil
		}))
	})
	b.Run("RegionStats", func(b *testing.B) {
		repeat(b, timed(func() error {
			stats, err := client.RegionStats(ctx)
			if err == nil && stats.Regions != lab.regions {
				b.Errorf("%d regions, want %d", stats.Regions, lab.regions)
			}
			return err
		}))
	})
}

func timed(f func() error) func() (cost.Cost, error) {
	return func() (cost.Cost, error) {
		began := time.Now()
		err := f()
		return cost.Cost{Wall: time.Since(began)}, err
	}
}

// repeat reports the best of several runs.
func repeat(b *testing.B, f func() (cost.Cost, error)) {
	b.Helper()
	var best sample
	for first := true; b.Loop(); first = false {
		for range 3 {
			s, err := watched(f)
			if err != nil {
				b.Fatal(err)
			}
			if first || s.Wall < best.Wall {
				best, first = s, false
			}
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(best.Wall.Seconds(), "s-wall")
	b.ReportMetric(best.CPU.Seconds(), "s-cpu")
	b.ReportMetric(best.PD.Seconds(), "s-pd-cpu")
}

func pages(size int) string { return "discard, pages of " + strconv.Itoa(size) }
