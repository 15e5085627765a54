package payments

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/tillpost/tillpost/models"
)

// Action is what somebody wants done with a payment.
type Action struct {
	Amount int64 // minor units; of a capture, 0 is all that is authorized
	Reason string
	Actor  models.Actor
	// Limited holds the actor to what the merchant lets support agents refund.
	Limited bool
}

// cause names who asked, on attempts and refunds.
func (a Action) cause() string {
	if a.Actor.Kind == "api_key" {
		return models.CauseAPI
	}
	return models.CauseManual
}

// Capture takes an authorized amount or a part of it; the rest is released.
func (s *Service) Capture(tx *models.Tx, scope models.Scope, paymentID string, in Action) (*models.Payment, error) {
	return s.change(tx, scope, paymentID, models.KindCapture, in)
}

// Void releases what a payment authorized.
func (s *Service) Void(tx *models.Tx, scope models.Scope, paymentID string, in Action) (*models.Payment, error) {
	in.Amount = 0
	return s.change(tx, scope, paymentID, models.KindVoid, in)
}

// change queues a capture or void. Of many that ask at once, one succeeds.
func (s *Service) change(tx *models.Tx, scope models.Scope, paymentID, kind string, in Action) (*models.Payment, error) {
	deed := DeedCapture
	if kind == models.KindVoid {
		deed = DeedVoid
	}
	p, _, err := s.begin(tx, scope, paymentID, deed, in.Actor)
	if err != nil {
		return nil, err
	}
	if in.Amount == 0 {
		in.Amount = p.Amount
	}
	if in.Amount < 0 || in.Amount > p.Amount {
		return nil, models.Invalid("amount", "amount_out_of_range")
	}
	why, err := s.why(in)
	if err != nil {
		return nil, err
	}
	if p, err = tx.MovePayment(p.ID, models.PaymentProcessing, models.PaymentChange{Cause: kind}); err != nil {
		return nil, err
	}
	_, err = tx.CreateAttempt(p, models.Attempt{
		Kind: kind, Amount: in.Amount, GatewayAccountID: p.GatewayAccountID, Cause: in.cause(), ActorID: in.Actor.ID, Reason: why,
	})
	if err != nil {
		return nil, err
	}
	return p, s.audit(tx, p, "payment."+kind, why, in, map[string]string{"amount": strconv.FormatInt(in.Amount, 10)})
}

// why is the reason of an action. Shops need none: their own records tell.
func (s *Service) why(in Action) (string, error) {
	if in.Actor.Kind == "api_key" && in.Reason == "" {
		return "", nil
	}
	return reason(in.Reason)
}

func (s *Service) audit(tx *models.Tx, p *models.Payment, action, why string, in Action, detail map[string]string) error {
	return tx.Audit(in.Actor, models.AuditEntry{
		MerchantID: &p.MerchantID, Action: action, ObjectID: p.ID, OrderID: &p.OrderID, Reason: why, Detail: detail,
	})
}

// Cancel ends a payment for which no money moved yet: at once while nothing was
// sent, and by way of the provider while the customer must act.
func (s *Service) Cancel(tx *models.Tx, scope models.Scope, paymentID string, in Action) (*models.Payment, error) {
	p, last, err := s.begin(tx, scope, paymentID, DeedCancel, in.Actor)
	if err != nil {
		return nil, err
	}
	why, err := s.why(in)
	if err != nil {
		return nil, err
	}
	switch {
	case p.Status == models.PaymentRequiresAction:
		tx.Enqueue(models.CancelArgs{AttemptID: last.ID})
		return p, s.audit(tx, p, "payment.cancel", why, in, nil)
	case last != nil && last.Status.Open():
		ok, err := tx.WithdrawQueued(p.ID, "canceled", "Canceled before it was sent.")
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, models.Conflict("attempt_open", string(p.Status))
		}
	}
	if p, err = tx.MovePayment(p.ID, models.PaymentCanceled, models.PaymentChange{Cause: in.cause()}); err != nil {
		return nil, err
	}
	return p, s.audit(tx, p, "payment.cancel", why, in, nil)
}

// CancelAttempt ends an attempt that waits for its customer at the provider.
// What it has become instead is stored as the truth.
func (s *Service) CancelAttempt(ctx context.Context, attemptID string) error {
	a, p, err := s.waiting(ctx, attemptID)
	if err != nil || a == nil || a.Status != models.AttemptRequiresAction {
		return err
	}
	leave, err := s.guards.enter(ctx, a.GatewayAccountID)
	if err != nil {
		return err
	}
	defer leave()
	o, err := s.prepare(ctx, p, a)
	if err != nil {
		return err
	}
	result, told := s.call(ctx, o, purposeCancel, a)
	if result.Code == codeBreakerOpen { // nothing was asked
		return BusyError{After: result.RetryAfter}
	}
	switch result.Outcome {
	case OutcomeSucceeded, OutcomeAuthorized, OutcomeDeclined:
		return s.settle(ctx, a, result, told)
	case OutcomeNotFound:
		return s.canceled(ctx, a, result, told)
	case OutcomeProcessing, OutcomeRequiresAction, outcomeReview: // told later by webhook, or not possible there
		return s.keepCalls(ctx, told)
	case OutcomeUnknown, OutcomeNotSent:
	}
	if err := s.keepCalls(ctx, told); err != nil || result.Misconfigured {
		return err
	}
	return fmt.Errorf("cancel attempt %s: %w", a.ID, errNotCanceled) // promised: the job comes again
}

// errNotCanceled says that a provider did not answer a cancel.
var errNotCanceled = errors.New("the provider did not say whether it is canceled")

// canceled stores that an attempt was ended on demand.
func (s *Service) canceled(ctx context.Context, a *models.Attempt, r Result, told report) error {
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		if err := tx.AddProviderCalls(told.calls); err != nil {
			return err
		}
		p, err := tx.Payment(models.AllMerchants(), a.PaymentID)
		if err != nil {
			return err
		}
		ok, err := tx.MoveAttempt(a.ID, models.AttemptNotSent, change(r, told.latency))
		if err != nil || !ok {
			return err
		}
		if late, err := s.besideLate(tx, p, a); err != nil || late {
			return err
		}
		_, err = tx.MovePayment(a.PaymentID, models.PaymentCanceled, models.PaymentChange{Cause: "canceled"})
		return err
	})
	if err != nil {
		return fmt.Errorf("cancel attempt %s: %w", a.ID, err)
	}
	return nil
}

// Sync asks the provider now what became of a payment whose outcome is open. It
// moves no money, so that nobody has to say why.
func (s *Service) Sync(tx *models.Tx, scope models.Scope, paymentID string, in Action) (*models.Payment, error) {
	p, a, err := s.begin(tx, scope, paymentID, DeedSync, in.Actor)
	if err != nil {
		return nil, err
	}
	why := ""
	if in.Reason != "" {
		if why, err = reason(in.Reason); err != nil {
			return nil, err
		}
	}
	tx.Enqueue(models.ReconcileArgs{AttemptID: a.ID, Inquiry: once})
	return p, s.audit(tx, p, "payment.sync", why, in, nil)
}
