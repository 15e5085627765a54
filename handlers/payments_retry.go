package handlers

import (
	"context"
	"errors"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// confirmRetry asks before a payment is tried again; anyway means although the
// bank forbids it.
func (s *server) confirmRetry(anyway bool) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		p, err := s.DB.Payment(c.UserContext(), v.Scope, c.Params("id"))
		if err != nil {
			return err
		}
		form := views.RetryForm{Anyway: anyway, Other: c.Query("other") != ""}
		if p.GatewayAccountID != nil {
			form.Gateway = *p.GatewayAccountID
		}
		return s.renderRetry(c, v, fiber.StatusOK, p, form, nil)
	}
}

// renderRetry shows the form, or why the payment must not be tried again: what
// the caller was refused with, or what stands against it now.
func (s *server) renderRetry(
	c *fiber.Ctx, v *viewer, status int, p *models.Payment, form views.RetryForm, refusal *models.Error,
) error {
	ctx := c.UserContext()
	o, err := s.DB.Order(ctx, v.Scope, p.OrderID)
	if err != nil {
		return err
	}
	attempts, err := s.DB.Attempts(ctx, p.ID)
	if err != nil {
		return err
	}
	form.Payment, form.Order = *p, *o
	if last := newest(attempts); last != nil && last.Kind != models.KindCharge {
		form.Kind, form.KindAmount = last.Kind, last.Amount
	}
	if form.Merchant, err = s.merchantName(ctx, v, p.MerchantID); err != nil {
		return err
	}
	if form.Accounts, err = s.retryAccounts(ctx, p, form); err != nil {
		return err
	}
	if refusal == nil {
		if refusal, err = s.Payments.RetryVerdict(ctx, p, o, attempts, retryDeed(form.Anyway), v.actor(c)); err != nil {
			return err
		}
	}
	if refusal == nil && len(form.Accounts) == 0 && form.Kind == "" {
		refusal = models.Invalid("gateway", noAccount(form.Other))
	}
	if form.Refusal, err = s.refusalText(ctx, v, p, refusal); err != nil {
		return err
	}
	form.Form = s.form(c, v, form.Errors)
	form.Version = paymentVersion(p)
	return s.render(c, status, views.RetryView(s.shell(c, v, views.DeedTitle(ctx, form.Path())), form))
}

// noAccount is the code of the refusal when there is no account to choose.
func noAccount(other bool) string {
	if other {
		return "no_other_gateway"
	}
	return "no_gateway"
}

func retryDeed(anyway bool) payments.Deed {
	if anyway {
		return payments.DeedRetryAnyway
	}
	return payments.DeedRetry
}

// retryAccounts are the accounts through which a payment can go, or the others
// than the one that was tried last.
func (s *server) retryAccounts(ctx context.Context, p *models.Payment, form views.RetryForm) ([]ui.Option, error) {
	accounts, err := s.Payments.RetryAccounts(ctx, p)
	if err != nil {
		return nil, err
	}
	var options []ui.Option
	for i := range accounts {
		a := &accounts[i]
		if form.Other && p.GatewayAccountID != nil && a.ID == *p.GatewayAccountID {
			continue
		}
		options = append(options, ui.Option{Value: a.ID, Label: a.Name + " (" + views.KindName(a.Kind) + ")"})
	}
	return options, nil
}

// retryPayment tries a failed payment again. The same form sent twice charges
// once, and of many forms one is taken.
func (s *server) retryPayment(anyway bool) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		p, err := s.DB.Payment(c.UserContext(), v.Scope, c.Params("id"))
		if err != nil {
			return err
		}
		form := views.RetryForm{Anyway: anyway, Other: field(c, "other") != "", Gateway: field(c, "gateway"), Reason: field(c, "reason")}
		_, err = s.once(c, v, p.MerchantID, func(tx *models.Tx) (models.Answer, error) {
			if err := unchanged(c, tx, v.Scope, p.ID); err != nil {
				return models.Answer{}, err
			}
			_, err := s.Payments.Retry(tx, v.Scope, p.ID, payments.RetryRequest{
				Gateway: form.Gateway, Reason: form.Reason, Actor: v.actor(c), Force: anyway,
			})
			return models.Answer{Status: fiber.StatusOK, Location: "/payments/" + p.ID}, err
		})
		return s.answerRetry(c, v, p.ID, form, err)
	}
}

// answerRetry tells what came of a retry, with the payment as it stands now.
func (s *server) answerRetry(c *fiber.Ctx, v *viewer, id string, form views.RetryForm, err error) error {
	var refusal *models.Error
	if err != nil && !errors.As(err, &refusal) {
		return err
	}
	p, loadErr := s.DB.Payment(c.UserContext(), v.Scope, id)
	if loadErr != nil {
		return loadErr
	}
	switch {
	case refusal == nil:
		return s.retried(c, v, p)
	case refusal.Code == "idempotency_key_in_use": // the same form's first sending is being worked on
		return s.redirect(c, "/payments/"+id)
	case refusal.Code == codePaymentChanged:
		form.Errors = map[string]string{"": errorText(v.Texts, refusal)}
		return s.renderRetry(c, v, fiber.StatusConflict, p, form, nil)
	case refusal.Kind == models.KindConflict:
		return s.renderRetry(c, v, fiber.StatusConflict, p, form, refusal)
	}
	if form.Errors = fieldErrors(v, err); form.Errors == nil {
		return err
	}
	return s.renderRetry(c, v, fiber.StatusUnprocessableEntity, p, form, nil)
}

func (s *server) retried(c *fiber.Ctx, v *viewer, p *models.Payment) error {
	o, err := s.DB.Order(c.UserContext(), v.Scope, p.OrderID)
	if err != nil {
		return err
	}
	return s.acted(c, v, p, v.Texts.T("payments.retried", "Order", o.Number))
}

// currentPath is the path of the page that a request came from; empty when it
// names none.
func currentPath(c *fiber.Ctx) string {
	from, err := url.Parse(c.Get(hxCurrentURL))
	if err != nil {
		return "" // a header that no browser sends
	}
	return from.Path
}
