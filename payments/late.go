package payments

import (
	"context"
	"errors"

	"github.com/tillpost/tillpost/models"
)

// codeChargedLate is the code of attempts that took the money after they had
// counted as failed, and of payments that wait for a human because of one.
const codeChargedLate = "charged_after_failure"

// contradicted follows a result of an attempt that had its end already. Most
// only repeat it; news that money was taken after all, or once more, must reach
// a human, and must keep the payment from being charged again.
func (s *Service) contradicted(ctx context.Context, tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) (bool, error) {
	if a.Kind != models.KindCharge || r.Outcome != OutcomeSucceeded && r.Outcome != OutcomeAuthorized {
		return false, nil
	}
	switch a.Status {
	case models.AttemptSucceeded, models.AttemptAuthorized:
		return s.chargedAgain(ctx, tx, p, a, r)
	case models.AttemptNotSent, models.AttemptDeclined:
		return s.chargedLate(ctx, tx, p, a, r)
	default:
		return false, nil
	}
}

// chargedAgain flags a payment of which one attempt took the money twice: the
// provider names another charge than the one that is known. What a person
// confirmed was not known by its final reference.
func (s *Service) chargedAgain(ctx context.Context, tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) (bool, error) {
	if a.ProviderReference == nil || r.ProviderReference == "" || *a.ProviderReference == r.ProviderReference || a.Code == codeConfirmedPaid {
		return false, nil
	}
	s.log.ErrorContext(ctx, "customer was charged twice by one attempt", "payment", p.ID, "attempt", a.ID,
		"provider_reference", *a.ProviderReference, "other_reference", r.ProviderReference)
	return true, tx.FlagPayment(p, models.IssueChargedTwice)
}

func (s *Service) chargedLate(ctx context.Context, tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) (bool, error) {
	s.log.ErrorContext(ctx, "customer was charged by an attempt that counted as failed",
		"payment", p.ID, "attempt", a.ID, "attempt_status", a.Status, "provider_reference", r.ProviderReference)
	late := change(r, 0)
	late.Code, late.Message = codeChargedLate, "The provider charged the customer after this attempt had counted as failed."
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
	return true, s.reviewLate(tx, p, a)
}

func lateIssue(p *models.Payment) models.Issue {
	switch p.Status {
	case models.PaymentVoided, models.PaymentCanceled, models.PaymentExpired:
		return models.IssueChargedAfter
	default:
		return models.IssueChargedTwice
	}
}

// besideLate leaves a payment to a human whose attempt has ended without the
// money, when an earlier one has taken it after all: the payment has not failed,
// and must not be charged once more. It says false when there is none.
func (s *Service) besideLate(tx *models.Tx, p *models.Payment, a *models.Attempt) (bool, error) {
	earlier, err := tx.OtherCharge(p.ID, a.ID)
	if errors.Is(err, models.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, s.reviewLate(tx, p, earlier)
}

// reviewLate leaves a payment to a human whose money an attempt took late. From
// then on it is of that attempt's account, through which alone it can be given
// back.
func (s *Service) reviewLate(tx *models.Tx, p *models.Payment, a *models.Attempt) error {
	if err := tx.SetGateway(p, a.GatewayAccountID); err != nil {
		return err
	}
	if p.Status == models.PaymentNeedsReview {
		return nil
	}
	return s.review(tx, p, models.PaymentChange{Cause: a.Cause, Failure: models.Failure{
		Code: codeChargedLate, Message: "The provider charged the customer after this payment had counted as failed.",
	}})
}
