package handlers

import (
	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// attentionRoutes are the board of parcels that need somebody.
func (s *server) attentionRoutes() []route {
	return []route{
		{fiber.MethodGet, views.AttentionPath, signedIn, s.listAttention},
		{fiber.MethodGet, views.AttentionPath + "/count", signedIn, s.countAttention},
		{fiber.MethodGet, "/shipments/:id/attention/row", signedIn, s.showAttentionRow},
	}
}

func (s *server) listAttention(c *fiber.Ctx, v *viewer) error {
	view, choice, err := s.attention(c, v)
	if err != nil {
		return err
	}
	view.After = clip(c.Query("after"), 80)
	parcels, next, err := s.DB.TroubledShipments(c.UserContext(), choice.Scope, view.Filter.Trouble, models.Page{Limit: listRows, Cursor: view.After})
	if err != nil {
		return err
	}
	ids := make([]string, len(parcels))
	for i := range parcels {
		ids[i] = parcels[i].OrderID
	}
	orders, err := s.DB.OrdersByID(c.UserContext(), choice.Scope, ids)
	if err != nil {
		return err
	}
	for i := range parcels {
		view.Rows = append(view.Rows, views.AttentionRow{
			Parcel: parcels[i], Order: orders[parcels[i].OrderID], Merchant: choice.name(parcels[i].MerchantID),
			Trouble: view.Filter.Trouble, Staff: choice.Staff, Form: views.Form{CSRF: v.csrf},
		})
	}
	view.NextHref = nextHref(view.Filter.Address(), next)
	tellAddress(c, view.Filter.Address())
	return s.page(c, v, v.Texts.T("shipments.attention"), func(shell views.Shell) templ.Component {
		return views.AttentionPage(shell, view)
	}, views.AttentionList(view))
}

// attention reads the choice from the address. Without one the most urgent
// trouble that there is comes first.
func (s *server) attention(c *fiber.Ctx, v *viewer) (views.AttentionView, merchantChoice, error) {
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return views.AttentionView{}, choice, err
	}
	view := views.AttentionView{
		Filter: views.AttentionFilter{Merchant: choice.Ref}, Merchants: choice.Options, Staff: choice.Staff,
	}
	if view.Counts, err = s.DB.CountTroubles(c.UserContext(), choice.Scope); err != nil {
		return view, choice, err
	}
	for _, trouble := range models.Troubles {
		if c.Query("kind") == string(trouble) {
			view.Filter.Trouble = trouble
		}
	}
	for i := 0; view.Filter.Trouble == "" && i < len(models.Troubles); i++ {
		if view.Counts[models.Troubles[i]] > 0 {
			view.Filter.Trouble = models.Troubles[i]
		}
	}
	if view.Filter.Trouble == "" {
		view.Filter.Trouble = models.Troubles[0]
	}
	return view, choice, nil
}

// countAttention renews the tabs with their counts.
func (s *server) countAttention(c *fiber.Ctx, v *viewer) error {
	view, _, err := s.attention(c, v)
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.AttentionTabs(view))
}

// showAttentionRow renews the row of a parcel on an open board.
func (s *server) showAttentionRow(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	parcel, err := s.DB.Shipment(ctx, v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	order, err := s.DB.Order(ctx, v.Scope, parcel.OrderID)
	if err != nil {
		return err
	}
	row := views.AttentionRow{Parcel: *parcel, Order: *order, Staff: v.Merchant == nil, Form: views.Form{CSRF: v.csrf}}
	for _, trouble := range models.Troubles {
		if c.Query("kind") == string(trouble) {
			row.Trouble = trouble
		}
	}
	if row.Merchant, err = s.merchantName(ctx, v, parcel.MerchantID); err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.AttentionTableRow(row))
}
