package models

import (
	"fmt"

	"gorm.io/gorm"
)

// state is what merchants are told of when it changes.
func (o *Order) state() string { return o.Status + " " + o.PaymentState + " " + o.ShippingState }

// refreshOrder follows a change of an order's payments or parcels: it completes
// an order that is paid and delivered, reopens one that turns out not to be
// delivered, and records order.updated when what merchants see of it changed.
func (tx *Tx) refreshOrder(id string) error {
	o, err := tx.lockOrder(AllMerchants(), id)
	if err != nil {
		return err
	}
	if status := o.nextStatus(); status != o.Status {
		if _, err := tx.update("orders", map[string]any{"status": status, "updated_at": tx.now}, "id = ?", id); err != nil {
			return err
		}
		o.Status = status
	}
	if o.ToldState != o.state() {
		return tx.tellOrder(id, EventOrderUpdated)
	}
	tx.Announce(Hint{Topic: "order", ID: id, MerchantID: o.MerchantID})
	return nil
}

// nextStatus is where an order goes by itself.
func (o *Order) nextStatus() string {
	delivered := o.ShippingState == "delivered"
	paid := o.PaymentState == "paid" || o.PaymentState == "overpaid"
	switch {
	case o.Status == OrderOpen && delivered && paid:
		return OrderCompleted
	case o.Status == OrderCompleted && !delivered && o.Parcels > 0:
		return OrderOpen
	default:
		return o.Status
	}
}

// tellOrder records an event about an order and tells live pages.
func (tx *Tx) tellOrder(id, eventType string) error {
	o, err := tx.lockOrder(AllMerchants(), id)
	if err != nil {
		return err
	}
	if _, err := tx.update("orders", map[string]any{"told_state": o.state()}, "id = ?", id); err != nil {
		return err
	}
	data, err := one(tx.db.ordersJSON(tx.q(), []Order{*o}))
	if err != nil {
		return err
	}
	tx.Announce(Hint{Topic: "order", ID: id, MerchantID: o.MerchantID, New: eventType == EventOrderCreated})
	return tx.recordEvent(Event{MerchantID: o.MerchantID, Type: eventType, ObjectID: id, OrderID: &o.ID}, data)
}

// nextSequence numbers the events of an order without a gap. It holds the
// order's row, so that the numbers follow the order of commits on all nodes.
func (tx *Tx) nextSequence(orderID string) (int64, error) {
	ok, err := tx.update("orders", map[string]any{"sequence": gorm.Expr("sequence + 1")}, "id = ?", orderID)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, fmt.Errorf("number event of order %s: %w", orderID, ErrNotFound)
	}
	o, err := first[Order](tx.q().Select("sequence").Where("id = ?", orderID))
	if err != nil {
		return 0, err
	}
	return o.Sequence, nil
}
