package handlers

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
)

func (s *server) refundRoutes() []route {
	return []route{
		{fiber.MethodGet, "/refunds/:id/retry", staff, s.confirmRefundRetry},
		{fiber.MethodPost, "/refunds/:id/retry", staff, s.retryRefund},
		{fiber.MethodPost, "/refunds/:id/sync", staff, s.syncRefund},
	}
}

// refund loads the refund that the address names, with its payment.
func (s *server) refund(c *fiber.Ctx, v *viewer) (*models.Refund, *models.Payment, error) {
	r, err := s.DB.Refund(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return nil, nil, err
	}
	p, err := s.DB.Payment(c.UserContext(), v.Scope, r.PaymentID)
	return r, p, err
}

// refundRefusal says why a refund must not be sent once more now, or nil.
// Limit is what the viewer may still refund of its payment.
func (s *server) refundRefusal(c *fiber.Ctx, v *viewer, p *models.Payment, r *models.Refund, limit int64) *models.Error {
	if refusal := payments.RefundRetryRefusal(p, r, v.actor(c), s.DB.Now()); refusal != nil {
		return refusal
	}
	if r.Amount > limit {
		return errAboveLimit
	}
	return nil
}

// confirmRefundRetry asks before a refund is sent once more.
func (s *server) confirmRefundRetry(c *fiber.Ctx, v *viewer) error {
	r, p, err := s.refund(c, v)
	if err != nil {
		return err
	}
	return s.renderRefundRetry(c, v, fiber.StatusOK, p, views.RefundForm{Refund: *r}, nil)
}

func (s *server) renderRefundRetry(
	c *fiber.Ctx, v *viewer, status int, p *models.Payment, form views.RefundForm, refusal *models.Error,
) error {
	ctx := c.UserContext()
	o, err := s.DB.Order(ctx, v.Scope, p.OrderID)
	if err != nil {
		return err
	}
	form.Payment, form.Order = *p, *o
	if form.Merchant, err = s.merchantName(ctx, v, p.MerchantID); err != nil {
		return err
	}
	if refusal == nil {
		limit, err := s.refundLimit(ctx, v, p)
		if err != nil {
			return err
		}
		refusal = s.refundRefusal(c, v, p, &form.Refund, limit)
	}
	if form.Refusal, err = s.refusalText(ctx, v, p, refusal); err != nil {
		return err
	}
	form.Form = s.form(c, v, form.Errors)
	form.Version = paymentVersion(p)
	return s.render(c, status, views.RefundRetryView(s.shell(c, v, v.Texts.T("refunds.retry")), form))
}

// retryRefund sends a failed refund once more. The same form sent twice does it once.
func (s *server) retryRefund(c *fiber.Ctx, v *viewer) error {
	r, p, err := s.refund(c, v)
	if err != nil {
		return err
	}
	form := views.RefundForm{Refund: *r, Reason: field(c, "reason")}
	_, err = s.once(c, v, p.MerchantID, func(tx *models.Tx) (models.Answer, error) {
		if err := unchanged(c, tx, v.Scope, p.ID); err != nil {
			return models.Answer{}, err
		}
		_, err := s.Payments.RetryRefund(tx, v.Scope, r.ID, payments.Action{
			Reason: form.Reason, Actor: v.actor(c), Limited: v.limited(),
		})
		return models.Answer{Status: fiber.StatusOK, Location: "/payments/" + p.ID}, err
	})
	var refusal *models.Error
	if err != nil && !errors.As(err, &refusal) {
		return err
	}
	current, itsPayment, loadErr := s.refund(c, v)
	if loadErr != nil {
		return loadErr
	}
	form.Refund, p = *current, itsPayment
	switch {
	case refusal == nil:
		return s.acted(c, v, p, v.Texts.T("refunds.retried"))
	case refusal.Code == "idempotency_key_in_use":
		return s.redirect(c, "/payments/"+p.ID)
	case refusal.Code == codePaymentChanged:
		form.Errors = map[string]string{"": errorText(v.Texts, refusal)}
		return s.renderRefundRetry(c, v, fiber.StatusConflict, p, form, nil)
	case refusal.Field == "reason" || refusal.Field == keyField:
		form.Errors = fieldErrors(v, err)
		return s.renderRefundRetry(c, v, fiber.StatusUnprocessableEntity, p, form, nil)
	default:
		return s.renderRefundRetry(c, v, statusOf(refusal.Kind), p, form, refusal)
	}
}

// syncRefund asks the provider now what became of a refund.
func (s *server) syncRefund(c *fiber.Ctx, v *viewer) error {
	r, p, err := s.refund(c, v)
	if err != nil {
		return err
	}
	err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		_, err := s.Payments.SyncRefund(tx, v.Scope, r.ID, v.actor(c))
		return err
	})
	var refusal *models.Error
	if errors.As(err, &refusal) && refusal.Kind == models.KindConflict && isHTMX(c) {
		return s.refuseBeside(c, v, p, refusal)
	}
	if err != nil {
		return err
	}
	return s.acted(c, v, p, v.Texts.T("payments.sync_asked"))
}
