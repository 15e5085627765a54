package models

import (
	"errors"

	"gorm.io/gorm"
)

// MissedDays is for how long after it was disabled the events that an endpoint
// misses are listed for it, to be sent later. Who has not come back by then has
// left, and would only make every event write rows for nobody.
const MissedDays = 30

// newDelivery is the row of a delivery that waits to be sent.
func (tx *Tx) newDelivery(e *Event, endpointID, cause string) Delivery {
	return Delivery{
		ID: NewID(PrefixDelivery), MerchantID: e.MerchantID, EndpointID: endpointID, EventID: e.ID, EventType: e.Type,
		Status: DeliveryPending, Cause: cause, NextAttemptAt: &tx.now, CreatedAt: tx.now, UpdatedAt: tx.now,
	}
}

// missed is the row of a delivery to an endpoint that is disabled: canceled, for
// somebody to send it again.
func (d Delivery) missed() Delivery {
	d.Status, d.LastError, d.NextAttemptAt = DeliveryCanceled, "endpoint_disabled", nil
	return d
}

// createDeliveries makes deliveries and tells dispatchers of those that wait.
func (tx *Tx) createDeliveries(rows []Delivery) error {
	if err := insertMany(tx, rows); err != nil {
		return err
	}
	for i := range rows {
		hint := Hint{Topic: TopicDelivery, ID: rows[i].ID, MerchantID: rows[i].MerchantID, New: true}
		if rows[i].Status == DeliveryPending {
			hint.Endpoint = rows[i].EndpointID
		}
		tx.Announce(hint)
	}
	return nil
}

func (tx *Tx) createDelivery(e *Event, endpointID, cause string) (*Delivery, error) {
	rows := []Delivery{tx.newDelivery(e, endpointID, cause)}
	return &rows[0], tx.createDeliveries(rows)
}

// ReplayDelivery sends a delivery again, with the whole schedule before it. One
// that is being sent at the moment is a conflict, delivery_running.
func (tx *Tx) ReplayDelivery(scope Scope, id string) (*Delivery, error) {
	d, err := first[Delivery](scope.in(tx.q().Clauses(forUpdate), "merchant_id").Where("id = ?", id))
	if err != nil {
		return nil, err
	}
	ep, err := tx.Endpoint(AllMerchants(), d.EndpointID)
	if errors.Is(err, ErrNotFound) {
		return nil, Conflict("endpoint_deleted", d.Status)
	}
	if err != nil {
		return nil, err
	}
	if ep.DisabledAt != nil {
		return nil, Conflict("endpoint_disabled", d.Status)
	}
	ok, err := tx.update("deliveries", map[string]any{
		"status": DeliveryPending, "cause": SentByReplay, "round_start": gorm.Expr("attempts"), "next_attempt_at": tx.now, "updated_at": tx.now,
	}, "id = ? AND status IN ?", id, []string{DeliveryDelivered, DeliveryRetrying, DeliveryExhausted, DeliveryCanceled})
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, Conflict("delivery_running", d.Status)
	}
	tx.Announce(Hint{Topic: TopicDelivery, ID: id, MerchantID: d.MerchantID, Endpoint: d.EndpointID})
	return tx.Delivery(id)
}

// RedeliverEvent sends an event to an endpoint again, or for the first time.
func (tx *Tx) RedeliverEvent(scope Scope, eventID, endpointID string) (*Delivery, error) {
	e, err := first[Event](scope.in(tx.q(), "merchant_id").Where("id = ?", eventID))
	if err != nil {
		return nil, err
	}
	ep, err := tx.Endpoint(MerchantScope(e.MerchantID), endpointID)
	if errors.Is(err, ErrNotFound) {
		return nil, Invalid("endpoint_id", "unknown_endpoint")
	}
	if err != nil {
		return nil, err
	}
	d, err := first[Delivery](tx.q().Where("endpoint_id = ? AND event_id = ?", ep.ID, e.ID))
	if err == nil {
		return tx.ReplayDelivery(scope, d.ID)
	}
	if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if ep.DisabledAt != nil {
		return nil, Conflict("endpoint_disabled", "")
	}
	return tx.createDelivery(e, ep.ID, SentByHand)
}
