package decommission

import (
	"fmt"
	"math"
	"slices"
	"time"

	"ebb/cluster"
)

// rateWindow is how far back the rate of leaving looks, forecastWindow how far
// the forecast does, and stallAfter how long no region may leave before that is
// said. PD's own jobs run every 10 s, and a snapshot of a large region takes
// minutes.
const (
	rateWindow     = time.Minute
	forecastWindow = 5 * time.Minute
	stallAfter     = 2 * time.Minute
)

// buryingTakes is how long PD may take to make a store Tombstone whose last region
// has left: its job runs every 10 s (4.0 to master).
const buryingTakes = 10 * time.Second

// forecastParts is into how many parts the window is cut to see how steady the
// rate is, and shortestPart how long one must be to say anything.
const (
	forecastParts = 5
	shortestPart  = 4 * time.Second
)

// Forecast is a range of times that the rest takes, if it goes on like this.
type Forecast struct {
	Low time.Duration `json:"low_ns"`
	// High is 0 when the rate is too unsteady for an upper bound.
	High  time.Duration `json:"high_ns"`
	Basis string        `json:"basis"`
}

type sample struct {
	at      time.Time
	regions int
}

// since is the part of the samples from a time on, with the last one before it, so
// that the whole time is covered.
func since(samples []sample, from time.Time) []sample {
	if len(samples) == 0 {
		return nil
	}
	i := len(samples) - 1
	for i > 0 && samples[i].at.After(from) {
		i--
	}
	return samples[i:]
}

// perSecond is the rate at which regions left, 0 when there are not fewer.
func perSecond(samples []sample) float64 {
	first, last := samples[0], samples[len(samples)-1]
	span := last.at.Sub(first.at).Seconds()
	if span <= 0 || last.regions >= first.regions {
		return 0
	}
	return float64(first.regions-last.regions) / span
}

// forecast is nil until there is something to go by. The spread of the rates in
// the parts of the window gives the range: two standard errors of their mean, and
// never less than a twentieth, since nobody knows what the last regions are like.
func forecast(samples []sample) *Forecast {
	now := samples[len(samples)-1]
	window := since(samples, now.at.Add(-forecastWindow))
	span := now.at.Sub(window[0].at)
	mean := perSecond(window)
	if mean == 0 || now.regions == 0 || span < forecastParts*shortestPart {
		return nil
	}
	var squares float64
	for part := range forecastParts {
		from := window[0].at.Add(span * time.Duration(part) / forecastParts)
		to := window[0].at.Add(span * time.Duration(part+1) / forecastParts)
		rate := float64(regionsAt(window, from)-regionsAt(window, to)) / to.Sub(from).Seconds()
		squares += (rate - mean) * (rate - mean)
	}
	spread := max(2*math.Sqrt(squares/(forecastParts-1)/forecastParts), mean/20)
	f := &Forecast{
		Low: duration(float64(now.regions) / (mean + spread)),
		Basis: fmt.Sprintf("%s in the last %s, and up to %s until PD buries the store",
			cluster.Plural(window[0].regions-now.regions, "region"), span.Round(time.Second), buryingTakes),
	}
	if mean > spread {
		f.High = duration(float64(now.regions)/(mean-spread)) + buryingTakes
	}
	return f
}

// regionsAt is the last count at or before a time.
func regionsAt(samples []sample, at time.Time) int {
	n := samples[0].regions
	for _, s := range samples {
		if s.at.After(at) {
			break
		}
		n = s.regions
	}
	return n
}

func duration(seconds float64) time.Duration {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second)
}

// CurvePoint is how many regions a store had at a time.
type CurvePoint struct {
	At      time.Time
	Regions int
}

// curvePoints is the most points that a curve keeps. When there are more, every
// other one is dropped, so it covers any length of time.
const curvePoints = 256

// curve is the number of regions from the beginning on, at even steps.
type curve struct {
	points []CurvePoint
	step   time.Duration
}

// with returns the curve with another point; the old one stays as it is.
func (c curve) with(at time.Time, regions int) curve {
	if n := len(c.points); n > 0 && at.Sub(c.points[n-1].At) < c.step {
		return c
	}
	points := append(slices.Clip(c.points), CurvePoint{at, regions})
	if len(points) <= curvePoints {
		return curve{points, c.step}
	}
	half := make([]CurvePoint, 0, curvePoints)
	for i := 0; i < len(points); i += 2 {
		half = append(half, points[i])
	}
	span := points[len(points)-1].At.Sub(points[0].At)
	return curve{half, 2 * span / curvePoints}
}
