package payments

import (
	"context"
	"errors"
	"fmt"

	"github.com/tillpost/tillpost/models"
)

// AutoRetry makes the planned next attempt of a payment, of the same kind as
// the one with the number after, unless somebody or something was quicker, or
// the order was paid meanwhile.
func (s *Service) AutoRetry(ctx context.Context, paymentID string, after int) error {
	err := s.db.Write(ctx, func(tx *models.Tx) error {
		p, err := tx.Payment(models.AllMerchants(), paymentID)
		if err != nil {
			return err
		}
		if !awaitsRetry(p, after) {
			return nil
		}
		last, err := tx.LastAttempt(p.ID)
		if err != nil {
			return err
		}
		if refusal, err := s.autoRefusal(tx, p, last); err != nil || refusal != nil {
			if refusal != nil {
				err = refusal
			}
			return err
		}
		account, err := tx.RouteGateway(p.MerchantID, *p.GatewayAccountID)
		if err != nil {
			return err
		}
		_, err = s.attemptAgain(tx, p, models.Attempt{
			GatewayAccountID: &account.ID, Kind: last.Kind, Amount: last.Amount, Cause: models.CauseAutoRetry,
		})
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

// autoRefusal says why a planned retry must not be made after all, or nil. Since
// it was planned the card may have been refused for other payments, too.
func (s *Service) autoRefusal(tx *models.Tx, p *models.Payment, last *models.Attempt) (*models.Error, error) {
	if p.GatewayAccountID == nil {
		return models.Invalid("gateway", "no_gateway"), nil
	}
	if p.Issue != models.IssueNone {
		return models.Conflict("issue_open", string(p.Status)), nil
	}
	return s.retryLimits(tx, p, last)
}

// awaitsRetry says whether nothing happened to a payment since the attempt with
// the number after, which failed or was not sent; and, if it has failed, whether
// the retry is still planned.
func awaitsRetry(p *models.Payment, after int) bool {
	return p.Attempts == after && (p.Status == models.PaymentFailed && p.NextRetryAt != nil || p.Status == models.PaymentProcessing)
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
		to := models.PaymentFailed
		if last.Kind != models.KindCharge {
			to = models.PaymentAuthorized
		}
		_, err = tx.MovePayment(p.ID, to, models.PaymentChange{
			Cause: models.CauseAutoRetry, Failure: models.Failure{Code: refused.Code, Message: last.Message},
		})
		return err
	})
}
