package models

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// claimFor is how long a support agent's claim keeps others away.
const claimFor = 30 * time.Minute

// FlagPayment calls for a human, whatever the payment's status. The first issue
// stands until it is settled.
func (tx *Tx) FlagPayment(p *Payment, issue Issue) error {
	ok, err := tx.update("payments", map[string]any{
		"issue": issue, "updated_at": tx.now, "version": gorm.Expr("version + 1"),
	}, "id = ? AND issue = ''", p.ID)
	if err == nil && ok {
		p.Issue = issue
		p.Version++
		tx.Announce(Hint{Topic: "payment", ID: p.ID, MerchantID: p.MerchantID})
	}
	return err
}

// SettleIssue says that a human has dealt with a payment's issue.
func (tx *Tx) SettleIssue(p *Payment) error {
	ok, err := tx.update("payments", map[string]any{
		"issue": IssueNone, "updated_at": tx.now, "version": gorm.Expr("version + 1"),
	}, "id = ? AND issue = ?", p.ID, p.Issue)
	if err != nil {
		return err
	}
	if !ok || p.Issue == IssueNone {
		return Conflict("no_issue", string(p.Status))
	}
	tx.Announce(Hint{Topic: "payment", ID: p.ID, MerchantID: p.MerchantID})
	return nil
}

// ClaimPayment says that a user works on a payment. While somebody else's claim
// is younger than half an hour it is a conflict, claimed_by_other.
func (tx *Tx) ClaimPayment(p *Payment, userID string) error {
	ok, err := tx.update("payments", map[string]any{"claimed_by": userID, "claimed_at": tx.now},
		"id = ? AND (claimed_by IS NULL OR claimed_by = ? OR claimed_at < ?)", p.ID, userID, tx.now.Add(-claimFor))
	if err != nil {
		return err
	}
	if !ok {
		return Conflict("claimed_by_other", string(p.Status))
	}
	p.ClaimedBy, p.ClaimedAt = &userID, &tx.now
	tx.Announce(Hint{Topic: "payment", ID: p.ID, MerchantID: p.MerchantID})
	return nil
}

// ReleasePayment ends a claim, of whomever.
func (tx *Tx) ReleasePayment(p *Payment) error {
	_, err := tx.update("payments", map[string]any{"claimed_by": nil, "claimed_at": nil}, "id = ?", p.ID)
	tx.Announce(Hint{Topic: "payment", ID: p.ID, MerchantID: p.MerchantID})
	return err
}

// Claimant is the user who works on the payment now, or empty.
func (p *Payment) Claimant(now time.Time) string {
	if p.ClaimedBy == nil || p.ClaimedAt == nil || now.Sub(*p.ClaimedAt) > claimFor {
		return ""
	}
	return *p.ClaimedBy
}

// ClaimEnds is until when the payment's claim keeps others away; the zero time
// when nobody has claimed it.
func (p *Payment) ClaimEnds() time.Time {
	if p.ClaimedBy == nil || p.ClaimedAt == nil {
		return time.Time{}
	}
	return p.ClaimedAt.Add(claimFor)
}

// DeskFilter selects payments that wait for a human; empty fields select all.
type DeskFilter struct {
	Kind      string // one of DeskKinds
	Provider  string // kind of account
	Gateway   string // account id
	Class     string // of the failure; "technical" for those without one
	ClaimedBy string // user id
	Currency  string // amounts of different currencies do not compare
	AmountMin int64  // minor units
	AmountMax int64
	Created   Span
	Search    string
}

// DeskIssues is the Kind of payments that are flagged, whatever their status.
const DeskIssues = "issue"

// DeskKinds are the values of DeskFilter.Kind.
var DeskKinds = []string{string(PaymentNeedsReview), string(PaymentUnknown), string(PaymentFailed), DeskIssues}

// stillToBePaid leaves out failed payments whose order was paid by another one,
// or canceled: nobody has to do anything about them.
const stillToBePaid = `(status <> 'failed' OR issue <> '' OR EXISTS (SELECT 1 FROM orders
	WHERE orders.id = payments.order_id AND orders.status = 'open' AND orders.payment_state IN ('unpaid', 'partly_paid')))`

// DeskPayments lists the payments that wait for a human, newest first, with the
// next page's cursor.
func (db *DB) DeskPayments(ctx context.Context, scope Scope, f DeskFilter, p Page) ([]Payment, string, error) {
	q := scope.in(db.q(ctx), "merchant_id")
	switch f.Kind {
	case DeskIssues:
		q = q.Where("issue <> ''")
	case string(PaymentFailed), string(PaymentUnknown), string(PaymentNeedsReview):
		q = q.Where("status = ?", f.Kind).Where(stillToBePaid)
	default:
		q = q.Where("(status IN ('failed', 'unknown', 'needs_review') OR issue <> '')") // the words of the index payments_desk
		q = q.Where(stillToBePaid)
	}
	q = f.Created.in(q, PrefixPayment)
	q = equal(q, "gateway_account_id", f.Gateway)
	if f.Provider != "" {
		q = q.Where("gateway_account_id IN (?)", db.q(ctx).Table("gateway_accounts").Select("id").Where("kind = ?", f.Provider))
	}
	q = equal(q, "claimed_by", f.ClaimedBy)
	switch f.Class {
	case "":
	case "technical":
		q = q.Where("failure_class = ''")
	default:
		q = q.Where("failure_class = ?", f.Class)
	}
	q = equal(q, "currency", f.Currency)
	if f.AmountMin > 0 {
		q = q.Where("amount >= ?", f.AmountMin)
	}
	if f.AmountMax > 0 {
		q = q.Where("amount <= ?", f.AmountMax)
	}
	if IsID(PrefixPayment, f.Search) {
		q = q.Where("id = ?", f.Search)
	} else {
		q = db.search(ctx, q, scope, "payments", f.Search)
	}
	return page(q, p, PrefixPayment, func(p Payment) string { return p.ID })
}
