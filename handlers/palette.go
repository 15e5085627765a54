package handlers

import (
	"context"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

func (s *server) paletteRoutes() []route {
	return []route{{fiber.MethodGet, "/palette", signedIn, s.showPalette}}
}

// paletteHits is how many of each kind the palette finds, for a question of at
// least minQuestion characters.
const (
	paletteHits = 5
	minQuestion = 2
	maxQuestion = 100
)

// showPalette lists pages, and what the question finds in the viewer's scope.
func (s *server) showPalette(c *fiber.Ctx, v *viewer) error {
	view := views.PaletteView{Query: clip(strings.TrimSpace(c.Query("q")), maxQuestion)}
	if len(view.Query) >= minQuestion {
		if err := s.find(c.UserContext(), v.Scope, &view); err != nil {
			return err
		}
	}
	shell := s.shell(c, v, v.Texts.T("palette.title"))
	return s.page(c, v, shell.Title, func(shell views.Shell) templ.Component {
		return views.PalettePage(shell, view)
	}, views.PaletteResults(shell, view))
}

// find searches orders, payments and parcels; each is found by the words of its
// order, its own id or number.
func (s *server) find(ctx context.Context, scope models.Scope, view *views.PaletteView) error {
	limit := models.Page{Limit: paletteHits}
	orders, _, err := s.DB.Orders(ctx, scope, models.OrderFilter{Search: view.Query}, limit)
	if err != nil {
		return err
	}
	payments, _, err := s.DB.Payments(ctx, scope, models.PaymentFilter{Search: view.Query}, limit)
	if err != nil {
		return err
	}
	parcels, _, err := s.DB.Shipments(ctx, scope, models.ShipmentFilter{Search: view.Query}, limit)
	if err != nil {
		return err
	}
	var ids []string
	for i := range payments {
		ids = append(ids, payments[i].OrderID)
	}
	for i := range parcels {
		ids = append(ids, parcels[i].OrderID)
	}
	of, err := s.DB.OrdersByID(ctx, scope, ids)
	if err != nil {
		return err
	}
	view.Orders = orders
	for i := range payments {
		view.Payments = append(view.Payments, views.WaitingPayment{Payment: payments[i], Order: of[payments[i].OrderID]})
	}
	for i := range parcels {
		view.Parcels = append(view.Parcels, views.WaitingParcel{Parcel: parcels[i], Order: of[parcels[i].OrderID]})
	}
	return nil
}
