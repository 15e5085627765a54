package models

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// ImportedOrder is an order of another system with all that belongs to it.
// Ids, counters and the merchant are set by ImportOrders; everything else, the
// times of creation too, tells what happened there.
type ImportedOrder struct {
	Order    Order
	Items    []OrderItem
	Payments []Payment
	Parcels  []ImportedParcel
}

// ImportedParcel is a parcel with its scans.
type ImportedParcel struct {
	Shipment

	Events []TrackingEvent
}

// ImportOrders adds finished history to a merchant and returns the orders that
// it added: those whose number the merchant has already are left as they are.
// Counters and figures become what they would be had Tillpost been there, each
// on its own day. No event is recorded, so that nobody is told of old news,
// nobody is charged and no parcel is polled.
func (tx *Tx) ImportOrders(merchantID string, orders []ImportedOrder) ([]ImportedOrder, error) {
	loc, err := tx.db.location(tx, merchantID)
	if err != nil {
		return nil, err
	}
	numbers := make([]string, len(orders))
	for i := range orders {
		numbers[i] = orders[i].Order.Number
	}
	known, err := knownOrderNumbers(tx.q(), MerchantScope(merchantID), numbers)
	if err != nil {
		return nil, err
	}
	b := importBatch{tx: tx, merchantID: merchantID, loc: loc}
	var added []ImportedOrder
	for i := range orders {
		if known[numbers[i]] {
			continue
		}
		known[numbers[i]] = true
		b.add(&orders[i])
		added = append(added, orders[i])
	}
	return added, b.insert()
}

// KnownOrderNumbers says which of the numbers name orders that the scope sees.
func (db *DB) KnownOrderNumbers(ctx context.Context, scope Scope, numbers []string) (map[string]bool, error) {
	return knownOrderNumbers(db.q(ctx), scope, numbers)
}

func knownOrderNumbers(q *gorm.DB, scope Scope, numbers []string) (map[string]bool, error) {
	var found []string
	if err := scope.in(q.Table("orders"), "merchant_id").Where("number IN ?", numbers).Pluck("number", &found).Error; err != nil {
		return nil, fmt.Errorf("look up order numbers: %w", err)
	}
	known := make(map[string]bool, len(numbers))
	for _, number := range found {
		known[number] = true
	}
	return known, nil
}

// PaymentSum is what payments of one type in one currency come to.
type PaymentSum struct {
	MethodType string
	Currency   string
	Count      int64
	Amount     int64
}

// PaymentSums adds up all payments, whatever their status, of the orders with
// the numbers, by type and currency.
func (db *DB) PaymentSums(ctx context.Context, scope Scope, numbers []string) ([]PaymentSum, error) {
	orders := scope.in(db.q(ctx).Table("orders").Select("id"), "merchant_id").Where("number IN ?", numbers)
	var sums []PaymentSum
	err := db.q(ctx).Table("payments").
		Select("method_type, currency, COUNT(*) AS count, SUM(amount) AS amount").
		Where("order_id IN (?)", orders).
		Group("method_type, currency").Order("method_type, currency").Find(&sums).Error
	if err != nil {
		return nil, fmt.Errorf("sum payments: %w", err)
	}
	return sums, nil
}
