package handlers

import (
	"slices"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
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

// How much of what belongs to a payment its page shows at first, and on demand.
const (
	shownRefunds = 50
	shownCalls   = 50
	shownInbound = 20
	shownOfAll   = models.MaxLimit
)

// upTo is how much of something a payment's page shows.
func upTo(c *fiber.Ctx, n int) int {
	if wantsAll(c) {
		return shownOfAll
	}
	return n
}

// payment collects a payment with all that belongs to it.
func (s *server) payment(c *fiber.Ctx, v *viewer, p *models.Payment) (views.PaymentView, error) {
	ctx := c.UserContext()
	view := views.PaymentView{Payment: *p, Staff: v.Merchant == nil, Form: views.Form{CSRF: v.csrf}}
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
	if err := s.paymentMoney(c, v, p, &view); err != nil {
		return view, err
	}
	if view.Staff {
		if err := s.paymentDesk(c, v, p, o, attempts, &view); err != nil {
			return view, err
		}
	}
	slices.Reverse(attempts)
	for i := range attempts {
		view.Attempts = append(view.Attempts, views.AttemptRow{
			Attempt: attempts[i], Currency: p.Currency, Account: accounts.of(attempts[i].GatewayAccountID), Staff: view.Staff,
		})
	}
	view.Timeline, view.Deliveries, err = s.paymentTimeline(c, v, &view, attempts, accounts)
	return view, err
}

// paymentMoney adds what was given back of a payment, and what is disputed.
func (s *server) paymentMoney(c *fiber.Ctx, v *viewer, p *models.Payment, view *views.PaymentView) error {
	ctx := c.UserContext()
	refunds, more, err := s.DB.Refunds(ctx, v.Scope, p.ID, models.Page{Limit: upTo(c, shownRefunds)})
	if err != nil {
		return err
	}
	limit, err := s.refundLimit(ctx, v, p)
	if err != nil {
		return err
	}
	view.MoreRefunds = more != "" && !wantsAll(c)
	for i := range refunds {
		r := &refunds[i]
		row := views.RefundRow{Refund: *r, Staff: view.Staff}
		if view.Staff && r.Status == models.RefundFailed {
			if refusal := s.refundRefusal(c, v, p, r, limit); refusal != nil {
				row.Refusal = errorText(v.Texts, refusal)
			}
		}
		view.Refunds = append(view.Refunds, row)
	}
	view.Disputes, err = s.DB.Disputes(ctx, v.Scope, p.ID)
	slices.Reverse(view.Disputes)
	return err
}

// paymentDesk adds what staff can do with a payment, and what its provider was
// asked and told.
func (s *server) paymentDesk(
	c *fiber.Ctx, v *viewer, p *models.Payment, o *models.Order, attempts []models.Attempt, view *views.PaymentView,
) error {
	ctx := c.UserContext()
	var err error
	if view.Claim, err = s.claimOf(ctx, v, p); err != nil {
		return err
	}
	retry, err := s.Payments.RetryVerdict(ctx, p, o, attempts, payments.DeedRetry, v.actor(c))
	if err != nil {
		return err
	}
	for _, d := range offered(v, p) {
		refusal := retry
		if d.name != payments.DeedRetry {
			refusal, err = s.deedRefusal(c, v, d, p, attempts, retry)
		}
		if err != nil {
			return err
		}
		shown := views.PaymentDeed{Name: d.path(), Ask: d.ask}
		if refusal != nil {
			shown.Refusal, shown.Claimed = whyNot(ctx, v, p, refusal), refusal.Code == "claimed_by_other"
		}
		view.Deeds = append(view.Deeds, shown)
	}
	limit := upTo(c, shownCalls)
	if view.Calls, err = s.DB.ProviderCalls(ctx, p.ID, limit+1); err != nil {
		return err
	}
	if len(view.Calls) > limit {
		view.Calls, view.MoreCalls = view.Calls[:limit], !wantsAll(c)
	}
	var more string
	view.Inbound, more, err = s.DB.InboundEvents(
		ctx, v.Scope, models.InboundFilter{PaymentID: p.ID}, models.Page{Limit: upTo(c, shownInbound)})
	view.MoreInbound = more != "" && !wantsAll(c)
	return err
}

// offered are the deeds that a payment's page names, possible or not: the main
// ones always, others where the payment's state makes one think of them.
func offered(v *viewer, p *models.Payment) []deed {
	found := []deed{{name: payments.DeedRetry}}
	if p.Status == models.PaymentFailed {
		found = append(found, retryElsewhere)
	}
	if p.Status == models.PaymentFailed && p.Failure.Class == string(payments.ClassNever) && admins.allows(v.Role) {
		found = append(found, deed{name: payments.DeedRetryAnyway})
	}
	for _, d := range deeds {
		switch d.name {
		case payments.DeedConfirmPaid, payments.DeedConfirmNotPaid, payments.DeedKeepWaiting:
			if p.Status != models.PaymentNeedsReview {
				continue
			}
		case payments.DeedSettleIssue:
			if p.Issue == models.IssueNone {
				continue
			}
		case payments.DeedClaim, payments.DeedRelease: // stand beside who has claimed it
			continue
		default:
		}
		found = append(found, d)
	}
	return found
}

// retryElsewhere is a retry that is to go through another account.
var retryElsewhere = deed{name: "retry_elsewhere"}

// deedRefusal says why a deed cannot be done with a payment now, or nil. Retry
// is what speaks against a retry.
func (s *server) deedRefusal(
	c *fiber.Ctx, v *viewer, d deed, p *models.Payment, attempts []models.Attempt, retry *models.Error,
) (*models.Error, error) {
	ctx := c.UserContext()
	if d.name == retryElsewhere.name {
		if retry != nil {
			return retry, nil
		}
		others, err := s.retryAccounts(ctx, p, views.RetryForm{Other: true})
		if err == nil && len(others) == 0 {
			retry = models.Invalid("gateway", noAccount(true))
		}
		return retry, err
	}
	refusal := d.name.Refusal(p, newest(attempts), v.actor(c), s.DB.Now())
	if refusal == nil && d.name == payments.DeedRefund {
		if limit, err := s.refundLimit(ctx, v, p); err != nil || limit == 0 {
			return errAboveLimit, err
		}
	}
	return refusal, nil
}

// paymentTimeline merges what happened to a payment, and finds the deliveries
// that tell of it.
func (s *server) paymentTimeline(
	c *fiber.Ctx, v *viewer, view *views.PaymentView, attempts []models.Attempt, accounts accountNames,
) (views.TimelineView, []models.Delivery, error) {
	ctx, p := c.UserContext(), &view.Payment
	t := newTimeline(c, v, "/payments/"+p.ID)
	t.currency = p.Currency
	var parts []string
	for i := range view.Refunds {
		parts = append(parts, view.Refunds[i].Refund.ID)
	}
	for i := range view.Disputes {
		parts = append(parts, view.Disputes[i].ID)
	}
	events, err := s.DB.ObjectEvents(ctx, v.Scope, p.ID, t.fetch(), parts...)
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
	t.addActs(acts, nil)
	return t.view(), deliveries, nil
}
