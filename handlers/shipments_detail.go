package handlers

import (
	"context"
	"errors"
	"slices"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

func (s *server) showShipment(c *fiber.Ctx, v *viewer) error {
	view, err := s.shipment(c, v, c.Params("id"))
	if err != nil {
		return err
	}
	return s.page(c, v, view.Parcel.TrackingNumber, func(shell views.Shell) templ.Component {
		return views.ShipmentPage(shell, view)
	}, views.ShipmentDetail(view))
}

// shipment collects a parcel with its way and what merchants were told of it.
func (s *server) shipment(c *fiber.Ctx, v *viewer, id string) (views.ShipmentView, error) {
	ctx := c.UserContext()
	parcel, err := s.DB.Shipment(ctx, v.Scope, id)
	if err != nil {
		return views.ShipmentView{}, err
	}
	order, err := s.DB.Order(ctx, v.Scope, parcel.OrderID)
	if err != nil {
		return views.ShipmentView{}, err
	}
	view := views.ShipmentView{
		Form: views.Form{CSRF: v.csrf}, Parcel: *parcel, Order: *order, Staff: v.Merchant == nil,
		Admin: v.Role == models.RoleAdmin, Now: s.DB.Now(),
	}
	if view.Merchant, err = s.merchantName(ctx, v, parcel.MerchantID); err != nil {
		return view, err
	}
	if view.Account, err = s.carrierAccountName(ctx, v, parcel.CarrierAccountID); err != nil {
		return view, err
	}
	if view.Trouble, err = s.carrierTrouble(ctx, v, parcel); err != nil {
		return view, err
	}
	if view.Public, err = s.shipmentPublic(ctx, parcel); err != nil {
		return view, err
	}
	scans, err := s.DB.TrackingEvents(ctx, parcel.ID)
	if err != nil {
		return view, err
	}
	view.Scans = way(scans, &order.ShippingAddress)
	view.ActionRequired = carriers.Reason(parcel.StatusReason).ActionRequired()
	if err := s.shipmentRelations(ctx, v, &view); err != nil {
		return view, err
	}
	view.Events, err = s.shipmentEvents(c, v, parcel.ID)
	return view, err
}

// shownETAs is how much of the history of a parcel's arrival a page shows.
const shownETAs = 20

// shipmentRelations collects what belongs to a parcel: what was said of its
// arrival, the order's items and other parcels, and what it sends back.
func (s *server) shipmentRelations(ctx context.Context, v *viewer, view *views.ShipmentView) (err error) {
	p := &view.Parcel
	if view.ETAs, err = s.DB.ShipmentETAs(ctx, p.ID, shownETAs); err != nil {
		return err
	}
	if view.Items, err = s.DB.OrderItems(ctx, p.OrderID); err != nil {
		return err
	}
	all, _, err := s.DB.Shipments(ctx, v.Scope, models.ShipmentFilter{OrderID: p.OrderID}, models.Page{Limit: relatedRows})
	if err != nil {
		return err
	}
	for i := range all {
		switch other := &all[i]; {
		case other.ID == p.ID:
		case p.ReturnOf != nil && other.ID == *p.ReturnOf:
			view.Outbound = other
		case other.ReturnOf != nil && *other.ReturnOf == p.ID:
			view.Returns = append(view.Returns, *other)
		default:
			view.Others = append(view.Others, *other)
		}
	}
	return nil
}

// carrierAccountName is who asks about a parcel, for staff; an account that is
// gone has no name.
func (s *server) carrierAccountName(ctx context.Context, v *viewer, id *string) (string, error) {
	if v.Merchant != nil || id == nil {
		return "", nil
	}
	account, err := s.DB.CarrierAccount(ctx, v.Scope, *id)
	if errors.Is(err, models.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return account.Name, nil
}

// way puts scans into the order in which they happened, the newest first.
func way(stored []models.TrackingEvent, to *models.Address) []views.Scan {
	entered := map[string]*models.TrackingEvent{}
	for i := range stored {
		if e := &stored[i]; e.Source != models.SourceCarrier {
			entered[e.CarrierID] = e
		}
	}
	ordered := carriers.Order(carriers.Scans(stored), carriers.ZoneAt(to.Country, to.Region, to.PostalCode))
	slices.Reverse(ordered)
	out := make([]views.Scan, len(ordered))
	for i, scan := range ordered {
		out[i] = views.Scan{
			LocalTime: scan.LocalTime, OffsetMinutes: scan.Offset, OccurredAt: scan.OccurredAt, RawTime: scan.RawTime,
			DateOnly: scan.Precision == carriers.PrecisionDate, Suspect: carriers.Suspect(scan.Event, scan.ReceivedAt),
			Status: string(scan.Status), Reason: string(scan.Reason), Description: scan.Description,
			Location: scan.Location, Retracted: scan.RetractedAt != nil,
		}
		if e := entered[scan.CarrierID]; e != nil {
			out[i].ID, out[i].Override, out[i].Who, out[i].Note = e.ID, e.Source == models.SourceOverride, e.ActorName, e.Note
		}
	}
	return out
}

// shipmentEvents are the events of a parcel with their deliveries, and what
// people did about it.
func (s *server) shipmentEvents(c *fiber.Ctx, v *viewer, id string) (views.TimelineView, error) {
	ctx, t := c.UserContext(), newTimeline(c, v, "/shipments/"+id)
	events, err := s.DB.ObjectEvents(ctx, v.Scope, id, t.fetch())
	if err != nil {
		return views.TimelineView{}, err
	}
	deliveries, err := s.deliveriesOf(ctx, events)
	if err != nil {
		return views.TimelineView{}, err
	}
	t.addEvents(events, deliveries)
	acts, err := s.acts(ctx, v, models.AuditFilter{ObjectID: id}, t.fetch())
	if err != nil {
		return views.TimelineView{}, err
	}
	t.addActs(acts, nil)
	return t.view(), nil
}
