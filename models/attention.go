package models

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// CountLimit is how far waiting things are counted: beyond it there are "more
// than that", and counting stays cheap however many there are.
const CountLimit = 999

// Attention is what waits for a human, counted up to CountLimit+1.
type Attention struct {
	FailedPayments    int // of orders that are still to be paid, within recently
	UnknownPayments   int
	ReviewPayments    int
	IssuePayments     int // flagged, whatever their status
	Disputes          int // that can still be answered
	Parcels           int // exceptions, failed deliveries, and late ones under way
	FailingDeliveries int // being retried
	LostDeliveries    int // given up, within recently
}

// recently is how far back failures are a task and not history.
const recently = 30 * 24 * time.Hour

var (
	troubledShipments = []string{ShipmentException, ShipmentDeliveryFailed}
	openShipments     = []string{
		ShipmentUnknown, ShipmentInfoReceived, ShipmentPickedUp, ShipmentInTransit, ShipmentOutForDelivery,
		ShipmentAvailableForPickup,
	}
)

// Attention counts what waits for a human in the scope.
func (db *DB) Attention(ctx context.Context, scope Scope) (Attention, error) {
	var a Attention
	for _, part := range []struct {
		into *int
		from *gorm.DB
	}{
		{&a.FailedPayments, db.failedPayments(ctx, scope)},
		{&a.UnknownPayments, scope.in(db.q(ctx).Model(&Payment{}), "merchant_id").Where("status = ?", PaymentUnknown)},
		{&a.ReviewPayments, scope.in(db.q(ctx).Model(&Payment{}), "merchant_id").Where("status = ?", PaymentNeedsReview)},
		{&a.IssuePayments, scope.in(db.q(ctx).Model(&Payment{}), "merchant_id").Where("issue <> ''")},
		{&a.Disputes, scope.in(db.q(ctx).Model(&Dispute{}), "merchant_id").Where("closed_at IS NULL AND status IN ?", answerable)},
		{&a.Parcels, db.troubled(ctx, scope)},
		{&a.FailingDeliveries, scope.in(db.q(ctx).Model(&Delivery{}), "merchant_id").Where("status = ?", DeliveryRetrying)},
		{&a.LostDeliveries, scope.in(db.q(ctx).Model(&Delivery{}), "merchant_id").
			Where("status = ? AND id >= ?", DeliveryExhausted, idBound(PrefixDelivery, db.Now().Add(-recently)))},
	} {
		var n int64
		if err := db.q(ctx).Table("(?) AS found", part.from.Select("1 AS one").Limit(CountLimit+1)).Count(&n).Error; err != nil {
			return a, fmt.Errorf("count what waits: %w", err)
		}
		*part.into = int(n)
	}
	return a, nil
}

// failedPayments are those of the last weeks whose order is still to be paid.
func (db *DB) failedPayments(ctx context.Context, scope Scope) *gorm.DB {
	return scope.in(db.q(ctx).Model(&Payment{}), "payments.merchant_id").
		Joins("JOIN orders ON orders.id = payments.order_id").
		Where("payments.status = ? AND payments.id >= ?", PaymentFailed, idBound(PrefixPayment, db.Now().Add(-recently))).
		Where("orders.status = ? AND orders.payment_state IN ?", OrderOpen, []string{"unpaid", "partly_paid"})
}

// troubled are the parcels that wait for a human.
func (db *DB) troubled(ctx context.Context, scope Scope) *gorm.DB {
	return scope.in(db.q(ctx).Model(&Shipment{}), "merchant_id").
		Where("status IN ? OR (late = ? AND status IN ?)", troubledShipments, true, openShipments)
}

// AttentionPayments lists payments that wait for a human, the most urgent kind
// first: needs_review, flagged ones, unknown, failed; each newest first.
func (db *DB) AttentionPayments(ctx context.Context, scope Scope, limit int) ([]Payment, error) {
	var found []Payment
	for _, kind := range []string{string(PaymentNeedsReview), DeskIssues, string(PaymentUnknown)} {
		rows, _, err := db.DeskPayments(ctx, scope, DeskFilter{Kind: kind}, Page{Limit: limit})
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if !slices.ContainsFunc(found, func(p Payment) bool { return p.ID == rows[i].ID }) {
				found = append(found, rows[i])
			}
		}
	}
	if len(found) >= limit {
		return found[:limit], nil
	}
	failed, err := all[Payment](db.failedPayments(ctx, scope).Select("payments.*").
		Order("payments.id DESC").Limit(limit - len(found)))
	for i := range failed {
		if failed[i].Issue == IssueNone { // otherwise it is among them
			found = append(found, failed[i])
		}
	}
	return found, err
}

// AttentionShipments lists parcels that wait for a human, newest first.
func (db *DB) AttentionShipments(ctx context.Context, scope Scope, limit int) ([]Shipment, error) {
	late := true
	var found []Shipment
	for _, f := range []ShipmentFilter{{Statuses: troubledShipments}, {Statuses: openShipments, Late: &late}} {
		rows, _, err := db.Shipments(ctx, scope, f, Page{Limit: limit})
		if err != nil {
			return nil, err
		}
		found = append(found, rows...)
	}
	slices.SortFunc(found, func(a, b Shipment) int { return cmp.Compare(b.ID, a.ID) })
	return found[:min(limit, len(found))], nil
}

// OrdersByID loads what lists say of orders: number, customer, amount.
func (db *DB) OrdersByID(ctx context.Context, scope Scope, ids []string) (map[string]Order, error) {
	found := make(map[string]Order, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	rows, err := all[Order](scope.in(db.q(ctx), "merchant_id").
		Select("id", "merchant_id", "number", "status", "currency", "amount", "customer_name", "customer_email", "payment_state", "shipping_state").
		Where("id IN ?", ids))
	for i := range rows {
		found[rows[i].ID] = rows[i]
	}
	return found, err
}

// OrderAddress loads where an order is sent to inside the transaction.
func (tx *Tx) OrderAddress(scope Scope, id string) (*Address, error) {
	o, err := first[Order](scope.in(tx.q(), "merchant_id").Select("id", "shipping_address").Where("id = ?", id))
	if err != nil {
		return nil, err
	}
	return &o.ShippingAddress, nil
}

// Recipient is where an order is sent to, and the customer's phone number as the
// shop wrote it.
type Recipient struct {
	Address

	Phone string
}

// OrderRecipients loads who gets the orders, by their ids.
func (db *DB) OrderRecipients(ctx context.Context, scope Scope, ids []string) (map[string]Recipient, error) {
	rows, err := all[Order](scope.in(db.q(ctx), "merchant_id").Select("id", "shipping_address", "customer_phone").Where("id IN ?", ids))
	found := make(map[string]Recipient, len(rows))
	for i := range rows {
		found[rows[i].ID] = Recipient{rows[i].ShippingAddress, rows[i].CustomerPhone}
	}
	return found, err
}

// StatDays are the first and the last day that have figures; empty without any.
func (db *DB) StatDays(ctx context.Context, scope Scope) (firstDay, lastDay string, err error) {
	var days struct{ First, Last *string }
	part := func(table string) *gorm.DB {
		return scope.in(db.q(ctx).Table(table), "merchant_id").Select("MIN(day) AS a, MAX(day) AS b")
	}
	err = db.q(ctx).Table("(? UNION ALL ?) AS s", part("daily_stats"), part("stat_deltas")).
		Select("MIN(a) AS first, MAX(b) AS last").Scan(&days).Error
	if err != nil {
		return "", "", fmt.Errorf("days with figures: %w", err)
	}
	if days.First == nil || days.Last == nil {
		return "", "", nil
	}
	return *days.First, *days.Last, nil
}

// UserCounts says how many users there are that may sign in, by role.
func (db *DB) UserCounts(ctx context.Context) (map[string]int, error) {
	var rows []struct {
		Role  string
		Count int
	}
	err := db.q(ctx).Model(&User{}).Where("disabled_at IS NULL").
		Select("role, COUNT(*) AS count").Group("role").Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("count users: %w", err)
	}
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.Role] = r.Count
	}
	return counts, nil
}
