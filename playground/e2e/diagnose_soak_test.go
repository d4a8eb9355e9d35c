package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ebb/playground/store"
)

// noise is what goes on in a healthy cluster: regions split, leaders move about,
// and PD moves hot regions. It ends with the test.
func (b *bench) noise() (stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			regions := b.Fleet().Regions(store.RegionFilter{})
			r := regions[rand.IntN(len(regions))]
			if i%5 == 0 {
				_ = b.Fleet().SplitRegion(r.ID) // some cannot be split at the moment
				continue
			}
			to := r.Peers[rand.IntN(len(r.Peers))]
			if !to.Votes || to.Store == r.LeaderStore {
				continue
			}
			order := fmt.Sprintf(`{"name": "transfer-leader", "region_id": %d, "to_store_id": %d}`, r.ID, to.Store)
			if resp, err := http.Post(b.PD()[0]+api+"/operators", "application/json", strings.NewReader(order)); err == nil {
				resp.Body.Close() // PD refuses some, which is no matter
			}
		}
	})
	return func() { cancel(); wg.Wait() }
}

// In a cluster that is well nothing is wrong, and in one that is well while a store
// leaves neither; and nothing is left untold.
func TestDiagnoseStaysQuiet(t *testing.T) {
	long := 70 * time.Second
	if testing.Short() {
		long = 4 * time.Second
	}
	b := newBench(t, setup{tikv: 6, regions: 400, limit: 30})
	defer b.noise()()
	seen := make(map[string]int)
	looks, leaving := 0, 0
	// A slow machine takes longer for a look, and goes on until it has seen enough.
	enough := func() bool { return leaving >= 2 }
	for end, last := time.Now().Add(long), time.Now().Add(eventually); time.Now().Before(end) || !enough() && time.Now().Before(last); looks++ {
		began := time.Now()
		if looks == 2 {
			b.leave(b.tikv()[0])
		}
		bundle := filepath.Join(b.state, fmt.Sprintf("look-%d.json", looks))
		d := b.diagnose("--bundle", bundle)
		if d.Result != "ok" {
			read, err := os.ReadFile(bundle)
			b.must(err)
			t.Errorf("after %d looks:\n%s%.20000s", looks, d.brief(), read)
		}
		for i := range d.Causes {
			seen[d.Causes[i].ID]++
		}
		if d.Pace != nil {
			leaving++
		}
		time.Sleep(time.Until(began.Add(time.Second)))
	}
	if !enough() {
		t.Error("no store was leaving: the test shows nothing")
	}
	t.Logf("%d looks, %d of them at a store that leaves; named, as no problems: %v", looks, leaving, seen)
}

// forecast is what ebb watch says of the rest of a leaving.
type forecast struct {
	Time  time.Time `json:"time"`
	Type  string    `json:"type"`
	Store *struct {
		Regions  int `json:"regions"`
		Initial  int `json:"initial_regions"`
		Forecast *struct {
			Low  time.Duration `json:"low_ns"`
			High time.Duration `json:"high_ns"`
		} `json:"forecast"`
	} `json:"store"`
}

// forecasts decodes the events of a watch.
func (r *result) forecasts(t testing.TB) []forecast {
	t.Helper()
	var list []forecast
	for _, e := range r.events {
		var f forecast
		if err := json.Unmarshal([]byte(e.line), &f); err != nil {
			t.Fatal(err)
		}
		if f.Store != nil {
			list = append(list, f)
		}
	}
	return list
}

// accuracy compares forecasts with what came.
type accuracy struct {
	said, held int // forecasts, and those whose range had the truth
	open       int // without an upper end
	errors     []float64
}

// judge looks at the second half of a leaving, by regions.
func judge(list []forecast, end time.Time) accuracy {
	var a accuracy
	for _, f := range list {
		if f.Store.Forecast == nil || f.Store.Regions == 0 || 2*f.Store.Regions > f.Store.Initial {
			continue
		}
		a.said++
		low, high, truth := f.Store.Forecast.Low, f.Store.Forecast.High, end.Sub(f.Time)
		if truth >= low-time.Second && (high == 0 || truth <= high+time.Second) {
			a.held++
		}
		if high == 0 {
			a.open++
			continue
		}
		a.errors = append(a.errors, (float64(low+high)/2-float64(truth))/float64(truth))
	}
	return a
}
