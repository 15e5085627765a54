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
// after the last one leaves the payment to a human. A capture or void is sent
// again under its own key, which finds out as much.
func (s *Service) Reconcile(ctx context.Context, attemptID string, inquiry int) error {
	a, p, err := s.waiting(ctx, attemptID)
	if err != nil || a == nil {
		return err
	}
	leave, err := s.guards.enter(ctx, a.GatewayAccountID)
	if err != nil {
		return err
	}
	defer leave()
	o, err := s.prepare(ctx, p, a)
	if err != nil {
		s.log.ErrorContext(ctx, "look-up impossible", "attempt", a.ID, "error", err)
		return s.askAgain(ctx, a, p, inquiry, Result{Outcome: OutcomeUnknown})
	}
	result, told := s.call(ctx, o, lookupOf(a), a)
	if result.Code == codeBreakerOpen { // nothing was asked
		return BusyError{After: result.RetryAfter}
	}
	waits := result.Outcome == OutcomeRequiresAction || result.Outcome == OutcomeUnknown // not every provider can say it
	if waits && s.overdue(p, inquiry) {
		if _, ok := o.provider.(Canceler); ok {
			ended, more := s.call(ctx, o, purposeCancel, a)
			more.calls = append(told.calls, more.calls...)
			result, told = ended, more
		}
	}
	if s.conclusive(p, a, o.gateway, result) {
		return s.settle(ctx, a, result, told)
	}
	if err := s.keepCalls(ctx, told); err != nil {
		return err
	}
	return s.askAgain(ctx, a, p, inquiry, result)
}

func lookupOf(a *models.Attempt) string {
	if a.Kind == models.KindCharge {
		return purposeLookup
	}
	return a.Kind
}

// waiting loads an attempt whose outcome is open, with its payment.
func (s *Service) waiting(ctx context.Context, attemptID string) (*models.Attempt, *models.Payment, error) {
	a, err := s.db.Attempt(ctx, attemptID)
	if errors.Is(err, models.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if a.Status != models.AttemptUnknown && a.Status != models.AttemptRequiresAction {
		return nil, nil, nil
	}
	p, err := s.db.Payment(ctx, models.MerchantScope(a.MerchantID), a.PaymentID)
	return a, p, err
}

// keepCalls stores what was sent and answered when there is nothing else to store.
func (s *Service) keepCalls(ctx context.Context, told report) error {
	if len(told.calls) == 0 {
		return nil
	}
	return s.db.Write(ctx, func(tx *models.Tx) error { return tx.AddProviderCalls(told.calls) })
}

// actionMargin is what customers may be late with what they must do.
const actionMargin = 2 * time.Minute

// overdue says whether the customer's time to act is over.
func (s *Service) overdue(p *models.Payment, inquiry int) bool {
	if p.Status != models.PaymentRequiresAction {
		return false
	}
	expires := p.NextAction.ExpiresAt
	if !expires.IsZero() && s.db.Now().After(expires.Add(actionMargin)) {
		return true
	}
	return inquiry >= len(s.policy.Actions)
}

// conclusive says whether a look-up settles the attempt. That a provider does
// not know a charge is proof only once the request cannot be on its way any
// more, and of the account that it was sent to: not after the account was
// pointed somewhere else. That a provider could not be asked proves nothing.
func (s *Service) conclusive(p *models.Payment, a *models.Attempt, g *models.GatewayAccount, r Result) bool {
	switch r.Outcome {
	case OutcomeSucceeded, OutcomeAuthorized, OutcomeDeclined:
		return true
	case OutcomeRequiresAction:
		return a.Kind == models.KindCharge && a.Status == models.AttemptUnknown && p.Status != models.PaymentNeedsReview
	case OutcomeNotFound:
		if a.StartedAt == nil {
			return true
		}
		return !g.UpdatedAt.After(*a.StartedAt) && s.db.Now().Sub(*a.StartedAt) >= s.policy.Settle
	case OutcomeNotSent, OutcomeProcessing, OutcomeUnknown, outcomeReview:
	}
	return false
}

// moreInquiries is how often more a provider is asked that is still at it, or that
// was to end a charge whose customer did not come and has not said that it did.
const moreInquiries = 3

// askAgain plans the inquiry after this one, or calls for a human. What the
// provider does not know is asked for again at the latest when that is proof.
func (s *Service) askAgain(ctx context.Context, a *models.Attempt, p *models.Payment, inquiry int, answer Result) error {
	waits := s.policy.Inquiries
	if a.Status == models.AttemptRequiresAction {
		waits = s.policy.Actions
	}
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		if inquiry == once {
			return nil
		}
		longer := answer.Outcome == OutcomeProcessing || a.Status == models.AttemptRequiresAction
		if inquiry < len(waits) || longer && inquiry < len(waits)+moreInquiries {
			wait := waits[min(inquiry, len(waits)-1)]
			return tx.PlanInquiry(a.ID, inquiry, s.nextInquiry(tx.Now(), a, p, wait, answer))
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

func (s *Service) nextInquiry(now time.Time, a *models.Attempt, p *models.Payment, wait time.Duration, answer Result) time.Time {
	at := now.Add(max(wait, min(answer.RetryAfter, longestTechnicalWait)))
	soonest := func(t time.Time) {
		if t.After(now) && t.Before(at) {
			at = t
		}
	}
	if answer.Outcome == OutcomeNotFound && a.StartedAt != nil {
		soonest(a.StartedAt.Add(s.policy.Settle))
	}
	if expires := p.NextAction.ExpiresAt; a.Status == models.AttemptRequiresAction && !expires.IsZero() {
		soonest(expires.Add(actionMargin + time.Second))
	}
	return at
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
	change := models.PaymentChange{Cause: "inquiries_exhausted", Failure: models.Failure{
		Code: "outcome_unknown", Message: "The provider does not say whether the customer was charged.",
	}}
	if a.Status == models.AttemptRequiresAction {
		if _, err := tx.MoveAttempt(a.ID, models.AttemptUnknown, models.AttemptChange{}); err != nil {
			return err
		}
		change.Failure = models.Failure{
			Code: "action_not_finished", Message: "The customer has not confirmed the payment, and it could not be ended at the provider.",
		}
	}
	return s.review(tx, p, change)
}

// rescueBatch bounds one look for what was left.
const rescueBatch = 200

// Rescue finds attempts, refunds, retries, bulk retries and webhooks whose worker died. Those
// that were not sent yet, or wait for an inquiry, get a new job. What became of
// those that were being sent is unknown: they are looked up, never sent again.
func (s *Service) Rescue(ctx context.Context) error {
	var errs []error // one that cannot be rescued must not keep the others waiting
	stalled, err := s.db.StalledAttempts(ctx, rescueBatch)
	errs = append(errs, err)
	for i := range stalled {
		errs = append(errs, s.rescue(ctx, &stalled[i]))
	}
	refunds, err := s.db.StalledRefunds(ctx, rescueBatch)
	errs = append(errs, err)
	for i := range refunds {
		errs = append(errs, s.rescueRefund(ctx, &refunds[i]))
	}
	inbound, err := s.db.StalledInbound(ctx, rescueBatch)
	errs = append(errs, err)
	for i := range inbound {
		errs = append(errs, s.db.Write(ctx, func(tx *models.Tx) error { return tx.RequeueInbound(&inbound[i]) }))
	}
	bulks, err := s.db.StalledBulkRetries(ctx, rescueBatch)
	errs = append(errs, err)
	for i := range bulks {
		errs = append(errs, s.db.Write(ctx, func(tx *models.Tx) error { return tx.RequeueBulkRetry(&bulks[i]) }))
	}
	errs = append(errs, s.db.Write(ctx, func(tx *models.Tx) error {
		_, err := tx.RequeueRetries(rescueBatch)
		return err
	}))
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
	}, report{})
}
