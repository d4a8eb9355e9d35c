package page

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// number is a length in a drawing, to a tenth.
type number float64

func (n number) String() string {
	return strconv.FormatFloat(math.Round(float64(n)*10)/10, 'f', -1, 64)
}

// chart is a drawing over time. All charts of one size share their time axis.
type chart struct {
	ID            string
	Size          string // class of the widths that it is for
	Title         string
	Width, Height number
	Left, Top     number // of the plot
	Right, Bottom number
	XTicks        []tickMark
	YTicks        []tickMark
	Bands         []band
	Areas         []shape
	Lines         []shape
	Dots          []dot
	Rules         []rule
	Marks         []mark
	Labels        []label
	Hits          []hit

	frame *frame
	top   float64 // the value at the upper edge of the plot
}

type tickMark struct {
	At    number
	Label string
}

// band is a time that is shaded from top to bottom.
type band struct {
	X, W   number
	Class  string
	Title  string
	Label  string // "" where there is no room
	Middle number
}

type shape struct{ Path, Class, Title string }

type dot struct {
	X, Y  number
	Class string
	Title string
}

// rule is a line across the plot.
type rule struct {
	Y     number
	Class string
	Title string
}

// mark is a line from top to bottom with a flag, for an operation.
type mark struct {
	X, W  number // W is the width of the flag
	Label string
	Title string
}

type label struct {
	X, Y   number
	Text   string
	Class  string
	Anchor string
}

// hit is a stripe that tells what was when the pointer is on it.
type hit struct {
	X, W, Middle number
	Title        string
}

// frame is the time axis that charts of one size share.
type frame struct {
	size        string
	width, left float64
	right       float64 // the right edge of the plot
	from, to    time.Time
	zone        *time.Location
	serial      *int
}

// sizes are the widths that each chart is drawn for; the style shows one.
var sizes = []struct {
	class       string
	width, left float64
}{{"wide", 1040, 64}, {"middle", 680, 64}, {"narrow", 360, 60}}

// newChart begins a chart whose plot is of a given height.
func (f *frame) newChart(title string, height, head float64) *chart {
	*f.serial++
	c := &chart{
		ID: "c" + strconv.Itoa(*f.serial), Size: f.size, Title: title, frame: f,
		Width: number(f.width), Height: number(head + height + 26), Left: number(f.left), Right: number(f.right), Top: number(head), Bottom: number(head + height),
	}
	most := int((f.right - f.left) / 84)
	ticks := timeTicks(f.from, f.to, max(most, 2), f.zone)
	for i, text := range timeLabels(ticks, f.zone) {
		c.XTicks = append(c.XTicks, tickMark{number(f.x(ticks[i])), text})
	}
	return c
}

// x is the place of a time.
func (f *frame) x(at time.Time) float64 {
	span := f.to.Sub(f.from).Seconds()
	return f.left + at.Sub(f.from).Seconds()/span*(f.right-f.left)
}

// counts sets the value axis from 0 up.
func (c *chart) counts(highest float64, whole bool) {
	ticks := countTicks(highest, 5, whole)
	c.top = ticks[len(ticks)-1]
	for _, v := range ticks {
		c.YTicks = append(c.YTicks, tickMark{number(c.y(v)), compact(v)})
	}
}

// y is the place of a value.
func (c *chart) y(v float64) float64 {
	return float64(c.Bottom) - v/c.top*float64(c.Bottom-c.Top)
}

// shade adds a band, with a label if there is room for it.
func (c *chart) shade(from, to time.Time, class, title, text string) {
	x, end := c.frame.x(from), c.frame.x(to)
	b := band{X: number(x), W: number(math.Max(end-x, 1)), Class: class, Title: title, Middle: number((x + end) / 2)}
	if float64(len(text))*6.5 < end-x {
		b.Label = text
	}
	c.Bands = append(c.Bands, b)
}

// What the template needs to place things.

// PlotWidth is the width of the plot.
func (c *chart) PlotWidth() number { return c.Right - c.Left }

// PlotHeight is the height of the plot.
func (c *chart) PlotHeight() number { return c.Bottom - c.Top }

// XLabel and YLabel are where the labels of the axes stand.
func (c *chart) XLabel() number { return c.Bottom + 20 }

// YLabel is explained at XLabel.
func (c *chart) YLabel() number { return c.Left - 8 }

// BandLabel is where the labels of bands stand.
func (c *chart) BandLabel() number { return c.Top + 14 }

// MarkTop is where the line of a mark begins.
func (c *chart) MarkTop(m mark) number {
	if m.Label == "" {
		return c.Top
	}
	return 22
}

// Clipped tells charts whose lines may leave the plot.
func (c *chart) Clipped() bool { return len(c.Areas) > 0 }

// Flag is the left edge of the flag.
func (m mark) Flag() number { return m.X - m.W/2 }

// path draws points as a line; the pen is lifted before those that lift says.
type path struct {
	b    strings.Builder
	down bool
}

func (p *path) lift() { p.down = false }

func (p *path) to(x, y float64) {
	p.b.WriteByte(map[bool]byte{true: 'L', false: 'M'}[p.down])
	p.b.WriteString(number(x).String())
	p.b.WriteByte(' ')
	p.b.WriteString(number(y).String())
	p.down = true
}

func (p *path) String() string { return p.b.String() }
