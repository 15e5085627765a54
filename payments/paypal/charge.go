package paypal

import (
	"context"
	"net/http"
	"time"

	"github.com/tillpost/tillpost/payments"
)

const ordersPath = "/v2/checkout/orders"

// open returns the charge's order: the known one, or the one that its key
// stands for. Nil when there is none.
func (p *Provider) open(ctx context.Context, account payments.Account, charge payments.Charge) (*order, *exchange) {
	if charge.ProviderReference != "" {
		return p.show(ctx, account, charge.ProviderReference)
	}
	return p.create(ctx, account, charge)
}

// create asks for the order. It cannot move money: what is to pay comes with the capture.
func (p *Provider) create(ctx context.Context, account payments.Account, charge payments.Charge) (*order, *exchange) {
	body, err := request(charge)
	if err != nil {
		return nil, &exchange{account: account, err: err} // check has refused it before
	}
	x := p.call(ctx, account, http.MethodPost, ordersPath, charge.Key+"-create", body)
	o := x.order("")
	return o, x
}

// show reads an order.
func (p *Provider) show(ctx context.Context, account payments.Account, id string) (*order, *exchange) {
	x := p.call(ctx, account, http.MethodGet, ordersPath+"/"+segment(id), "", nil)
	o := x.order(id)
	return o, x
}

// notCreated says what it means that there is no order to capture. Nothing can
// have been charged, unless another call for the same charge is under way, or
// a payment with its invoice id exists.
func (p *Provider) notCreated(x *exchange) payments.Result {
	r := p.failed(x)
	switch {
	case x.status == http.StatusConflict, r.Code == "DUPLICATE_INVOICE_ID":
	case r.Outcome == payments.OutcomeDeclined:
	default:
		r.Outcome = payments.OutcomeNotSent
	}
	return r
}

// take is the request that moves money: it captures the order, or authorizes its amount.
func (p *Provider) take(
	ctx context.Context, account payments.Account, charge payments.Charge, id string, source map[string]any, key string,
) payments.Result {
	verb := "/capture"
	if !charge.Capture {
		verb = "/authorize"
	}
	body := map[string]any{}
	if source != nil {
		body["payment_source"] = source
	}
	x := p.call(ctx, account, http.MethodPost, ordersPath+"/"+segment(id)+verb, key, body)
	if o := x.order(id); o != nil {
		r, open := p.standing(o, charge, x)
		switch {
		case !open:
			return r
		case o.Status == orderPayerAction:
			return p.requiresAction(id, o.Links, o.CreateTime.Time, x)
		default:
			return p.reread(ctx, account, charge, id)
		}
	}
	r := p.notTaken(ctx, account, charge, id, x)
	r.ProviderReference = id
	return r
}

// notTaken says what it means that an order was not captured.
func (p *Provider) notTaken(
	ctx context.Context, account payments.Account, charge payments.Charge, id string, x *exchange,
) payments.Result {
	if x.trace.Resent() {
		return p.failed(x)
	}
	switch issue := x.issue(); issue {
	case "ORDER_ALREADY_CAPTURED", "ORDER_ALREADY_AUTHORIZED", "ORDER_ALREADY_COMPLETED", "ORDER_COMPLETED_OR_VOIDED", "MAX_AUTHORIZATION_COUNT_EXCEEDED":
		return p.reread(ctx, account, charge, id)
	case "ACTION_DOES_NOT_MATCH_INTENT":
		return canceled(p.about(x))
	case "INSTRUMENT_DECLINED", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING", "PAYER_ACTION_REQUIRED", "ORDER_NOT_APPROVED":
		waits := issue == "PAYER_ACTION_REQUIRED" || charge.Token == "" || charge.ReturnURL != "" // the customer, or somebody can tell them
		if waits && address(x.fault.Links) != "" {
			return p.requiresAction(id, x.fault.Links, time.Time{}, x)
		}
		if issue == "ORDER_NOT_APPROVED" {
			return p.reread(ctx, account, charge, id)
		}
	}
	return p.failed(x)
}

// reread asks where an order stands that could not be brought on.
func (p *Provider) reread(ctx context.Context, account payments.Account, charge payments.Charge, id string) payments.Result {
	o, x := p.show(ctx, account, id)
	if o == nil {
		return p.unknown(x)
	}
	r, open := p.standing(o, charge, x)
	switch {
	case !open:
		return r
	case charge.Token == "" && o.Status != orderApproved || o.Status == orderPayerAction:
		return p.requiresAction(id, o.Links, o.CreateTime.Time, x)
	default:
		return doubtful(r, "order_open", "PayPal has the order, but has not executed it.")
	}
}

// requiresAction sends the customer to PayPal.
func (p *Provider) requiresAction(id string, links []link, created time.Time, x *exchange) payments.Result {
	r := p.about(x)
	r.ProviderReference = id
	to := address(links)
	if to == "" {
		return doubtful(r, "address_missing", "PayPal waits for the customer, but does not say where.")
	}
	r.Outcome, r.NextAction = payments.OutcomeRequiresAction, &payments.NextAction{Type: "redirect", URL: to}
	if !created.IsZero() {
		r.NextAction.ExpiresAt = created.Add(approvalLife)
	}
	return r
}
