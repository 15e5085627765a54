package models

import "context"

// ObjectEvents loads the newest events of one order, payment or parcel, and of
// what belongs to it, as a payment's refunds do.
func (db *DB) ObjectEvents(ctx context.Context, scope Scope, objectID string, limit int, more ...string) ([]Event, error) {
	q := scope.in(db.q(ctx), "merchant_id")
	if len(more) == 0 {
		q = q.Where("object_id = ?", objectID)
	} else {
		q = q.Where("object_id IN ?", append(more, objectID))
	}
	return all[Event](q.Order("id DESC").Limit(limit))
}

// AttemptsOf loads the newest attempts of payments that the caller has loaded
// already, without the providers' raw answers.
func (db *DB) AttemptsOf(ctx context.Context, limit int, paymentIDs ...string) ([]Attempt, error) {
	if len(paymentIDs) == 0 {
		return nil, nil
	}
	return all[Attempt](db.q(ctx).Omit("raw").
		Where("payment_id IN ?", paymentIDs).Order("id DESC").Limit(limit))
}

// TrackingEventsOf loads the newest scans of parcels that the caller has loaded
// already, without those that the carrier took back.
func (db *DB) TrackingEventsOf(ctx context.Context, limit int, shipmentIDs ...string) ([]TrackingEvent, error) {
	if len(shipmentIDs) == 0 {
		return nil, nil
	}
	return all[TrackingEvent](trackingOrder(db.q(ctx).
		Where("shipment_id IN ? AND retracted_at IS NULL", shipmentIDs)).Limit(limit))
}

// DeliveriesOf loads the newest deliveries of events that the caller has loaded
// already.
func (db *DB) DeliveriesOf(ctx context.Context, limit int, eventIDs ...string) ([]Delivery, error) {
	if len(eventIDs) == 0 {
		return nil, nil
	}
	return all[Delivery](db.q(ctx).Where("event_id IN ?", eventIDs).Order("id DESC").Limit(limit))
}

// HoldRefusal says why a payment of the amount cannot be begun on the order now,
// or nil. What decides is the guarded update that holds the amount.
func (o *Order) HoldRefusal(amount int64) *Error {
	switch {
	case o.Status == OrderCanceled:
		return Conflict("order_canceled", o.Status)
	case o.AmountPaid+o.AmountAuthorized >= o.Amount:
		return Conflict("order_already_paid", o.PaymentState)
	case o.AmountDue() <= 0:
		return Conflict("order_payment_open", o.PaymentState)
	case o.AmountDue() < amount:
		return Invalid("amount", "amount_exceeds_due")
	default:
		return nil
	}
}
