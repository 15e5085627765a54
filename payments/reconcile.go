package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/models"
)

// once is the number of an inquiry that somebody asked for: it plans no next one.
const once = 0

// Reconcile asks the provider what became of an attempt whose outcome is open
// and stores the answer. While there is none it plans the next inquiry, and
// after the last one leaves the payment to a human.
func (s *Service) Reconcile(ctx context.Context, attemptID string, inquiry int) error {
	a, err := s.db.Attempt(ctx, attemptID)
	if errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if a.Status != models.AttemptUnknown && a.Status != models.AttemptRequiresAction {
		return nil
	}
	p, err := s.db.Payment(ctx, models.MerchantScope(a.MerchantID), a.PaymentID)
	if err != nil {
		return err
	}
	result, latency := s.lookup(ctx, p, a)
	if s.conclusive(p, a, result) {
		return s.settle(ctx, a, result, latency)
	}
	return s.askAgain(ctx, a, inquiry, result.Outcome)
}

func (s *Service) lookup(ctx context.Context, p *models.Payment, a *models.Attempt) (Result, time.Duration) {
	provider, account, charge, err := s.prepare(ctx, p, a)
	if err != nil {
		s.log.ErrorContext(ctx, "look-up impossible", "attempt", a.ID, "error", err)
		return Result{Outcome: OutcomeUnknown}, 0
	}
	call, cancel := context.WithTimeout(ctx, s.policy.Timeout)
	defer cancel()
	start := time.Now()
	return provider.Lookup(call, account, charge), time.Since(start)
}

// conclusive says whether a look-up settles the attempt. That a provider does
// not know a charge is proof only once the request cannot be on its way any
// more; that it could not be asked proves nothing.
func (s *Service) conclusive(p *models.Payment, a *models.Attempt, r Result) bool {
	switch r.Outcome {
	case OutcomeSucceeded, OutcomeAuthorized, OutcomeDeclined:
		return true
	case OutcomeRequiresAction:
		return a.Status == models.AttemptUnknown && p.Status != models.PaymentNeedsReview
	case OutcomeNotFound:
		return a.StartedAt == nil || s.db.Now().Sub(*a.StartedAt) >= s.policy.Settle
	case OutcomeNotSent, OutcomeProcessing, OutcomeUnknown:
	}
	return false
}

// askAgain plans the inquiry after this one, or calls for a human. What the
// provider does not know is asked for again at the latest when that is proof.
func (s *Service) askAgain(ctx context.Context, a *models.Attempt, inquiry int, answer Outcome) error {
	waits := s.policy.Inquiries
	if a.Status == models.AttemptRequiresAction {
		waits = s.policy.Actions
	}
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		if inquiry == once {
			return nil
		}
		if inquiry < len(waits) {
			at := tx.Now().Add(waits[inquiry])
			if answer == OutcomeNotFound && a.StartedAt != nil {
				proof := a.StartedAt.Add(s.policy.Settle)
				if proof.After(tx.Now()) && proof.Before(at) {
					at = proof
				}
			}
			return tx.PlanInquiry(a.ID, inquiry, at)
		}
		if err := tx.EndInquiries(a.ID, inquiry); err != nil {
			return err
		}
		return s.giveUp(tx, a)
	})
	if err != nil {
		return fmt.Errorf("plan inquiry %d of attempt %s: %w", inquiry+1, a.ID, err)
	}
	return nil
}

// giveUp leaves an attempt that no inquiry could settle to a human.
func (s *Service) giveUp(tx *models.Tx, a *models.Attempt) error {
	p, err := tx.Payment(models.AllMerchants(), a.PaymentID)
	if err != nil {
		return err
	}
	current, err := tx.Attempt(a.ID)
	if err != nil || current.Status != a.Status || p.Status == models.PaymentNeedsReview {
		return err // it was settled or left to a human meanwhile
	}
	if a.Status == models.AttemptRequiresAction {
		if _, err := tx.MoveAttempt(a.ID, models.AttemptUnknown, models.AttemptChange{}); err != nil {
			return err
		}
	}
	change := models.PaymentChange{Cause: "inquiries_exhausted", Failure: models.Failure{
		Code: "outcome_unknown", Message: "The provider does not say whether the customer was charged.",
	}}
	if p.Status != models.PaymentUnknown {
		if _, err := tx.MovePayment(p.ID, models.PaymentUnknown, change); err != nil {
			return err
		}
	}
	_, err = tx.MovePayment(p.ID, models.PaymentNeedsReview, change)
	return err
}

// rescueBatch bounds one look for stalled attempts.
const rescueBatch = 200

// Rescue finds attempts whose worker died. Those that were not sent yet, or wait
// for an inquiry, get a new job. What became of those that were being sent is
// unknown: they are looked up, never sent again.
func (s *Service) Rescue(ctx context.Context) error {
	stalled, err := s.db.StalledAttempts(ctx, rescueBatch)
	if err != nil {
		return err
	}
	var errs []error
	for i := range stalled { // one that cannot be rescued must not keep the others waiting
		errs = append(errs, s.rescue(ctx, &stalled[i]))
	}
	return errors.Join(errs...)
}

func (s *Service) rescue(ctx context.Context, a *models.Attempt) error {
	if a.Status != models.AttemptSending {
		err := s.db.Write(ctx, func(tx *models.Tx) error { return tx.RequeueAttempt(a) })
		if err != nil {
			return fmt.Errorf("queue attempt %s again: %w", a.ID, err)
		}
		return nil
	}
	s.log.WarnContext(ctx, "attempt was interrupted", "attempt", a.ID, "payment", a.PaymentID)
	return s.settle(ctx, a, Result{
		Outcome: OutcomeUnknown, Code: "interrupted",
		Message: "Tillpost was stopped before the provider's answer was stored.",
	}, 0)
}
