package adyen

import (
	"context"
	"net/url"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// Capture asks for the authorized amount or a part of it.
func (p *Provider) Capture(ctx context.Context, account payments.Account, m payments.Modification) payments.Result {
	asked, ok := toWire(m.Amount, m.Original.Currency)
	if !ok {
		return unsure(unpayable(m.Original.Currency), p.first(m.StartedAt))
	}
	return p.modify(ctx, account, change{
		call: "/captures", payment: m.Original.ProviderReference, key: m.Key, started: m.StartedAt, known: m.ProviderReference,
		body: modificationRequest{Reference: m.AttemptID, Amount: &asked},
	})
}

// Void asks for the release of what was authorized.
func (p *Provider) Void(ctx context.Context, account payments.Account, m payments.Modification) payments.Result {
	return p.modify(ctx, account, change{
		call: "/cancels", payment: m.Original.ProviderReference, key: m.Key, started: m.StartedAt, known: m.ProviderReference,
		body: modificationRequest{Reference: m.AttemptID},
	})
}

// Cancel asks for the technical cancel of a charge, by our own reference. Adyen
// only receives it: the webhook TECHNICAL_CANCEL tells that there was a payment
// and that it takes no money any more, or that nothing was canceled, which does
// not prove that nothing will be charged. An amount that was authorized
// meanwhile is released; one that was captured stays taken.
//
// It has no idempotency key, so that asking again cancels again: a payment may
// have arrived after the first cancel.
func (p *Provider) Cancel(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	if r, ok := check(account); !ok {
		return unsure(r, false)
	}
	x := p.call(ctx, account, "/cancels", "", modificationRequest{
		MerchantAccount: account.Fields["merchant_account"], Reference: charge.AttemptID, PaymentReference: charge.AttemptID,
	})
	if got, ok := decode[modification](x); ok && got.Status == statusReceived && got.PaymentReference == charge.AttemptID {
		r := x.about()
		r.Outcome, r.ProviderReference = payments.OutcomeProcessing, charge.ProviderReference
		r.Message = "Adyen has the cancel and tells by webhook what came of it."
		return r
	}
	return unsure(x.failed(), false)
}

const statusReceived = "received"

// change is a modification of a payment, the same each time that it is sent.
type change struct {
	call    string
	payment string // Adyen's reference of the payment
	key     string
	started time.Time
	known   string // Adyen's reference of the modification, when it has been received already
	body    modificationRequest
}

// modify sends a modification. One that Adyen has is not sent again: there is
// nothing more to be heard than that Adyen has it.
func (p *Provider) modify(ctx context.Context, account payments.Account, c change) payments.Result {
	first := p.first(c.started)
	r, ok := check(account)
	switch {
	case c.known != "":
		return inHand(payments.Result{ProviderReference: c.known})
	case !ok:
		return unsure(r, first)
	case c.payment == "":
		return unsure(refusal("reference_missing", "Adyen's own reference of the payment is not known yet: its webhook tells."), first)
	case p.forgotten(c.started):
		return tooOld()
	}
	c.body.MerchantAccount = account.Fields["merchant_account"]
	x := p.call(ctx, account, "/payments/"+url.PathEscape(c.payment)+c.call, c.key, c.body)
	got, ok := decode[modification](x)
	if !ok || got.Status != statusReceived {
		return unsure(x.failed(), first)
	}
	r = x.about()
	if got.PaymentPSPReference != c.payment || got.Reference != "" && got.Reference != c.body.Reference || got.PSPReference == "" {
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "reference_mismatch", "Adyen answered with another modification."
		return r
	}
	r.ProviderReference = x.mask(got.PSPReference)
	return inHand(r)
}

func inHand(r payments.Result) payments.Result {
	r.Outcome, r.Message = payments.OutcomeProcessing, "Adyen has received it and tells by webhook what came of it."
	return r
}
