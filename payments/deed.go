package payments

import (
	"context"
	"errors"
	"time"

	"github.com/tillpost/tillpost/models"
)

// Deed is something that people do with a payment.
type Deed string

// The deeds.
const (
	DeedRetry          Deed = "retry"
	DeedRetryAnyway    Deed = "retry_anyway" // although the bank forbids it
	DeedSync           Deed = "sync"
	DeedCapture        Deed = "capture"
	DeedVoid           Deed = "void"
	DeedCancel         Deed = "cancel"
	DeedRefund         Deed = "refund"
	DeedConfirmPaid    Deed = "confirm_paid"
	DeedConfirmNotPaid Deed = "confirm_not_paid"
	DeedKeepWaiting    Deed = "keep_waiting"
	DeedSettleIssue    Deed = "settle_issue"
	DeedNote           Deed = "note"
	DeedClaim          Deed = "claim"
	DeedRelease        Deed = "release"
)

// Refusal says why a deed is not possible with a payment as it stands, or nil.
// Last is the payment's newest attempt, if it has one. What only the order, the
// merchant's rules or the amount can speak against is not looked at.
func (d Deed) Refusal(p *models.Payment, last *models.Attempt, actor models.Actor, now time.Time) *models.Error {
	if d == DeedNote { // keeps nobody from their work
		return nil
	}
	if refusal := claimRefusal(p, actor, now); refusal != nil {
		return refusal
	}
	switch d {
	case DeedRetry:
		return RetryRefusal(p, now)
	case DeedRetryAnyway:
		return forcedRefusal(p, now)
	case DeedSync:
		if last == nil || last.Status != models.AttemptUnknown && last.Status != models.AttemptRequiresAction {
			return models.Conflict("outcome_known", string(p.Status))
		}
	case DeedCapture, DeedVoid:
		if p.Status != models.PaymentAuthorized {
			return models.Conflict("payment_not_authorized", string(p.Status))
		}
	case DeedCancel:
		return cancelRefusal(p, last)
	case DeedRefund:
		if refusal := p.RefundRefusal(0); refusal != nil {
			return refusal
		}
		if p.Refundable() == 0 {
			return models.Conflict("nothing_to_refund", string(p.Status))
		}
	case DeedConfirmPaid, DeedConfirmNotPaid, DeedKeepWaiting:
		return reviewRefusal(d, p, last)
	case DeedSettleIssue:
		if p.Issue == models.IssueNone {
			return models.Conflict("no_issue", string(p.Status))
		}
	case DeedNote, DeedClaim, DeedRelease:
	}
	return nil
}

// claimRefusal keeps people from a payment that somebody else works on. Shops
// act on their own payments whoever looks at them.
func claimRefusal(p *models.Payment, actor models.Actor, now time.Time) *models.Error {
	if by := p.Claimant(now); by != "" && actor.Kind == actorUser && by != actor.ID {
		return models.Conflict("claimed_by_other", string(p.Status))
	}
	return nil
}

// actorUser is the kind of actors who are people at the pages.
const actorUser = "user"

// cancelRefusal says no once money may have moved. A payment that waits for a
// capture or void to be tried again has its amount reserved.
func cancelRefusal(p *models.Payment, last *models.Attempt) *models.Error {
	open := last != nil && last.Status.Open()
	switch {
	case last != nil && last.Kind != models.KindCharge:
		return models.Conflict("payment_not_cancelable", string(p.Status))
	case p.Status == models.PaymentRequiresAction && open:
		return nil
	case p.Status != models.PaymentPending && p.Status != models.PaymentProcessing:
		return models.Conflict("payment_not_cancelable", string(p.Status))
	case open && last.Status != models.AttemptQueued:
		return models.Conflict("attempt_open", string(p.Status))
	}
	return nil
}

func reviewRefusal(d Deed, p *models.Payment, last *models.Attempt) *models.Error {
	open := last != nil && last.Status.Open()
	switch {
	case p.Status != models.PaymentNeedsReview:
		return models.Conflict("payment_not_reviewed", string(p.Status))
	case d == DeedConfirmPaid && open && last.Kind == models.KindVoid:
		return models.Conflict("void_open", string(p.Status))
	case d == DeedKeepWaiting && (!open || last.Status != models.AttemptUnknown):
		return models.Conflict("outcome_known", string(p.Status))
	}
	return nil
}

// begin loads a payment, which it locks where the database can, with its newest
// attempt, unless the deed is not possible with it.
func (s *Service) begin(tx *models.Tx, scope models.Scope, id string, d Deed, actor models.Actor) (*models.Payment, *models.Attempt, error) {
	p, err := tx.Payment(scope, id)
	if err != nil {
		return nil, nil, err
	}
	last, err := tx.LastAttempt(p.ID)
	if errors.Is(err, models.ErrNotFound) {
		last, err = nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if refusal := d.Refusal(p, last, actor, tx.Now()); refusal != nil {
		return nil, nil, refusal
	}
	return p, last, nil
}

// RetryVerdict says why a payment must not be tried again now, or nil, as a
// retry would: by its own state, its order, the merchant's rules and those of
// card networks. It only reads. Attempts are all of the payment's.
func (s *Service) RetryVerdict(
	ctx context.Context, p *models.Payment, o *models.Order, attempts []models.Attempt, d Deed, actor models.Actor,
) (*models.Error, error) {
	rulesOf := func(merchantID string) (Rules, error) { return s.RulesOf(ctx, merchantID) }
	return s.retryVerdict(ctx, p, o, attempts, d, actor, rulesOf)
}

func (s *Service) retryVerdict(
	ctx context.Context, p *models.Payment, o *models.Order, attempts []models.Attempt, d Deed, actor models.Actor,
	rulesOf func(merchantID string) (Rules, error),
) (*models.Error, error) {
	var last *models.Attempt
	refused := 0
	for i := range attempts {
		a := &attempts[i]
		if last == nil || a.Number > last.Number {
			last = a
		}
		if a.Kind == models.KindCharge && a.Status == models.AttemptDeclined {
			refused++
		}
	}
	if refusal := d.Refusal(p, last, actor, s.db.Now()); refusal != nil || last == nil || last.Kind != models.KindCharge {
		return refusal, nil
	}
	rules, err := rulesOf(p.MerchantID)
	if err != nil {
		return nil, err
	}
	refusal, err := limitRefusal(p, last.Network, rules, s.db.Now(), refused, func(since time.Time, amount int64) (int, error) {
		return s.db.CountDeclined(ctx, p.MerchantID, p.MethodToken, since, amount)
	})
	if err != nil || refusal != nil || p.Status != models.PaymentFailed {
		return refusal, err
	}
	return o.HoldRefusal(p.Amount), nil
}
