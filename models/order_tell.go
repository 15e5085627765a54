package models

import (
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"
)

// state is what merchants are told of when it changes.
func (o *Order) state() string { return o.Status + " " + o.PaymentState + " " + o.ShippingState }

// orderState is Order.state in the database.
var orderState = gorm.Expr("status || ' ' || payment_state || ' ' || shipping_state")

// refreshOrder follows a change of an order's payments or parcels: it completes
// an order that is paid and delivered, reopens one that turns out not to be
// delivered, and records order.updated when what merchants see of it changed.
func (tx *Tx) refreshOrder(id string) error { return tx.refreshOrders([]string{id}) }

// refreshOrders is refreshOrder for many.
func (tx *Tx) refreshOrders(ids []string) error {
	orders, err := tx.LockOrders(AllMerchants(), ids)
	if err != nil {
		return err
	}
	var changed []string
	for _, id := range ids {
		o := orders[id]
		if status := o.nextStatus(); status != o.Status {
			if _, err := tx.update("orders", map[string]any{"status": status, "updated_at": tx.now}, "id = ?", id); err != nil {
				return err
			}
			o.Status = status
		}
		if o.ToldState != o.state() {
			changed = append(changed, id)
			continue
		}
		tx.Announce(Hint{Topic: "order", ID: id, MerchantID: o.MerchantID})
	}
	return tx.tellOrders(EventOrderUpdated, changed)
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
func (tx *Tx) tellOrder(id, eventType string) error { return tx.tellOrders(eventType, []string{id}) }

// tellOrders is tellOrder for many.
func (tx *Tx) tellOrders(eventType string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	locked, err := tx.LockOrders(AllMerchants(), ids)
	if err != nil {
		return err
	}
	orders := make([]Order, len(ids))
	for i, id := range ids {
		orders[i] = *locked[id]
	}
	for part := range slices.Chunk(ids, maxIDs) {
		if _, err := tx.update("orders", map[string]any{"told_state": orderState}, "id IN ?", part); err != nil {
			return err
		}
	}
	objects, err := tx.db.ordersJSON(tx.q(), orders)
	if err != nil {
		return err
	}
	news := make([]happened, len(orders))
	for i := range orders {
		o := &orders[i]
		tx.Announce(Hint{Topic: "order", ID: o.ID, MerchantID: o.MerchantID, New: eventType == EventOrderCreated})
		news[i] = happened{Event{MerchantID: o.MerchantID, Type: eventType, ObjectID: o.ID, OrderID: &o.ID}, objects[i]}
	}
	return tx.recordEvents(news)
}

// numberEvents numbers the events of each order without a gap. It holds the
// orders' rows, so that the numbers follow the order of commits on all nodes.
func (tx *Tx) numberEvents(news []happened) error {
	counts := map[string]int64{}
	for i := range news {
		if id := news[i].OrderID; id != nil {
			counts[*id]++
		}
	}
	last, err := tx.advanceSequences(counts)
	if err != nil {
		return err
	}
	for i, e := range slices.Backward(news) {
		if e.OrderID != nil {
			news[i].Sequence = last[*e.OrderID]
			last[*e.OrderID]--
		}
	}
	return nil
}

// advanceSequences takes so many numbers of each order's sequence, and returns
// the last of each. Transactions that take those of several orders hold them
// already, in the order of locks.
func (tx *Tx) advanceSequences(counts map[string]int64) (map[string]int64, error) {
	last := make(map[string]int64, len(counts))
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(counts)), maxIDs) {
		var args []any
		for _, id := range ids {
			args = append(args, id, counts[id])
		}
		var taken []Order
		err := tx.q().Raw("WITH more (id, n) AS (VALUES "+tuples("(CAST(? AS text), CAST(? AS bigint))", len(ids))+`)
			UPDATE orders SET sequence = orders.sequence + more.n FROM more WHERE orders.id = more.id
			RETURNING orders.id, orders.sequence`, args...).Scan(&taken).Error
		if err != nil {
			return nil, fmt.Errorf("number events: %w", err)
		}
		if len(taken) != len(ids) {
			return nil, fmt.Errorf("number events of orders %v: %w", ids, ErrNotFound)
		}
		for i := range taken {
			last[taken[i].ID] = taken[i].Sequence
		}
	}
	return last, nil
}
