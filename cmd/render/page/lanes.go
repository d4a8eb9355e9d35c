package page

import (
	"fmt"

	"ebb/ui"
)

// laneHeight is the height of one cause: its name above its bars.
const laneHeight = 36

// lanes draws when each cause held.
func (f *frame) lanes(v *view) *chart {
	rows := 0
	for i := range v.report.Courses {
		rows += len(v.report.Courses[i].Causes)
	}
	c := f.newChart("Causes over time", float64(rows)*laneHeight, 6)
	c.shadeOnly(v, v.courses)
	room := int((f.right - f.left) / 7)
	y := float64(c.Top)
	for i := range v.report.Courses {
		for _, cause := range v.report.Courses[i].Causes {
			text := fmt.Sprintf("%s %s", cause.ID, cause.Name)
			if len(v.report.Courses) > 1 {
				text += ", " + v.courses[i].Name
			}
			c.Labels = append(c.Labels, label{X: c.Left + 4, Y: number(y + 14), Text: ui.Truncate(ui.Clean(text), room), Class: "lane", Anchor: "start"})
			for _, span := range cause.Times {
				var bar path
				x, end := f.x(span.From), f.x(span.To)
				bar.to(x, y+25)
				bar.to(max(end, x+3), y+25)
				c.Lines = append(c.Lines, shape{bar.String(), "bar " + v.courses[i].Class, fmt.Sprintf("%s, %s to %s", cause.ID, v.clock(span.From), v.clock(span.To))})
			}
			y += laneHeight
		}
	}
	return c
}
