package views

import (
	"context"
	"math"
	"strconv"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// PerformancePath is how fast and how punctually carriers deliver.
const PerformancePath = "/shipments/performance"

// MaxLanes is how many lanes the page shows, those with the most parcels.
const MaxLanes = 50

// PerformanceView is the figures of delivered parcels.
type PerformanceView struct {
	Choice    DashboardChoice
	Merchants []MerchantOption
	Total     TransitFigures
	Points    []TransitPoint
	Carriers  []TransitRow
	Lanes     []TransitRow
}

// Lane is from where to where parcels go.
type Lane struct {
	From string // country of the merchant, or its city
	To   string // country of the recipient; empty when unknown
}

// TransitRow is the figures of a carrier or a lane.
type TransitRow struct {
	Carrier string
	Lane    Lane
	Figures TransitFigures
}

// TransitPoint is one step on the chart.
type TransitPoint struct {
	Point

	Figures TransitFigures
}

// TransitFigures add up delivered parcels.
type TransitFigures struct {
	Count, Kept, Broken int64
	days                [models.MaxTransit + 1]int64 // parcels by the days that they took
}

// Add counts a row in.
func (f *TransitFigures) Add(row *models.TransitStat) {
	f.Count += row.Count
	switch row.Promise {
	case models.PromiseKept:
		f.Kept += row.Count
	case models.PromiseBroken:
		f.Broken += row.Count
	}
	if row.TransitDays >= 0 && row.TransitDays <= models.MaxTransit {
		f.days[row.TransitDays] += row.Count
	}
}

// timed is how many parcels took a known number of days.
func (f *TransitFigures) timed() int64 {
	var n int64
	for _, count := range &f.days {
		n += count
	}
	return n
}

// onTime is the share of promises that were kept, and whether there were any.
func (f *TransitFigures) onTime() (share float64, known bool) {
	if f.Kept+f.Broken <= 0 {
		return 0, false
	}
	return float64(f.Kept) / float64(f.Kept+f.Broken), true
}

// onTimeText writes it, or a dash.
func (f *TransitFigures) onTimeText() string {
	if share, known := f.onTime(); known {
		return Percent(share)
	}
	return "–"
}

// quantile is within how many days a share of the parcels arrived; false when
// of none the days are known.
func (f *TransitFigures) quantile(share float64) (int, bool) {
	n := f.timed()
	if n <= 0 {
		return 0, false
	}
	rank, seen := int64(math.Ceil(share*float64(n))), int64(0)
	for days, count := range &f.days {
		if seen += count; seen >= rank {
			return days, true
		}
	}
	return models.MaxTransit, true
}

func (f *TransitFigures) quantileText(ctx context.Context, share float64) string {
	days, known := f.quantile(share)
	switch {
	case !known:
		return "–"
	case days >= models.MaxTransit:
		return locales.T(ctx, "performance.days", locales.Count, models.MaxTransit) + "+"
	default:
		return locales.T(ctx, "performance.days", locales.Count, days)
	}
}

// label is from where to where.
func (l Lane) label(ctx context.Context) string {
	to := l.To
	if to == "" {
		to = locales.T(ctx, "common.unknown")
	}
	return l.From + " → " + to
}

func (v PerformanceView) tabs(ctx context.Context) []ui.Tab {
	tabs := make([]ui.Tab, len(periods))
	for i, days := range periods {
		tabs[i] = ui.Tab{
			Label: locales.T(ctx, "dashboard.days", "Days", strconv.Itoa(days)),
			Href:  v.Choice.withDays(days).address(PerformancePath), Current: v.Choice.Days == days,
		}
	}
	return tabs
}

// punctuality draws how many parcels arrived, and how many of them in time.
func (v PerformanceView) punctuality(ctx context.Context) ui.ChartProps {
	props := ui.ChartProps{
		ID: "punctuality", Title: locales.T(ctx, "performance.by_time"), BarLabel: locales.T(ctx, "performance.delivered"),
		LineLabel: locales.T(ctx, "performance.on_time"), Points: make([]ui.Point, len(v.Points)), LineTick: percentTick,
	}
	last := 0.0 // a step without promises goes on where the one before was
	for i := range v.Points {
		p := &v.Points[i]
		if share, known := p.Figures.onTime(); known {
			last = share
		}
		props.Points[i] = ui.Point{
			Label: p.label(ctx), Bar: float64(p.Figures.Count), BarText: Number(p.Figures.Count), Line: last * 100, LineText: p.Figures.onTimeText(),
		}
	}
	props.Summary = locales.T(ctx, "performance.by_time_summary", "Span", v.Choice.span(ctx), "Count", Number(v.Total.Count), "Share", v.Total.onTimeText())
	return props
}

// speed draws how many days parcels took, and how many had arrived by then.
func (v PerformanceView) speed(ctx context.Context) ui.ChartProps {
	props := ui.ChartProps{
		ID: "speed", Title: locales.T(ctx, "performance.by_days"), BarLabel: locales.T(ctx, "performance.delivered"),
		LineLabel: locales.T(ctx, "performance.arrived_by"), LineTick: percentTick,
	}
	total, seen := v.Total.timed(), int64(0)
	last := v.lastDay()
	for days, count := range v.Total.days[:last+1] {
		if seen == total {
			break
		}
		label := strconv.Itoa(days)
		if days == last { // and all that took longer
			count, label = total-seen, label+"+"
		}
		seen += count
		share := float64(seen) / float64(total)
		props.Points = append(props.Points, ui.Point{
			Label: label, Bar: float64(count), BarText: Number(count), Line: share * 100, LineText: Percent(share),
		})
	}
	props.Summary = locales.T(ctx, "performance.by_days_summary", "Median", v.Total.quantileText(ctx, 0.5), "Most", v.Total.quantileText(ctx, 0.9))
	return props
}

// usualDays is how many days the chart of days has at least room for.
const usualDays = 30

// lastDay is the last day of the chart, which stands for those after it too: a
// few parcels that took months must not press all others together.
func (v PerformanceView) lastDay() int {
	most, _ := v.Total.quantile(0.95)
	return min(max(most+1, usualDays), models.MaxTransit)
}

func percentTick(v float64) string { return strconv.FormatFloat(math.Round(v), 'f', -1, 64) + "%" }

func percentValue(share float64) string { return strconv.FormatFloat(share*100, 'f', 1, 64) }
