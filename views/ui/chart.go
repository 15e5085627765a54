package ui

import (
	"math"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Point is one step on a chart's time axis.
type Point struct {
	Label    string // "9 Nov"
	Bar      float64
	BarText  string // the exact values, as they are read
	Line     float64
	LineText string
}

// ChartProps describes a Chart.
type ChartProps struct {
	ID        string
	Title     string
	Summary   string // what the chart shows, in one sentence
	BarLabel  string
	LineLabel string
	Points    []Point
	BarTick   func(float64) string // how the axes are labelled; 1.5k by default
	LineTick  func(float64) string
	Attrs     templ.Attributes
}

// plot is the geometry of a chart drawn at one size.
type plot struct {
	props         ChartProps
	width, height float64
	left, right   float64 // room for the axes
	top, bottom   float64
	maxBar        float64
	maxLine       float64
	every         int // each which label is written
}

// wide and narrow draw the same chart for large and small screens, so that its
// text has the same size on both.
func (p ChartProps) wide() plot   { return p.plot(960, 260, 44, 52, 15) }
func (p ChartProps) narrow() plot { return p.plot(360, 220, 34, 40, 5) }

func (p ChartProps) plot(width, height, left, right float64, labels int) plot {
	drawn := plot{props: p, width: width, height: height, left: left, right: right, top: 12, bottom: 26}
	for _, point := range p.Points {
		drawn.maxBar = max(drawn.maxBar, point.Bar)
		drawn.maxLine = max(drawn.maxLine, point.Line)
	}
	drawn.maxBar, drawn.maxLine = ceiling(drawn.maxBar), ceiling(drawn.maxLine)
	drawn.every = max(1, (len(p.Points)+labels-1)/labels)
	return drawn
}

// ceiling is the next value that divides into four round steps.
func ceiling(v float64) float64 {
	if v <= 4 {
		return 4
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, steps := range []float64{1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8} {
		if steps*unit >= v {
			return steps * unit
		}
	}
	return 10 * unit
}

func (c plot) viewBox() string { return "0 0 " + num(c.width) + " " + num(c.height) }
func (c plot) base() float64   { return c.height - c.bottom }
func (c plot) step() float64 {
	return (c.width - c.left - c.right) / float64(max(1, len(c.props.Points)))
}
func (c plot) x(i int) float64 { return c.left + c.step()*(float64(i)+0.5) }

func (c plot) y(share float64) float64 { return c.base() - (c.base()-c.top)*share }

func (c plot) lineY(i int) float64 { return c.y(c.props.Points[i].Line / c.maxLine) }

func (c plot) labelled(i int) bool { return (len(c.props.Points)-1-i)%c.every == 0 }

// bar is the path of a bar with a rounded top; empty for nothing.
func (c plot) bar(i int) string {
	height := c.base() - c.y(c.props.Points[i].Bar/c.maxBar)
	if height <= 0 {
		return ""
	}
	half := min(c.step()*0.32, 14)
	radius := min(3, half, height)
	return "M" + num(c.x(i)-half) + " " + num(c.base()) +
		"V" + num(c.base()-height+radius) +
		"q0 " + num(-radius) + " " + num(radius) + " " + num(-radius) +
		"H" + num(c.x(i)+half-radius) +
		"q" + num(radius) + " 0 " + num(radius) + " " + num(radius) +
		"V" + num(c.base()) + "Z"
}

func (c plot) line() string {
	var path strings.Builder
	for i := range c.props.Points {
		if i == 0 {
			path.WriteByte('M')
		} else {
			path.WriteByte('L')
		}
		path.WriteString(num(c.x(i)) + " " + num(c.lineY(i)))
	}
	return path.String()
}

func (c plot) barTick(share float64) string { return tick(c.props.BarTick, share*c.maxBar) }

func (c plot) lineTick(share float64) string { return tick(c.props.LineTick, share*c.maxLine) }

func tick(format func(float64) string, v float64) string {
	if format != nil {
		return format(v)
	}
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "B"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= unit.size {
			return strconv.FormatFloat(v/unit.size, 'f', -1, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// gridShares are the heights at which the grid's lines stand.
func gridShares() []float64 { return []float64{0, 0.25, 0.5, 0.75, 1} }

func num(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

func (p Point) tip(props ChartProps) string {
	return p.Label + ": " + props.BarLabel + " " + p.BarText + ", " + props.LineLabel + " " + p.LineText
}
