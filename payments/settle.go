package payments

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/tillpost/tillpost/models"
)

// settle stores the result of a call for an attempt that is sending, waiting
// for the customer, or unknown. Once a call was made its result is stored even
// if the job is being stopped.
func (s *Service) settle(ctx context.Context, a *models.Attempt, r Result, latency time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer cancel()
	if r.Misconfigured {
		s.log.ErrorContext(ctx, "payment account refused",
			"account", a.GatewayAccountID, "attempt", a.ID, "code", r.Code, "status", r.HTTPStatus)
	}
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		p, err := tx.Payment(models.AllMerchants(), a.PaymentID)
		if err != nil {
			return err
		}
		ok, err := tx.MoveAttempt(a.ID, attemptStatus(r.Outcome), change(r, latency))
		if err != nil {
			return err
		}
		if !ok {
			return s.contradicted(ctx, tx, p, a, r)
		}
		announce(tx, p)
		return s.follow(tx, p, a, r)
	})
	if err != nil {
		return fmt.Errorf("settle attempt %s as %s: %w", a.ID, r.Outcome, err)
	}
	return nil
}

// contradicted follows a result of an attempt that had its end already. Most
// only repeat it; news that money was taken after all must reach a human.
func (s *Service) contradicted(ctx context.Context, tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) error {
	if r.Outcome != OutcomeSucceeded && r.Outcome != OutcomeAuthorized {
		return nil
	}
	current, err := tx.Attempt(a.ID)
	if err != nil || (current.Status != models.AttemptNotSent && current.Status != models.AttemptDeclined) {
		return err
	}
	s.log.ErrorContext(ctx, "customer was charged by an attempt that counted as failed",
		"payment", p.ID, "attempt", a.ID, "attempt_status", current.Status, "provider_reference", r.ProviderReference)
	if p.Status != models.PaymentFailed {
		return nil // another attempt is under way or has been paid: the log tells of both
	}
	_, err = tx.MovePayment(p.ID, models.PaymentNeedsReview, models.PaymentChange{
		Cause: a.Cause, Failure: models.Failure{
			Code: "charged_after_failure", Message: "The provider charged the customer after this payment had counted as failed.",
		},
	})
	return err
}

// announce tells live pages that an attempt of the payment moved, also when the
// payment itself stays where it is.
func announce(tx *models.Tx, p *models.Payment) {
	tx.Announce(models.Hint{Topic: "payment", ID: p.ID, MerchantID: p.MerchantID})
}

// attemptStatus is where an outcome leaves its attempt. While the provider is
// still at it the attempt counts as unknown: it may have moved money.
func attemptStatus(o Outcome) models.AttemptStatus {
	switch o {
	case OutcomeSucceeded:
		return models.AttemptSucceeded
	case OutcomeAuthorized:
		return models.AttemptAuthorized
	case OutcomeRequiresAction:
		return models.AttemptRequiresAction
	case OutcomeDeclined:
		return models.AttemptDeclined
	case OutcomeNotSent, OutcomeNotFound:
		return models.AttemptNotSent
	case OutcomeProcessing, OutcomeUnknown:
		return models.AttemptUnknown
	}
	return models.AttemptUnknown
}

func change(r Result, latency time.Duration) models.AttemptChange {
	return models.AttemptChange{
		ProviderReference: r.ProviderReference, Code: r.Code, Class: string(r.Class), NetworkCode: r.NetworkCode,
		Advice: r.Advice, Message: r.Message, HTTPStatus: r.HTTPStatus, RequestID: r.RequestID,
		LatencyMS: latency.Milliseconds(), Raw: r.Raw,
	}
}

// follow moves the payment after its attempt, and plans what comes next.
func (s *Service) follow(tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) error {
	move := func(to models.PaymentStatus, c models.PaymentChange) error {
		c.Cause = a.Cause
		_, err := tx.MovePayment(p.ID, to, c)
		return err
	}
	switch r.Outcome {
	case OutcomeSucceeded:
		return move(models.PaymentPaid, models.PaymentChange{Captured: taken(p, r)})
	case OutcomeAuthorized:
		return move(models.PaymentAuthorized, models.PaymentChange{})
	case OutcomeRequiresAction:
		if err := tx.PlanInquiry(a.ID, 0, tx.Now().Add(s.policy.Actions[0])); err != nil {
			return err
		}
		return move(models.PaymentRequiresAction, models.PaymentChange{NextAction: nextAction(r)})
	case OutcomeDeclined:
		return s.followRefusal(tx, p, a, r)
	case OutcomeNotSent, OutcomeNotFound:
		return s.followNotSent(tx, p, a, r)
	case OutcomeProcessing:
		return tx.PlanInquiry(a.ID, 0, tx.Now().Add(s.policy.Inquiries[0]))
	case OutcomeUnknown:
		if err := tx.PlanInquiry(a.ID, 0, tx.Now().Add(s.policy.Inquiries[0])); err != nil {
			return err
		}
		return move(models.PaymentUnknown, models.PaymentChange{Failure: failure(r)})
	}
	return fmt.Errorf("provider answered with the unknown outcome %q", r.Outcome)
}

// followRefusal fails the payment and, where the class allows it, plans the
// next automatic attempt.
func (s *Service) followRefusal(tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) error {
	c := models.PaymentChange{Cause: a.Cause, Failure: failure(r)}
	if r.RetryAfter > 0 {
		at := tx.Now().Add(r.RetryAfter)
		c.RetryAfter = &at
	}
	used, err := tx.CountAttempts(p.ID, models.CauseAutoRetry, models.AttemptDeclined)
	if err != nil {
		return err
	}
	if wait, again := s.policy.nextRetry(r.Class, used); again {
		at := tx.Now().Add(max(wait, r.RetryAfter))
		c.NextRetryAt = &at
		tx.EnqueueAt(models.RetryArgs{PaymentID: p.ID, After: a.Number}, at)
	}
	_, err = tx.MovePayment(p.ID, models.PaymentFailed, c)
	return err
}

// followNotSent plans a new attempt after one that provably did not charge, or
// fails the payment when trying has no point any more.
func (s *Service) followNotSent(tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) error {
	used, err := tx.CountTrailingNotSent(p.ID)
	if err != nil {
		return err
	}
	// A payment that a human looks at is not tried again by itself.
	reviewed := p.Status == models.PaymentNeedsReview
	if reviewed || r.Misconfigured || r.rejected() || used > len(s.policy.Technical) {
		f := failure(r)
		if f.Code == "" {
			f.Code = "provider_unreachable"
		}
		_, err := tx.MovePayment(p.ID, models.PaymentFailed, models.PaymentChange{Cause: a.Cause, Failure: f})
		return err
	}
	at := tx.Now().Add(max(s.policy.Technical[used-1], r.RetryAfter))
	tx.EnqueueAt(models.RetryArgs{PaymentID: p.ID, After: a.Number}, at)
	if p.Status != models.PaymentProcessing {
		_, err := tx.MovePayment(p.ID, models.PaymentProcessing, models.PaymentChange{Cause: a.Cause, NextRetryAt: &at})
		return err
	}
	return tx.NoteNextRetry(p.ID, at)
}

// rejected says whether the provider refused the request itself before it
// executed it: the same request would be refused again.
func (r *Result) rejected() bool {
	if r.Outcome != OutcomeNotSent {
		return false
	}
	switch r.HTTPStatus {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity:
		return true
	default:
		return false
	}
}

// taken is the captured amount: what the provider says, within the payment.
func taken(p *models.Payment, r Result) int64 {
	if r.Amount > 0 && r.Amount <= p.Amount {
		return r.Amount
	}
	return p.Amount
}

func failure(r Result) models.Failure {
	return models.Failure{Code: r.Code, Class: string(r.Class), Message: r.Message}
}

func nextAction(r Result) models.NextAction {
	if r.NextAction == nil {
		return models.NextAction{}
	}
	return models.NextAction{Type: r.NextAction.Type, URL: r.NextAction.URL, ExpiresAt: r.NextAction.ExpiresAt}
}
