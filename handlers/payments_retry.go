package handlers

import (
	"errors"
	"net/url"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// confirmRetry asks before a payment is charged again.
func (s *server) confirmRetry(c *fiber.Ctx, v *viewer) error {
	p, err := s.DB.Payment(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	var form views.RetryForm
	if p.GatewayAccountID != nil {
		form.Gateway = *p.GatewayAccountID
	}
	return s.renderRetry(c, v, fiber.StatusOK, p, form, nil)
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
	form.Payment, form.Order = *p, *o
	if form.Merchant, err = s.merchantName(ctx, v, p.MerchantID); err != nil {
		return err
	}
	if form.Accounts, err = s.enabledAccounts(ctx, v.Scope.Narrow(p.MerchantID)); err != nil {
		return err
	}
	if refusal == nil {
		refusal = s.retryRefusal(p, o)
	}
	if refusal == nil && len(form.Accounts) == 0 {
		refusal = models.Invalid("gateway", "no_gateway")
	}
	if refusal != nil {
		form.Refusal = errorText(v.Texts, refusal)
	}
	form.Form = s.form(c, v, form.Errors)
	return s.render(c, status, views.RetryView(s.shell(c, v, v.Texts.T("payments.retry")), form))
}

// retryPayment charges a failed payment again. The same form sent twice charges
// once, and of many forms one is taken.
func (s *server) retryPayment(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	p, err := s.DB.Payment(c.UserContext(), v.Scope, id)
	if err != nil {
		return err
	}
	form := views.RetryForm{Gateway: field(c, "gateway"), Reason: field(c, "reason")}
	_, err = s.once(c, v, p.MerchantID, func(tx *models.Tx) (models.Answer, error) {
		_, err := s.Payments.Retry(tx, v.Scope, id, payments.RetryRequest{
			Gateway: form.Gateway, Reason: form.Reason, Actor: v.actor(c),
		})
		return models.Answer{Status: fiber.StatusOK, Location: "/payments/" + id}, err
	})
	var refusal *models.Error
	switch {
	case err == nil:
		return s.retried(c, v, id)
	case !errors.As(err, &refusal):
		return err
	case refusal.Code == "idempotency_key_in_use": // the same form's first sending is being worked on
		return s.redirect(c, "/payments/"+id)
	case refusal.Kind == models.KindConflict:
		return s.refuseRetry(c, v, id, form, refusal)
	}
	if form.Errors = fieldErrors(v, err); form.Errors == nil {
		return err
	}
	return s.renderRetry(c, v, fiber.StatusUnprocessableEntity, p, form, nil)
}

// refuseRetry says why the payment was not charged again, with the payment as
// it stands now.
func (s *server) refuseRetry(c *fiber.Ctx, v *viewer, id string, form views.RetryForm, refusal *models.Error) error {
	p, err := s.DB.Payment(c.UserContext(), v.Scope, id)
	if err != nil {
		return err
	}
	return s.renderRetry(c, v, fiber.StatusConflict, p, form, refusal)
}

// retried closes the dialog and renews what the page under it shows.
func (s *server) retried(c *fiber.Ctx, v *viewer, id string) error {
	if !isHTMX(c) {
		return s.redirect(c, "/payments/"+id)
	}
	p, err := s.DB.Payment(c.UserContext(), v.Scope, id)
	if err != nil {
		return err
	}
	row, err := s.paymentRow(c.UserContext(), v, p)
	if err != nil {
		return err
	}
	renewed, err := s.renewed(c, v, row)
	if err != nil {
		return err
	}
	c.Set(hxTrigger, closeDialog)
	toast := ui.ToastProps{
		Tone: ui.Success, Text: v.Texts.T("payments.retried", "Order", row.Order.Number),
		Href: "/payments/" + id, Link: v.Texts.T("common.view"),
	}
	return s.toast(c, fiber.StatusOK, toast, renewed...)
}

// renewed is the part of the page that the request came from that shows the
// payment. Other pages renew themselves as hints reach them.
func (s *server) renewed(c *fiber.Ctx, v *viewer, row views.PaymentRow) ([]templ.Component, error) {
	from, err := url.Parse(c.Get(hxCurrentURL))
	if err != nil {
		return nil, nil //nolint:nilerr // a header that no browser sends names no page
	}
	switch from.Path {
	case "/payments":
		return []templ.Component{views.Renewed("#"+row.Payment.ID, views.PaymentTableRow(row))}, nil
	case "/payments/" + row.Payment.ID:
		view, err := s.payment(c, v, &row.Payment)
		return []templ.Component{views.Renewed("#payment-detail", views.PaymentDetail(view))}, err
	case "/orders/" + row.Order.ID:
		view, err := s.order(c, v, row.Order.ID)
		return []templ.Component{views.Renewed("#order-detail", views.OrderDetail(view))}, err
	default:
		return nil, nil
	}
}
