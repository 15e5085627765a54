package payments

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
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
		if _, err := s.apply(ctx, tx, a, r, told.latency); err != nil {
			return err
		}
		return noteAccess(tx, a.GatewayAccountID, r)
	})
}

// noteAccess keeps whether the provider takes the account's credentials. Only an
// answer says that it does.
func noteAccess(tx *models.Tx, accountID *string, r Result) error {
	answered := r.HTTPStatus > 0 && r.HTTPStatus < http.StatusInternalServerError
	switch {
	case accountID == nil || !r.Misconfigured && !answered:
		return nil
	case r.Misconfigured:
		return tx.NoteGatewayAccess(*accountID, cmp.Or(r.Code, "refused"))
	default:
		return tx.NoteGatewayAccess(*accountID, "")
	}
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
		return true, s.followChange(ctx, tx, p, a, r)
	}
	tx.CountCharge(a.GatewayAccountID, attemptStatus(r.Outcome))
	return true, s.follow(ctx, tx, p, a, r, waited)
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
