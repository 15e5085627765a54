package handlers

import (
	"context"
	"errors"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// confirmDeed asks before something is done with a payment.
func (s *server) confirmDeed(d deed) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		p, err := s.DB.Payment(c.UserContext(), v.Scope, c.Params("id"))
		if err != nil {
			return err
		}
		return s.renderDeed(c, v, fiber.StatusOK, d, p, views.DeedForm{}, nil)
	}
}

// wholeAmount is what a deed is about unless somebody says otherwise. A capture
// whose outcome is in doubt may have been of a part.
func wholeAmount(d deed, p *models.Payment, last *models.Attempt) string {
	switch {
	case d.amount == noAmount:
		return ""
	case d.name == payments.DeedRefund:
		return views.Amount(p.Refundable(), p.Currency)
	case d.name == payments.DeedConfirmPaid && last != nil && last.Status.Open() && last.Kind == models.KindCapture:
		return views.Amount(last.Amount, p.Currency)
	default:
		return views.Amount(p.Amount, p.Currency)
	}
}

// renderDeed shows the form, or why it cannot be done: what the caller was
// refused with, or what stands against it now.
func (s *server) renderDeed(
	c *fiber.Ctx, v *viewer, status int, d deed, p *models.Payment, form views.DeedForm, refusal *models.Error,
) error {
	ctx := c.UserContext()
	o, err := s.DB.Order(ctx, v.Scope, p.OrderID)
	if err != nil {
		return err
	}
	form.Name, form.Payment, form.Order, form.HasAmount, form.Ask = d.path(), *p, *o, d.amount != noAmount, d.ask
	if form.Merchant, err = s.merchantName(ctx, v, p.MerchantID); err != nil {
		return err
	}
	accounts, err := s.accountNames(ctx, v.Scope.Narrow(p.MerchantID))
	if err != nil {
		return err
	}
	form.Account = accounts.of(p.GatewayAccountID)
	attempts, err := s.DB.Attempts(ctx, p.ID)
	if err != nil {
		return err
	}
	last := newest(attempts)
	form.Authorizes = last != nil && last.Kind != models.KindCharge
	whole := wholeAmount(d, p, last)
	if status == fiber.StatusOK { // nothing was written yet
		form.Amount = whole
	}
	if refusal == nil {
		refusal = d.name.Refusal(p, last, v.actor(c), s.DB.Now())
	}
	if d.name == payments.DeedRefund && refusal == nil {
		if form.Limit, err = s.refundLimit(ctx, v, p); err != nil {
			return err
		}
		switch {
		case form.Limit == 0:
			refusal = errAboveLimit
		case form.Amount == whole:
			form.Amount = views.Amount(form.Limit, p.Currency)
		}
	}
	if form.Refusal, err = s.refusalText(ctx, v, p, refusal); err != nil {
		return err
	}
	form.Form = s.form(c, v, form.Errors)
	if d.name != payments.DeedNote && d.name != payments.DeedSync { // true whatever became of it
		form.Version = paymentVersion(p)
	}
	return s.render(c, status, views.DeedView(s.shell(c, v, views.DeedTitle(ctx, form.Name)), form))
}

// newest is the last of attempts that are in their order, or nil.
func newest(attempts []models.Attempt) *models.Attempt {
	if len(attempts) == 0 {
		return nil
	}
	return &attempts[len(attempts)-1]
}

// refundLimit is how much of a payment the viewer may still refund.
func (s *server) refundLimit(ctx context.Context, v *viewer, p *models.Payment) (int64, error) {
	if !v.limited() {
		return p.Refundable(), nil
	}
	rules, err := s.Payments.RulesOf(ctx, p.MerchantID)
	if err != nil || rules.SupportRefundLimit == 0 {
		return p.Refundable(), err
	}
	return min(p.Refundable(), max(0, rules.SupportRefundLimit-p.AmountRefunded-p.AmountRefundPending)), nil
}

// errAboveLimit refuses support agents what they may not refund.
var errAboveLimit = &models.Error{Kind: models.KindDenied, Code: "refund_above_limit", Field: "amount"}

// refusalText says why something cannot be done with a payment; of a claim also
// whose it is and since when, of a wait until when.
func (s *server) refusalText(ctx context.Context, v *viewer, p *models.Payment, refusal *models.Error) (string, error) {
	if refusal == nil {
		return "", nil
	}
	if refusal.Code != "claimed_by_other" || p.ClaimedBy == nil {
		return whyNot(ctx, v, p, refusal), nil
	}
	claim, err := s.claimOf(ctx, v, p)
	if err != nil {
		return "", err
	}
	return views.ClaimText(ctx, claim), nil
}

// whyNot is refusalText without whose a claim is.
func whyNot(ctx context.Context, v *viewer, p *models.Payment, refusal *models.Error) string {
	if refusal.Code == "retry_too_early" && p.RetryAfter != nil {
		return views.WaitText(ctx, *p.RetryAfter)
	}
	return errorText(v.Texts, refusal)
}

// claimOf is who works on a payment.
func (s *server) claimOf(ctx context.Context, v *viewer, p *models.Payment) (views.Claim, error) {
	users, err := s.claimants(ctx, *p)
	return claim(users, v, p), err
}

// claimants are the users who have claimed payments.
func (s *server) claimants(ctx context.Context, found ...models.Payment) (map[string]models.User, error) {
	var ids []string
	for i := range found {
		if id := found[i].ClaimedBy; id != nil {
			ids = append(ids, *id)
		}
	}
	return s.DB.UsersByID(ctx, ids...)
}

func claim(users map[string]models.User, v *viewer, p *models.Payment) views.Claim {
	if p.ClaimedBy == nil || p.ClaimedAt == nil {
		return views.Claim{}
	}
	return views.Claim{
		Name: users[*p.ClaimedBy].Email, Mine: *p.ClaimedBy == v.User.ID, Since: *p.ClaimedAt, Ends: p.ClaimEnds(),
	}
}

// doDeed does something with a payment. The same form sent twice does it once.
func (s *server) doDeed(d deed) handler {
	return func(c *fiber.Ctx, v *viewer) error {
		p, err := s.DB.Payment(c.UserContext(), v.Scope, c.Params("id"))
		if err != nil {
			return err
		}
		form := views.DeedForm{Amount: field(c, "amount"), Reason: field(c, "reason")}
		in := payments.Action{Reason: form.Reason, Actor: v.actor(c), Limited: v.limited()}
		if d.amount == anAmount || d.amount == allAmount && form.Amount != "" {
			in.Amount, err = parseAmount("amount", form.Amount, p.Currency)
		}
		if err == nil {
			err = s.act(c, v, d, p, in)
		}
		return s.answerDeed(c, v, d, p.ID, form, err)
	}
}

// act runs a deed in a transaction of its own.
func (s *server) act(c *fiber.Ctx, v *viewer, d deed, p *models.Payment, in payments.Action) error {
	do := func(tx *models.Tx) error {
		if err := unchanged(c, tx, v.Scope, p.ID); err != nil {
			return err
		}
		_, err := d.do(s.Payments, tx, v.Scope, p.ID, in)
		return err
	}
	if d.ask == views.AskNothing {
		return s.DB.Write(c.UserContext(), do)
	}
	_, err := s.once(c, v, p.MerchantID, func(tx *models.Tx) (models.Answer, error) {
		return models.Answer{Status: fiber.StatusOK, Location: "/payments/" + p.ID}, do(tx)
	})
	return err
}

// answerDeed tells what came of a deed, with the payment as it stands now.
func (s *server) answerDeed(c *fiber.Ctx, v *viewer, d deed, id string, form views.DeedForm, err error) error {
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
		return s.acted(c, v, p, views.DeedDone(c.UserContext(), d.path()))
	case refusal.Code == "idempotency_key_in_use": // the same form's first sending is being worked on
		return s.redirect(c, "/payments/"+id)
	case d.ask == views.AskNothing && !isHTMX(c):
		return refusal
	case d.ask == views.AskNothing:
		return s.refuseBeside(c, v, p, refusal)
	case refusal.Code == codePaymentChanged:
		form.Errors = map[string]string{"": errorText(v.Texts, refusal)}
		return s.renderDeed(c, v, fiber.StatusConflict, d, p, form, nil)
	case refusal.Kind == models.KindConflict:
		return s.renderDeed(c, v, fiber.StatusConflict, d, p, form, refusal)
	}
	if form.Errors = fieldErrors(v, err); form.Errors == nil {
		return err
	}
	return s.renderDeed(c, v, fiber.StatusUnprocessableEntity, d, p, form, nil)
}

// refuseBeside says in a toast why a button did nothing, and renews what the
// page shows: it was not current.
func (s *server) refuseBeside(c *fiber.Ctx, v *viewer, p *models.Payment, refusal *models.Error) error {
	text, err := s.refusalText(c.UserContext(), v, p, refusal)
	if err != nil {
		return err
	}
	renewed, err := s.renewed(c, v, p)
	if err != nil {
		return err
	}
	return s.toast(c, fiber.StatusConflict, ui.ToastProps{Tone: ui.Danger, Text: text}, renewed...)
}

// acted closes the dialog and renews what the page under it shows.
func (s *server) acted(c *fiber.Ctx, v *viewer, p *models.Payment, done string) error {
	if !isHTMX(c) {
		return s.redirect(c, localPath(field(c, "return_to"), "/payments/"+p.ID))
	}
	renewed, err := s.renewed(c, v, p)
	if err != nil {
		return err
	}
	c.Set(hxTrigger, closeDialog)
	toast := ui.ToastProps{Tone: ui.Success, Text: done, Href: "/payments/" + p.ID, Link: v.Texts.T("common.view")}
	return s.toast(c, fiber.StatusOK, toast, renewed...)
}

// renewed is the part of the page that the request came from that shows the
// payment. Other pages renew themselves as hints reach them.
func (s *server) renewed(c *fiber.Ctx, v *viewer, p *models.Payment) ([]templ.Component, error) {
	switch path := currentPath(c); path {
	case "/payments":
		row, err := s.paymentRow(c.UserContext(), v, p)
		return []templ.Component{views.Renewed("#"+p.ID, views.PaymentTableRow(row))}, err
	case "/desk":
		row, err := s.deskRow(c.UserContext(), v, p)
		return []templ.Component{views.Renewed("#"+p.ID, views.DeskTableRow(row))}, err
	case "/payments/" + p.ID:
		view, err := s.payment(c, v, p)
		return []templ.Component{views.Renewed("#payment-detail", views.PaymentDetail(view))}, err
	case "/orders/" + p.OrderID:
		view, err := s.order(c, v, p.OrderID)
		return []templ.Component{views.Renewed("#order-detail", views.OrderDetail(view))}, err
	default:
		return nil, nil
	}
}
