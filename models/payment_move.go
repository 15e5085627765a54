package models

import (
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// paymentMoves is the table of legal moves of a payment: for each status, the
// statuses that it may be reached from.
//
// paid has no way out here: refunds and disputes are objects of their own. A
// failed payment is reopened by a retry only; evidence that it was charged
// after all calls for a human. An authorized one is processing again while it
// is captured or voided, and authorized once more if that fails.
var paymentMoves = map[PaymentStatus][]PaymentStatus{
	PaymentProcessing:     {PaymentPending, PaymentFailed, PaymentRequiresAction, PaymentUnknown, PaymentAuthorized},
	PaymentRequiresAction: {PaymentProcessing, PaymentUnknown},
	PaymentAuthorized:     {PaymentProcessing, PaymentRequiresAction, PaymentUnknown, PaymentNeedsReview},
	PaymentPaid:           {PaymentProcessing, PaymentRequiresAction, PaymentAuthorized, PaymentUnknown, PaymentNeedsReview},
	PaymentFailed:         {PaymentPending, PaymentProcessing, PaymentRequiresAction, PaymentUnknown, PaymentNeedsReview},
	PaymentUnknown:        {PaymentProcessing, PaymentRequiresAction, PaymentNeedsReview},
	PaymentNeedsReview:    {PaymentUnknown, PaymentFailed, PaymentProcessing},
	PaymentVoided:         {PaymentAuthorized, PaymentProcessing, PaymentUnknown, PaymentNeedsReview},
	PaymentCanceled:       {PaymentPending, PaymentProcessing, PaymentRequiresAction},
	PaymentExpired:        {PaymentRequiresAction, PaymentAuthorized, PaymentUnknown},
}

// PaymentMoves returns a copy of the table of legal moves, for documents and tests.
func PaymentMoves() map[PaymentStatus][]PaymentStatus {
	out := make(map[PaymentStatus][]PaymentStatus, len(paymentMoves))
	for to, from := range paymentMoves {
		out[to] = slices.Clone(from)
	}
	return out
}

// PaymentChange is what a move writes beside the status.
type PaymentChange struct {
	Cause       string // what brought it about, kept on the event
	Captured    int64  // with PaymentPaid: minor units taken
	Failure     Failure
	RetryAfter  *time.Time
	NextAction  NextAction
	NextRetryAt *time.Time
}

// MovePayment brings a payment to another status, and with it the order's
// amounts, the figures of the day, the event and its deliveries. A move that
// the table forbids is a conflict, payment_status; a payment that becomes paid
// without an amount, or with more than its own, is invalid.
func (tx *Tx) MovePayment(id string, to PaymentStatus, change PaymentChange) (*Payment, error) {
	p, err := tx.Payment(AllMerchants(), id)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(paymentMoves[to], p.Status) {
		return nil, Conflict("payment_status", string(p.Status))
	}
	if to == PaymentPaid && (change.Captured <= 0 || change.Captured > p.Amount) {
		return nil, Invalid("captured", "amount_out_of_range")
	}
	before := *p
	p.Status, p.Failure, p.RetryAfter = to, change.Failure, change.RetryAfter
	p.NextAction, p.NextRetryAt = change.NextAction, change.NextRetryAt
	p.UpdatedAt = tx.now
	if to == PaymentPaid {
		p.AmountCaptured = change.Captured
	}
	if settled(to) {
		p.SettledAt = &tx.now
	}
	if err := tx.savePayment(p, before.Status); err != nil {
		return nil, err
	}
	if err := tx.shiftOrderAmounts(p.OrderID, before.Status, held(&before), to, held(p)); err != nil {
		return nil, err
	}
	if err := tx.recount(p.MerchantID, paymentFigures(&before), paymentFigures(p)); err != nil {
		return nil, err
	}
	tx.Announce(Hint{Topic: "payment", ID: p.ID, MerchantID: p.MerchantID})
	if err := tx.recordPayment(p, change.Cause); err != nil {
		return nil, err
	}
	return p, tx.refreshOrder(p.OrderID)
}

// savePayment writes a moved payment if nobody else moved it meanwhile.
func (tx *Tx) savePayment(p *Payment, from PaymentStatus) error {
	res := tx.q().Model(&Payment{ID: p.ID}). // not p, into which GORM would write
							Select("status", "failure_code", "failure_class", "failure_message", "retry_after", "next_action",
			"next_retry_at", "amount_captured", "settled_at", "updated_at", "version").
		Where("status = ? AND version = ?", from, p.Version).
		Updates(&Payment{
			Status: p.Status, Failure: p.Failure, RetryAfter: p.RetryAfter, NextAction: p.NextAction,
			NextRetryAt: p.NextRetryAt, AmountCaptured: p.AmountCaptured, SettledAt: p.SettledAt,
			UpdatedAt: p.UpdatedAt, Version: p.Version + 1,
		})
	if res.Error != nil {
		return fmt.Errorf("move payment %s: %w", p.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		return ErrRaced
	}
	p.Version++
	return nil
}

func settled(s PaymentStatus) bool {
	return s == PaymentPaid || s == PaymentAuthorized || s == PaymentFailed
}

// held is the amount that a payment keeps in the column of its status.
func held(p *Payment) int64 {
	if p.Status == PaymentPaid {
		return p.AmountCaptured
	}
	return p.Amount
}

// orderColumn names the order's column that a payment of the status counts in.
func orderColumn(s PaymentStatus) string {
	switch s {
	case PaymentPending, PaymentProcessing, PaymentRequiresAction, PaymentUnknown, PaymentNeedsReview:
		return "amount_pending"
	case PaymentAuthorized:
		return "amount_authorized"
	case PaymentPaid:
		return "amount_paid"
	default:
		return ""
	}
}

// shiftOrderAmounts moves a payment's amount between the order's columns. A
// payment that is tried again must find its amount still due; evidence that a
// failed one was charged after all is taken as it is, and may overpay the order.
func (tx *Tx) shiftOrderAmounts(orderID string, from PaymentStatus, before int64, to PaymentStatus, after int64) error {
	source, target := orderColumn(from), orderColumn(to)
	if source == target && (source == "" || before == after) {
		return nil
	}
	if source == "" && to == PaymentProcessing {
		return tx.holdOrderAmount(orderID, after)
	}
	set := map[string]any{"updated_at": tx.now}
	if source != "" {
		set[source] = gorm.Expr(source+" - ?", before)
	}
	if target != "" {
		set[target] = gorm.Expr(target+" + ?", after)
	}
	if source == target {
		set[source] = gorm.Expr(source+" + ?", after-before)
	}
	_, err := tx.update("orders", set, "id = ?", orderID)
	return err
}

// holdOrderAmount reserves an amount of an open order that is still due. The
// guarded update is what keeps two payments from paying one order twice.
func (tx *Tx) holdOrderAmount(orderID string, amount int64) error {
	ok, err := tx.update("orders",
		map[string]any{"amount_pending": gorm.Expr("amount_pending + ?", amount), "updated_at": tx.now},
		"id = ? AND status <> ? AND amount_pending + amount_authorized + amount_paid + ? <= amount",
		orderID, OrderCanceled, amount)
	if err != nil || ok {
		return err
	}
	o, err := tx.order(AllMerchants(), orderID)
	if err != nil {
		return err
	}
	if refusal := o.HoldRefusal(amount); refusal != nil {
		return refusal
	}
	return ErrRaced // it was due again by the time the order was read
}
