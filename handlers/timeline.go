package handlers

import (
	"context"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// How many entries a timeline has at first, and on demand.
const (
	timelineRows = 40
	timelineMax  = 500
)

// timeline gathers entries of several kinds into one line. Each kind is asked
// for one entry more than are shown, so that the newest of all are among them.
type timeline struct {
	viewer *viewer
	limit  int
	whole  bool // as much of it as there can be was asked for
	path   string
	// currency of the amounts that acts name
	currency string
	entries  []views.TimelineEntry
}

// newTimeline begins the timeline of the page at path.
func newTimeline(c *fiber.Ctx, v *viewer, path string) *timeline {
	t := &timeline{viewer: v, limit: timelineRows, path: path}
	if wantsAll(c) {
		t.limit, t.whole = timelineMax, true
	}
	return t
}

// wantsAll says whether as much was asked for as there can be.
func wantsAll(c *fiber.Ctx) bool { return c.Query("timeline") == "all" }

func (t *timeline) fetch() int { return t.limit + 1 }

func (t *timeline) add(e views.TimelineEntry) { t.entries = append(t.entries, e) }

// view sorts what was gathered, newest first, and cuts it.
func (t *timeline) view() views.TimelineView {
	slices.SortStableFunc(t.entries, func(a, b views.TimelineEntry) int { return b.At.Compare(a.At) })
	v := views.TimelineView{Entries: t.entries, Address: t.path, Staff: t.viewer.Merchant == nil}
	if t.whole {
		v.Address += "?timeline=all"
	}
	if len(v.Entries) > t.limit {
		v.Entries = v.Entries[:t.limit]
		if !t.whole {
			v.AllHref = t.path + "?timeline=all"
		}
	}
	return v
}

// addEvents adds events with where their deliveries stand.
func (t *timeline) addEvents(events []models.Event, deliveries []models.Delivery) {
	byEvent := map[string][]models.Delivery{}
	for i := range deliveries {
		byEvent[deliveries[i].EventID] = append(byEvent[deliveries[i].EventID], deliveries[i])
	}
	for i := range events {
		e := &events[i]
		t.add(views.TimelineEntry{At: e.CreatedAt, Event: e, Deliveries: byEvent[e.ID]})
	}
}

func (t *timeline) addAttempts(attempts []models.Attempt, payments []models.Payment, accounts accountNames) {
	byID := make(map[string]*models.Payment, len(payments))
	for i := range payments {
		byID[payments[i].ID] = &payments[i]
	}
	for i := range attempts {
		a := &attempts[i]
		at := a.CreatedAt
		switch {
		case a.FinishedAt != nil:
			at = *a.FinishedAt
		case a.StartedAt != nil:
			at = *a.StartedAt
		}
		t.add(views.TimelineEntry{At: at, Attempt: a, Payment: byID[a.PaymentID], Account: accounts.of(a.GatewayAccountID)})
	}
}

func (t *timeline) addScans(scans []models.TrackingEvent, parcels []models.Shipment) {
	byID := make(map[string]*models.Shipment, len(parcels))
	for i := range parcels {
		byID[parcels[i].ID] = &parcels[i]
	}
	for i := range scans {
		scan := &scans[i]
		t.add(views.TimelineEntry{At: scanned(scan), Scan: scan, Parcel: byID[scan.ShipmentID]})
	}
}

// scanned is about when a scan was made, to sort by: where the carrier named no
// zone, its wall clock is taken for UTC.
func scanned(e *models.TrackingEvent) time.Time {
	if e.OccurredAt != nil {
		return *e.OccurredAt
	}
	if at, err := time.Parse("2006-01-02T15:04:05", e.LocalTime); err == nil {
		return at
	}
	return e.ReceivedAt
}

// internalActs are how staff share their work; merchants are not told of them.
var internalActs = []string{"payment.note", "payment.claim", "payment.release"}

// addActs adds what people did. Merchants see that staff did something, not who
// of them and why: that is for the operator's own books. Parcels that the page
// tells of are named.
func (t *timeline) addActs(acts []models.AuditEntry, parcels []models.Shipment) {
	byID := make(map[string]*models.Shipment, len(parcels))
	for i := range parcels {
		byID[parcels[i].ID] = &parcels[i]
	}
	for i := range acts {
		act := &acts[i]
		if t.viewer.Merchant != nil && slices.Contains(internalActs, act.Action) {
			continue
		}
		e := views.TimelineEntry{At: act.CreatedAt, Act: act, Currency: t.currency, Parcel: byID[act.ObjectID]}
		if t.viewer.Merchant == nil || act.ActorKind != "user" || act.ActorID == t.viewer.User.ID {
			e.Actor, e.Reason = act.ActorName, act.Reason
		}
		t.add(e)
	}
}

// orderTimeline merges what happened to an order, its payments and its parcels.
func (s *server) orderTimeline(
	c *fiber.Ctx, v *viewer, orderID string, payments []models.Payment, parcels []models.Shipment, accounts accountNames,
) (views.TimelineView, error) {
	ctx, t := c.UserContext(), newTimeline(c, v, "/orders/"+orderID)
	if len(payments) > 0 {
		t.currency = payments[0].Currency
	}
	events, err := s.DB.OrderEvents(ctx, v.Scope, orderID, t.fetch())
	if err != nil {
		return views.TimelineView{}, err
	}
	deliveries, err := s.deliveriesOf(ctx, events)
	if err != nil {
		return views.TimelineView{}, err
	}
	t.addEvents(events, deliveries)
	paymentIDs := make([]string, len(payments))
	for i := range payments {
		paymentIDs[i] = payments[i].ID
	}
	attempts, err := s.DB.AttemptsOf(ctx, t.fetch(), paymentIDs...)
	if err != nil {
		return views.TimelineView{}, err
	}
	t.addAttempts(attempts, payments, accounts)
	parcelIDs := make([]string, len(parcels))
	for i := range parcels {
		parcelIDs[i] = parcels[i].ID
	}
	scans, err := s.DB.TrackingEventsOf(ctx, t.fetch(), parcelIDs...)
	if err != nil {
		return views.TimelineView{}, err
	}
	t.addScans(scans, parcels)
	acts, err := s.acts(ctx, v, models.AuditFilter{OrderID: orderID}, t.fetch())
	if err != nil {
		return views.TimelineView{}, err
	}
	t.addActs(acts, parcels)
	return t.view(), nil
}

// deliveriesOf loads the deliveries of events; each endpoint has one of each.
func (s *server) deliveriesOf(ctx context.Context, events []models.Event) ([]models.Delivery, error) {
	ids := make([]string, len(events))
	for i := range events {
		ids[i] = events[i].ID
	}
	return s.DB.DeliveriesOf(ctx, timelineMax, ids...)
}

// acts loads what the audit log says of something.
func (s *server) acts(ctx context.Context, v *viewer, f models.AuditFilter, limit int) ([]models.AuditEntry, error) {
	entries, _, err := s.DB.AuditEntries(ctx, v.Scope, f, models.Page{Limit: limit})
	return entries, err
}
