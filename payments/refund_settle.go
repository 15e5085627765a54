package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/tillpost/tillpost/models"
)

// settleRefund stores the result of a call for a refund. Once a call was made
// its result is stored even if the job is being stopped.
func (s *Service) settleRefund(ctx context.Context, r *models.Refund, result Result, told report, inquiry int) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Settling)
	defer cancel()
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		if err := tx.AddProviderCalls(told.calls); err != nil {
			return err
		}
		if _, err := s.applyRefund(ctx, tx, r.ID, result, inquiry); err != nil {
			return err
		}
		return noteAccess(tx, r.GatewayAccountID, result)
	})
	if err != nil {
		return fmt.Errorf("settle refund %s as %s: %w", r.ID, result.Outcome, err)
	}
	return nil
}

// applyRefund moves a refund after what its provider said. It says false when
// that was no news.
func (s *Service) applyRefund(ctx context.Context, tx *models.Tx, id string, r Result, inquiry int) (bool, error) {
	current, err := tx.Refund(models.AllMerchants(), id)
	if err != nil {
		return false, err
	}
	c := models.RefundChange{
		ProviderReference: r.ProviderReference, Code: r.Code, Class: string(r.Class), Message: r.Message,
	}
	switch r.Outcome {
	case OutcomeSucceeded, OutcomeAuthorized:
		return s.refunded(ctx, tx, current, c, r)
	case OutcomeDeclined:
		return s.refundFailed(ctx, tx, current, c)
	case OutcomeNotSent, OutcomeNotFound:
		if current.Status == models.RefundSending || current.Status == models.RefundRequested {
			return true, s.refundNotSent(ctx, tx, current, c, r)
		}
		return false, s.askRefundAgain(tx, current, inquiry)
	case OutcomeProcessing, OutcomeRequiresAction:
		return s.openRefund(tx, current, models.RefundPending, c, inquiry)
	case OutcomeUnknown, outcomeReview:
		news, err := s.openRefund(tx, current, models.RefundUnknown, c, inquiry)
		if err == nil && r.Stuck && current.Status.Open() {
			return true, s.flag(tx, current.PaymentID, models.IssueRefundUnknown)
		}
		return news, err
	}
	return false, fmt.Errorf("provider answered with the unknown outcome %q", r.Outcome)
}

func (s *Service) refunded(ctx context.Context, tx *models.Tx, r *models.Refund, c models.RefundChange, result Result) (bool, error) {
	_, ok, err := tx.MoveRefund(r.ID, models.RefundSucceeded, c)
	if err == nil && !ok && madeAfterAll(r, c.ProviderReference) {
		return true, s.flagMade(ctx, tx, r, c.ProviderReference)
	}
	if err != nil || !ok || result.Amount == 0 || result.Amount == r.Amount {
		return ok, err
	}
	s.log.ErrorContext(ctx, "provider refunded another amount than asked",
		"refund", r.ID, "payment", r.PaymentID, "asked", r.Amount, "refunded", result.Amount)
	return true, s.flag(tx, r.PaymentID, models.IssueAmountDiffers)
}

// madeAfterAll says whether a refund that counts as failed was made under a
// reference of which nothing was heard; of another one the news are only old.
func madeAfterAll(r *models.Refund, reference string) bool {
	return r.Status == models.RefundFailed && reference != "" && (r.ProviderReference == nil || *r.ProviderReference != reference)
}

// flagMade calls for a human because a try of a refund that counts as failed
// gave the money back.
func (s *Service) flagMade(ctx context.Context, tx *models.Tx, r *models.Refund, reference string) error {
	s.log.ErrorContext(ctx, "customer was given money back by a try that counted as failed",
		"refund", r.ID, "payment", r.PaymentID, "refund_status", r.Status, "provider_reference", reference)
	return s.flag(tx, r.PaymentID, models.IssueRefundUnknown)
}

// refundFailed fails a refund; one that had succeeded has come back, which
// gives its amount free again and calls for a human.
func (s *Service) refundFailed(ctx context.Context, tx *models.Tx, r *models.Refund, c models.RefundChange) (bool, error) {
	reversed := r.Status == models.RefundSucceeded
	_, ok, err := tx.MoveRefund(r.ID, models.RefundFailed, c)
	if err != nil || !ok || !reversed {
		return ok, err
	}
	s.log.WarnContext(ctx, "refund came back after it had succeeded", "refund", r.ID, "payment", r.PaymentID)
	return true, s.flag(tx, r.PaymentID, models.IssueRefundReversed)
}

func (s *Service) flag(tx *models.Tx, paymentID string, issue models.Issue) error {
	p, err := tx.Payment(models.AllMerchants(), paymentID)
	if err != nil {
		return err
	}
	return tx.FlagPayment(p, issue)
}

// refundNotSent sends a refund again later that provably was not made, or fails it.
func (s *Service) refundNotSent(ctx context.Context, tx *models.Tx, r *models.Refund, c models.RefundChange, result Result) error {
	rules, err := s.rules(tx, r.MerchantID)
	if err != nil {
		return err
	}
	if result.rejected() || result.Misconfigured || r.Tries > len(rules.Technical) {
		_, err := s.refundFailed(ctx, tx, r, c)
		return err
	}
	wait := max(rules.Technical[r.Tries-1], min(result.RetryAfter, longestTechnicalWait))
	return s.sendAgain(tx, r, "technical", wait)
}

// sendAgain requests a refund anew, under another key.
func (s *Service) sendAgain(tx *models.Tx, r *models.Refund, cause string, wait time.Duration) error {
	at := tx.Now().Add(wait)
	lease := at.Add(refundPatience)
	c := models.RefundChange{Cause: cause, LeaseUntil: &lease}
	if wait > 0 {
		c.NextRetryAt = &at
	}
	moved, ok, err := tx.MoveRefund(r.ID, models.RefundRequested, c)
	if err != nil {
		return err
	}
	if !ok {
		return models.Conflict("refund_not_failed", string(r.Status))
	}
	*r = *moved
	tx.EnqueueAt(models.RefundArgs{RefundID: r.ID}, at)
	return nil
}

// refundPatience is how long the job of a requested refund may be overdue.
const refundPatience = time.Minute

// openRefund leaves a refund open, with the next look at it planned.
func (s *Service) openRefund(tx *models.Tx, r *models.Refund, to models.RefundStatus, c models.RefundChange, inquiry int) (bool, error) {
	if r.Status == to {
		return false, s.askRefundAgain(tx, r, inquiry)
	}
	moved, ok, err := tx.MoveRefund(r.ID, to, c)
	if err != nil {
		return false, err
	}
	if !ok {
		return false, s.askRefundAgain(tx, r, inquiry)
	}
	return true, tx.PlanRefund(moved.ID, to, 0, tx.Now().Add(s.policy.Refunds[0]))
}

// askRefundAgain plans the look at an open refund after this one. After the last
// one only a webhook or a human can tell what became of it.
func (s *Service) askRefundAgain(tx *models.Tx, r *models.Refund, inquiry int) error {
	if inquiry == once || r.Status != models.RefundUnknown && r.Status != models.RefundPending {
		return nil
	}
	if inquiry < len(s.policy.Refunds) {
		return tx.PlanRefund(r.ID, r.Status, inquiry, tx.Now().Add(s.policy.Refunds[inquiry]))
	}
	if err := tx.EndRefundInquiries(r.ID, inquiry); err != nil {
		return err
	}
	return s.flag(tx, r.PaymentID, models.IssueRefundUnknown)
}

func (s *Service) rescueRefund(ctx context.Context, r *models.Refund) error {
	if r.Status != models.RefundSending {
		return s.db.Write(ctx, func(tx *models.Tx) error { return tx.RequeueRefund(r) })
	}
	s.log.WarnContext(ctx, "refund was interrupted", "refund", r.ID, "payment", r.PaymentID)
	return s.settleRefund(ctx, r, Result{
		Outcome: OutcomeUnknown, Code: "interrupted",
		Message: "Tillpost was stopped before the provider's answer was stored.",
	}, report{}, once)
}

// SyncRefund asks the provider now what became of a refund that is open.
func (s *Service) SyncRefund(tx *models.Tx, scope models.Scope, id string, actor models.Actor) (*models.Refund, error) {
	r, err := tx.Refund(scope, id)
	if err != nil {
		return nil, err
	}
	p, err := tx.Payment(scope, r.PaymentID)
	if err != nil {
		return nil, err
	}
	if refusal := claimRefusal(p, actor, tx.Now()); refusal != nil {
		return nil, refusal
	}
	if r.Status != models.RefundUnknown && r.Status != models.RefundPending {
		return nil, models.Conflict("outcome_known", string(r.Status))
	}
	tx.Enqueue(models.ReconcileRefundArgs{RefundID: r.ID, Inquiry: once})
	return r, s.audit(tx, p, "refund.sync", "", Action{Actor: actor}, map[string]string{"refund": r.ID})
}
