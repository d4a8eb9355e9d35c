package page

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"ebb/burndown"
	"ebb/ui"
)

// view is what the template shows.
type view struct {
	Style     template.CSS
	StyleHash string
	Mark      template.HTML

	Title, Cluster, Topology, ID, PD, Span, Zone, Made, Version string
	Cards                                                       []card
	Legend                                                      []courseView
	BurnDown, Rates, Lanes                                      []*chart
	Forecasts                                                   []forecastView
	RateUnit                                                    string
	RateWindow                                                  string
	Causes                                                      []causeRow
	Timeline                                                    []entry
	Settings                                                    []settingRow
	Renewals                                                    int
	Notes                                                       []string

	report    *burndown.Report
	zone      *time.Location
	courses   []courseView
	marks     []operationMark
	unwatched []burndown.Span
	rateScale float64 // from regions a second to the unit of the axis
}

type card struct{ Name, Value, Detail, Class string }

type forecastView struct {
	Name, Text string
	Class      string
	Charts     []*chart
}

type causeRow struct {
	ID, Name, Sentence, Store, Class, Held, Looks, Most string
}

type operationMark struct {
	at     time.Time
	number int
	title  string
}

func newView(r *burndown.Report, o Options) *view {
	v := &view{report: r, zone: o.Location, Version: o.Version, Mark: template.HTML(Mark), Renewals: r.Renewals} //nolint:gosec // our own text
	v.Cluster = ui.Clean(r.Cluster)
	if v.Cluster == "" || strings.ContainsRune(v.Cluster, '/') { // named by its topology
		v.Cluster, v.Topology = fmt.Sprintf("Cluster %d", r.ClusterID), v.Cluster
	}
	v.ID = strconv.FormatUint(r.ClusterID, 10)
	v.Title = "ebb report: " + v.Cluster
	v.PD = ui.Clean(cmp.Or(r.PDVersion, "unknown"))
	v.Span = v.span(r.From, r.To)
	v.Zone = zoneName(r.From.In(o.Location))
	v.Made = r.Made.In(o.Location).Format("2006-01-02 15:04:05")
	for i := range r.Courses {
		v.courses = append(v.courses, v.course(i))
	}
	v.Legend = v.courses
	v.unwatched = merged(r.Courses)
	for i := range r.Operations {
		op := &r.Operations[i]
		v.marks = append(v.marks, operationMark{op.Began, op.Number, fmt.Sprintf("%d: %s, %s", op.Number, ui.Clean(op.Verb), ui.Clean(op.Result))})
	}
	v.setRateUnit()
	v.Cards = v.cards()
	v.charts()
	v.Causes = v.causeRows()
	v.Timeline = v.timeline()
	v.Settings = v.settings()
	for _, note := range r.Notes {
		v.Notes = append(v.Notes, ui.Clean(note))
	}
	return v
}

// clock is a time of the day.
func (v *view) clock(at time.Time) string { return at.In(v.zone).Format("15:04:05") }

// stamp is a time with its day, where the report covers more than one.
func (v *view) stamp(at time.Time) string {
	if v.report.To.Sub(v.report.From) < 20*time.Hour && at.In(v.zone).YearDay() == v.report.From.In(v.zone).YearDay() {
		return v.clock(at)
	}
	return at.In(v.zone).Format("Jan 2 15:04:05")
}

func (v *view) span(from, to time.Time) string {
	a, b := from.In(v.zone), to.In(v.zone)
	if a.Format(time.DateOnly) == b.Format(time.DateOnly) {
		return a.Format("2 January 2006, 15:04:05") + " – " + b.Format("15:04:05")
	}
	return a.Format("2 January 2006, 15:04") + " – " + b.Format("2 January 2006, 15:04")
}

// zoneName is "UTC" or the offset: names such as CST mean several zones.
func zoneName(t time.Time) string {
	if _, offset := t.Zone(); offset == 0 {
		return "UTC"
	}
	return "UTC" + t.Format("-07:00")
}

// setRateUnit chooses the unit of the axis of rates.
func (v *view) setRateUnit() {
	peak, window := 0.0, 0.0
	for i := range v.report.Courses {
		peak, window = max(peak, v.report.Courses[i].Peak), max(window, v.report.Courses[i].Window)
	}
	v.RateUnit, v.rateScale = "regions a second", 1
	if peak < 2 {
		v.RateUnit, v.rateScale = "regions a minute", 60
	}
	v.RateWindow = strings.TrimSuffix(strings.TrimSuffix((time.Duration(window)*time.Second).String(), "0s"), "0m")
	if !strings.ContainsAny(v.RateWindow[max(len(v.RateWindow)-1, 0):], "smh") {
		v.RateWindow = (time.Duration(window) * time.Second).String()
	}
}

func (v *view) charts() {
	serial := 0
	var frames []*frame
	from, to := v.report.From, v.report.To
	if to.Sub(from) < 10*time.Second {
		to = from.Add(10 * time.Second)
	}
	for _, s := range sizes {
		frames = append(frames, &frame{size: s.class, width: s.width, left: s.left, right: s.width - 26, from: from, to: to, zone: v.zone, serial: &serial})
	}
	each := func(draw func(*frame) *chart) []*chart {
		var list []*chart
		for _, f := range frames {
			list = append(list, draw(f))
		}
		return list
	}
	causes := 0
	for i := range v.report.Courses {
		c := &v.report.Courses[i]
		causes += len(c.Causes)
		if slices.ContainsFunc(c.Points, func(p burndown.Point) bool { return !p.Earliest.IsZero() }) {
			v.Forecasts = append(v.Forecasts, forecastView{
				Name: v.courses[i].Name, Class: v.courses[i].Class, Text: forecastText(c),
				Charts: each(func(f *frame) *chart { return f.forecast(v, i) }),
			})
		}
	}
	if slices.ContainsFunc(v.report.Courses, func(c burndown.Course) bool { return len(c.Points) > 0 }) {
		v.BurnDown = each(func(f *frame) *chart { return f.burnDown(v) })
		v.Rates = each(func(f *frame) *chart { return f.rates(v) })
	}
	if causes > 0 {
		v.Lanes = each(func(f *frame) *chart { return f.lanes(v) })
	}
}

func forecastText(c *burndown.Course) string {
	a := c.Accuracy
	if a == nil {
		return "Its end is not known, so nobody can tell how good the forecasts are."
	}
	text := fmt.Sprintf("%d of %d forecasts had the end in their range", a.Held, a.Forecasts)
	if a.OpenEnded > 0 {
		text += fmt.Sprintf(" (%d had no upper end)", a.OpenEnded)
	}
	if a.MedianError != nil {
		text += fmt.Sprintf("; the middle was off by %.0f%% of the time left, in the median", *a.MedianError*100)
	}
	return text + "."
}
