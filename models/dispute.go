package models

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
)

// DisputeStatus is where a dispute stands.
type DisputeStatus string

// The statuses of disputes.
const (
	DisputeInquiry       DisputeStatus = "inquiry" // a question; no money has moved
	DisputeInquiryClosed DisputeStatus = "inquiry_closed"
	DisputeNeedsResponse DisputeStatus = "needs_response"
	DisputeUnderReview   DisputeStatus = "under_review"
	DisputeWon           DisputeStatus = "won"
	DisputeLost          DisputeStatus = "lost"
	DisputeExpired       DisputeStatus = "expired"
	DisputeAccepted      DisputeStatus = "accepted"
)

// DisputeStatuses lists all, in the order of a dispute's life.
var DisputeStatuses = []DisputeStatus{
	DisputeInquiry, DisputeInquiryClosed, DisputeNeedsResponse, DisputeUnderReview, DisputeWon, DisputeLost,
	DisputeExpired, DisputeAccepted,
}

// disputeMoves is the table of legal moves of a dispute, by target. Providers
// may tell of later statuses first, so that steps can be left out, but never
// taken back.
var disputeMoves = map[DisputeStatus][]DisputeStatus{
	DisputeInquiryClosed: {DisputeInquiry},
	DisputeNeedsResponse: {DisputeInquiry},
	DisputeUnderReview:   {DisputeInquiry, DisputeNeedsResponse},
	DisputeWon:           {DisputeInquiry, DisputeNeedsResponse, DisputeUnderReview},
	DisputeLost:          {DisputeInquiry, DisputeNeedsResponse, DisputeUnderReview, DisputeWon}, // a second chargeback
	DisputeExpired:       {DisputeInquiry, DisputeNeedsResponse, DisputeUnderReview},
	DisputeAccepted:      {DisputeInquiry, DisputeNeedsResponse, DisputeUnderReview},
}

// Closed says whether nothing can be done about the dispute any more.
func (s DisputeStatus) Closed() bool {
	switch s {
	case DisputeInquiryClosed, DisputeWon, DisputeLost, DisputeExpired, DisputeAccepted:
		return true
	default:
		return false
	}
}

// Dispute is a customer's objection to a charge, made at their bank.
type Dispute struct {
	ID                string `gorm:"primaryKey"`
	MerchantID        string
	PaymentID         string
	OrderID           string
	GatewayAccountID  string
	ProviderReference string
	Status            DisputeStatus
	Amount            int64 // minor units
	Currency          string
	Reason            string
	MoneyMoved        bool // the amount was taken back from the merchant
	RespondBy         *time.Time
	ToldAt            *time.Time // when the provider told what is stored; older news are stale
	ClosedAt          *time.Time
	CreatedAt         time.Time
	UpdatedAt         time.Time `gorm:"autoUpdateTime:false"`
}

// weight is what the dispute takes off the payment: while it is open about
// moved money, and for good when it was lost.
func (d *Dispute) weight() int64 {
	switch d.Status {
	case DisputeNeedsResponse, DisputeUnderReview, DisputeLost, DisputeExpired, DisputeAccepted:
		return d.Amount
	default:
		return 0
	}
}

// PutDispute stores what a provider tells of a dispute of the payment. It says
// false when that is not news, or older than what is stored.
func (tx *Tx) PutDispute(p *Payment, told Dispute) (*Dispute, bool, error) {
	if _, err := tx.Payment(AllMerchants(), p.ID); err != nil { // locks the row where the database can
		return nil, false, err
	}
	known, err := first[Dispute](tx.q().
		Where("gateway_account_id = ? AND provider_reference = ?", told.GatewayAccountID, told.ProviderReference))
	if errors.Is(err, ErrNotFound) {
		return tx.openDispute(p, told)
	}
	if err != nil {
		return nil, false, err
	}
	if told.ToldAt != nil && known.ToldAt != nil && told.ToldAt.Before(*known.ToldAt) {
		return known, false, nil
	}
	after := *known
	after.Amount, after.MoneyMoved = told.Amount, known.MoneyMoved || told.MoneyMoved
	if told.RespondBy != nil {
		after.RespondBy = told.RespondBy
	}
	if told.Status != known.Status {
		if !slices.Contains(disputeMoves[told.Status], known.Status) {
			return known, false, nil
		}
		after.Status = told.Status
	}
	if told.ToldAt != nil {
		after.ToldAt = told.ToldAt
	}
	if after.Amount == 0 {
		after.Amount = known.Amount
	}
	if after.Status.Closed() && after.ClosedAt == nil {
		after.ClosedAt = &tx.now
	}
	ok, err := tx.update("disputes", map[string]any{
		"status": after.Status, "amount": after.Amount, "money_moved": after.MoneyMoved, "respond_by": after.RespondBy,
		"closed_at": after.ClosedAt, "told_at": after.ToldAt, "updated_at": tx.now,
	}, "id = ? AND status = ?", known.ID, known.Status)
	if err != nil {
		return nil, false, err
	}
	if !ok {
		return nil, false, ErrRaced
	}
	if err := tx.recount(p.MerchantID, disputeFigures(known), disputeFigures(&after)); err != nil {
		return nil, false, err
	}
	event := ""
	if after.Status.Closed() && after.Status != known.Status { // what was won may be lost after all
		event = EventDisputeClosed
	}
	return &after, true, tx.followDispute(&after, after.weight()-known.weight(), event)
}

func (tx *Tx) openDispute(p *Payment, d Dispute) (*Dispute, bool, error) {
	d.ID = NewID(PrefixDispute)
	d.MerchantID, d.PaymentID, d.OrderID, d.CreatedAt, d.UpdatedAt = p.MerchantID, p.ID, p.OrderID, tx.now, tx.now
	if d.Status.Closed() {
		d.ClosedAt = &tx.now
	}
	if err := tx.create(&d); err != nil {
		return nil, false, err
	}
	if err := tx.recount(p.MerchantID, nil, disputeFigures(&d)); err != nil {
		return nil, false, err
	}
	if err := tx.followDispute(&d, d.weight(), EventDisputeOpened); err != nil || !d.Status.Closed() {
		return &d, true, err
	}
	return &d, true, tx.recordDispute(&d, EventDisputeClosed)
}

// followDispute brings the payment's and the order's amounts after a dispute.
func (tx *Tx) followDispute(d *Dispute, shift int64, event string) error {
	if shift != 0 {
		if _, err := tx.update("payments", map[string]any{
			"amount_disputed": gorm.Expr("amount_disputed + ?", shift), "updated_at": tx.now, "version": gorm.Expr("version + 1"),
		}, "id = ?", d.PaymentID); err != nil {
			return err
		}
		if _, err := tx.update("orders", map[string]any{
			"amount_disputed": gorm.Expr("amount_disputed + ?", shift), "updated_at": tx.now,
		}, "id = ?", d.OrderID); err != nil {
			return err
		}
	}
	tx.Announce(Hint{Topic: "payment", ID: d.PaymentID, MerchantID: d.MerchantID})
	if event != "" {
		if err := tx.recordDispute(d, event); err != nil {
			return err
		}
	}
	return tx.refreshOrder(d.OrderID)
}

func (tx *Tx) recordDispute(d *Dispute, event string) error {
	return tx.recordEvent(Event{
		MerchantID: d.MerchantID, Type: event, ObjectID: d.ID, OrderID: &d.OrderID, Cause: CauseProvider,
	}, disputeJSON(d))
}

// Disputes loads all disputes of a payment, oldest first.
func (db *DB) Disputes(ctx context.Context, scope Scope, paymentID string) ([]Dispute, error) {
	return all[Dispute](scope.in(db.q(ctx), "merchant_id").Where("payment_id = ?", paymentID).Order("id"))
}

// answerable are the statuses in which the shop has to answer; afterwards the
// bank decides.
var answerable = []DisputeStatus{DisputeInquiry, DisputeNeedsResponse}

// Answerable says whether the shop can still answer.
func (d *Dispute) Answerable() bool {
	return d.ClosedAt == nil && slices.Contains(answerable, d.Status)
}

// OpenDisputes lists the disputes that can still be answered, the most urgent
// first and those without a deadline last.
func (db *DB) OpenDisputes(ctx context.Context, scope Scope, limit int) ([]Dispute, error) {
	return all[Dispute](scope.in(db.q(ctx), "merchant_id").
		Where("closed_at IS NULL AND status IN ?", answerable).Order("respond_by IS NULL, respond_by, id").Limit(limit))
}

// DisputeJSON is a dispute as webhooks show it.
type DisputeJSON struct {
	ID                string        `json:"id"`
	PaymentID         string        `json:"payment_id"`
	OrderID           string        `json:"order_id"`
	Amount            int64         `json:"amount" doc:"Minor units of the currency"`
	Currency          string        `json:"currency"`
	Status            DisputeStatus `json:"status" enum:"inquiry,inquiry_closed,needs_response,under_review,won,lost,expired,accepted"`
	Reason            string        `json:"reason" doc:"The provider's code"`
	ProviderReference string        `json:"provider_reference"`
	RespondBy         *time.Time    `json:"respond_by" doc:"Until when it can be answered at the provider; null when it does not say"`
	ClosedAt          *time.Time    `json:"closed_at"`
	CreatedAt         time.Time     `json:"created_at"`
}

func disputeJSON(d *Dispute) DisputeJSON {
	return DisputeJSON{
		ID: d.ID, PaymentID: d.PaymentID, OrderID: d.OrderID, Amount: d.Amount, Currency: d.Currency, Status: d.Status,
		Reason: d.Reason, ProviderReference: d.ProviderReference, RespondBy: d.RespondBy, ClosedAt: d.ClosedAt, CreatedAt: d.CreatedAt,
	}
}
