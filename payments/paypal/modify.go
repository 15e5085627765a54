package paypal

import (
	"context"
	"net/http"
	"slices"

	"github.com/tillpost/tillpost/payments"
)

// captureRequest takes an authorized amount; what it does not take is released.
type captureRequest struct {
	Amount    money  `json:"amount"`
	InvoiceID string `json:"invoice_id"`
	Final     bool   `json:"final_capture"`
}

// Capture takes an authorized amount or a part of it. Its invoice id is the
// attempt's, by which an earlier call's capture is found in the order.
func (p *Provider) Capture(ctx context.Context, account payments.Account, m payments.Modification) payments.Result {
	o, x, r := p.original(ctx, account, m.Original, m)
	if o == nil {
		return r
	}
	if r, found := p.captured(o, m, x); found {
		return r
	}
	held, r, ok := p.held(o, x)
	if !ok {
		return r
	}
	amount, err := format(m.Amount, m.Original.Currency)
	if err != nil {
		r := p.about(x)
		r.Outcome, r.Code, r.Class = payments.OutcomeDeclined, "amount_not_supported", payments.ClassNever
		r.Message = "PayPal cannot take the amount: " + err.Error() + "."
		return r
	}
	path := "/v2/payments/authorizations/" + segment(held.ID) + "/capture"
	x = p.call(ctx, account, http.MethodPost, path, m.Key, captureRequest{Amount: amount, InvoiceID: m.AttemptID, Final: true})
	var taken movement
	if x.decode(&taken) && taken.ID != "" && taken.Status != "" {
		return p.made(taken, m.Amount, m.Original.Currency, x)
	}
	switch x.issue() {
	case "AUTHORIZATION_ALREADY_CAPTURED", "DUPLICATE_INVOICE_ID", "MAX_CAPTURE_COUNT_EXCEEDED":
		if o, x := p.show(ctx, account, m.Original.ProviderReference); o == nil {
			return p.unknown(x)
		} else if r, found := p.captured(o, m, x); found {
			return r
		}
	}
	return p.failed(x)
}

// Void releases what was authorized.
func (p *Provider) Void(ctx context.Context, account payments.Account, m payments.Modification) payments.Result {
	o, x, r := p.original(ctx, account, m.Original, m)
	if o == nil {
		return r
	}
	held, r, ok := p.held(o, x)
	switch {
	case r.Code == "AUTHORIZATION_VOIDED":
		return released(p.about(x), held.ID)
	case r.Code == "AUTHORIZATION_ALREADY_CAPTURED":
		refuse(&r, "PREVIOUSLY_CAPTURED", "")
		return r
	case !ok:
		return r
	}
	x = p.call(ctx, account, http.MethodPost, "/v2/payments/authorizations/"+segment(held.ID)+"/void", m.Key, nil)
	var after movement
	done := x.err == nil && x.status == http.StatusNoContent || x.decode(&after) && after.Status == "VOIDED"
	if done || x.issue() == "PREVIOUSLY_VOIDED" && x.sent() && !x.trace.Resent() {
		return released(p.about(x), held.ID)
	}
	return p.failed(x)
}

// original reads the order of the charge that is to be captured, released or
// refunded, or says what its absence means: nothing was sent yet.
func (p *Provider) original(
	ctx context.Context, account payments.Account, charge payments.Charge, m payments.Modification,
) (*order, *exchange, payments.Result) {
	r, ok := check(account, charge)
	if ok && charge.ProviderReference == "" {
		r, ok = payments.Result{
			Outcome: payments.OutcomeNotSent, Misconfigured: true, Code: "order_not_named", Message: "The charge's order at PayPal is not known.",
		}, false
	}
	if !ok {
		return nil, nil, r
	}
	o, x := p.show(ctx, account, charge.ProviderReference)
	if o == nil {
		return nil, nil, p.early(x, m.StartedAt)
	}
	if u := o.unit(); u.CustomID != "" && u.CustomID != charge.AttemptID {
		return nil, nil, doubtful(p.about(x), "reference_mismatch", "PayPal's order belongs to another payment.")
	}
	return o, x, r
}

// captured finds what an earlier call of the same capture took.
func (p *Provider) captured(o *order, m payments.Modification, x *exchange) (payments.Result, bool) {
	captures := o.unit().Payments.Captures
	i := slices.IndexFunc(captures, func(one movement) bool {
		return one.InvoiceID == m.AttemptID || m.ProviderReference != "" && one.ID == m.ProviderReference
	})
	if i < 0 {
		return payments.Result{}, false
	}
	return p.made(captures[i], m.Amount, m.Original.Currency, x), true
}

// held is the authorization that can still be captured or released; not ok says why there is none.
func (p *Provider) held(o *order, x *exchange) (held movement, r payments.Result, ok bool) {
	r = p.about(x)
	all := o.unit().Payments.Authorizations
	if len(all) == 0 {
		refuse(&r, "AUTHORIZATION_MISSING", "")
		return held, r, false
	}
	held = all[len(all)-1]
	switch held.Status {
	case "VOIDED":
		refuse(&r, "AUTHORIZATION_VOIDED", "")
	case "CAPTURED", "PARTIALLY_CAPTURED":
		refuse(&r, "AUTHORIZATION_ALREADY_CAPTURED", "")
	case "DENIED":
		refuse(&r, "AUTHORIZATION_DENIED", "")
	default:
		return held, r, true
	}
	return held, r, false
}

// made is the result of a capture or refund that PayPal shows; it must be what was asked for.
func (p *Provider) made(m movement, amount int64, currency string, x *exchange) payments.Result {
	r := p.about(x)
	r.ProviderReference = m.ID
	if !agrees(m.Amount, amount, currency) {
		return doubtful(r, "amount_mismatch", "PayPal moved another amount than it was asked for.")
	}
	moved(&r, m)
	return r
}

func released(r payments.Result, id string) payments.Result {
	r.Outcome, r.ProviderReference, r.Code, r.Class, r.Message = payments.OutcomeSucceeded, id, "", "", ""
	return r
}
