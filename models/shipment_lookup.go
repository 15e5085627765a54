package models

import (
	"context"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
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

// searchShipments limits a query to the parcels that a question finds: those
// that bear it as their tracking number, however that is printed, and only where
// there is none, all of the orders that its words find.
func (db *DB) searchShipments(ctx context.Context, q *gorm.DB, scope Scope, question string) (*gorm.DB, error) {
	if IsID(PrefixShipment, question) {
		return q.Where("id = ?", question), nil
	}
	if numbers := numberSpellings(question); len(numbers) > 0 {
		found, err := all[Shipment](bearing(scope.in(db.q(ctx), "merchant_id").Select("id"), numbers).Limit(1))
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return bearing(q, numbers), nil
		}
	}
	return db.search(ctx, q, scope, "shipments", question), nil
}

// Bounds of tracking numbers, with what is printed between their parts.
const (
	minNumber  = 4
	maxNumber  = 50
	maxPrinted = 4 * maxNumber // bytes
)

// numberSpellings are the ways to write a tracking number that is asked for:
// as it stands, since an import keeps what another system wrote, and without
// what print and paste put into it, dashes last; none when it can be no number.
func numberSpellings(question string) []string {
	question = strings.TrimSpace(cleanText(question))
	if len(question) > maxPrinted {
		return nil
	}
	plain := NormalTrackingNumber(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r): // soft hyphens, blanks without width
			return -1
		case r == '−' || unicode.Is(unicode.Pd, r):
			return '-'
		default:
			return r
		}
	}, norm.NFKC.String(question)))
	if len(plain) < minNumber || len(plain) > maxNumber || !strings.ContainsAny(plain, "0123456789") {
		return nil
	}
	spellings := []string{question, plain, strings.ReplaceAll(plain, "-", "")}
	slices.Sort(spellings)
	return slices.Compact(spellings)
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
