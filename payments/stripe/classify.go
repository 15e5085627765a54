package stripe

import (
	"cmp"
	"net/http"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// busyWait is how long to wait before asking again for what is under way.
const busyWait = 2 * time.Second

// created says whether there is a payment intent to confirm. As long as there
// is none nothing can be charged, whatever went wrong; unless another call for
// the same charge is under way, or has been by way of net/http.
func (p *Provider) created(intent *stripe.PaymentIntent, x *exchange, charge payments.Charge) (payments.Result, bool) {
	if x.err == nil {
		if !same(intent, charge) {
			return p.mismatch(intent, x), false
		}
		switch intent.Status {
		case stripe.PaymentIntentStatusRequiresConfirmation, stripe.PaymentIntentStatusRequiresPaymentMethod:
			return payments.Result{}, true
		default:
			return p.resultOf(intent, x, charge), false
		}
	}
	switch r := p.failed(x); {
	case x.status == http.StatusConflict, x.fault.Type == string(stripe.ErrorTypeIdempotency):
		return r, false
	case r.Outcome == payments.OutcomeDeclined:
		return r, false
	default:
		r.Outcome = payments.OutcomeNotSent
		return r, false
	}
}

// confirmed says what came of the confirmation.
func (p *Provider) confirmed(intent *stripe.PaymentIntent, x *exchange, charge payments.Charge) payments.Result {
	if x.err == nil {
		return p.resultOf(intent, x, charge)
	}
	if x.status == http.StatusBadRequest && x.fault.PaymentIntent != nil &&
		x.fault.Code == string(stripe.ErrorCodePaymentIntentUnexpectedState) {
		// The intent is past confirmation: the error shows where it stands.
		r := p.resultOf(x.fault.PaymentIntent, x, charge)
		if x.fault.PaymentIntent.Status == stripe.PaymentIntentStatusCanceled {
			r.Outcome = payments.OutcomeNotSent
		}
		return r
	}
	return p.failed(x)
}

// failed says what a call means that gave no payment intent.
func (p *Provider) failed(x *exchange) payments.Result {
	r := p.about(x)
	r.Code = x.fault.Code
	switch {
	case x.status == http.StatusPaymentRequired && x.isStripe():
		refuse(&r, x, x.fault)
		if x.fault.PaymentIntent != nil {
			r.ProviderReference = x.fault.PaymentIntent.ID
		}
		return r
	case !x.trace.Sent():
		r.Outcome = payments.OutcomeNotSent
		r.Code, r.Message = cmp.Or(r.Code, "unreachable"), "Stripe could not be reached: "+reach[safehttp.Classify(x.err)]+"."
		return r
	case x.trace.Resent():
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "connection_lost", "The connection to Stripe broke before the answer."
		return r
	case x.status == 0:
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "no_answer", "Stripe did not answer: "+reach[safehttp.Classify(x.err)]+"."
		return r
	}
	r.Outcome, r.Message = payments.OutcomeUnknown, "Stripe's answer cannot be used: "+http.StatusText(x.status)+"."
	switch x.status {
	case http.StatusBadRequest, http.StatusNotFound:
		if x.fault.Type == string(stripe.ErrorTypeIdempotency) {
			r.Code, r.Message = x.fault.Type, "Stripe knows this attempt with other details."
			return r
		}
		r.Outcome, r.Message = payments.OutcomeNotSent, "Stripe refused the request: "+x.said()
	case http.StatusUnauthorized, http.StatusForbidden:
		r.Outcome, r.Misconfigured = payments.OutcomeNotSent, true
		r.Code, r.Message = cmp.Or(r.Code, "credentials_refused"), "Stripe refused the account's secret key."
	case http.StatusConflict:
		r.RetryAfter = cmp.Or(r.RetryAfter, busyWait)
		r.Message = "Stripe is still at an earlier request for this attempt."
	case http.StatusTooManyRequests:
		r.RateLimited = true
		r.Code, r.Message = cmp.Or(r.Code, "rate_limit"), "Stripe asked to slow down."
		if x.fault.Code == string(stripe.ErrorCodeLockTimeout) {
			r.RetryAfter = cmp.Or(r.RetryAfter, busyWait)
			return r // something else is at this intent, perhaps the same request
		}
		r.Outcome = payments.OutcomeNotSent
	}
	return r
}

// reach names why there is no answer.
var reach = map[safehttp.Phase]string{
	safehttp.PhaseBlocked:  "its address is not allowed",
	safehttp.PhaseLookup:   "its name was not found",
	safehttp.PhaseConnect:  "no connection",
	safehttp.PhaseTLS:      "the connection is not trusted",
	safehttp.PhaseTimeout:  "time was up",
	safehttp.PhaseCanceled: "the call was given up",
	safehttp.PhaseAnswer:   "the answer is too long or broken off",
	safehttp.PhaseExchange: "the connection broke",
}

// about is what every result tells of its call.
func (p *Provider) about(x *exchange) payments.Result {
	r := payments.Result{HTTPStatus: x.status, Raw: x.mask(x.body)}
	if x.header != nil {
		r.RequestID = x.mask([]byte(x.header.Get("Request-Id")))
		r.RetryAfter = safehttp.RetryAfter(x.header, p.now())
	}
	return r
}

// said is Stripe's own message.
func (x *exchange) said() string {
	return x.mask([]byte(cmp.Or(x.fault.Message, http.StatusText(x.status))))
}
