package payments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tillpost/tillpost/models"
)

// RefundRequest is the wish to give back a part of a payment.
type RefundRequest struct {
	PaymentID string
	Amount    int64 // minor units
	Reason    string
	Actor     models.Actor
	// Limited holds the actor to what the merchant lets support agents refund.
	Limited bool
}

// Refund stores a refund that is certain to be sent: its amount is reserved, and
// its row and the job that sends it come to be in one transaction.
func (s *Service) Refund(tx *models.Tx, scope models.Scope, in RefundRequest) (*models.Refund, error) {
	why, err := reason(in.Reason)
	if err != nil {
		return nil, err
	}
	p, err := tx.Payment(scope, in.PaymentID)
	if errors.Is(err, models.ErrNotFound) {
		return nil, models.Invalid("payment_id", "unknown_payment")
	}
	if err != nil {
		return nil, err
	}
	if refusal := claimRefusal(p, in.Actor, tx.Now()); refusal != nil {
		return nil, refusal
	}
	if in.Limited {
		if err := s.withinLimit(tx, p, in.Amount); err != nil {
			return nil, err
		}
	}
	by := Action{Actor: in.Actor}
	r, err := tx.CreateRefund(p, models.Refund{Amount: in.Amount, Reason: why, Cause: by.cause(), ActorID: in.Actor.ID})
	if err != nil {
		return nil, err
	}
	return r, s.audit(tx, p, "payment.refund", why, by, map[string]string{
		"refund": r.ID, "amount": strconv.FormatInt(r.Amount, 10),
	})
}

// withinLimit refuses what is above the merchant's limit for support agents. The
// limit holds for all that was given back of a payment, so that two refunds do
// not get around it.
func (s *Service) withinLimit(tx *models.Tx, p *models.Payment, amount int64) error {
	rules, err := s.rules(tx, p.MerchantID)
	if err != nil {
		return err
	}
	if limit := rules.SupportRefundLimit; limit > 0 && p.AmountRefunded+p.AmountRefundPending+amount > limit {
		return &models.Error{Kind: models.KindDenied, Code: "refund_above_limit", Field: "amount"}
	}
	return nil
}

// RetryRefund sends a refund once more that has failed, under a new key.
func (s *Service) RetryRefund(tx *models.Tx, scope models.Scope, id string, in Action) (*models.Refund, error) {
	why, err := reason(in.Reason)
	if err != nil {
		return nil, err
	}
	r, err := tx.Refund(scope, id)
	if err != nil {
		return nil, err
	}
	p, err := tx.Payment(scope, r.PaymentID)
	if err != nil {
		return nil, err
	}
	if r, err = tx.Refund(scope, id); err != nil { // as it is under the payment's lock
		return nil, err
	}
	if refusal := RefundRetryRefusal(p, r, in.Actor, tx.Now()); refusal != nil {
		return nil, refusal
	}
	if in.Limited {
		if err := s.withinLimit(tx, p, r.Amount); err != nil {
			return nil, err
		}
	}
	if err := s.sendAgain(tx, r, in.cause(), 0); err != nil {
		return nil, err
	}
	return r, s.audit(tx, p, "refund.retry", why, in, map[string]string{"refund": r.ID})
}

// RefundRetryRefusal says why a refund must not be sent once more now, or nil.
func RefundRetryRefusal(p *models.Payment, r *models.Refund, actor models.Actor, now time.Time) *models.Error {
	if refusal := claimRefusal(p, actor, now); refusal != nil {
		return refusal
	}
	if r.Status != models.RefundFailed {
		return models.Conflict("refund_not_failed", string(r.Status))
	}
	return p.RefundRefusal(r.Amount)
}

// SendRefund sends a requested refund to its provider and stores what came of
// it. A second worker with the same refund finds nothing to do.
func (s *Service) SendRefund(ctx context.Context, id string) error {
	r, err := s.refundIn(ctx, id, models.RefundRequested)
	if err != nil || r == nil {
		return err
	}
	return s.callRefund(ctx, r, once, func(ctx context.Context, o order, p Refunder, in Refund) (Result, report, error) {
		return s.claimAndRefund(ctx, o, p, in, r)
	})
}

// ReconcileRefund asks the provider what became of a refund. One that it does
// not know, or cannot tell of, is sent again under the same key, which cannot
// make two of it.
func (s *Service) ReconcileRefund(ctx context.Context, id string, inquiry int) error {
	r, err := s.refundIn(ctx, id, models.RefundUnknown, models.RefundPending)
	if err != nil || r == nil {
		return err
	}
	return s.callRefund(ctx, r, inquiry, func(ctx context.Context, o order, p Refunder, in Refund) (Result, report, error) {
		found, told := s.refundCall(ctx, o, purposeLookupRefund, r, func(ctx context.Context) Result {
			return p.LookupRefund(ctx, o.account, in)
		})
		if found.Code == codeBreakerOpen { // nothing was asked
			return found, told, BusyError{After: found.RetryAfter}
		}
		settled := s.db.Now().Sub(in.StartedAt) >= s.policy.Settle && !o.gateway.UpdatedAt.After(in.StartedAt)
		repeat := r.Status == models.RefundUnknown && settled && (found.Outcome == OutcomeNotFound ||
			found.Outcome == OutcomeUnknown && s.db.Now().Sub(in.StartedAt) < refundKeyLife)
		if !repeat {
			if found.Outcome == OutcomeNotFound || found.Outcome == OutcomeNotSent {
				found.Outcome = OutcomeUnknown // proves nothing yet
			}
			return found, told, nil
		}
		again, more, err := s.claimAndRefund(ctx, o, p, in, r)
		more.calls = append(told.calls, more.calls...)
		if again.Outcome == OutcomeNotSent { // this call was not; the one before may have been
			again.Outcome = OutcomeUnknown
		}
		return again, more, err
	})
}

// refundKeyLife is how long all providers surely remember a refund's key: within
// it, one whose look-up tells nothing is sent again under the same key.
const refundKeyLife = 6 * time.Hour

// claimAndRefund sends a refund unless somebody else was first, which leaves no outcome.
func (s *Service) claimAndRefund(ctx context.Context, o order, p Refunder, in Refund, r *models.Refund) (Result, report, error) {
	claimed, err := s.claimRefund(ctx, r)
	if err != nil || !claimed {
		return Result{}, report{}, err
	}
	result, told := s.refundCall(ctx, o, purposeRefund, r, func(ctx context.Context) Result { return p.Refund(ctx, o.account, in) })
	return result, told, nil
}

// refundIn loads a refund that is in one of the statuses, or nothing.
func (s *Service) refundIn(ctx context.Context, id string, statuses ...models.RefundStatus) (*models.Refund, error) {
	r, err := s.db.Refund(ctx, models.AllMerchants(), id)
	if errors.Is(err, models.ErrNotFound) {
		return nil, nil //nolint:nilnil // there is nothing to do
	}
	if err != nil {
		return nil, err
	}
	if !slices.Contains(statuses, r.Status) {
		return nil, nil //nolint:nilnil // there is nothing to do
	}
	return r, nil
}

// callRefund prepares a call about a refund, makes it, and stores what came of
// it. A call without an outcome was not made, because somebody else was first.
func (s *Service) callRefund(
	ctx context.Context, r *models.Refund, inquiry int,
	call func(context.Context, order, Refunder, Refund) (Result, report, error),
) error {
	leave, err := s.guards.enter(ctx, r.GatewayAccountID)
	if err != nil {
		return err
	}
	defer leave()
	o, in, err := s.prepareRefund(ctx, r)
	if _, account := errors.AsType[unusable](err); err != nil && !account {
		return err
	}
	if err != nil {
		s.log.ErrorContext(ctx, "refund cannot be sent", "refund", r.ID, "error", err)
		return s.settleRefund(ctx, r, unsent(err), report{}, inquiry)
	}
	refunder, ok := o.provider.(Refunder)
	if !ok {
		return s.settleRefund(ctx, r, Result{
			Outcome: OutcomeDeclined, Class: ClassNever, Code: "not_supported", Message: "The provider cannot refund.",
		}, report{}, inquiry)
	}
	result, told, err := call(ctx, o, refunder, in)
	if err != nil {
		return errors.Join(err, s.keepCalls(ctx, told))
	}
	if result.Outcome == "" {
		return s.keepCalls(ctx, told)
	}
	return s.settleRefund(ctx, r, result, told, inquiry)
}

func (s *Service) refundCall(ctx context.Context, o order, purpose string, r *models.Refund, call func(context.Context) Result) (Result, report) {
	return s.guards.run(ctx, o, subject{purpose, r.MerchantID, r.PaymentID, r.ID}, s.policy.Timeout, call)
}

func (s *Service) prepareRefund(ctx context.Context, r *models.Refund) (order, Refund, error) {
	o, err := s.open(ctx, r.MerchantID, r.GatewayAccountID)
	if err != nil {
		return o, Refund{}, err
	}
	p, err := s.db.Payment(ctx, models.MerchantScope(r.MerchantID), r.PaymentID)
	if err != nil {
		return o, Refund{}, err
	}
	original, err := s.db.ChargeAttempt(ctx, p.ID)
	if err != nil {
		return o, Refund{}, fmt.Errorf("charge of payment %s: %w", p.ID, err)
	}
	in := Refund{
		Captured: p.AmountCaptured, RefundID: r.ID, Key: r.IdempotencyKey, Amount: r.Amount, Reason: r.Reason, StartedAt: s.db.Now(),
	}
	if in.Original, err = s.charge(ctx, o.gateway, p, original); err != nil {
		return o, Refund{}, err
	}
	if r.ProviderReference != nil {
		in.ProviderReference = *r.ProviderReference
	}
	if r.StartedAt != nil {
		in.StartedAt = *r.StartedAt
	}
	return o, in, nil
}

// claimRefund takes a refund: nobody else can send it from here on.
func (s *Service) claimRefund(ctx context.Context, r *models.Refund) (claimed bool, err error) {
	err = s.db.Write(ctx, func(tx *models.Tx) error {
		claimed = false
		lease := tx.Now().Add(s.policy.Lease)
		moved, ok, err := tx.MoveRefund(r.ID, models.RefundSending, models.RefundChange{LeaseUntil: &lease})
		if err == nil && ok && moved.IdempotencyKey != r.IdempotencyKey {
			return errEarlierTry // it ended meanwhile, and another try was asked for, which has a job of its own
		}
		claimed = ok
		return err
	})
	if errors.Is(err, errEarlierTry) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("claim refund %s: %w", r.ID, err)
	}
	return claimed, nil
}
