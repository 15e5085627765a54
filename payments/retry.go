package payments

import (
	"context"
	"errors"
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
}

// Bounds of a reason, in characters: the shortest tells somebody something.
const (
	minReason = 3
	maxReason = 500
)

// Retry makes a new attempt of a failed payment, unless RetryRefusal says no.
// Of many that ask at once, one succeeds.
func (s *Service) Retry(tx *models.Tx, scope models.Scope, paymentID string, r RetryRequest) (*models.Payment, error) {
	r.Reason = strings.TrimSpace(r.Reason)
	switch n := utf8.RuneCountInString(r.Reason); {
	case n < minReason:
		return nil, models.Invalid("reason", "reason_required")
	case n > maxReason:
		return nil, models.Invalid("reason", "too_long")
	}
	p, err := tx.Payment(scope, paymentID)
	if err != nil {
		return nil, err
	}
	if refusal := RetryRefusal(p, tx.Now()); refusal != nil {
		return nil, refusal
	}
	gateway := r.Gateway
	if gateway == "" && p.GatewayAccountID != nil {
		gateway = *p.GatewayAccountID
	}
	account, err := tx.RouteGateway(p.MerchantID, gateway)
	if err != nil {
		return nil, err
	}
	p, err = s.attemptAgain(tx, p, models.Attempt{
		GatewayAccountID: &account.ID, Cause: models.CauseManualRetry, ActorID: r.Actor.ID, Reason: r.Reason,
	})
	if err != nil {
		return nil, err
	}
	return p, tx.Audit(r.Actor, models.AuditEntry{
		MerchantID: &p.MerchantID, Action: "payment.retry", ObjectID: p.ID, OrderID: &p.OrderID, Reason: r.Reason,
		Detail: map[string]string{"gateway": account.ID, "attempt": fmt.Sprint(p.Attempts)},
	})
}

// RetryRefusal says why a payment must not be tried again now, or nil. That the
// order may be paid already is checked when the new attempt takes its amount.
func RetryRefusal(p *models.Payment, now time.Time) *models.Error {
	switch p.Status {
	case models.PaymentFailed:
	case models.PaymentUnknown, models.PaymentNeedsReview:
		return models.Conflict("outcome_unknown", string(p.Status))
	case models.PaymentPending, models.PaymentProcessing, models.PaymentRequiresAction:
		return models.Conflict("attempt_open", string(p.Status))
	default:
		return models.Conflict("payment_not_failed", string(p.Status))
	}
	if Class(p.Failure.Class) == ClassNever {
		return models.Conflict("retry_forbidden", string(p.Status))
	}
	if p.RetryAfter != nil && now.Before(*p.RetryAfter) {
		return models.Conflict("retry_too_early", string(p.Status))
	}
	return nil
}

// AutoRetry makes the planned next attempt of a payment, unless somebody or
// something was quicker, or the order was paid meanwhile.
func (s *Service) AutoRetry(ctx context.Context, paymentID string, after int) error {
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		p, err := tx.Payment(models.AllMerchants(), paymentID)
		if err != nil {
			return err
		}
		if !awaitsRetry(p, after) {
			return nil
		}
		if p.GatewayAccountID == nil {
			return models.Invalid("gateway", "no_gateway")
		}
		account, err := tx.RouteGateway(p.MerchantID, *p.GatewayAccountID)
		if err != nil {
			return err
		}
		_, err = s.attemptAgain(tx, p, models.Attempt{GatewayAccountID: &account.ID, Cause: models.CauseAutoRetry})
		return err
	})
	var refused *models.Error
	if errors.As(err, &refused) && refused.Code != "changed_meanwhile" {
		s.log.InfoContext(ctx, "automatic retry dropped", "payment", paymentID, "reason", refused.Code)
		err = s.dropRetry(ctx, paymentID, after, refused)
	}
	if err != nil {
		return fmt.Errorf("retry payment %s: %w", paymentID, err)
	}
	return nil
}

// awaitsRetry says whether nothing happened to a payment since the attempt with
// the number after, which failed or was not sent.
func awaitsRetry(p *models.Payment, after int) bool {
	return p.Attempts == after && (p.Status == models.PaymentFailed || p.Status == models.PaymentProcessing)
}

// dropRetry ends the waiting for a retry that must not be made.
func (s *Service) dropRetry(ctx context.Context, paymentID string, after int, refused *models.Error) error {
	return s.db.Write(ctx, func(tx *models.Tx) error {
		p, err := tx.Payment(models.AllMerchants(), paymentID)
		if err != nil || !awaitsRetry(p, after) {
			return err
		}
		if p.Status == models.PaymentFailed {
			return tx.ClearNextRetry(p.ID)
		}
		last, err := tx.LastAttempt(p.ID)
		if err != nil || last.Status.Open() {
			return err
		}
		_, err = tx.MovePayment(p.ID, models.PaymentFailed, models.PaymentChange{
			Cause: models.CauseAutoRetry, Failure: models.Failure{Code: refused.Code, Message: last.Message},
		})
		return err
	})
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

// Sync asks the provider now what became of a payment whose outcome is open.
func (s *Service) Sync(tx *models.Tx, scope models.Scope, paymentID string, actor models.Actor) (*models.Payment, error) {
	p, err := tx.Payment(scope, paymentID)
	if err != nil {
		return nil, err
	}
	a, err := tx.LastAttempt(p.ID)
	if err != nil {
		return nil, err
	}
	if a.Status != models.AttemptUnknown && a.Status != models.AttemptRequiresAction {
		return nil, models.Conflict("outcome_known", string(p.Status))
	}
	tx.Enqueue(models.ReconcileArgs{AttemptID: a.ID, Inquiry: once})
	return p, tx.Audit(actor, models.AuditEntry{
		MerchantID: &p.MerchantID, Action: "payment.sync", ObjectID: p.ID, OrderID: &p.OrderID,
	})
}
