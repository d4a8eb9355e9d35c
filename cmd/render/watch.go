package render

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/guptarohit/asciigraph"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/ui"
)

// Size of the curve in rows, and the columns that it needs at least and takes at
// most.
const (
	curveRows      = 8
	narrowestCurve = 40
	widestCurve    = 100
)

// Watch is the live picture of stores that leave, for a screen with so many columns
// and lines: a row for each that has not come to an end, their total where there are
// several, and with curve the number of regions since the watching began. Where
// there is no room for all rows, those that stand still and those that have most to
// go are shown.
func Watch(w *decommission.Watch, width, height int, color, curve bool) []string {
	leaving := make([]*decommission.StoreWatch, 0, len(w.Stores))
	for i := range w.Stores {
		if s := &w.Stores[i]; !s.Phase.Final() {
			leaving = append(leaving, s)
		}
	}
	const head, sum = 2, 1
	hidden := ""
	if room := max(height-head-sum, 1); len(leaving) > room {
		rest := mostUrgentFirst(leaving, max(room-1, 1)) // a line says what is left out
		leaving, hidden = leaving[:len(leaving)-len(rest)], restOfWatch(rest)
	}
	t := ui.NewTable(
		ui.Column{Name: "Store", Align: ui.Right}, ui.Column{Name: "Address", Min: 12, Drop: 3}, ui.Column{Name: "State", Drop: 4},
		ui.Column{Name: "Regions", Align: ui.Right}, ui.Column{Name: "Leaders", Align: ui.Right, Drop: 6},
		ui.Column{Name: "Size", Align: ui.Right, Drop: 5}, ui.Column{Name: "Done", Align: ui.Right},
		ui.Column{Name: "Rate", Align: ui.Right, Drop: 2}, ui.Column{Name: "ETA", Align: ui.Right, Drop: 1},
		ui.Column{Name: "Note", Min: 17, Optional: true})
	for _, s := range leaving {
		t.Row(ui.Text(s.ID.String()), ui.Text(orDash(s.Address)), ui.Styled(orDash(s.State), StatusStyle(s.State)), regionsCell(s), ui.Number(int64(s.Leaders)),
			sizeCell(s), doneCell(s), rateCell(s), ui.Text(eta(s)), ui.Styled(watchNote(s), noteStyle(s)))
	}
	if len(leaving) > 1 || hidden != "" {
		all := sumOf(w)
		t.Row(ui.Text("all"), ui.Text(""), ui.Text(""), regionsCell(&all), ui.Number(int64(all.Leaders)),
			sizeCell(&all), doneCell(&all), rateCell(&all), ui.Text(""), ui.Text(""))
	}
	lines := t.Lines(width, color)
	if hidden != "" {
		lines = slices.Insert(lines, len(lines)-1, hidden)
	}
	if picture := burnDown(w, width); curve && len(lines)+len(picture) <= height {
		lines = append(lines, picture...)
	}
	return lines
}

// mostUrgentFirst orders stores by how much they need somebody, and returns those
// behind the first n.
func mostUrgentFirst(list []*decommission.StoreWatch, n int) []*decommission.StoreWatch {
	byNeed := func(a, b *decommission.StoreWatch) int {
		return cmp.Or(boolFirst(a.Stalled, b.Stalled), -cmp.Compare(a.Regions, b.Regions), cmp.Compare(a.ID, b.ID))
	}
	slices.SortFunc(list, byNeed)
	return list[n:]
}

func boolFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func restOfWatch(list []*decommission.StoreWatch) string {
	text := fmt.Sprintf("  and %s more stores", ui.Count(int64(len(list))))
	stalled := 0
	for _, s := range list {
		if s.Stalled {
			stalled++
		}
	}
	if stalled > 0 {
		text += fmt.Sprintf(", %s of them stalled", ui.Count(int64(stalled)))
	}
	return text
}

// sumOf is all stores together, also those that have come to an end.
func sumOf(w *decommission.Watch) decommission.StoreWatch {
	all := decommission.StoreWatch{}
	for i := range w.Stores {
		s := &w.Stores[i]
		all.Regions += s.Regions
		all.Leaders += s.Leaders
		all.RegionSizeMiB += s.RegionSizeMiB
		all.InitialRegions += beganWith(s)
		all.PerSecond += s.PerSecond
	}
	return all
}

// beganWith is the number of regions from which the share that has left counts.
func beganWith(s *decommission.StoreWatch) int {
	if done := doneShare(s); done < 1 && s.Regions > 0 {
		return max(s.InitialRegions, int(math.Round(float64(s.Regions)/(1-done))))
	}
	return s.InitialRegions
}

func regionsCell(s *decommission.StoreWatch) ui.Cell { return ui.Number(int64(s.Regions)) }

func sizeCell(s *decommission.StoreWatch) ui.Cell {
	return ui.Size(uint64(max(s.RegionSizeMiB, 0)) * cluster.MiB)
}

// doneCell is "-" for a store that never had a region.
func doneCell(s *decommission.StoreWatch) ui.Cell {
	done := doneShare(s)
	if s.InitialRegions <= 0 && done == 0 {
		return ui.Text("-")
	}
	return ui.Text(ui.Share(done))
}

func rateCell(s *decommission.StoreWatch) ui.Cell {
	if rate := Leaving(s).RegionsPerSecond; rate != nil {
		return ui.Text(ui.Rate(*rate))
	}
	return ui.Text("-")
}

// eta prefers the range; the first seconds have only a rate, or PD's own word.
func eta(s *decommission.StoreWatch) string {
	if f := s.Forecast; f != nil {
		if f.High == 0 {
			return "over " + ui.Duration(f.Low)
		}
		return ui.ETA(f.Low, f.High)
	}
	if info := Leaving(s); info.ETASeconds != nil {
		return "about " + ui.Duration(time.Duration(*info.ETASeconds*float64(time.Second)))
	}
	return "-"
}

func watchNote(s *decommission.StoreWatch) string {
	switch {
	case s.Stalled && s.Stuck != nil:
		return "stalled, " + ui.Count(int64(*s.Stuck)) + " stuck"
	case s.Stalled:
		return "stalled"
	case s.Regions == 0:
		return "waits for PD to bury it (up to 10s)"
	}
	return ""
}

func noteStyle(s *decommission.StoreWatch) ui.Style {
	if s.Stalled {
		return ui.Yellow
	}
	return ui.Plain
}

// burnDown draws the regions of all watched stores over time. It is left out until
// there are two points, and on a terminal that is too narrow.
func burnDown(w *decommission.Watch, width int) []string {
	series := total(w)
	columns := min(width-12, widestCurve) // beside the labels of the axis
	if len(series) < 2 || columns < narrowestCurve {
		return nil
	}
	values := make([]float64, len(series))
	for i, p := range series {
		values[i] = float64(p.Regions)
	}
	span := series[len(series)-1].At.Sub(series[0].At)
	plot := asciigraph.Plot(values, asciigraph.Height(curveRows), asciigraph.Width(columns), asciigraph.LowerBound(0),
		asciigraph.Precision(0), asciigraph.Caption("regions left, over "+ui.Duration(span)))
	return append([]string{""}, strings.Split(plot, "\n")...)
}

// total adds the curves of the stores up, at the times of the longest one. A store
// that has come to an end keeps its last count.
func total(w *decommission.Watch) []decommission.CurvePoint {
	var longest []decommission.CurvePoint
	for i := range w.Stores {
		if c := w.Stores[i].Curve(); len(c) > len(longest) {
			longest = c
		}
	}
	out := make([]decommission.CurvePoint, len(longest))
	for i, p := range longest {
		out[i].At = p.At
		for k := range w.Stores {
			out[i].Regions += countAt(&w.Stores[k], p.At)
		}
	}
	return out
}

func countAt(s *decommission.StoreWatch, at time.Time) int {
	n := s.InitialRegions
	points := s.Curve()
	for _, p := range points {
		if p.At.After(at) {
			return n
		}
		n = p.Regions
	}
	if s.Phase.Final() && len(points) > 0 && at.After(points[len(points)-1].At) {
		return s.Regions
	}
	return n
}
