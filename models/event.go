package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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
	EventPing                  = "ping"
)

// EventTypes lists what an endpoint can subscribe to.
var EventTypes = []string{
	EventOrderCreated, EventOrderUpdated, EventOrderCanceled,
	EventPaymentAuthorized, EventPaymentPaid, EventPaymentFailed, EventPaymentRequiresAction,
	EventPaymentNeedsReview, EventPaymentVoided, EventPaymentCanceled, EventPaymentExpired,
	EventRefundSucceeded, EventRefundFailed, EventDisputeOpened, EventDisputeClosed,
	EventShipmentCreated, EventShipmentUpdated, EventShipmentOut, EventShipmentDelivered,
	EventShipmentException, EventShipmentLate, EventPing,
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
	Body       string
	CreatedAt  time.Time
}

// EventBody is the JSON that endpoints receive.
type EventBody struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      any       `json:"data"`
}

// recordEvent stores an event and a delivery, with its job, for each endpoint
// of the merchant that wants it.
func (tx *Tx) recordEvent(e Event, data any) error {
	body, err := json.Marshal(EventBody{Type: e.Type, Timestamp: tx.now, Data: data})
	if err != nil {
		return fmt.Errorf("event %s: %w", e.Type, err)
	}
	e.ID, e.Body, e.CreatedAt = NewID(PrefixEvent), string(body), tx.now
	if err := tx.create(&e); err != nil {
		return err
	}
	endpoints, err := all[Endpoint](tx.q().
		Where("merchant_id = ? AND disabled_at IS NULL AND deleted_at IS NULL", e.MerchantID))
	if err != nil {
		return err
	}
	for i := range endpoints {
		if endpoints[i].Wants(e.Type) {
			if _, err := tx.createDelivery(&e, endpoints[i].ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// PingEndpoint records a test event for one endpoint, whatever it subscribes to.
func (tx *Tx) PingEndpoint(ep *Endpoint) (*Delivery, error) {
	e := Event{
		ID: NewID(PrefixEvent), MerchantID: ep.MerchantID, Type: EventPing, ObjectID: ep.ID, CreatedAt: tx.now,
	}
	body, err := json.Marshal(EventBody{
		Type: EventPing, Timestamp: tx.now, Data: map[string]string{"endpoint_id": ep.ID},
	})
	if err != nil {
		return nil, fmt.Errorf("ping %s: %w", ep.ID, err)
	}
	e.Body = string(body)
	if err := tx.create(&e); err != nil {
		return nil, err
	}
	return tx.createDelivery(&e, ep.ID)
}

// Event loads one event.
func (db *DB) Event(ctx context.Context, scope Scope, id string) (*Event, error) {
	return first[Event](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// Events lists events, newest first, of one type or all, with the next page's cursor.
func (db *DB) Events(ctx context.Context, scope Scope, eventType string, created Span, p Page) ([]Event, string, error) {
	q := scope.in(db.q(ctx), "merchant_id")
	q = created.in(q, PrefixEvent, "id")
	q = equal(q, "type", eventType)
	return page(q, p, "id", func(e Event) string { return e.ID })
}

// OrderEvents loads the newest events of an order, its payments and parcels.
func (db *DB) OrderEvents(ctx context.Context, scope Scope, orderID string, limit int) ([]Event, error) {
	return all[Event](scope.in(db.q(ctx), "merchant_id").
		Where("order_id = ?", orderID).Order("id DESC").Limit(limit))
}

// recordOrder records an event about an order and tells live pages.
func (tx *Tx) recordOrder(id, eventType string) error {
	o, err := tx.order(AllMerchants(), id)
	if err != nil {
		return err
	}
	data, err := orderJSON(tx.q(), o)
	if err != nil {
		return err
	}
	tx.Announce(Hint{Topic: "order", ID: id, MerchantID: o.MerchantID, New: eventType == EventOrderCreated})
	return tx.recordEvent(Event{MerchantID: o.MerchantID, Type: eventType, ObjectID: id, OrderID: &o.ID}, data)
}

// refreshOrder follows a change of an order's payments or parcels: it completes
// or reopens the order and records order.updated when what a merchant sees of
// the order changed.
func (tx *Tx) refreshOrder(id string) error {
	o, err := tx.order(AllMerchants(), id)
	if err != nil {
		return err
	}
	if o.Status == OrderOpen && o.ShippingState == "delivered" && (o.PaymentState == "paid" || o.PaymentState == "overpaid") {
		if _, err := tx.update("orders", map[string]any{"status": OrderCompleted}, "id = ? AND status = ?", id, OrderOpen); err != nil {
			return err
		}
		o.Status = OrderCompleted
	}
	tx.Announce(Hint{Topic: "order", ID: id, MerchantID: o.MerchantID})
	last, err := all[Event](tx.q().Select("body").
		Where("object_id = ? AND type IN ?", id, []string{EventOrderCreated, EventOrderUpdated}).
		Order("id DESC").Limit(1))
	if err != nil {
		return err
	}
	if len(last) == 1 && sameOrderState(last[0].Body, o) {
		return nil
	}
	return tx.recordOrder(id, EventOrderUpdated)
}

func sameOrderState(body string, o *Order) bool {
	var before struct {
		Data struct {
			Status        string `json:"status"`
			PaymentState  string `json:"payment_state"`
			ShippingState string `json:"shipping_state"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &before); err != nil {
		return false
	}
	d := before.Data
	return d.Status == o.Status && d.PaymentState == o.PaymentState && d.ShippingState == o.ShippingState
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
	data, err := paymentJSON(tx.q(), p)
	if err != nil {
		return err
	}
	return tx.recordEvent(Event{
		MerchantID: p.MerchantID, Type: eventType, ObjectID: p.ID, OrderID: &p.OrderID, Cause: cause,
	}, data)
}

// unknownEventType finds the first type that does not exist.
func unknownEventType(types []string) (int, bool) {
	for i, t := range types {
		if !slices.Contains(EventTypes, t) {
			return i, true
		}
	}
	return 0, false
}
