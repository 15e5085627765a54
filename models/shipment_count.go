package models

import (
	"fmt"
	"slices"
)

// countParcels recomputes what orders' parcels amount to. The orders are locked
// first, so that two parcels of one order are counted one after the other.
func (tx *Tx) countParcels(orderIDs []string) error {
	orders, err := tx.LockOrders(AllMerchants(), orderIDs)
	if err != nil {
		return err
	}
	for ids := range slices.Chunk(orderIDs, maxIDs) {
		parcels, err := all[Shipment](tx.q().Select("order_id", "status", "direction", "items").
			Where("order_id IN ? AND status <> ?", ids, ShipmentCanceled))
		if err != nil {
			return err
		}
		of := make(map[string][]Shipment, len(ids))
		for i := range parcels {
			of[parcels[i].OrderID] = append(of[parcels[i].OrderID], parcels[i])
		}
		args := make([]any, 0, 5*len(ids)+1)
		for _, id := range ids {
			o := orders[id]
			o.setParcels(of[id])
			args = append(args, id, o.Parcels, o.ParcelsAttention, o.QuantityShipped, o.QuantityDelivered)
		}
		row := "(CAST(? AS text), CAST(? AS bigint), CAST(? AS bigint), CAST(? AS bigint), CAST(? AS bigint))"
		err = tx.q().Exec("WITH counted (id, parcels, attention, shipped, delivered) AS (VALUES "+tuples(row, len(ids))+`)
			UPDATE orders SET updated_at = ?, parcels = counted.parcels, parcels_attention = counted.attention,
				quantity_shipped = counted.shipped, quantity_delivered = counted.delivered
			FROM counted WHERE orders.id = counted.id`, append(args, tx.now)...).Error
		if err != nil {
			return fmt.Errorf("count parcels: %w", err)
		}
	}
	return nil
}

// setParcels sets the order's counters from all its parcels that are not canceled.
func (o *Order) setParcels(parcels []Shipment) {
	var shipped, delivered int64
	o.Parcels, o.ParcelsAttention = 0, 0
	for i := range parcels {
		p := &parcels[i]
		if NeedsAttention(p.Status) {
			o.ParcelsAttention++
		}
		if p.Direction != DirectionOutbound {
			continue
		}
		o.Parcels++
		if moving(p.Status) {
			shipped += p.quantity(o)
		}
		if p.Status == ShipmentDelivered {
			delivered += p.quantity(o)
		}
	}
	o.QuantityShipped, o.QuantityDelivered = min(shipped, o.QuantityTotal), min(delivered, o.QuantityTotal)
}

// quantity is how many pieces of the order the parcel holds: all of them when
// the shop did not say.
func (s *Shipment) quantity(o *Order) int64 {
	if len(s.Items) == 0 {
		return o.QuantityTotal
	}
	var n int64
	for _, it := range s.Items {
		n += it.Quantity
	}
	return n
}
