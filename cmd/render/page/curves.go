package page

import (
	"fmt"
	"math"
	"slices"
	"time"

	"ebb/burndown"
	"ebb/ui"
)

// thin leaves about as many points as can be told apart: the first and the last of
// each unbroken piece stay, and whatever touches a gap.
func (f *frame) thin(points []burndown.Point) []burndown.Point {
	least := f.to.Sub(f.from) / time.Duration((f.right-f.left)/2)
	var kept []burndown.Point
	for i := range points {
		p := &points[i]
		edge := i == 0 || i == len(points)-1 || p.Gap || points[i+1].Gap
		if edge || p.Time.Sub(kept[len(kept)-1].Time) >= least {
			kept = append(kept, *p)
		}
	}
	return kept
}

// burnDown draws the regions that are left.
func (f *frame) burnDown(v *view) *chart {
	c := f.newChart("Regions left", plotHeight(f), 34)
	highest := 1
	for i := range v.report.Courses {
		for _, p := range v.report.Courses[i].Points {
			highest = max(highest, p.Regions)
		}
	}
	c.counts(float64(highest), true)
	c.context(v, v.courses)
	for i := range v.report.Courses {
		course := &v.report.Courses[i]
		var line, stalled path
		points := f.thin(course.Points)
		for k := range points {
			p := &points[k]
			x, y := f.x(p.Time), c.y(float64(p.Regions))
			if p.Gap {
				line.lift()
				stalled.lift()
			}
			line.to(x, y)
			if p.Stalled {
				stalled.to(x, y)
			} else {
				stalled.lift()
			}
		}
		name := v.courses[i].Name
		c.Lines = append(c.Lines, shape{line.String(), "line " + v.courses[i].Class, name})
		if s := stalled.String(); s != "" {
			c.Lines = append(c.Lines, shape{s, "stalled", name + " stalled"})
		}
		c.ends(course, &v.courses[i])
	}
	c.hits(v)
	return c
}

// plotHeight is the height of the largest plot.
func plotHeight(f *frame) float64 {
	if f.size == "narrow" {
		return 220
	}
	return 300
}

// ends marks where a curve begins and ends.
func (c *chart) ends(course *burndown.Course, named *courseView) {
	n := len(course.Points)
	if n == 0 {
		return
	}
	first, last := &course.Points[0], &course.Points[n-1]
	c.Dots = append(c.Dots, dot{number(c.frame.x(first.Time)), number(c.y(float64(first.Regions))), "begin " + named.Class, named.Name + ", first sample"})
	x, y := c.frame.x(last.Time), c.y(float64(last.Regions))
	class := "end "
	if course.Ended.IsZero() {
		class = "begin "
	}
	c.Dots = append(c.Dots, dot{number(x), number(y), class + named.Class, named.Name + ": " + named.Outcome})
	at := label{X: number(math.Min(x, float64(c.Right)-2)), Y: number(y - 10), Text: named.Short, Class: "series " + named.Class, Anchor: "end"}
	for slices.ContainsFunc(c.Labels, func(l label) bool {
		return math.Abs(float64(l.X-at.X)) < 60 && math.Abs(float64(l.Y-at.Y)) < 13
	}) {
		at.Y -= 14
	}
	if at.Y > c.Top {
		c.Labels = append(c.Labels, at)
	}
}

// context shades times that nobody watched and the stalls of some leavings, and
// marks operations.
func (c *chart) context(v *view, of []courseView) {
	for _, s := range v.unwatched {
		c.shade(s.From, s.To, "gap", "nobody watched for "+ui.Duration(s.To.Sub(s.From)), "not watched")
	}
	for i := range of {
		for _, s := range of[i].course.Stalls {
			c.shade(s.From, s.To, "stall", fmt.Sprintf("%s stalled for %s at %s regions", of[i].Name, ui.Duration(s.To.Sub(s.From)), ui.Count(int64(s.Regions))), "stalled "+ui.Duration(s.To.Sub(s.From)))
		}
	}
	for _, m := range v.marks {
		if m.at.After(c.frame.to) {
			continue
		}
		x := c.frame.x(later(m.at, c.frame.from)) // a scale-in begins before its first change
		if n := len(c.Marks); n > 0 && x-float64(c.Marks[n-1].X) < 22 {
			last := &c.Marks[n-1]
			last.Title += "; " + m.title
			last.Label = fmt.Sprintf("%s–%d", firstNumber(last.Label), m.number)
			last.W = number(10 + 6.4*float64(len([]rune(last.Label))))
			continue
		}
		text := fmt.Sprint(m.number)
		c.Marks = append(c.Marks, mark{X: number(x), W: number(10 + 6.4*float64(len(text))), Label: text, Title: m.title})
	}
}

func firstNumber(text string) string {
	for i, r := range text {
		if r == '–' {
			return text[:i]
		}
	}
	return text
}

// stripes is how many places of a chart tell what was there.
const stripes = 60

// hits let the pointer read the curves: a stripe tells the last counts in it.
func (c *chart) hits(v *view) {
	if c.Size == "narrow" {
		return
	}
	f := c.frame
	width := (f.right - f.left) / stripes
	for n := range stripes {
		from := f.from.Add(f.to.Sub(f.from) / stripes * time.Duration(n))
		to := f.from.Add(f.to.Sub(f.from) / stripes * time.Duration(n+1))
		if n == stripes-1 {
			to = f.to
		}
		title := ""
		for i := range v.report.Courses {
			points := v.report.Courses[i].Points
			end, _ := slices.BinarySearchFunc(points, to, func(p burndown.Point, at time.Time) int { return p.Time.Compare(at) })
			if end > 0 && !points[end-1].Time.Before(from) {
				title += fmt.Sprintf("\n%s: %s", v.courses[i].Name, ui.Count(int64(points[end-1].Regions)))
			}
		}
		if title != "" {
			x := f.left + width*float64(n)
			c.Hits = append(c.Hits, hit{number(x), number(width), number(x + width/2), to.In(f.zone).Format("15:04:05") + title})
		}
	}
}

// rates draws how fast regions left.
func (f *frame) rates(v *view) *chart {
	c := f.newChart("Rate", 150, 10)
	highest := 0.0
	for i := range v.report.Courses {
		highest = math.Max(highest, v.report.Courses[i].Peak)
	}
	c.counts(highest*v.rateScale, false)
	c.shadeOnly(v, v.courses)
	for i := range v.report.Courses {
		var line path
		points := f.thin(v.report.Courses[i].Points)
		for k := range points {
			p := &points[k]
			if p.Gap || p.Rate == nil {
				line.lift()
			}
			if p.Rate != nil {
				line.to(f.x(p.Time), c.y(*p.Rate*v.rateScale))
			}
		}
		if s := line.String(); s != "" {
			c.Lines = append(c.Lines, shape{s, "line " + v.courses[i].Class, v.courses[i].Name})
		}
	}
	return c
}

// shadeOnly is context without words.
func (c *chart) shadeOnly(v *view, of []courseView) {
	c.context(v, of)
	for i := range c.Marks {
		c.Marks[i].Label = ""
	}
	for i := range c.Bands {
		c.Bands[i].Label = ""
	}
}
