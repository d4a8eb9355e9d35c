package page

import (
	"slices"
	"time"

	"ebb/burndown"
)

// forecast draws when a store was said to be gone, against when it was.
func (f *frame) forecast(v *view, i int) *chart {
	course := &v.report.Courses[i]
	c := f.newChart("Forecast of "+v.courses[i].Name, 150, 10)
	low, high := forecastRange(course)
	span := high.Sub(low).Seconds()
	c.top = span
	y := func(at time.Time) float64 { return c.y(at.Sub(low).Seconds()) }
	ticks := timeTicks(low, high, 4, f.zone)
	for k, text := range timeLabels(ticks, f.zone) {
		c.YTicks = append(c.YTicks, tickMark{number(y(ticks[k])), text})
	}
	c.shadeOnly(v, v.courses[i:i+1])
	points := f.thin(course.Points)
	for k := 0; k < len(points); {
		if points[k].Earliest.IsZero() {
			k++
			continue
		}
		from := k
		for k++; k < len(points) && !points[k].Earliest.IsZero() && !points[k].Gap; k++ {
		}
		c.forecastPiece(points[from:k], y, v.courses[i].Class)
	}
	if course.Outcome == burndown.Tombstone || course.Outcome == burndown.Gone {
		c.Rules = append(c.Rules, rule{number(y(course.Ended)), "truth", "it was gone at " + v.clock(course.Ended)})
		c.Labels = append(c.Labels, label{X: c.Left + 6, Y: number(y(course.Ended) - 6), Text: "gone " + v.clock(course.Ended), Class: "truth", Anchor: "start"})
	}
	return c
}

// forecastPiece draws an unbroken piece: the range as an area, which is open at the
// top where there is no upper end, and the middle as a line.
func (c *chart) forecastPiece(points []burndown.Point, y func(time.Time) float64, class string) {
	var area, middle path
	upper := func(p *burndown.Point) float64 {
		if p.Latest.IsZero() {
			return float64(c.Top) - 10
		}
		return y(p.Latest)
	}
	for k := range points {
		area.to(c.frame.x(points[k].Time), upper(&points[k]))
		if points[k].Latest.IsZero() {
			middle.lift()
			continue
		}
		middle.to(c.frame.x(points[k].Time), (upper(&points[k])+y(points[k].Earliest))/2)
	}
	for k := range slices.Backward(points) {
		area.to(c.frame.x(points[k].Time), y(points[k].Earliest))
	}
	c.Areas = append(c.Areas, shape{area.String() + "Z", "range " + class, "forecast"})
	c.Lines = append(c.Lines, shape{middle.String(), "line thin " + class, "middle of the forecast"})
}

// forecastRange is what the axis shows: the end and most of the forecasts, but no
// more than once the leaving beyond its end.
func forecastRange(c *burndown.Course) (low, high time.Time) {
	var all []time.Time
	for i := range c.Points {
		if p := &c.Points[i]; !p.Earliest.IsZero() {
			all = append(all, p.Earliest)
			if !p.Latest.IsZero() {
				all = append(all, p.Latest)
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	low, high = all[len(all)/50], all[len(all)-1-len(all)/10]
	if !c.Ended.IsZero() {
		low, high = earlier(low, c.Ended), later(high, c.Ended)
	}
	limit := c.Seen.Add(max(c.Seen.Sub(c.Began), time.Minute))
	high = earlier(high, limit)
	margin := max(high.Sub(low)/8, 5*time.Second)
	return low.Add(-margin), later(high, low).Add(margin)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
