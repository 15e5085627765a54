package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/models"
)

// longestWait bounds a provider's wish before the next call: a wish for more is
// a mistake, of it or of something on the way. The longest wait that a card
// network asks for is ten days.
const longestWait = 10 * 24 * time.Hour

// settle stores the result of a call for an attempt that is queued, sending,
// waiting for the customer, or unknown. Once a call was made its result is
// stored even if the job is being stopped.
func (s *Service) settle(ctx context.Context, a *models.Attempt, r Result, told report) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Settling)
	defer cancel()
	heed(&r)
	if r.Misconfigured {
		s.log.ErrorContext(ctx, "payment account refused",
			"account", a.GatewayAccountID, "attempt", a.ID, "code", r.Code, "status", r.HTTPStatus)
	}
	err := s.store(ctx, a, r, told)
	if taken := (&models.Error{Code: "provider_reference_taken"}); errors.Is(err, taken) {
		// Two attempts cannot be one charge: a human must see which it is.
		s.log.ErrorContext(ctx, "provider named a charge that belongs to another attempt",
			"attempt", a.ID, "payment", a.PaymentID, "provider_reference", r.ProviderReference)
		err = s.store(ctx, a, Result{
			Outcome: outcomeReview, Code: "reference_taken", HTTPStatus: r.HTTPStatus, RequestID: r.RequestID, Raw: r.Raw,
			Message: "The provider's answer names a charge that belongs to another payment.",
		}, told)
	}
	if err != nil {
		return fmt.Errorf("settle attempt %s as %s: %w", a.ID, r.Outcome, err)
	}
	return nil
}

// outcomeReview is not an answer of providers: a human must look at the charge.
const outcomeReview Outcome = "review"

func (s *Service) store(ctx context.Context, a *models.Attempt, r Result, told report) error {
	return s.db.Write(ctx, func(tx *models.Tx) error {
		if err := tx.AddProviderCalls(told.calls); err != nil {
			return err
		}
		_, err := s.apply(ctx, tx, a, r, told.latency)
		return err
	})
}

// apply moves an attempt and, after it, its payment. It says false when the
// result was no news.
func (s *Service) apply(ctx context.Context, tx *models.Tx, a *models.Attempt, r Result, latency time.Duration) (bool, error) {
	p, err := tx.Payment(models.AllMerchants(), a.PaymentID)
	if err != nil {
		return false, err
	}
	current, err := tx.Attempt(a.ID)
	if err != nil {
		return false, err
	}
	waited := current.Status == models.AttemptRequiresAction
	ok, err := tx.MoveAttempt(a.ID, attemptStatus(r.Outcome), change(r, latency))
	if err != nil {
		return false, err
	}
	if !ok {
		return s.contradicted(ctx, tx, p, current, r)
	}
	announce(tx, p)
	if a.Kind != models.KindCharge {
		return true, s.followChange(tx, p, a, r)
	}
	return true, s.follow(ctx, tx, p, a, r, waited)
}

// contradicted follows a result of an attempt that had its end already. Most
// only repeat it; news that money was taken after all must reach a human, and
// must keep the payment from being charged once more.
func (s *Service) contradicted(ctx context.Context, tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) (bool, error) {
	if a.Kind != models.KindCharge || r.Outcome != OutcomeSucceeded && r.Outcome != OutcomeAuthorized ||
		a.Status != models.AttemptNotSent && a.Status != models.AttemptDeclined {
		return false, nil
	}
	s.log.ErrorContext(ctx, "customer was charged by an attempt that counted as failed",
		"payment", p.ID, "attempt", a.ID, "attempt_status", a.Status, "provider_reference", r.ProviderReference)
	late := change(r, 0)
	late.Code, late.Message = "charged_after_failure", "The provider charged the customer after this attempt had counted as failed."
	ok, err := tx.ContradictAttempt(a.ID, attemptStatus(r.Outcome), late)
	if err != nil || !ok {
		return false, err
	}
	switch p.Status {
	case models.PaymentFailed, models.PaymentProcessing, models.PaymentPending:
	default: // paid or under way by another attempt, or ended
		return true, tx.FlagPayment(p, lateIssue(p))
	}
	if _, err := tx.WithdrawQueued(p.ID, "superseded", "Not sent: an earlier attempt had charged the customer."); err != nil {
		return false, err
	}
	if _, err := tx.OpenAttempt(p.ID); !errors.Is(err, models.ErrNotFound) {
		if err == nil { // being sent, or waiting for the customer: two may take the money
			err = tx.FlagPayment(p, models.IssueChargedTwice)
		}
		return true, err
	}
	_, err = tx.MovePayment(p.ID, models.PaymentNeedsReview, models.PaymentChange{
		Cause: a.Cause, Failure: models.Failure{Code: late.Code, Message: "The provider charged the customer after this payment had counted as failed."},
	})
	return true, err
}

func lateIssue(p *models.Payment) models.Issue {
	switch p.Status {
	case models.PaymentVoided, models.PaymentCanceled, models.PaymentExpired:
		return models.IssueChargedAfter
	default:
		return models.IssueChargedTwice
	}
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
	case OutcomeProcessing, OutcomeUnknown, outcomeReview:
	}
	return models.AttemptUnknown
}

func change(r Result, latency time.Duration) models.AttemptChange {
	return models.AttemptChange{
		ProviderReference: r.ProviderReference, Code: r.Code, Class: string(r.Class), Network: r.Network,
		NetworkCode: r.NetworkCode, Advice: r.Advice, Message: r.Message, HTTPStatus: r.HTTPStatus, RequestID: r.RequestID,
		LatencyMS: latency.Milliseconds(), Raw: r.Raw,
	}
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
