package models

import (
	"context"
	"errors"
	"time"
)

// PaymentStatus is where a payment stands.
type PaymentStatus string

// The statuses of payments.
const (
	PaymentPending        PaymentStatus = "pending"
	PaymentProcessing     PaymentStatus = "processing"
	PaymentRequiresAction PaymentStatus = "requires_action"
	PaymentAuthorized     PaymentStatus = "authorized"
	PaymentPaid           PaymentStatus = "paid"
	PaymentFailed         PaymentStatus = "failed"
	PaymentUnknown        PaymentStatus = "unknown"
	PaymentNeedsReview    PaymentStatus = "needs_review"
	PaymentVoided         PaymentStatus = "voided"
	PaymentCanceled       PaymentStatus = "canceled"
	PaymentExpired        PaymentStatus = "expired"
)

// PaymentStatuses lists all, in the order of a payment's life.
var PaymentStatuses = []PaymentStatus{
	PaymentPending, PaymentProcessing, PaymentRequiresAction, PaymentAuthorized, PaymentPaid, PaymentFailed,
	PaymentUnknown, PaymentNeedsReview, PaymentVoided, PaymentCanceled, PaymentExpired,
}

// How a payment takes the money.
const (
	CaptureAutomatic = "automatic"
	CaptureManual    = "manual"
)

// Issue is what is wrong with a payment whatever its status; a human settles it.
type Issue string

// The issues of payments.
const (
	IssueNone           Issue = ""
	IssueChargedTwice   Issue = "charged_twice"   // two attempts took the money
	IssueChargedAfter   Issue = "charged_after"   // taken after the payment had been ended otherwise
	IssueAmountDiffers  Issue = "amount_differs"  // the provider took another amount than asked
	IssueCaptureFailed  Issue = "capture_failed"  // the provider took a capture back
	IssueRefundUnknown  Issue = "refund_unknown"  // what became of a refund cannot be found out
	IssueRefundReversed Issue = "refund_reversed" // a refund that had succeeded came back
)

// Failure is why a payment did not succeed.
type Failure struct {
	Code    string
	Class   string // never, fix_data, later, generic; empty for technical failures
	Message string
}

// NextAction is what the customer must do; the zero value is nothing.
type NextAction struct {
	Type      string    `json:"type,omitempty"`
	URL       string    `json:"url,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Payment is one taking of money for an order; amounts are minor units.
type Payment struct {
	ID               string `gorm:"primaryKey"`
	MerchantID       string
	OrderID          string
	GatewayAccountID *string
	Status           PaymentStatus
	Amount           int64
	Currency         string
	AmountCaptured   int64
	AmountRefunded   int64
	// Minor units that refunds under way may still give back.
	AmountRefundPending int64
	AmountDisputed      int64
	Capture             string
	MethodType          string
	MethodToken         string
	MethodCustomer      string // the provider's own reference of whom the token belongs to
	ReturnURL           string
	Description         string
	Metadata            map[string]string `gorm:"serializer:json"`
	Failure             Failure           `gorm:"embedded;embeddedPrefix:failure_"`
	RetryAfter          *time.Time
	NextAction          NextAction `gorm:"serializer:json"`
	NextRetryAt         *time.Time
	Attempts            int
	Issue               Issue   // what a human must look at although the status is settled
	ClaimedBy           *string // the user who works on it
	ClaimedAt           *time.Time
	Version             int64
	SettledAt           *time.Time // when it last became paid, authorized or failed
	CreatedAt           time.Time
	UpdatedAt           time.Time `gorm:"autoUpdateTime:false"`
}

// CreatePayment adds a pending payment and holds its amount on the order, so
// that payments made at the same time cannot take more than the order costs.
func (tx *Tx) CreatePayment(p Payment) (*Payment, error) {
	if err := checkAmount("amount", p.Amount); err != nil {
		return nil, err
	}
	o, err := tx.order(MerchantScope(p.MerchantID), p.OrderID)
	if errors.Is(err, ErrNotFound) {
		return nil, Invalid("order_id", "unknown_order")
	}
	if err != nil {
		return nil, err
	}
	if o.Currency != p.Currency {
		return nil, Invalid("currency", "currency_mismatch")
	}
	if p.Metadata == nil {
		p.Metadata = map[string]string{}
	}
	p.ID, p.Status, p.CreatedAt, p.UpdatedAt = NewID(PrefixPayment), PaymentPending, tx.now, tx.now
	if err := tx.holdOrderAmount(p.OrderID, p.Amount); err != nil {
		return nil, err
	}
	if err := tx.create(&p); err != nil {
		return nil, err
	}
	tx.Announce(Hint{Topic: "payment", ID: p.ID, MerchantID: p.MerchantID, New: true})
	return &p, nil
}

// Payment loads one payment.
func (db *DB) Payment(ctx context.Context, scope Scope, id string) (*Payment, error) {
	return first[Payment](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// PaymentFilter selects payments; empty fields select all.
type PaymentFilter struct {
	OrderID  string
	Statuses []PaymentStatus
	Gateway  string // account id
	Search   string
	Created  Span
}

// Payments lists payments, newest first, with the next page's cursor.
func (db *DB) Payments(ctx context.Context, scope Scope, f PaymentFilter, p Page) ([]Payment, string, error) {
	q := scope.in(db.q(ctx), "merchant_id")
	q = f.Created.in(q, PrefixPayment)
	q = equal(q, "order_id", f.OrderID)
	q = equal(q, "gateway_account_id", f.Gateway)
	if len(f.Statuses) > 0 {
		q = q.Where("status IN ?", f.Statuses)
	}
	if IsID(PrefixPayment, f.Search) {
		q = q.Where("id = ?", f.Search)
	} else {
		q = db.search(ctx, q, scope, "payments", f.Search)
	}
	return page(q, p, PrefixPayment, func(p Payment) string { return p.ID })
}

// Payment loads a payment inside the transaction and, where the database can,
// locks its row.
func (tx *Tx) Payment(scope Scope, id string) (*Payment, error) {
	return first[Payment](scope.in(tx.q().Clauses(forUpdate), "merchant_id").Where("id = ?", id))
}
