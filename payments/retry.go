package payments

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tillpost/tillpost/models"
)

// RetryRequest is a person's or a shop's wish to try a failed payment again.
type RetryRequest struct {
	Gateway string // account id; empty: the one tried last
	Reason  string
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
	p, err := tx.Payment(scope, paymentID)
	if err != nil {
		return nil, err
	}
	if refusal, err := s.retryRefusal(tx, p, r.Force); err != nil || refusal != nil {
		if refusal != nil {
			err = refusal
		}
		return nil, err
	}
	gateway := r.Gateway
	if gateway == "" && p.GatewayAccountID != nil {
		gateway = *p.GatewayAccountID
	}
	account, err := route(tx, p.MerchantID, gateway, p.MethodType)
	if err != nil {
		return nil, err
	}
	p, err = s.attemptAgain(tx, p, models.Attempt{
		GatewayAccountID: &account.ID, Cause: models.CauseManualRetry, ActorID: r.Actor.ID, Reason: why,
	})
	if err != nil {
		return nil, err
	}
	detail := map[string]string{"gateway": account.ID, "attempt": fmt.Sprint(p.Attempts)}
	if r.Force {
		detail["forced"] = "yes"
	}
	return p, tx.Audit(r.Actor, models.AuditEntry{
		MerchantID: &p.MerchantID, Action: "payment.retry", ObjectID: p.ID, OrderID: &p.OrderID, Reason: why, Detail: detail,
	})
}

// retryRefusal is the whole of what speaks against a retry but the order, which
// speaks when the new attempt takes its amount.
func (s *Service) retryRefusal(tx *models.Tx, p *models.Payment, force bool) (*models.Error, error) {
	refusal := RetryRefusal(p, tx.Now())
	if refusal != nil && !(force && refusal.Code == "retry_forbidden") {
		return refusal, nil
	}
	rules, err := s.rules(tx, p.MerchantID)
	if err != nil {
		return nil, err
	}
	last, err := tx.LastAttempt(p.ID)
	if err != nil {
		return nil, err
	}
	return s.networkRefusal(tx, p, last.Network, rules)
}

// Verdict says why a payment must not be tried again now, or nil: what a retry
// would say, without making it.
func (s *Service) Verdict(tx *models.Tx, p *models.Payment) (*models.Error, error) {
	refusal, err := s.retryRefusal(tx, p, false)
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
	if p.RetryAfter != nil && now.Before(*p.RetryAfter) {
		return models.Conflict("retry_too_early", string(p.Status))
	}
	return nil
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
