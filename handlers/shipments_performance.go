package handlers

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// showPerformance shows how fast and how punctually carriers deliver.
func (s *server) showPerformance(c *fiber.Ctx, v *viewer) error {
	merchants, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	view := views.PerformanceView{Choice: choiceOf(c, latestDay(s.DB.Now(), merchants.Shown, v.Zone)), Merchants: merchants.Options}
	view.Choice.Staff, view.Choice.Merchant, view.Choice.Currency = merchants.Staff, merchants.Ref, ""
	if err := s.performance(c.UserContext(), merchants, &view); err != nil {
		return err
	}
	return s.page(c, v, v.Texts.T("performance.title"), func(shell views.Shell) templ.Component {
		return views.PerformancePage(shell, view)
	}, views.Performance(view))
}

func (s *server) performance(ctx context.Context, merchants merchantChoice, view *views.PerformanceView) error {
	from, to := view.Choice.From.Format(time.DateOnly), view.Choice.To.Format(time.DateOnly)
	days, err := s.DB.TransitStats(ctx, merchants.Scope, from, to, models.TransitsByDay)
	if err != nil {
		return err
	}
	view.Points = transitPoints(days, view.Choice.From, view.Choice.To)
	sums, err := s.DB.TransitStats(ctx, merchants.Scope, from, to, models.TransitsByLane)
	if err != nil {
		return err
	}
	origins := make(map[string]string, len(merchants.Shown))
	for i := range merchants.Shown {
		origins[merchants.Shown[i].ID] = origin(merchants.Shown[i].Timezone)
	}
	byCarrier, byLane := map[string]*views.TransitFigures{}, map[views.Lane]*views.TransitFigures{}
	for i := range sums {
		row := &sums[i]
		lane := views.Lane{From: origins[row.MerchantID], To: row.Country}
		if byCarrier[row.Carrier] == nil {
			byCarrier[row.Carrier] = &views.TransitFigures{}
		}
		if byLane[lane] == nil {
			byLane[lane] = &views.TransitFigures{}
		}
		for _, figures := range []*views.TransitFigures{&view.Total, byCarrier[row.Carrier], byLane[lane]} {
			figures.Add(row)
		}
	}
	for carrier, figures := range byCarrier {
		view.Carriers = append(view.Carriers, views.TransitRow{Carrier: carrier, Figures: *figures})
	}
	for lane, figures := range byLane {
		view.Lanes = append(view.Lanes, views.TransitRow{Lane: lane, Figures: *figures})
	}
	for _, rows := range [][]views.TransitRow{view.Carriers, view.Lanes} {
		slices.SortFunc(rows, func(a, b views.TransitRow) int {
			return cmp.Or(cmp.Compare(b.Figures.Count, a.Figures.Count), cmp.Compare(a.Carrier, b.Carrier),
				cmp.Compare(a.Lane.From+a.Lane.To, b.Lane.From+b.Lane.To))
		})
	}
	view.Lanes = view.Lanes[:min(len(view.Lanes), views.MaxLanes)]
	return nil
}

// transitPoints cuts the period into days, weeks or months.
func transitPoints(stats []models.TransitStat, from, to time.Time) []views.TransitPoint {
	var cut []views.TransitPoint
	unit, step := steps(from, to)
	next := 0
	for start := from; !start.After(to); start = step(start) {
		end := step(start).Format(time.DateOnly)
		p := views.TransitPoint{Point: views.Point{Unit: unit, Start: start}}
		for ; next < len(stats) && stats[next].Day < end; next++ {
			p.Figures.Add(&stats[next])
		}
		cut = append(cut, p)
	}
	return cut
}

// origin is where a merchant sends from: the country that keeps its time alone,
// or else the city that its zone is named after.
func origin(timezone string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, a := range letters {
		for _, b := range letters {
			country := string(a) + string(b)
			if zone := carriers.ZoneOf(country); zone != nil && zone.String() == timezone {
				return country
			}
		}
	}
	return strings.ReplaceAll(timezone[strings.LastIndex(timezone, "/")+1:], "_", " ")
}
