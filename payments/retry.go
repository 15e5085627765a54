package payments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillpost/tillpost/models"
)

// RetryRequest is a person's or a shop's wish to try a failed payment again.
type RetryRequest struct {
	Gateway string // account id; empty: the one tried last
	Reason  string
	Bulk    string // id of the bulk retry that it is a part of
	Actor   models.Actor
	// Force tries again what the provider said must not be. Whoever sets it has
	// made sure that the actor may.
	Force bool
}

// Bounds of a reason, in characters: the shortest tells somebody something.
const (
	minReason = 3
	maxReason = 500
)

// reason checks and trims why somebody does something that moves money.
func reason(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case n < minReason:
		return "", models.Invalid("reason", "reason_required")
	case n > maxReason:
		return "", models.Invalid("reason", "too_long")
	case HoldsCardNumber(text):
		return "", models.Invalid("reason", "card_number_refused")
	}
	return text, nil
}

// Retry makes a new attempt of a failed payment, unless RetryRefusal or the
// rules of card networks say no. Of many that ask at once, one succeeds. It does
// not use up what the payment may be tried by itself.
func (s *Service) Retry(tx *models.Tx, scope models.Scope, paymentID string, r RetryRequest) (*models.Payment, error) {
	why, err := reason(r.Reason)
	if err != nil {
		return nil, err
	}
	deed := DeedRetry
	if r.Force {
		deed = DeedRetryAnyway
	}
	p, last, err := s.begin(tx, scope, paymentID, deed, r.Actor)
	if err != nil {
		return nil, s.guards.guarded(err)
	}
	if refusal, err := s.retryLimits(tx, p, last); err != nil || refusal != nil {
		if refusal != nil {
			err = refusal
		}
		return nil, err
	}
	account, err := retryAccount(tx, p, last, r.Gateway)
	if err != nil {
		return nil, err
	}
	again := models.Attempt{GatewayAccountID: &account.ID, Cause: models.CauseManualRetry, ActorID: r.Actor.ID, Reason: why}
	if last != nil { // a capture or void is repeated as one: the customer must not be charged instead
		again.Kind, again.Amount = last.Kind, last.Amount
	}
	if p, err = s.attemptAgain(tx, p, again); err != nil {
		return nil, s.guards.guarded(err)
	}
	detail := map[string]string{"gateway": account.ID, "attempt": fmt.Sprint(p.Attempts)}
	if r.Force {
		detail["forced"] = "yes"
	}
	if r.Bulk != "" {
		detail["bulk"] = r.Bulk
	}
	return p, tx.Audit(r.Actor, models.AuditEntry{
		MerchantID: &p.MerchantID, Action: "payment.retry", ObjectID: p.ID, OrderID: &p.OrderID, Reason: why, Detail: detail,
	})
}

// retryAccount chooses the account of another attempt. A capture or void stays
// with the one that holds the amount, and a token with providers of its kind.
func retryAccount(tx *models.Tx, p *models.Payment, last *models.Attempt, named string) (*models.GatewayAccount, error) {
	before := ""
	if p.GatewayAccountID != nil {
		before = *p.GatewayAccountID
	}
	if named == "" || last != nil && last.Kind != models.KindCharge {
		named = before
	}
	account, err := route(tx, p.MerchantID, named, p.MethodType)
	if err != nil || before == "" || account.ID == before || p.MethodToken == "" {
		return account, err
	}
	tried, err := tx.GatewayAccount(models.MerchantScope(p.MerchantID), before)
	if err != nil {
		return nil, err
	}
	if tried.Kind != account.Kind {
		return nil, models.Invalid("gateway", "token_of_other_provider")
	}
	return account, nil
}

// RetryAccounts are the accounts through which a payment can be tried again, in
// the order of the merchant's routing.
func (s *Service) RetryAccounts(ctx context.Context, p *models.Payment) ([]models.GatewayAccount, error) {
	all, err := s.db.GatewayAccounts(ctx, models.MerchantScope(p.MerchantID))
	if err != nil {
		return nil, err
	}
	kind := ""
	for i := range all {
		if p.GatewayAccountID != nil && all[i].ID == *p.GatewayAccountID {
			kind = all[i].Kind
		}
	}
	return slices.DeleteFunc(all, func(a models.GatewayAccount) bool {
		return !a.Enabled || !takes(a.Kind, p.MethodType) || p.MethodToken != "" && kind != "" && a.Kind != kind
	}), nil
}

// retryLimits are what the merchant's rules and card networks say against
// another charge.
func (s *Service) retryLimits(tx *models.Tx, p *models.Payment, last *models.Attempt) (*models.Error, error) {
	if last != nil && last.Kind != models.KindCharge {
		return nil, nil //nolint:nilnil // they are about charges
	}
	rules, err := s.rules(tx, p.MerchantID)
	if err != nil {
		return nil, err
	}
	network := ""
	if last != nil {
		network = last.Network
	}
	return s.networkRefusal(tx, p, network, rules)
}

// Verdict says why a payment must not be tried again now, or nil: what a retry
// would say, without making it.
func (s *Service) Verdict(tx *models.Tx, p *models.Payment) (*models.Error, error) {
	if refusal := RetryRefusal(p, tx.Now()); refusal != nil {
		return refusal, nil
	}
	last, err := tx.LastAttempt(p.ID)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return nil, err
	}
	refusal, err := s.retryLimits(tx, p, last)
	if err != nil || refusal != nil || p.Status != models.PaymentFailed {
		return refusal, err
	}
	o, err := tx.OrderByRef(models.MerchantScope(p.MerchantID), p.OrderID, "")
	if err != nil {
		return nil, err
	}
	return o.HoldRefusal(p.Amount), nil
}

// RetryRefusal says what of the payment alone speaks against trying it again, or nil.
func RetryRefusal(p *models.Payment, now time.Time) *models.Error {
	switch p.Status {
	case models.PaymentFailed:
	case models.PaymentUnknown, models.PaymentNeedsReview:
		return models.Conflict("outcome_unknown", string(p.Status))
	case models.PaymentProcessing:
		if p.NextRetryAt == nil { // otherwise it waits, and somebody does not want to
			return models.Conflict("attempt_open", string(p.Status))
		}
	case models.PaymentPending, models.PaymentRequiresAction:
		return models.Conflict("attempt_open", string(p.Status))
	default:
		return models.Conflict("payment_not_failed", string(p.Status))
	}
	if p.Issue != models.IssueNone {
		return models.Conflict("issue_open", string(p.Status))
	}
	if Class(p.Failure.Class) == ClassNever {
		return models.Conflict("retry_forbidden", string(p.Status))
	}
	return earlyRefusal(p, now)
}

func earlyRefusal(p *models.Payment, now time.Time) *models.Error {
	if p.RetryAfter != nil && now.Before(*p.RetryAfter) {
		return models.Conflict("retry_too_early", string(p.Status))
	}
	return nil
}

// forcedRefusal is RetryRefusal for somebody who tries again what is forbidden:
// all else that speaks against it still does.
func forcedRefusal(p *models.Payment, now time.Time) *models.Error {
	refusal := RetryRefusal(p, now)
	if refusal != nil && refusal.Code == "retry_forbidden" {
		return earlyRefusal(p, now)
	}
	return refusal
}

// attemptAgain reopens the payment, which takes its amount of the order again,
// and queues the attempt.
func (s *Service) attemptAgain(tx *models.Tx, p *models.Payment, a models.Attempt) (*models.Payment, error) {
	if p.Status != models.PaymentProcessing {
		moved, err := tx.MovePayment(p.ID, models.PaymentProcessing, models.PaymentChange{Cause: a.Cause})
		if err != nil {
			return nil, err
		}
		p = moved
	} else if err := tx.ClearNextRetry(p.ID); err != nil {
		return nil, err
	}
	_, err := tx.CreateAttempt(p, a)
	return p, err
}
