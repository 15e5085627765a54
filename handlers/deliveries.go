package handlers

import (
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

func (s *server) deliveryRoutes() []route {
	return []route{
		{fiber.MethodGet, "/deliveries", signedIn, s.listDeliveries},
		{fiber.MethodGet, "/deliveries/count", signedIn, s.countDeliveries},
		{fiber.MethodGet, "/deliveries/:id", signedIn, s.showDelivery},
		{fiber.MethodGet, "/deliveries/:id/row", signedIn, s.showDeliveryRow},
		{fiber.MethodPost, "/deliveries/:id/replay", signedIn, s.replayDelivery},
	}
}

func (s *server) listDeliveries(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := deliveriesFilter(c, v, choice)
	view := views.DeliveriesView{Filter: filter, Merchants: choice.Options, Staff: choice.Staff, After: pageOf(c).Cursor}
	found, next, err := s.DB.Deliveries(ctx, choice.Scope, query, models.Page{Limit: listRows, Cursor: view.After})
	if err != nil {
		return err
	}
	if view.Endpoints, _, err = s.DB.Endpoints(ctx, choice.Scope, models.Page{Limit: models.MaxLimit}); err != nil {
		return err
	}
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = found[i].EndpointID
	}
	endpoints, err := s.DB.EndpointsByID(ctx, choice.Scope, ids)
	if err != nil {
		return err
	}
	for i := range found {
		view.Rows = append(view.Rows, views.DeliveryRow{
			Delivery: found[i], Endpoint: endpoints[found[i].EndpointID], Merchant: choice.name(found[i].MerchantID), Staff: choice.Staff,
		})
	}
	view.NextHref = nextHref(filter.Address(), next)
	tellAddress(c, filter.Address())
	return s.page(c, v, v.Texts.T("nav.deliveries"), func(shell views.Shell) templ.Component {
		return views.DeliveriesPage(shell, view)
	}, views.DeliveryList(view))
}

// deliveriesFilter reads the filter from the address; what does not exist is no filter.
func deliveriesFilter(c *fiber.Ctx, v *viewer, choice merchantChoice) (views.DeliveriesFilter, models.DeliveryFilter) {
	from, to, span := chosenDays(c, v)
	f := views.DeliveriesFilter{
		Status:    oneOf(c.Query("status"), models.DeliveryStatuses...),
		EventType: oneOf(c.Query("type"), models.EventTypes...),
		Merchant:  choice.Ref, From: from, To: to, Search: clip(strings.TrimSpace(c.Query("q")), maxQuestion),
	}
	if id := c.Query("endpoint"); models.IsID(models.PrefixEndpoint, id) {
		f.Endpoint = id
	}
	return f, models.DeliveryFilter{Status: f.Status, EventType: f.EventType, Endpoint: f.Endpoint, Search: f.Search, Created: span}
}

// countDeliveries renews the pill that says how many deliveries came in meanwhile.
func (s *server) countDeliveries(c *fiber.Ctx, v *viewer) error {
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := deliveriesFilter(c, v, choice)
	found, _, err := s.DB.Deliveries(c.UserContext(), choice.Scope, query, models.Page{Limit: listRows})
	if err != nil {
		return err
	}
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	var n views.NewRows
	n.Count, n.More = countUnseen(c, ids)
	return s.render(c, fiber.StatusOK, views.NewRowsPill(filter.Unseen(shown(c), n)))
}

// showDeliveryRow renews the row of a delivery in an open list.
func (s *server) showDeliveryRow(c *fiber.Ctx, v *viewer) error {
	view, err := s.delivery(c, v, c.Params("id"))
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.DeliveryTableRow(views.DeliveryRow{
		Delivery: view.Delivery, Endpoint: view.Endpoint, Merchant: view.Merchant, Staff: v.Merchant == nil,
	}))
}

func (s *server) showDelivery(c *fiber.Ctx, v *viewer) error {
	view, err := s.fullDelivery(c, v, c.Params("id"))
	if err != nil {
		return err
	}
	title := v.Texts.T("deliveries.title", "Type", view.Delivery.EventType)
	return s.page(c, v, title, func(shell views.Shell) templ.Component {
		return views.DeliveryPage(shell, view)
	}, views.DeliveryDetail(view))
}

// delivery loads a delivery and where it goes.
func (s *server) delivery(c *fiber.Ctx, v *viewer, id string) (views.DeliveryView, error) {
	ctx := c.UserContext()
	d, err := s.DB.Delivery(ctx, v.Scope, id)
	if err != nil {
		return views.DeliveryView{}, err
	}
	view := views.DeliveryView{Form: views.Form{CSRF: v.csrf}, Delivery: *d, Now: s.DB.Now()}
	endpoints, err := s.DB.EndpointsByID(ctx, v.Scope, []string{d.EndpointID})
	if err != nil {
		return view, err
	}
	view.Endpoint = endpoints[d.EndpointID]
	view.Merchant, err = s.merchantName(ctx, v, d.MerchantID)
	return view, err
}

// fullDelivery loads a delivery with its event and its attempts.
func (s *server) fullDelivery(c *fiber.Ctx, v *viewer, id string) (views.DeliveryView, error) {
	ctx := c.UserContext()
	view, err := s.delivery(c, v, id)
	if err != nil {
		return view, err
	}
	event, err := s.DB.Event(ctx, v.Scope, view.Delivery.EventID)
	if err != nil {
		return view, err
	}
	view.Event = *event
	if view.Attempts, err = s.DB.DeliveryAttempts(ctx, id); err != nil {
		return view, err
	}
	slices.Reverse(view.Attempts)
	return view, nil
}

// replayDelivery sends a delivery again, with all its tries before it.
func (s *server) replayDelivery(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		d, err := tx.ReplayDelivery(v.Scope, id)
		if err != nil {
			return err
		}
		return tx.Audit(v.actor(c), models.AuditEntry{
			MerchantID: &d.MerchantID, Action: "delivery.replay", ObjectID: d.ID,
			Detail: map[string]string{"event": d.EventType, "event_id": d.EventID, "endpoint": d.EndpointID},
		})
	})
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, "/deliveries/"+id)
	}
	view, err := s.fullDelivery(c, v, id)
	if err != nil {
		return err
	}
	return s.toast(c, fiber.StatusOK, ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("deliveries.replayed")},
		views.Renewed("#delivery-detail", views.DeliveryDetail(view)))
}
