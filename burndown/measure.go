package burndown

import (
	"math"
	"slices"
	"time"
)

// patience is how much later than due a sample may come: PD may take ten seconds
// to answer, and a busy machine longer.
const patience = 20 * time.Second

// rateWindows are the windows that a rate is measured over: the first that is at
// least a fortieth of the leaving.
var rateWindows = []time.Duration{
	5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute,
	10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour,
}

// Stall is a time in which no region left.
type Stall struct {
	From time.Time `json:"from"`
	// To is when regions left again, or the last look.
	To time.Time `json:"to"`
	// Over is set when regions left again.
	Over    bool     `json:"over"`
	Regions int      `json:"regions"`
	Stuck   *int     `json:"stuck,omitempty"`  // the last count, missing when nobody looked
	Causes  []string `json:"causes,omitempty"` // ids of the causes that were found
}

// CauseTimes is when a cause was found.
type CauseTimes struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Sentence string `json:"sentence"` // as it was found last
	Times    []Span `json:"times"`
	Looks    int    `json:"looks"`           // how often it was found
	Most     int    `json:"regions_blocked"` // the highest count, 0 when nobody counted
}

// Accuracy compares the forecasts with the end.
type Accuracy struct {
	Forecasts int `json:"forecasts"`
	// Held had the end in their range.
	Held int `json:"held"`
	// OpenEnded had no upper end.
	OpenEnded int `json:"open_ended"`
	// MedianError is how far the middle of a range was off, as a fraction of the
	// time that was truly left; nil when no range had an upper end.
	MedianError *float64 `json:"median_error,omitempty"`
}

// measure works out everything about a course from its samples.
func (c *Course) measure() {
	c.Stalls, c.Causes, c.Unwatched = []Stall{}, []CauseTimes{}, []Span{}
	c.Seconds = c.Seen.Sub(c.Began).Seconds()
	c.points()
	c.rates()
	c.stalls()
	c.causes()
	c.accuracy()
	for _, s := range c.Unwatched {
		c.UnwatchedSeconds += s.seconds()
	}
	for i := range c.Stalls {
		c.StalledSeconds += c.Stalls[i].To.Sub(c.Stalls[i].From).Seconds()
	}
}

func (c *Course) points() {
	c.Points = make([]Point, 0, len(c.samples))
	last, due := c.Began, patience
	for _, s := range c.samples {
		p := Point{Time: s.at, Regions: s.Regions, Leaders: s.Leaders, SizeMiB: s.SizeMiB, Stalled: s.Stalled}
		if s.at.Sub(last) > due {
			p.Gap = len(c.Points) > 0
			c.Unwatched = append(c.Unwatched, Span{last, s.at})
		}
		if f := s.Forecast; f != nil {
			p.Earliest = s.at.Add(seconds(f.Low))
			if f.High > 0 {
				p.Latest = s.at.Add(seconds(f.High))
			}
		}
		c.Points = append(c.Points, p)
		last, due = s.at, 2*seconds(s.Every)+patience
	}
	if c.Seen.Sub(last) > due {
		c.Unwatched = append(c.Unwatched, Span{last, c.Seen})
	}
	if n := len(c.Points); n > 0 {
		c.First, c.Last = c.Points[0].Regions, c.Points[n-1].Regions
	}
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func (c *Course) rates() {
	n := len(c.Points)
	if n == 0 {
		return
	}
	span := c.Points[n-1].Time.Sub(c.Points[0].Time)
	window := rateWindows[len(rateWindows)-1]
	if i := slices.IndexFunc(rateWindows, func(w time.Duration) bool { return w >= span/40 }); i >= 0 {
		window = rateWindows[i]
	}
	c.Window = window.Seconds()
	from, lowest := 0, 0
	for i := range c.Points {
		p := &c.Points[i]
		if p.Regions < c.Points[lowest].Regions {
			lowest = i
		}
		if p.Gap {
			from = i
		}
		for from < i && p.Time.Sub(c.Points[from+1].Time) >= window {
			from++
		}
		took := p.Time.Sub(c.Points[from].Time)
		if took < window*3/4 {
			continue
		}
		rate := math.Max(float64(c.Points[from].Regions-p.Regions)/took.Seconds(), 0)
		p.Rate = &rate
		c.Peak = math.Max(c.Peak, rate)
	}
	if took := c.Points[lowest].Time.Sub(c.Points[0].Time).Seconds(); took > 0 {
		c.Mean = float64(c.First-c.Points[lowest].Regions) / took
		c.Peak = math.Max(c.Peak, c.Mean) // it may have been too short for a window
	}
}

// stalls finds the times in which the watcher called the store stalled; each
// begins with the first sample that had the count it stalled at.
func (c *Course) stalls() {
	since := 0 // the first sample with the present count
	var now *Stall
	for i, s := range c.samples {
		if i > 0 && (s.Regions != c.samples[i-1].Regions || c.Points[i].Gap) {
			since = i
		}
		if now != nil && (!s.Stalled || c.Points[i].Gap) {
			if !c.Points[i].Gap {
				now.To, now.Over = s.at, true
			}
			now = nil
		}
		if !s.Stalled {
			continue
		}
		if now == nil {
			c.Stalls = append(c.Stalls, Stall{From: c.samples[since].at, Regions: s.Regions})
			now = &c.Stalls[len(c.Stalls)-1]
		}
		now.To = s.at
		if s.Stuck != nil {
			now.Stuck = s.Stuck
		}
		for _, cause := range s.Causes {
			if !slices.Contains(now.Causes, cause.ID) {
				now.Causes = append(now.Causes, cause.ID)
			}
		}
	}
}

// causes finds when each cause held: from the look that found it to the one that
// did not, or the end of the stall.
func (c *Course) causes() {
	index := make(map[string]int)
	open := make(map[string]bool)
	for i, s := range c.samples {
		if c.Points[i].Gap {
			clear(open)
		}
		for id := range open {
			times := c.Causes[index[id]].Times
			times[len(times)-1].To = s.at
		}
		if s.Looked || !s.Stalled {
			clear(open)
		}
		for _, found := range s.Causes {
			at, known := index[found.ID]
			if !known {
				at = len(c.Causes)
				index[found.ID] = at
				c.Causes = append(c.Causes, CauseTimes{ID: found.ID})
			}
			cause := &c.Causes[at]
			cause.Name, cause.Sentence = found.Name, found.Sentence
			cause.Looks++
			cause.Most = max(cause.Most, found.Regions)
			if n := len(cause.Times); n == 0 || !cause.Times[n-1].To.Equal(s.at) {
				cause.Times = append(cause.Times, Span{s.at, s.at})
			}
			open[found.ID] = true
		}
	}
}

func (c *Course) accuracy() {
	if c.Outcome != Tombstone && c.Outcome != Gone {
		return
	}
	var a Accuracy
	var off []float64
	for i := range c.Points {
		p := &c.Points[i]
		if p.Earliest.IsZero() {
			continue
		}
		a.Forecasts++
		if !c.Ended.Before(p.Earliest) && (p.Latest.IsZero() || !c.Ended.After(p.Latest)) {
			a.Held++
		}
		if p.Latest.IsZero() {
			a.OpenEnded++
			continue
		}
		middle := p.Earliest.Add(p.Latest.Sub(p.Earliest) / 2)
		if left := c.Ended.Sub(p.Time).Seconds(); left > 0 {
			off = append(off, math.Abs(middle.Sub(c.Ended).Seconds())/left)
		}
	}
	if a.Forecasts == 0 {
		return
	}
	if len(off) > 0 {
		slices.Sort(off)
		a.MedianError = &off[len(off)/2]
	}
	c.Accuracy = &a
}
