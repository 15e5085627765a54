package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// ContradictAttempt stores that an attempt which counted as failed has taken
// the money after all; false when it did not count as failed. It is the one
// move against the table: what the provider proves is the truth.
func (tx *Tx) ContradictAttempt(id string, to AttemptStatus, c AttemptChange) (bool, error) {
	if err := tx.lockPaymentOf(id); err != nil {
		return false, err
	}
	set := map[string]any{
		"status": to, "finished_at": tx.now, "code": c.Code, "message": c.Message, "class": "",
	}
	if c.Raw != "" {
		set["raw"] = c.Raw
	}
	if c.ProviderReference != "" {
		set["provider_reference"] = c.ProviderReference
	}
	return tx.update("attempts", set, "id = ? AND status IN ?", id, []AttemptStatus{AttemptNotSent, AttemptDeclined})
}

// WithdrawQueued takes back a payment's attempt that no worker has taken yet;
// false when there is none.
func (tx *Tx) WithdrawQueued(paymentID, code, message string) (bool, error) {
	if _, err := tx.Payment(AllMerchants(), paymentID); err != nil {
		return false, err
	}
	return tx.update("attempts", map[string]any{
		"status": AttemptNotSent, "finished_at": tx.now, "lease_until": nil, "code": code, "message": message,
	}, "payment_id = ? AND status = ?", paymentID, AttemptQueued)
}

// OpenAttempt loads the payment's attempt that may still move money.
func (tx *Tx) OpenAttempt(paymentID string) (*Attempt, error) {
	return first[Attempt](tx.q().Where("payment_id = ? AND status IN ?", paymentID,
		[]AttemptStatus{AttemptQueued, AttemptSending, AttemptRequiresAction, AttemptUnknown}))
}

// OtherCharge loads the payment's charge, beside one attempt, that took or
// reserved the money.
func (tx *Tx) OtherCharge(paymentID, attemptID string) (*Attempt, error) {
	return first[Attempt](tx.q().Where("payment_id = ? AND kind = ? AND status IN ? AND id <> ?", paymentID, KindCharge,
		[]AttemptStatus{AttemptSucceeded, AttemptAuthorized}, attemptID).Order("number DESC"))
}

// SetGateway makes an account the one that holds the payment's money.
func (tx *Tx) SetGateway(p *Payment, accountID *string) error {
	_, err := tx.update("payments", map[string]any{"gateway_account_id": accountID}, "id = ?", p.ID)
	if err == nil {
		p.GatewayAccountID = accountID
	}
	return err
}

// AttemptByReference finds a charge by the provider's own reference.
func (tx *Tx) AttemptByReference(accountID, reference string) (*Attempt, error) {
	return first[Attempt](tx.q().Where("gateway_account_id = ? AND kind = ? AND provider_reference = ?",
		accountID, KindCharge, reference))
}

// ChargeAttempt loads the attempt that authorized or took the payment.
func (db *DB) ChargeAttempt(ctx context.Context, paymentID string) (*Attempt, error) {
	return chargeAttempt(db.q(ctx), paymentID)
}

// ChargeAttempt is DB.ChargeAttempt inside the transaction.
func (tx *Tx) ChargeAttempt(paymentID string) (*Attempt, error) {
	return chargeAttempt(tx.q(), paymentID)
}

func chargeAttempt(q *gorm.DB, paymentID string) (*Attempt, error) {
	return first[Attempt](q.Where("payment_id = ? AND kind = ? AND status IN ?", paymentID, KindCharge,
		[]AttemptStatus{AttemptSucceeded, AttemptAuthorized}).Order("number DESC"))
}

// ChargesSince loads what matters of a payment's charges since the last that a
// person or the shop asked for, newest first: what automatic retries count.
func (tx *Tx) ChargesSince(paymentID string) ([]Attempt, error) {
	attempts, err := all[Attempt](tx.q().Select("id", "number", "kind", "status", "cause", "class", "gateway_account_id").
		Where("payment_id = ? AND kind = ?", paymentID, KindCharge).Order("number DESC").Limit(100))
	if err != nil {
		return nil, err
	}
	for i, a := range attempts {
		if a.Cause == CauseManualRetry || a.Cause == CauseAPI {
			return attempts[:i+1], nil
		}
	}
	return attempts, nil
}

// CountDeclined counts the refusals of a merchant's payment method since a
// time, over all payments, as card networks do; amount limits it to payments of
// one amount unless it is 0.
func (tx *Tx) CountDeclined(merchantID, token string, since time.Time, amount int64) (int, error) {
	return countDeclined(tx.q(), merchantID, token, since, amount)
}

// CountDeclined is Tx.CountDeclined outside a transaction.
func (db *DB) CountDeclined(ctx context.Context, merchantID, token string, since time.Time, amount int64) (int, error) {
	return countDeclined(db.q(ctx), merchantID, token, since, amount)
}

func countDeclined(q *gorm.DB, merchantID, token string, since time.Time, amount int64) (int, error) {
	q = q.Table("attempts").Joins("JOIN payments ON payments.id = attempts.payment_id").
		Where("payments.merchant_id = ? AND payments.method_token = ?", merchantID, token).
		Where("attempts.kind = ? AND attempts.status = ? AND attempts.started_at >= ?", KindCharge, AttemptDeclined, since)
	if amount > 0 {
		q = q.Where("payments.amount = ?", amount)
	}
	var n int64
	if err := q.Count(&n).Error; err != nil {
		return 0, fmt.Errorf("count refusals: %w", err)
	}
	return int(n), nil
}

// RequeueRetries plans the automatic retries anew whose job was lost: those
// that should have been made long ago. It returns how many.
func (tx *Tx) RequeueRetries(limit int) (int, error) {
	overdue, err := all[Payment](tx.q().Select("id", "attempts", "next_retry_at").Clauses(skipLocked).
		Where("next_retry_at IS NOT NULL AND next_retry_at < ?", tx.now.Add(-inquiryPatience)).
		Order("next_retry_at").Limit(limit))
	if err != nil {
		return 0, err
	}
	for i := range overdue {
		p := &overdue[i]
		ok, err := tx.update("payments", map[string]any{"next_retry_at": tx.now},
			"id = ? AND attempts = ? AND next_retry_at = ?", p.ID, p.Attempts, p.NextRetryAt)
		if err != nil {
			return 0, err
		}
		if ok {
			tx.Enqueue(RetryArgs{PaymentID: p.ID, After: p.Attempts})
		}
	}
	return len(overdue), nil
}
