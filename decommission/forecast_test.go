package decommission

import (
	"math/rand/v2"
	"testing"
	"time"

	"ebb/cluster"
)

// drain watches a store whose regions fall as left says, until the given second.
func drain(until int, left func(second int) int) StoreWatch {
	w := NewWatch([]cluster.StoreID{4}, nil)
	start := time.Unix(0, 0)
	for second := 0; second <= until; second += 2 {
		w, _ = w.Step(Observation{At: start.Add(time.Duration(second) * time.Second), Stores: []cluster.Store{
			{ID: 4, State: cluster.Offline, StateName: cluster.StateOffline, RegionCount: left(second)},
		}})
	}
	return w.Stores[0]
}

func TestForecast(t *testing.T) {
	steady := func(second int) int { return max(1200-second, 0) }
	tests := []struct {
		name      string
		until     int
		left      func(int) int
		low, high time.Duration // of what the forecast may say; 0, 0 for none
	}{
		{"nothing to go by", 0, steady, 0, 0},
		{"too short to tell", 18, steady, 0, 0},
		{"steady", 600, steady, 570 * time.Second, 645 * time.Second},
		{"it only stands", 600, func(int) int { return 1200 }, 0, 0},
		{"it grows", 600, func(s int) int { return 1200 + s }, 0, 0},
		{"the last region has left", 1200, steady, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := drain(tt.until, tt.left)
			if tt.high == 0 {
				if s.Forecast != nil {
					t.Errorf("forecast %+v, want none", *s.Forecast)
				}
				return
			}
			if s.Forecast == nil || s.Forecast.Low < tt.low || s.Forecast.High > tt.high || s.Forecast.Low > s.Forecast.High {
				t.Errorf("forecast %+v, want within %s and %s", s.Forecast, tt.low, tt.high)
			}
		})
	}
}

// A rate that comes in bursts makes the range wider, and one that is all bursts
// leaves no upper bound.
func TestForecastOfBursts(t *testing.T) {
	width := func(s StoreWatch) time.Duration { return s.Forecast.High - s.Forecast.Low }
	steady := drain(600, func(s int) int { return 3000 - s })
	bursts := drain(600, func(s int) int { return 3000 - s/100*100 })
	if steady.Forecast == nil || bursts.Forecast == nil || width(bursts) <= width(steady) {
		t.Errorf("forecast of bursts %+v, of a steady rate %+v", bursts.Forecast, steady.Forecast)
	}
	once := drain(300, func(s int) int {
		if s < 290 {
			return 3000
		}
		return 2000
	})
	if once.Forecast == nil || once.Forecast.High != 0 || once.Forecast.Low == 0 {
		t.Errorf("forecast after one jump %+v, want a lower bound only", once.Forecast)
	}
}

// The truth lies in the range for most drains whose pace only has noise.
func TestForecastHoldsTheTruth(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	held, made := 0, 0
	for range 200 {
		regions := make([]int, 2000)
		n := 1000.0
		for i := range regions {
			regions[i] = max(int(n), 0)
			n -= random.Float64() * 2
		}
		end := 0
		for end < len(regions)-1 && regions[end] > 0 {
			end++
		}
		at := end / 4 * 3 / 2 * 2
		s := drain(at, func(second int) int { return regions[min(second, len(regions)-1)] })
		if s.Forecast == nil {
			continue
		}
		made++
		truth := time.Duration(end-at) * time.Second
		if s.Forecast.Low <= truth && (s.Forecast.High == 0 || truth <= s.Forecast.High) {
			held++
		}
	}
	if made < 190 || held < made*8/10 {
		t.Errorf("the truth was in %d of %d forecasts", held, made)
	}
}

func TestCurveStaysSmall(t *testing.T) {
	s := drain(20_000, func(second int) int { return max(5000-second/4, 0) })
	points := s.Curve()
	if len(points) < curvePoints/4 || len(points) > curvePoints {
		t.Fatalf("%d points", len(points))
	}
	for i := 1; i < len(points); i++ {
		if !points[i].At.After(points[i-1].At) || points[i].Regions > points[i-1].Regions {
			t.Fatalf("point %d: %v after %v", i, points[i], points[i-1])
		}
	}
	if points[0].Regions != 5000 {
		t.Errorf("the curve begins at %d", points[0].Regions)
	}
}

func TestStuckIsKnownOnlyWhileStalled(t *testing.T) {
	w := NewWatch([]cluster.StoreID{4}, nil)
	step := func(second, regions int, stuck map[cluster.StoreID]int) {
		w, _ = w.Step(Observation{At: time.Unix(int64(second), 0), Stuck: stuck, Stores: []cluster.Store{
			{ID: 4, State: cluster.Offline, StateName: cluster.StateOffline, RegionCount: regions},
		}})
	}
	step(0, 10, nil)
	step(121, 10, nil)
	if s := w.Stores[0]; !s.Stalled || s.Stuck != nil {
		t.Fatalf("stalled %t, stuck %v", s.Stalled, s.Stuck)
	}
	step(180, 10, map[cluster.StoreID]int{4: 3})
	if s := w.Stores[0]; s.Stuck == nil || *s.Stuck != 3 {
		t.Fatalf("stuck %v, want 3", s.Stuck)
	}
	step(182, 10, nil)
	if s := w.Stores[0]; s.Stuck == nil || *s.Stuck != 3 {
		t.Fatalf("stuck %v, want it remembered", s.Stuck)
	}
	step(184, 9, nil)
	if s := w.Stores[0]; s.Stalled || s.Stuck != nil {
		t.Fatalf("stalled %t, stuck %v after a region left", s.Stalled, s.Stuck)
	}
}
