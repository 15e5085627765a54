package handlers

import (
	"context"
	"slices"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

func (s *server) showPayment(c *fiber.Ctx, v *viewer) error {
	p, err := s.DB.Payment(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	view, err := s.payment(c, v, p)
	if err != nil {
		return err
	}
	title := views.Money(c.UserContext(), p.Amount, p.Currency) + " · " + view.Order.Number
	return s.page(c, v, title, func(shell views.Shell) templ.Component {
		return views.PaymentPage(shell, view)
	}, views.PaymentDetail(view))
}

// payment collects a payment with all that belongs to it.
func (s *server) payment(c *fiber.Ctx, v *viewer, p *models.Payment) (views.PaymentView, error) {
	ctx := c.UserContext()
	view := views.PaymentView{Payment: *p, Staff: v.Merchant == nil, CSRF: v.csrf}
	o, err := s.DB.Order(ctx, v.Scope, p.OrderID)
	if err != nil {
		return view, err
	}
	view.Order = *o
	if view.Merchant, err = s.merchantName(ctx, v, p.MerchantID); err != nil {
		return view, err
	}
	accounts, err := s.accountNames(ctx, v.Scope.Narrow(p.MerchantID))
	if err != nil {
		return view, err
	}
	view.Account = accounts.of(p.GatewayAccountID)
	attempts, err := s.DB.Attempts(ctx, p.ID)
	if err != nil {
		return view, err
	}
	slices.Reverse(attempts)
	for i := range attempts {
		view.Attempts = append(view.Attempts, views.AttemptRow{
			Attempt: attempts[i], Account: accounts.of(attempts[i].GatewayAccountID), Staff: view.Staff,
		})
	}
	if view.Staff {
		view.CanSync = len(attempts) > 0 && awaits(attempts[0].Status)
		if refusal := s.retryRefusal(p, o); refusal != nil {
			view.RetryRefusal = errorText(v.Texts, refusal)
		}
	}
	view.Timeline, view.Deliveries, err = s.paymentTimeline(c, v, p, attempts, accounts)
	return view, err
}

// awaits says whether the provider can be asked what became of an attempt.
func awaits(status models.AttemptStatus) bool {
	return status == models.AttemptUnknown || status == models.AttemptRequiresAction
}

// retryRefusal says why a payment must not be tried again now, or nil.
func (s *server) retryRefusal(p *models.Payment, o *models.Order) *models.Error {
	if refusal := payments.RetryRefusal(p, s.DB.Now()); refusal != nil {
		return refusal
	}
	return o.HoldRefusal(p.Amount)
}

// paymentTimeline merges what happened to a payment, and finds the deliveries
// that tell of it.
func (s *server) paymentTimeline(
	c *fiber.Ctx, v *viewer, p *models.Payment, attempts []models.Attempt, accounts accountNames,
) (views.TimelineView, []models.Delivery, error) {
	ctx, t := c.UserContext(), newTimeline(c, v, "/payments/"+p.ID)
	events, err := s.DB.ObjectEvents(ctx, v.Scope, p.ID, t.fetch())
	if err != nil {
		return views.TimelineView{}, nil, err
	}
	deliveries, err := s.deliveriesOf(ctx, events)
	if err != nil {
		return views.TimelineView{}, nil, err
	}
	t.addEvents(events, nil) // deliveries have a list of their own beside it
	t.addAttempts(attempts, nil, accounts)
	acts, err := s.acts(ctx, v, models.AuditFilter{ObjectID: p.ID}, t.fetch())
	if err != nil {
		return views.TimelineView{}, nil, err
	}
	t.addActs(acts)
	return t.view(), deliveries, nil
}

// syncPayment asks the provider now what became of a payment.
func (s *server) syncPayment(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		_, err := s.Payments.Sync(tx, v.Scope, id, v.actor(c))
		return err
	})
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, "/payments/"+id)
	}
	return s.toast(c, fiber.StatusOK, ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("payments.sync_asked")})
}

// enabledAccounts are the accounts through which a merchant's payments can go.
func (s *server) enabledAccounts(ctx context.Context, scope models.Scope) ([]ui.Option, error) {
	accounts, err := s.DB.GatewayAccounts(ctx, scope)
	if err != nil {
		return nil, err
	}
	var options []ui.Option
	for i := range accounts {
		if a := &accounts[i]; a.Enabled {
			options = append(options, ui.Option{Value: a.ID, Label: a.Name + " (" + a.Kind + ")"})
		}
	}
	return options, nil
}
