package page

import (
	"math"
	"strconv"
	"time"
)

// timeSteps are the distances between ticks of time that people read easily. Each
// is at most twice the one before, or a narrow drawing could have one tick only.
var timeSteps = []time.Duration{
	time.Second, 2 * time.Second, 3 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 4 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour,
}

// timeTicks are at most n+1 times in a range, at even times of the day.
func timeTicks(from, to time.Time, n int, zone *time.Location) []time.Time {
	longest := timeSteps[len(timeSteps)-1]
	step := (to.Sub(from) / time.Duration(n)).Truncate(longest) + longest
	for _, s := range timeSteps {
		if to.Sub(from) < s*time.Duration(n+1) {
			step = s
			break
		}
	}
	// Steps are counted from midnight of the zone, so that they are even there.
	y, m, d := from.In(zone).Date()
	at := time.Date(y, m, d, 0, 0, 0, 0, zone)
	if behind := from.Sub(at); behind > 0 {
		at = at.Add(behind.Truncate(step))
	}
	var ticks []time.Time
	for !at.After(to) && len(ticks) <= n+1 {
		if !at.Before(from) {
			ticks = append(ticks, at)
		}
		if days := int(step / (24 * time.Hour)); days > 0 {
			at = at.AddDate(0, 0, days) // not all days have 24 hours
		} else {
			at = at.Add(step)
		}
	}
	return ticks
}

// timeLabels are short: seconds only where ticks need them, and the date at
// midnight.
func timeLabels(ticks []time.Time, zone *time.Location) []string {
	format := "15:04"
	for _, at := range ticks {
		if at.In(zone).Second() != 0 {
			format = "15:04:05"
		}
	}
	labels := make([]string, len(ticks))
	for i, at := range ticks {
		t := at.In(zone)
		labels[i] = t.Format(format)
		if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
			labels[i] = t.Format("Jan 2")
		}
	}
	return labels
}

// countTicks are round numbers from 0 to at least the highest value, not more
// than n of them above 0.
func countTicks(highest float64, n int, whole bool) []float64 {
	if highest <= 0 || math.IsNaN(highest) || math.IsInf(highest, 0) {
		return []float64{0, 1}
	}
	step := math.Pow(10, math.Floor(math.Log10(highest/float64(n))))
	for _, m := range []float64{1, 2, 5, 10} {
		if highest/(step*m) <= float64(n) {
			step *= m
			break
		}
	}
	if whole {
		step = math.Max(step, 1)
	}
	ticks := []float64{0}
	for v := 1.0; ticks[len(ticks)-1] < highest; v++ {
		ticks = append(ticks, v*step)
	}
	return ticks
}

// compact writes a number in the width of an axis: "950", "12k", "1.5M".
func compact(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= unit.size*10 || v >= unit.size && unit.size > 1e3 {
			return strconv.FormatFloat(math.Round(v/unit.size*100)/100, 'f', -1, 64) + unit.name
		}
	}
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}
