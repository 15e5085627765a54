package handlers

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// dayAt is the day that it is at a moment somewhere, as the midnight in UTC that
// figures are counted by.
func dayAt(now time.Time, zone *time.Location) time.Time {
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// latestDay is the day of those merchants whose clocks are ahead, with which a
// period up to today ends; without merchants it is the day where the viewer is.
func latestDay(now time.Time, merchants []models.Merchant, viewer *time.Location) time.Time {
	var latest time.Time
	for i := range merchants {
		if day := dayAt(now, merchants[i].Location()); day.After(latest) {
			latest = day
		}
	}
	if latest.IsZero() {
		return dayAt(now, viewer)
	}
	return latest
}

// Clocks differ from UTC by no more than these.
const (
	mostBehind = 12 * time.Hour
	mostAhead  = 14 * time.Hour
)

// lastDays are the figures of today and yesterday. Each merchant's are those of
// the day that it is where the merchant is.
func (s *server) lastDays(ctx context.Context, scope models.Scope) (today, yesterday views.Figures, err error) {
	now := s.DB.Now()
	first, last := dayAt(now.Add(-mostBehind), time.UTC).AddDate(0, 0, -1), dayAt(now.Add(mostAhead), time.UTC)
	stats, err := s.DB.ZoneStats(ctx, scope, first.Format(time.DateOnly), last.Format(time.DateOnly))
	if err != nil {
		return today, yesterday, err
	}
	days := map[string]time.Time{} // by time zone
	var ofToday, ofYesterday []models.DailyStat
	for _, st := range stats {
		day, known := days[st.Timezone]
		if !known {
			day = dayAt(now, (&models.Merchant{Timezone: st.Timezone}).Location())
			days[st.Timezone] = day
		}
		switch st.Day {
		case day.Format(time.DateOnly):
			ofToday = append(ofToday, st.DailyStat)
		case day.AddDate(0, 0, -1).Format(time.DateOnly):
			ofYesterday = append(ofYesterday, st.DailyStat)
		}
	}
	return sums(ofToday), sums(ofYesterday), nil
}

// sums adds up figures.
func sums(stats []models.DailyStat) views.Figures {
	var f views.Figures
	paid := map[string]*views.Revenue{}
	for _, st := range stats {
		switch st.Metric {
		case models.MetricOrders:
			f.Orders += st.Count
		case models.MetricPaid:
			if paid[st.Currency] == nil {
				paid[st.Currency] = &views.Revenue{Currency: st.Currency}
			}
			paid[st.Currency].Amount += st.Amount
			paid[st.Currency].Count += st.Count
		case models.MetricFailed:
			f.Failed += st.Count
		case models.MetricShipments:
			f.Shipments += st.Count
		case models.MetricDelivered:
			f.Delivered += st.Count
		case models.MetricLate:
			f.Late += st.Count
		}
	}
	for _, m := range paid {
		f.Paid = append(f.Paid, *m)
	}
	slices.SortFunc(f.Paid, func(a, b views.Revenue) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Currency, b.Currency))
	})
	return f
}

// period collects the figures of the chosen days and of as many before them.
func (s *server) period(
	ctx context.Context, v *viewer, scope models.Scope, choice views.DashboardChoice,
) (views.PeriodView, error) {
	p := views.PeriodView{Choice: choice}
	days := int(choice.To.Sub(choice.From).Hours()/24) + 1
	before := choice.From.AddDate(0, 0, -days)
	all, err := s.DB.DailyStats(ctx, scope, before.Format(time.DateOnly), choice.To.Format(time.DateOnly))
	if err != nil {
		return p, err
	}
	split, _ := slices.BinarySearchFunc(all, choice.From.Format(time.DateOnly), func(st models.DailyStat, day string) int {
		return cmp.Compare(st.Day, day)
	})
	p.Total, p.Before = sums(all[split:]), sums(all[:split])
	p.Currencies = currencies(all[split:])
	p.Currency = choice.Currency
	if !slices.Contains(p.Currencies, p.Currency) {
		p.Currency = ""
		switch {
		case len(p.Currencies) > 0:
			p.Currency = p.Currencies[0]
		case v.Merchant != nil:
			p.Currency = v.Merchant.Currency
		}
	}
	p.Points = points(all[split:], p.Currency, choice.From, choice.To)
	p.FirstDay, p.LastDay, err = s.DB.StatDays(ctx, scope)
	return p, err
}

// currencies are those of the orders and payments, the most used first.
func currencies(stats []models.DailyStat) []string {
	used := map[string]int64{}
	for _, st := range stats {
		if st.Currency != "" {
			used[st.Currency] += st.Count
		}
	}
	codes := make([]string, 0, len(used))
	for code := range used {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b string) int { return cmp.Or(cmp.Compare(used[b], used[a]), cmp.Compare(a, b)) })
	return codes
}

// Most points that a chart shows by day and by week; longer periods are shown
// by month.
const (
	maxDaily  = 92
	maxWeekly = 92 * 7
)

// steps are the days, weeks or months that a chart of the period shows.
func steps(from, to time.Time) (views.Unit, func(time.Time) time.Time) {
	switch days := int(to.Sub(from).Hours()/24) + 1; {
	case days > maxWeekly:
		return views.ByMonth, func(t time.Time) time.Time { return time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC) }
	case days > maxDaily:
		return views.ByWeek, func(t time.Time) time.Time { return t.AddDate(0, 0, 7) }
	default:
		return views.ByDay, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }
	}
}

// points cuts the period into days, weeks or months, with the orders placed and
// the money taken in one currency.
func points(stats []models.DailyStat, currency string, from, to time.Time) []views.Point {
	unit, step := steps(from, to)
	var cut []views.Point
	next := 0
	for start := from; !start.After(to); start = step(start) {
		end := step(start).Format(time.DateOnly)
		p := views.Point{Unit: unit, Start: start}
		for ; next < len(stats) && stats[next].Day < end; next++ {
			if stats[next].Currency != currency {
				continue
			}
			switch stats[next].Metric {
			case models.MetricOrders:
				p.Orders += stats[next].Count
			case models.MetricPaid:
				p.Paid += stats[next].Amount
			}
		}
		cut = append(cut, p)
	}
	return cut
}
