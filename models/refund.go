package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
)

// RefundStatus is where a refund stands.
type RefundStatus string

// The statuses of refunds.
const (
	RefundRequested RefundStatus = "requested"
	RefundSending   RefundStatus = "sending"
	RefundPending   RefundStatus = "pending" // the provider is at it
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed"
	RefundUnknown   RefundStatus = "unknown" // may have been made: look it up, or repeat it under the same key
)

// RefundStatuses lists all, in the order of a refund's life.
var RefundStatuses = []RefundStatus{
	RefundRequested, RefundSending, RefundPending, RefundSucceeded, RefundFailed, RefundUnknown,
}

// refundMoves is the table of legal moves of a refund, by target. One that
// succeeded may still come back; one that failed is tried again under a new key.
var refundMoves = map[RefundStatus][]RefundStatus{
	RefundRequested: {RefundFailed, RefundSending}, // sending: provably not sent after all
	RefundSending:   {RefundRequested, RefundUnknown},
	RefundPending:   {RefundSending, RefundUnknown},
	RefundSucceeded: {RefundSending, RefundPending, RefundUnknown},
	RefundFailed:    {RefundRequested, RefundSending, RefundPending, RefundUnknown, RefundSucceeded},
	RefundUnknown:   {RefundSending},
}

// RefundMoves returns a copy of the table of legal moves, for documents and tests.
func RefundMoves() map[RefundStatus][]RefundStatus {
	out := make(map[RefundStatus][]RefundStatus, len(refundMoves))
	for to, from := range refundMoves {
		out[to] = slices.Clone(from)
	}
	return out
}

// Refund gives back a part of a payment. Its amount is reserved on the payment
// until it has failed.
type Refund struct {
	ID                string `gorm:"primaryKey"`
	MerchantID        string
	PaymentID         string
	OrderID           string
	GatewayAccountID  *string
	Status            RefundStatus
	Amount            int64 // minor units
	Currency          string
	Reason            string
	Cause             string // api, manual, or provider: made at the provider itself
	ActorID           string
	IdempotencyKey    string // the same until the outcome is known, another for a new try
	ProviderReference *string
	Code              string
	Class             string
	Message           string
	Tries             int
	Inquiries         int
	NextRetryAt       *time.Time
	LeaseUntil        *time.Time
	CreatedAt         time.Time
	StartedAt         *time.Time
	FinishedAt        *time.Time
	UpdatedAt         time.Time `gorm:"autoUpdateTime:false"`
}

// CauseProvider is the cause of refunds that were made at the provider itself.
const CauseProvider = "provider"

// Open says whether a refund of the status may still give money back.
func (s RefundStatus) Open() bool {
	return s == RefundRequested || s == RefundSending || s == RefundPending || s == RefundUnknown
}

// reserved is what the refund may still give back.
func (r *Refund) reserved() int64 {
	if r.Status.Open() {
		return r.Amount
	}
	return 0
}

func (r *Refund) given() int64 {
	if r.Status == RefundSucceeded {
		return r.Amount
	}
	return 0
}

// CreateRefund reserves an amount of a paid payment and adds the refund with
// the job that sends it. More than what is left is invalid, refund_too_large; a
// payment that is not paid or is disputed is a conflict.
func (tx *Tx) CreateRefund(p *Payment, r Refund) (*Refund, error) {
	if err := checkAmount("amount", r.Amount); err != nil {
		return nil, err
	}
	if err := tx.reserveRefund(p.ID, r.Amount); err != nil {
		return nil, err
	}
	r.ID = NewID(PrefixRefund)
	r.MerchantID, r.PaymentID, r.OrderID, r.GatewayAccountID = p.MerchantID, p.ID, p.OrderID, p.GatewayAccountID
	r.Status, r.Currency, r.CreatedAt, r.UpdatedAt = RefundRequested, p.Currency, tx.now, tx.now
	r.IdempotencyKey = refundKey(r.ID, 1)
	r.Tries = 1
	patience := tx.now.Add(queuedPatience)
	r.LeaseUntil = &patience
	if err := tx.create(&r); err != nil {
		return nil, err
	}
	tx.Enqueue(RefundArgs{RefundID: r.ID})
	tx.Announce(Hint{Topic: "payment", ID: p.ID, MerchantID: p.MerchantID})
	return &r, nil
}

// RecordRefund adds a refund that was made at the provider itself, which no
// reservation could hold back; false when its reference is known already.
func (tx *Tx) RecordRefund(p *Payment, r Refund) (*Refund, bool, error) {
	known, err := first[Refund](tx.q().Where("gateway_account_id = ? AND provider_reference = ?", p.GatewayAccountID, r.ProviderReference))
	if err == nil {
		return known, false, nil
	}
	if !errors.Is(err, ErrNotFound) {
		return nil, false, err
	}
	if err := tx.reserveRefund(p.ID, r.Amount); err != nil {
		return nil, false, err
	}
	r.ID = NewID(PrefixRefund)
	r.MerchantID, r.PaymentID, r.OrderID, r.GatewayAccountID = p.MerchantID, p.ID, p.OrderID, p.GatewayAccountID
	r.Status, r.Currency, r.CreatedAt, r.UpdatedAt = RefundSending, p.Currency, tx.now, tx.now
	r.Cause, r.IdempotencyKey, r.Tries, r.StartedAt = CauseProvider, refundKey(r.ID, 1), 1, &tx.now
	return &r, true, tx.create(&r)
}

// reserveRefund holds an amount of what a payment took. The guarded update is
// what keeps two refunds from giving back more than was taken.
func (tx *Tx) reserveRefund(paymentID string, amount int64) error {
	ok, err := tx.update("payments", map[string]any{
		"amount_refund_pending": gorm.Expr("amount_refund_pending + ?", amount),
		"version":               gorm.Expr("version + 1"), "updated_at": tx.now,
	}, "id = ? AND status = ? AND amount_disputed = 0 AND amount_refunded + amount_refund_pending + ? <= amount_captured",
		paymentID, PaymentPaid, amount)
	if err != nil || ok {
		return err
	}
	p, err := tx.Payment(AllMerchants(), paymentID)
	if err != nil {
		return err
	}
	if refusal := p.RefundRefusal(amount); refusal != nil {
		return refusal
	}
	return ErrRaced
}

// Refundable is what may still be given back, in minor units.
func (p *Payment) Refundable() int64 {
	if p.Status != PaymentPaid || p.AmountDisputed > 0 {
		return 0
	}
	return p.AmountCaptured - p.AmountRefunded - p.AmountRefundPending
}

// RefundRefusal says why an amount must not be refunded, or nil.
func (p *Payment) RefundRefusal(amount int64) *Error {
	switch {
	case p.Status != PaymentPaid:
		return Conflict("payment_not_paid", string(p.Status))
	case p.AmountDisputed > 0:
		return Conflict("payment_disputed", string(p.Status))
	case amount > p.Refundable():
		return Invalid("amount", "refund_too_large")
	}
	return nil
}

func refundKey(id string, try int) string { return fmt.Sprintf("%s-%d", id, try) }

// Refund loads one refund.
func (db *DB) Refund(ctx context.Context, scope Scope, id string) (*Refund, error) {
	return first[Refund](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// Refunds lists refunds, newest first, of one payment or all, with the next
// page's cursor.
func (db *DB) Refunds(ctx context.Context, scope Scope, paymentID string, p Page) ([]Refund, string, error) {
	q := equal(scope.in(db.q(ctx), "merchant_id"), "payment_id", paymentID)
	return page(q, p, PrefixRefund, func(r Refund) string { return r.ID })
}

// Refund loads a refund inside the transaction, for background work.
func (tx *Tx) Refund(scope Scope, id string) (*Refund, error) {
	return first[Refund](scope.in(tx.q(), "merchant_id").Where("id = ?", id))
}

// RefundByReference finds a refund by the provider's own reference.
func (tx *Tx) RefundByReference(accountID, reference string) (*Refund, error) {
	return first[Refund](tx.q().Where("gateway_account_id = ? AND provider_reference = ?", accountID, reference))
}
