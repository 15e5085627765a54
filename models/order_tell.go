package models

import (
	"fmt"
	"maps"
	"slices"
)

// state is what merchants are told of when it changes.
func (o *Order) state() string { return o.Status + " " + o.PaymentState + " " + o.ShippingState }

// orderState is Order.state in the database.
const orderState = "status || ' ' || payment_state || ' ' || shipping_state"

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
	var changed []*Order
	for _, id := range ids {
		o := orders[id]
		if status := o.nextStatus(); status != o.Status {
			if _, err := tx.update("orders", map[string]any{"status": status, "updated_at": tx.now}, "id = ?", id); err != nil {
				return err
			}
			o.Status, o.UpdatedAt = status, tx.now
		}
		if o.ToldState != o.state() {
			changed = append(changed, o)
			continue
		}
		tx.Announce(Hint{Topic: "order", ID: id, MerchantID: o.MerchantID})
	}
	return tx.showOrders(EventOrderUpdated, changed)
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
	locked, err := tx.LockOrders(AllMerchants(), []string{id})
	if err != nil {
		return err
	}
	return tx.showOrders(eventType, []*Order{locked[id]})
}

// showOrders is tellOrder for many, which the transaction holds.
func (tx *Tx) showOrders(eventType string, orders []*Order) error {
	if len(orders) == 0 {
		return nil
	}
	rows := make([]Order, len(orders))
	for i, o := range orders {
		rows[i] = *o
	}
	objects, err := tx.db.ordersJSON(tx.q(), rows)
	if err != nil {
		return err
	}
	return tx.tellOrders(eventType, orders, objects)
}

// tellOrders records an event about each of the orders, which stand as the
// objects show them, and tells live pages.
func (tx *Tx) tellOrders(eventType string, orders []*Order, objects []OrderJSON) error {
	news := make([]happened, len(orders))
	for i, o := range orders {
		tx.Announce(Hint{Topic: "order", ID: o.ID, MerchantID: o.MerchantID, New: eventType == EventOrderCreated})
		news[i] = happened{Event{MerchantID: o.MerchantID, Type: eventType, ObjectID: o.ID, OrderID: &o.ID}, objects[i]}
	}
	return tx.recordEvents(news)
}

// taken is how many numbers of an order's sequence are taken.
type taken struct {
	numbers int64
	told    bool // of one at least the order itself is the object: merchants know its state then
}

// numberEvents numbers the events of each order without a gap, and notes of
// which orders merchants were told. It holds the orders' rows, so that the
// numbers follow the order of commits on all nodes.
func (tx *Tx) numberEvents(news []happened) error {
	more := map[string]taken{}
	for i := range news {
		if id := news[i].OrderID; id != nil {
			t := more[*id]
			more[*id] = taken{t.numbers + 1, t.told || news[i].ObjectID == *id}
		}
	}
	last, err := tx.advanceSequences(more)
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

// advanceSequences takes numbers of each order's sequence, and returns the last
// of each. Transactions that take those of several orders hold them already, in
// the order of locks.
func (tx *Tx) advanceSequences(more map[string]taken) (map[string]int64, error) {
	last := make(map[string]int64, len(more))
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(more)), maxIDs) {
		var args []any
		for _, id := range ids {
			args = append(args, id, more[id].numbers, more[id].told)
		}
		var moved []Order
		err := tx.q().Raw("WITH more (id, n, told) AS (VALUES "+tuples("(CAST(? AS text), CAST(? AS bigint), CAST(? AS boolean))", len(ids))+`)
			UPDATE orders SET sequence = orders.sequence + more.n,
				told_state = CASE WHEN more.told THEN `+orderState+` ELSE told_state END
			FROM more WHERE orders.id = more.id
			RETURNING orders.id, orders.sequence`, args...).Scan(&moved).Error
		if err != nil {
			return nil, fmt.Errorf("number events: %w", err)
		}
		if len(moved) != len(ids) {
			return nil, fmt.Errorf("number events of orders %v: %w", ids, ErrNotFound)
		}
		for i := range moved {
			last[moved[i].ID] = moved[i].Sequence
		}
	}
	return last, nil
}
