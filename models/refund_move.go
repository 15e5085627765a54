package models

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// RefundChange is what a move writes beside the status; empty fields leave what
// is stored.
type RefundChange struct {
	Cause             string // what brought it about, kept on the event
	ProviderReference string
	Code              string
	Class             string
	Message           string
	LeaseUntil        *time.Time
	NextRetryAt       *time.Time
}

// MoveRefund brings a refund to another status, and with it the payment's and
// the order's amounts, the figures of the day, the event and its deliveries. It
// says false when the refund is not where the move may start: somebody else was
// first, or the news are stale.
func (tx *Tx) MoveRefund(id string, to RefundStatus, c RefundChange) (*Refund, bool, error) {
	before, err := tx.lockRefund(id)
	if err != nil {
		return nil, false, err
	}
	if !slices.Contains(refundMoves[to], before.Status) {
		return before, false, nil
	}
	after := *before
	after.Status, after.UpdatedAt = to, tx.now
	set := map[string]any{"status": to, "updated_at": tx.now, "lease_until": c.LeaseUntil, "next_retry_at": c.NextRetryAt}
	switch to {
	case RefundSending:
		if before.StartedAt == nil {
			set["started_at"] = tx.now
		}
	case RefundSucceeded, RefundFailed:
		set["finished_at"] = tx.now
	case RefundRequested: // a new try: what the last one came to is known
		after.Tries++
		set["tries"], set["idempotency_key"] = after.Tries, refundKey(id, after.Tries)
		set["started_at"], set["finished_at"], set["inquiries"] = nil, nil, 0
		set["provider_reference"], set["code"], set["class"], set["message"] = nil, "", "", ""
	case RefundPending, RefundUnknown:
	}
	for column, value := range map[string]string{
		"provider_reference": c.ProviderReference, "code": c.Code, "class": c.Class, "message": c.Message,
	} {
		if value != "" {
			set[column] = value
		}
	}
	ok, err := tx.update("refunds", set, "id = ? AND status = ?", id, before.Status)
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return before, false, Conflict("provider_reference_taken", "")
	}
	if err != nil {
		return nil, false, err
	}
	if !ok {
		return nil, false, ErrRaced
	}
	return tx.followRefund(before, &after, c.Cause)
}

// followRefund brings the amounts after a refund that moved.
func (tx *Tx) followRefund(before, after *Refund, cause string) (*Refund, bool, error) {
	given, reserved := after.given()-before.given(), after.reserved()-before.reserved()
	if reserved > 0 { // tried again: there must be enough left to give back
		if err := tx.reserveRefund(after.PaymentID, reserved); err != nil {
			return nil, false, err
		}
		reserved = 0
	}
	if given != 0 || reserved != 0 {
		_, err := tx.update("payments", map[string]any{
			"amount_refunded":       gorm.Expr("amount_refunded + ?", given),
			"amount_refund_pending": gorm.Expr("amount_refund_pending + ?", reserved),
			"version":               gorm.Expr("version + 1"), "updated_at": tx.now,
		}, "id = ?", after.PaymentID)
		if err != nil {
			return nil, false, err
		}
	}
	if given != 0 {
		_, err := tx.update("orders", map[string]any{
			"amount_refunded": gorm.Expr("amount_refunded + ?", given), "updated_at": tx.now,
		}, "id = ?", after.OrderID)
		if err != nil {
			return nil, false, err
		}
	}
	after, err := tx.Refund(AllMerchants(), after.ID)
	if err != nil {
		return nil, false, err
	}
	if err := tx.recount(after.MerchantID, refundFigures(before), refundFigures(after)); err != nil {
		return nil, false, err
	}
	tx.Announce(Hint{Topic: "payment", ID: after.PaymentID, MerchantID: after.MerchantID})
	if err := tx.recordRefund(after, cause); err != nil || given == 0 {
		return after, true, err
	}
	return after, true, tx.refreshOrder(after.OrderID)
}

// lockRefund loads a refund and, where the database can, locks its payment's
// row: before the order's, as everywhere.
func (tx *Tx) lockRefund(id string) (*Refund, error) {
	r, err := tx.Refund(AllMerchants(), id)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Payment(AllMerchants(), r.PaymentID); err != nil {
		return nil, fmt.Errorf("payment of refund %s: %w", id, err)
	}
	return tx.Refund(AllMerchants(), id)
}

// refundEvents maps a status to the event that tells of it.
var refundEvents = map[RefundStatus]string{RefundSucceeded: EventRefundSucceeded, RefundFailed: EventRefundFailed}

func (tx *Tx) recordRefund(r *Refund, cause string) error {
	eventType, told := refundEvents[r.Status]
	if !told {
		return nil
	}
	return tx.recordEvent(Event{
		MerchantID: r.MerchantID, Type: eventType, ObjectID: r.ID, OrderID: &r.OrderID, Cause: cause,
	}, refundJSON(r))
}
