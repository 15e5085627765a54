package models

import (
	"context"
	"slices"

	"gorm.io/gorm"
)

// OrdersByNumber loads what lists say of orders, by number.
func (db *DB) OrdersByNumber(ctx context.Context, scope Scope, numbers []string) (map[string]Order, error) {
	found := make(map[string]Order, len(numbers))
	for part := range slices.Chunk(numbers, maxIDs) {
		rows, err := all[Order](scope.in(db.q(ctx), "merchant_id").
			Select("id", "merchant_id", "number", "status", "customer_name", "shipping_address").Where("number IN ?", part))
		if err != nil {
			return nil, err
		}
		for i := range rows {
			found[rows[i].Number] = rows[i]
		}
	}
	return found, nil
}

// bearing limits a query to parcels that bear one of the numbers. They are looked
// up first: asked for in an order, SQLite would walk all of the merchant's.
func bearing(q *gorm.DB, numbers []string) *gorm.DB {
	return q.Where("id IN (SELECT id FROM shipments WHERE tracking_number IN ?)", numbers)
}

// ShipmentsByNumber loads, without their raw answers, the parcels that bear one
// of the tracking numbers.
func (db *DB) ShipmentsByNumber(ctx context.Context, scope Scope, numbers []string) ([]Shipment, error) {
	var found []Shipment
	for part := range slices.Chunk(numbers, maxIDs) {
		rows, err := all[Shipment](bearing(scope.in(db.q(ctx).Omit("raw"), "merchant_id"), part).Order("id"))
		if err != nil {
			return nil, err
		}
		found = append(found, rows...)
	}
	return found, nil
}
