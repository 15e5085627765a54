package payments

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/tillpost/tillpost/models"
)

// follow moves a payment after its charge, and plans what comes next. waited
// says that the attempt was waiting for its customer.
func (s *Service) follow(ctx context.Context, tx *models.Tx, p *models.Payment, a *models.Attempt, r Result, waited bool) error {
	move := func(to models.PaymentStatus, c models.PaymentChange) error {
		c.Cause = a.Cause
		moved, err := tx.MovePayment(p.ID, to, c)
		if err == nil {
			*p = *moved
		}
		return err
	}
	switch r.Outcome {
	case OutcomeDeclined, OutcomeNotFound, OutcomeNotSent:
		if late, err := s.besideLate(tx, p, a); err != nil || late {
			return err
		}
	default:
	}
	switch r.Outcome {
	case OutcomeSucceeded:
		if err := move(models.PaymentPaid, models.PaymentChange{Captured: taken(p.Amount, r)}); err != nil {
			return err
		}
		return s.checkAmount(ctx, tx, p, a, p.Amount, r)
	case OutcomeAuthorized:
		if err := move(models.PaymentAuthorized, models.PaymentChange{}); err != nil {
			return err
		}
		return s.checkAmount(ctx, tx, p, a, p.Amount, r)
	case OutcomeRequiresAction:
		if err := tx.PlanInquiry(a.ID, 0, tx.Now().Add(s.policy.Actions[0])); err != nil {
			return err
		}
		action := nextAction(r)
		if action.Type == "" { // a look-up may know less than the charge did
			action = p.NextAction
		}
		return move(models.PaymentRequiresAction, models.PaymentChange{NextAction: action})
	case OutcomeDeclined:
		return s.followRefusal(tx, p, a, r)
	case OutcomeNotFound:
		if waited { // the customer did not come, or the shop gave up
			return move(models.PaymentExpired, models.PaymentChange{Failure: failure(r)})
		}
		return s.followNotSent(tx, p, a, r)
	case OutcomeNotSent:
		return s.followNotSent(tx, p, a, r)
	case OutcomeProcessing:
		return tx.PlanInquiry(a.ID, 0, tx.Now().Add(s.policy.Inquiries[0]))
	case OutcomeUnknown:
		if err := tx.PlanInquiry(a.ID, 0, tx.Now().Add(s.policy.Inquiries[0])); err != nil {
			return err
		}
		return move(models.PaymentUnknown, models.PaymentChange{Failure: failure(r), NextAction: p.NextAction})
	case outcomeReview:
		return s.review(tx, p, models.PaymentChange{Cause: a.Cause, Failure: failure(r)})
	}
	return fmt.Errorf("provider answered with the unknown outcome %q", r.Outcome)
}

// review leaves a payment to a human.
func (s *Service) review(tx *models.Tx, p *models.Payment, c models.PaymentChange) error {
	if p.Status == models.PaymentRequiresAction {
		moved, err := tx.MovePayment(p.ID, models.PaymentUnknown, c)
		if err != nil {
			return err
		}
		*p = *moved
	}
	_, err := tx.MovePayment(p.ID, models.PaymentNeedsReview, c)
	return err
}

// taken is the captured amount: what the provider says, within what was asked.
func taken(asked int64, r Result) int64 {
	if r.Amount > 0 && r.Amount < asked {
		return r.Amount
	}
	return asked
}

// checkAmount calls for a human when the provider took another amount than asked.
func (s *Service) checkAmount(ctx context.Context, tx *models.Tx, p *models.Payment, a *models.Attempt, asked int64, r Result) error {
	if r.Amount == 0 || r.Amount == asked {
		return nil
	}
	s.log.ErrorContext(ctx, "provider took another amount than asked",
		"payment", p.ID, "attempt", a.ID, "asked", asked, "taken", r.Amount)
	return tx.FlagPayment(p, models.IssueAmountDiffers)
}

// followRefusal fails the payment and, where the merchant's rules allow it,
// plans the next automatic attempt. A payment that a human looks at is not
// tried again by itself.
func (s *Service) followRefusal(tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) error {
	c := models.PaymentChange{Cause: a.Cause, Failure: failure(r)}
	wish := min(r.RetryAfter, longestWait)
	if wish > 0 {
		at := tx.Now().Add(wish)
		c.RetryAfter = &at
	}
	if p.Status != models.PaymentNeedsReview {
		wait, again, err := s.nextCharge(tx, p, r)
		if err != nil {
			return err
		}
		if again {
			at := tx.Now().Add(max(wait, wish))
			c.NextRetryAt = &at
			tx.EnqueueAt(models.RetryArgs{PaymentID: p.ID, After: a.Number}, at)
		}
	}
	_, err := tx.MovePayment(p.ID, models.PaymentFailed, c)
	return err
}

// nextCharge is the wait before the next automatic charge after a refusal; false
// when there is to be none.
func (s *Service) nextCharge(tx *models.Tx, p *models.Payment, r Result) (time.Duration, bool, error) {
	rules, err := s.rules(tx, p.MerchantID)
	if err != nil {
		return 0, false, err
	}
	charges, err := tx.ChargesSince(p.ID)
	if err != nil {
		return 0, false, err
	}
	refused := 0
	for i := range charges {
		if charges[i].Status == models.AttemptDeclined {
			refused++
		}
	}
	waits := rules.Declined[r.Class]
	if refused == 0 || refused > len(waits) {
		return 0, false, nil
	}
	refusal, err := s.networkRefusal(tx, p, r.Network, rules)
	return waits[refused-1], err == nil && refusal == nil, err
}

// followNotSent goes on after a charge that provably was not made: through the
// next account of the merchant's routing, or later through the same; it fails
// the payment when trying has no point any more.
func (s *Service) followNotSent(tx *models.Tx, p *models.Payment, a *models.Attempt, r Result) error {
	fail := func() error {
		f := failure(r)
		if f.Code == "" {
			f.Code = "provider_unreachable"
		}
		_, err := tx.MovePayment(p.ID, models.PaymentFailed, models.PaymentChange{Cause: a.Cause, Failure: f})
		return err
	}
	if p.Status == models.PaymentNeedsReview || r.rejected() {
		return fail() // what a human looks at is not tried again by itself
	}
	rules, err := s.rules(tx, p.MerchantID)
	if err != nil {
		return err
	}
	charges, err := tx.ChargesSince(p.ID)
	if err != nil {
		return err
	}
	next, err := s.failover(tx, p, charges, rules)
	if err != nil {
		return err
	}
	if next != nil {
		_, err := s.attemptAgain(tx, p, models.Attempt{GatewayAccountID: &next.ID, Cause: models.CauseFailover})
		return err
	}
	tries := trailingNotSent(charges)
	if r.Misconfigured || tries > len(rules.Technical) {
		return fail()
	}
	at := tx.Now().Add(max(rules.Technical[tries-1], min(r.RetryAfter, longestTechnicalWait)))
	tx.EnqueueAt(models.RetryArgs{PaymentID: p.ID, After: a.Number}, at)
	if p.Status != models.PaymentProcessing {
		_, err := tx.MovePayment(p.ID, models.PaymentProcessing, models.PaymentChange{Cause: a.Cause, NextRetryAt: &at})
		return err
	}
	return tx.NoteNextRetry(p.ID, at)
}

// longestTechnicalWait bounds a provider's wish before a charge is sent again.
const longestTechnicalWait = time.Hour

// trailingNotSent counts the newest charges that were not sent, one after the
// other; at least 1, the one that has just ended.
func trailingNotSent(newestFirst []models.Attempt) int {
	n := 0
	for i := range newestFirst {
		if newestFirst[i].Status != models.AttemptNotSent {
			break
		}
		n++
	}
	return max(n, 1)
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
