package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Types of events.
const (
	EventOrderCreated          = "order.created"
	EventOrderUpdated          = "order.updated"
	EventOrderCanceled         = "order.canceled"
	EventPaymentAuthorized     = "payment.authorized"
	EventPaymentPaid           = "payment.paid"
	EventPaymentFailed         = "payment.failed"
	EventPaymentRequiresAction = "payment.requires_action"
	EventPaymentNeedsReview    = "payment.needs_review"
	EventPaymentVoided         = "payment.voided"
	EventPaymentCanceled       = "payment.canceled"
	EventPaymentExpired        = "payment.expired"
	EventRefundSucceeded       = "refund.succeeded"
	EventRefundFailed          = "refund.failed"
	EventDisputeOpened         = "dispute.opened"
	EventDisputeClosed         = "dispute.closed"
	EventShipmentCreated       = "shipment.created"
	EventShipmentUpdated       = "shipment.updated"
	EventShipmentOut           = "shipment.out_for_delivery"
	EventShipmentDelivered     = "shipment.delivered"
	EventShipmentException     = "shipment.exception"
	EventShipmentLate          = "shipment.late"
	EventEndpointDisabled      = "endpoint.disabled"
	EventPing                  = "ping"
)

// EventTypes lists what an endpoint can subscribe to.
var EventTypes = []string{
	EventOrderCreated, EventOrderUpdated, EventOrderCanceled,
	EventPaymentAuthorized, EventPaymentPaid, EventPaymentFailed, EventPaymentRequiresAction,
	EventPaymentNeedsReview, EventPaymentVoided, EventPaymentCanceled, EventPaymentExpired,
	EventRefundSucceeded, EventRefundFailed, EventDisputeOpened, EventDisputeClosed,
	EventShipmentCreated, EventShipmentUpdated, EventShipmentOut, EventShipmentDelivered,
	EventShipmentException, EventShipmentLate, EventEndpointDisabled, EventPing,
}

// Event is one thing that happened, append-only. Body is the webhook's body,
// fixed when it happened, so that every delivery sends the same bytes.
type Event struct {
	ID         string `gorm:"primaryKey"`
	MerchantID string
	Type       string
	ObjectID   string
	OrderID    *string
	Cause      string
	Sequence   int64 // among the events of its order, from 1; 0 for events of none
	Body       string
	Trace      string // that it happened in, as traceparent; empty without
	CreatedAt  time.Time
}

// EventBody is the JSON that endpoints receive.
type EventBody struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Sequence  int64     `json:"sequence,omitempty"` // lets receivers drop what is older than what they have
	Data      any       `json:"data"`
}

// happened is an event that is to be recorded, with what its body tells.
type happened struct {
	Event

	data any
}

// recordEvent stores an event and a delivery for each endpoint of the merchant
// that wants it.
func (tx *Tx) recordEvent(e Event, data any) error {
	return tx.recordEvents([]happened{{e, data}})
}

// recordEvents is recordEvent for many, in their order, with as many statements
// as for one.
func (tx *Tx) recordEvents(news []happened) error {
	if len(news) == 0 {
		return nil
	}
	if err := tx.numberEvents(news); err != nil {
		return err
	}
	trace := tx.db.Origin(tx.ctx).Trace
	rows := make([]Event, len(news))
	for i := range news {
		e := news[i].Event
		body, err := json.Marshal(EventBody{Type: e.Type, Timestamp: tx.now, Sequence: e.Sequence, Data: news[i].data})
		if err != nil {
			return fmt.Errorf("event %s: %w", e.Type, err)
		}
		e.ID, e.Body, e.CreatedAt, e.Trace = NewID(PrefixEvent), string(body), tx.now, trace
		rows[i] = e
	}
	if err := insertMany(tx, rows); err != nil {
		return err
	}
	return tx.tellEndpoints(rows)
}

// tellEndpoints makes the deliveries of events. Endpoints that were disabled
// lately miss them, and are told so.
func (tx *Tx) tellEndpoints(events []Event) error {
	merchants := make([]string, len(events))
	for i := range events {
		merchants[i] = events[i].MerchantID
	}
	slices.Sort(merchants)
	endpoints, err := all[Endpoint](tx.q().Select("id", "merchant_id", "events", "disabled_at").
		Where("merchant_id IN ? AND deleted_at IS NULL", slices.Compact(merchants)).
		Where("disabled_at IS NULL OR disabled_at > ?", tx.now.AddDate(0, 0, -MissedDays)))
	if err != nil {
		return err
	}
	var rows []Delivery
	for i := range events {
		for j := range endpoints {
			e, ep := &events[i], &endpoints[j]
			// One that was disabled is not told of it.
			if ep.MerchantID != e.MerchantID || !ep.Wants(e.Type) || ep.ID == e.ObjectID {
				continue
			}
			d := tx.newDelivery(e, ep.ID, SentBySchedule)
			if ep.DisabledAt != nil {
				d = d.missed()
			}
			rows = append(rows, d)
		}
	}
	return tx.createDeliveries(rows)
}

// PingEndpoint records a test event for one endpoint, whatever it subscribes to.
// A disabled endpoint is a conflict, endpoint_disabled.
func (tx *Tx) PingEndpoint(scope Scope, id string) (*Endpoint, *Delivery, error) {
	ep, err := tx.Endpoint(scope, id)
	if err != nil {
		return nil, nil, err
	}
	if ep.DisabledAt != nil {
		return nil, nil, Conflict("endpoint_disabled", "")
	}
	e := Event{
		ID: NewID(PrefixEvent), MerchantID: ep.MerchantID, Type: EventPing, ObjectID: ep.ID, CreatedAt: tx.now,
		Trace: tx.db.Origin(tx.ctx).Trace,
	}
	body, err := json.Marshal(EventBody{
		Type: EventPing, Timestamp: tx.now, Data: map[string]string{"endpoint_id": ep.ID},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("ping %s: %w", ep.ID, err)
	}
	e.Body = string(body)
	if err := tx.create(&e); err != nil {
		return nil, nil, err
	}
	d, err := tx.createDelivery(&e, ep.ID, SentByHand)
	return ep, d, err
}

// Event loads one event.
func (db *DB) Event(ctx context.Context, scope Scope, id string) (*Event, error) {
	return first[Event](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// Events lists events, newest first, of one type or all, with the next page's cursor.
func (db *DB) Events(ctx context.Context, scope Scope, eventType string, created Span, p Page) ([]Event, string, error) {
	q := scope.in(db.q(ctx), "merchant_id")
	q = created.in(q, PrefixEvent)
	q = equal(q, "type", eventType)
	return page(q, p, PrefixEvent, func(e Event) string { return e.ID })
}

// OrderEvents loads the newest events of an order, its payments and parcels.
func (db *DB) OrderEvents(ctx context.Context, scope Scope, orderID string, limit int) ([]Event, error) {
	return all[Event](scope.in(db.q(ctx), "merchant_id").
		Where("order_id = ?", orderID).Order("sequence DESC").Limit(limit))
}

// paymentEvents maps a status to the event that tells of it; the others are
// steps on the way that merchants are not told of.
var paymentEvents = map[PaymentStatus]string{
	PaymentAuthorized: EventPaymentAuthorized, PaymentPaid: EventPaymentPaid, PaymentFailed: EventPaymentFailed,
	PaymentRequiresAction: EventPaymentRequiresAction, PaymentNeedsReview: EventPaymentNeedsReview,
	PaymentVoided: EventPaymentVoided, PaymentCanceled: EventPaymentCanceled, PaymentExpired: EventPaymentExpired,
}

func (tx *Tx) recordPayment(p *Payment, cause string) error {
	eventType, told := paymentEvents[p.Status]
	if !told {
		return nil
	}
	data, err := one(paymentsJSON(tx.q(), []Payment{*p}))
	if err != nil {
		return err
	}
	return tx.recordEvent(Event{
		MerchantID: p.MerchantID, Type: eventType, ObjectID: p.ID, OrderID: &p.OrderID, Cause: cause,
	}, data)
}

// CheckEventTypes refuses types that do not exist.
func CheckEventTypes(types []string) error {
	for i, t := range types {
		if !slices.Contains(EventTypes, t) {
			return UnknownEventType(fmt.Sprintf("events[%d]", i))
		}
	}
	return nil
}

// UnknownEventType is an Error about a type that does not exist, which names
// those that do.
func UnknownEventType(field string) *Error {
	return &Error{Kind: KindInvalid, Field: field, Code: "unknown_event_type", Choices: strings.Join(EventTypes, ", ")}
}
