package paypal

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// Lookup asks PayPal what became of a charge. An order that its customer has
// approved is captured; one that was to be paid from the vault and was not is
// withdrawn, so that it cannot be any more.
func (p *Provider) Lookup(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	o, x, r := p.find(ctx, account, charge)
	if o == nil {
		return r
	}
	return lookedUp(p.proceed(ctx, account, charge, o, x, false))
}

// Cancel withdraws the charge's order unless it was paid.
func (p *Provider) Cancel(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	o, x, r := p.find(ctx, account, charge)
	if o == nil {
		return r
	}
	r, open := p.standing(o, charge, x)
	if !open {
		return lookedUp(r)
	}
	return lookedUp(p.withdraw(ctx, account, charge, o.ID))
}

// lookedUp makes a look-up's result of one of a request that was sent on the
// way: that it was not executed says nothing of others.
func lookedUp(r payments.Result) payments.Result {
	if r.Outcome == payments.OutcomeNotSent {
		r.Outcome = payments.OutcomeUnknown
	}
	return r
}

// find returns the charge's order as it stands, or what is known without it.
func (p *Provider) find(
	ctx context.Context, account payments.Account, charge payments.Charge,
) (*order, *exchange, payments.Result) {
	r, ok := check(account, charge)
	if !ok {
		r.Outcome = payments.OutcomeUnknown
		return nil, nil, r
	}
	id := charge.ProviderReference
	if id == "" {
		if p.keysForgotten(charge) {
			return nil, nil, forgotten(charge)
		}
		// The key finds the order once more. If the request for it never arrived,
		// this makes one that nobody has captured.
		made, x := p.create(ctx, account, charge)
		if made == nil {
			r := p.unknown(x)
			if x.sent() && x.isPayPal() && x.status == http.StatusBadRequest && !x.trace.Resent() {
				r.Outcome = payments.OutcomeNotFound // refused now, so that it cannot have been accepted before
			}
			return nil, nil, r
		}
		id = made.ID
	}
	o, x := p.show(ctx, account, id)
	if o == nil {
		return nil, nil, p.gone(charge, id, x)
	}
	return o, x, payments.Result{}
}

// forgotten is what is known of an old charge whose order nobody can name. No
// customer can have been sent to it; but the vault may have paid it.
func forgotten(charge payments.Charge) payments.Result {
	if charge.Token == "" {
		return payments.Result{
			Outcome: payments.OutcomeNotFound, Code: "order_not_used", Message: "No customer was ever sent to PayPal for this attempt.",
		}
	}
	return payments.Result{
		Outcome: payments.OutcomeUnknown, Code: "order_not_named",
		Message: "PayPal cannot be asked any more: look for the invoice number " + charge.AttemptID + " in the account's activity.",
	}
}

// gone says what it means that an order cannot be read. PayPal forgets orders
// that were not paid in time, and those only [unverified].
func (p *Provider) gone(charge payments.Charge, id string, x *exchange) payments.Result {
	r := p.unknown(x)
	r.ProviderReference = id
	lapsed := x.sent() && x.isPayPal() && x.status == http.StatusNotFound && !x.trace.Resent()
	if lapsed && charge.Token == "" && p.older(charge.StartedAt, orderLife) {
		refuse(&r, "ORDER_EXPIRED", "")
	}
	return r
}

// withdraw turns the order's intent into the other one: PayPal refuses to
// capture an order that is to be authorized, and the other way round. The order
// is read afterwards, lest it was captured meanwhile.
func (p *Provider) withdraw(ctx context.Context, account payments.Account, charge payments.Charge, id string) payments.Result {
	patch := []map[string]string{{"op": "replace", "path": "/intent", "value": intent(!charge.Capture)}}
	x := p.call(ctx, account, http.MethodPatch, ordersPath+"/"+segment(id), "", patch)
	refused := x.err != nil || x.status != http.StatusNoContent && x.status != http.StatusOK
	o, shown := p.show(ctx, account, id)
	if o == nil {
		r := p.unknown(shown)
		r.ProviderReference = id
		return r
	}
	r, open := p.standing(o, charge, shown)
	switch {
	case !open:
		return r
	case refused:
		r = p.unknown(x)
		r.ProviderReference = id
		return r
	default:
		return doubtful(r, "order_open", "PayPal did not withdraw the order.")
	}
}

// Test checks the account's client id and secret.
func (p *Provider) Test(ctx context.Context, account payments.Account) error {
	switch {
	case account.Fields["client_id"] == "" || account.Fields["client_secret"] == "":
		return errors.New("the PayPal account has no client id or secret")
	case !isAddress(base(account)):
		return errors.New("the PayPal account's base address is not a web address")
	}
	token, _, x := p.fetchToken(ctx, account)
	switch {
	case token != "":
		return nil
	case x.status == http.StatusBadRequest, x.status == http.StatusUnauthorized, x.status == http.StatusForbidden:
		return errors.New("PayPal refused the client id and secret")
	case x.status == 0:
		return fmt.Errorf("PayPal did not answer: %s", reach[safehttp.Classify(x.err)])
	default:
		return fmt.Errorf("PayPal's answer cannot be used: %d %s", x.status, http.StatusText(x.status))
	}
}
