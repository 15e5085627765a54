package stripe

import (
	"context"
	"net/http"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
)

// captureID names, in a payment intent's metadata, the attempt that captured it.
const captureID = "capture_id"

// Capture captures a payment intent, which works once: what is not captured is
// released. Whatever comes of the request, the intent shows where it stands.
func (p *Provider) Capture(ctx context.Context, account payments.Account, m payments.Modification) payments.Result {
	if r, ok := check(account, m.Original); !ok {
		return r
	}
	if r, ok := payable(m.Amount, m.Original.Currency); !ok {
		return r
	}
	intent, x := p.capture(ctx, account, m, m.Key)
	if x.err == nil {
		return p.captured(intent, x, m)
	}
	r := p.failed(x)
	if !p.doubtful(x, r) {
		return r
	}
	intent, x, looked := p.stands(ctx, account, m)
	switch {
	case intent == nil:
		return p.stillUnknown(r, looked)
	case intent.Status == stripe.PaymentIntentStatusRequiresCapture && r.HTTPStatus == http.StatusBadRequest && r.Code != "idempotency_error":
		return refused(r)
	case intent.Status == stripe.PaymentIntentStatusRequiresCapture:
		r.Outcome = payments.OutcomeUnknown
		return r
	default:
		return p.captured(intent, x, m)
	}
}

// capture sends the request. An answer of an error that Stripe stored for the
// key says nothing any more: as an intent is captured only once, it is safe to
// go on without a key.
func (p *Provider) capture(
	ctx context.Context, account payments.Account, m payments.Modification, key string,
) (*stripe.PaymentIntent, *exchange) {
	params := &stripe.PaymentIntentCaptureParams{
		AmountToCapture: new(wire(m.Amount, m.Original.Currency)),
		Metadata:        map[string]string{captureID: m.AttemptID},
		Expand:          stripe.StringSlice([]string{"latest_charge"}),
	}
	if key != "" {
		params.SetIdempotencyKey(key)
	}
	intent, x := p.intent(account, func(api *stripe.Client) (*stripe.PaymentIntent, error) {
		return api.V1PaymentIntents.Capture(ctx, m.Original.ProviderReference, params)
	})
	if key != "" && x.replayedError() {
		return p.capture(ctx, account, m, "")
	}
	return intent, x
}

// captured says what an intent past its authorization means for a capture.
func (p *Provider) captured(intent *stripe.PaymentIntent, x *exchange, m payments.Modification) payments.Result {
	r := p.about(x)
	r.ProviderReference = intent.ID
	by := intent.Metadata[captureID]
	switch {
	case !same(intent, m.Original):
		return p.mismatch(intent, x)
	case intent.Status == stripe.PaymentIntentStatusProcessing:
		r.Outcome = payments.OutcomeProcessing
	case intent.Status == stripe.PaymentIntentStatusSucceeded && by == m.AttemptID && intent.AmountReceived == wire(m.Amount, m.Original.Currency):
		r.Outcome, r.Amount = payments.OutcomeSucceeded, m.Amount
	case intent.Status == stripe.PaymentIntentStatusSucceeded && by == m.AttemptID:
		return p.mismatch(intent, x)
	case intent.Status == stripe.PaymentIntentStatusSucceeded:
		r.Code, r.Message = "already_captured", "The payment was captured already, by somebody else."
		return refused(r)
	case intent.Status == stripe.PaymentIntentStatusCanceled:
		r.Code, r.Message = "canceled", "The authorization was released or has expired."
		return refused(r)
	default:
		r.Outcome, r.Message = payments.OutcomeUnknown, "Stripe has the payment, but has not captured it."
	}
	return r
}

// Void cancels a payment intent that is authorized, which releases the amount.
func (p *Provider) Void(ctx context.Context, account payments.Account, m payments.Modification) payments.Result {
	if r, ok := check(account, m.Original); !ok {
		return r
	}
	intent, x := p.cancel(ctx, account, m.Original.ProviderReference, stripe.PaymentIntentCancellationReasonRequestedByCustomer)
	if x.err == nil {
		return p.voided(intent, x, m)
	}
	r := p.failed(x)
	if !p.doubtful(x, r) {
		return r
	}
	intent, x, looked := p.stands(ctx, account, m)
	switch {
	case intent == nil:
		return p.stillUnknown(r, looked)
	case intent.Status == stripe.PaymentIntentStatusRequiresCapture && r.HTTPStatus == http.StatusBadRequest:
		return refused(r)
	case intent.Status == stripe.PaymentIntentStatusRequiresCapture:
		r.Outcome = payments.OutcomeUnknown
		return r
	default:
		return p.voided(intent, x, m)
	}
}

// voided says what an intent past its authorization means for a void.
func (p *Provider) voided(intent *stripe.PaymentIntent, x *exchange, m payments.Modification) payments.Result {
	r := p.about(x)
	r.ProviderReference = intent.ID
	switch {
	case !same(intent, m.Original):
		return p.mismatch(intent, x)
	case intent.Status == stripe.PaymentIntentStatusCanceled:
		r.Outcome, r.Amount = payments.OutcomeSucceeded, m.Amount
	case intent.Status == stripe.PaymentIntentStatusSucceeded:
		r.Code, r.Message = "already_captured", "The payment was captured already: it can be refunded."
		return refused(r)
	default:
		r.Outcome, r.Message = payments.OutcomeUnknown, "Stripe has the payment, but has not released it."
	}
	return r
}

// stands reads the intent of a capture or a void; nil when it could not be read.
func (p *Provider) stands(
	ctx context.Context, account payments.Account, m payments.Modification,
) (*stripe.PaymentIntent, *exchange, payments.Result) {
	params := &stripe.PaymentIntentRetrieveParams{}
	intent, x := p.intent(account, func(api *stripe.Client) (*stripe.PaymentIntent, error) {
		return api.V1PaymentIntents.Retrieve(ctx, m.Original.ProviderReference, params)
	})
	if x.err != nil {
		return nil, x, p.unknown(x)
	}
	return intent, x, payments.Result{}
}

// doubtful says that a call's failure leaves open what came of it: it may have
// been executed, or it was refused because an earlier one had been.
func (p *Provider) doubtful(x *exchange, r payments.Result) bool {
	refusedAsItStands := x.status == http.StatusBadRequest && x.isStripe() && !x.trace.Resent()
	return r.Outcome == payments.OutcomeUnknown && x.status != 0 || refusedAsItStands
}

// stillUnknown is a doubt that a look did not remove.
func (p *Provider) stillUnknown(r, looked payments.Result) payments.Result {
	r.Outcome, r.Class = payments.OutcomeUnknown, ""
	r.Misconfigured = r.Misconfigured || looked.Misconfigured
	return r
}

// refused is a modification or a refund that Stripe refused for good.
func refused(r payments.Result) payments.Result {
	r.Outcome, r.Class = payments.OutcomeDeclined, payments.ClassNever
	if r.Code == "" {
		r.Code = "refused"
	}
	return r
}
