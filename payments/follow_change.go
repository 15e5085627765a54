package payments

import (
	"context"
	"fmt"

	"github.com/tillpost/tillpost/models"
)

// followChange moves a payment after a capture or void. One that fails leaves
// the payment authorized, as it was before; its attempt shows why.
func (s *Service) followChange(ctx context.Context, tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) error {
	move := func(to models.PaymentStatus, c models.PaymentChange) error {
		c.Cause = a.Cause
		_, err := tx.MovePayment(p.ID, to, c)
		return err
	}
	switch r.Outcome {
	case OutcomeSucceeded, OutcomeAuthorized:
		if a.Kind == models.KindVoid {
			return move(models.PaymentVoided, models.PaymentChange{})
		}
		if r.Amount == 0 {
			r.Amount = a.Amount
		}
		if err := move(models.PaymentPaid, models.PaymentChange{Captured: taken(p.Amount, r)}); err != nil {
			return err
		}
		return s.checkAmount(ctx, tx, p, a, a.Amount, r)
	case OutcomeDeclined:
		return move(models.PaymentAuthorized, models.PaymentChange{Failure: failure(r)})
	case OutcomeNotSent, OutcomeNotFound:
		return s.changeNotSent(tx, p, a, r)
	case OutcomeProcessing, OutcomeRequiresAction:
		return tx.PlanInquiry(a.ID, 0, tx.Now().Add(s.policy.Inquiries[0]))
	case OutcomeUnknown:
		if err := tx.PlanInquiry(a.ID, 0, tx.Now().Add(s.policy.Inquiries[0])); err != nil {
			return err
		}
		return move(models.PaymentUnknown, models.PaymentChange{Failure: failure(r)})
	case outcomeReview:
		return s.review(tx, p, models.PaymentChange{Cause: a.Cause, Failure: failure(r)})
	}
	return fmt.Errorf("provider answered with the unknown outcome %q", r.Outcome)
}

// changeNotSent tries a capture or void again that provably was not made, by
// the merchant's waits after technical failures.
func (s *Service) changeNotSent(tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) error {
	rules, err := s.rules(tx, p.MerchantID)
	if err != nil {
		return err
	}
	tries, err := tx.CountTrailing(p.ID, a.Kind, models.AttemptNotSent)
	if err != nil {
		return err
	}
	if p.Status == models.PaymentNeedsReview || r.rejected() || r.Misconfigured || tries > len(rules.Technical) {
		_, err := tx.MovePayment(p.ID, models.PaymentAuthorized, models.PaymentChange{Cause: a.Cause, Failure: failure(r)})
		return err
	}
	at := tx.Now().Add(max(rules.Technical[tries-1], min(r.RetryAfter, longestTechnicalWait)))
	tx.EnqueueAt(models.RetryArgs{PaymentID: p.ID, After: a.Number}, at)
	if p.Status != models.PaymentProcessing {
		_, err := tx.MovePayment(p.ID, models.PaymentProcessing, models.PaymentChange{Cause: a.Cause, NextRetryAt: &at})
		return err
	}
	return tx.NoteNextRetry(p.ID, at)
}
