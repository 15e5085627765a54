package paypal

import (
	"cmp"
	"net/http"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// failed says what a request means that did not give what it was sent for.
func (p *Provider) failed(x *exchange) payments.Result {
	r := p.about(x)
	r.Code = x.issue()
	switch {
	case !x.sent():
		p.unsent(&r, x)
	case x.trace.Resent(), x.status == 0:
		r.Outcome, r.Code = payments.OutcomeUnknown, "no_answer"
		r.Message = "PayPal did not answer: " + reach[safehttp.Classify(x.err)] + "."
	case x.err != nil:
		r.Outcome, r.Code = payments.OutcomeUnknown, "answer_broken"
		r.Message = "PayPal's answer cannot be used: " + reach[safehttp.Classify(x.err)] + "."
	default:
		answered(&r, x)
	}
	return r
}

// unsent is what there is to say when PayPal got no request, for want of a
// connection or of an access token.
func (p *Provider) unsent(r *payments.Result, x *exchange) {
	r.Outcome, r.Code = payments.OutcomeNotSent, "unreachable"
	switch {
	case x.err != nil || x.status == 0:
		r.Message = "PayPal could not be reached: " + reach[safehttp.Classify(x.err)] + "."
	case x.status == http.StatusBadRequest, x.status == http.StatusUnauthorized, x.status == http.StatusForbidden:
		r.Misconfigured, r.Code, r.Message = true, "credentials_refused", "PayPal refused the account's client id and secret."
	case x.status == http.StatusTooManyRequests:
		r.RateLimited, r.Code, r.Message = true, "rate_limit", "PayPal asked to slow down."
	default:
		r.Code, r.Message = "no_access", "PayPal gave no access: "+http.StatusText(x.status)+"."
	}
}

// answered says what an answer means that reports an error.
func answered(r *payments.Result, x *exchange) {
	r.Outcome, r.Message = payments.OutcomeUnknown, "PayPal's answer cannot be used: "+http.StatusText(x.status)+"."
	switch {
	case x.status == http.StatusTooManyRequests:
		r.Outcome, r.RateLimited = payments.OutcomeNotSent, true
		r.Code, r.Message = cmp.Or(r.Code, "rate_limit"), "PayPal asked to slow down."
	case x.status == http.StatusConflict, r.Code == "ORDER_COMPLETION_IN_PROGRESS", r.Code == "PREVIOUS_REQUEST_IN_PROGRESS":
		r.RetryAfter = cmp.Or(r.RetryAfter, busyWait)
		r.Message = "PayPal is still at an earlier request for this payment."
	case r.Code == "DUPLICATE_INVOICE_ID":
		r.Message = "PayPal has a payment under this invoice number already: it may be an earlier request's."
	case settings[r.Code] != "":
		r.Outcome, r.Misconfigured, r.Message = payments.OutcomeNotSent, true, settings[r.Code]
	case x.status == http.StatusUnauthorized, x.status == http.StatusForbidden:
		r.Outcome, r.Misconfigured = payments.OutcomeNotSent, true
		r.Code, r.Message = cmp.Or(r.Code, "credentials_refused"), "PayPal refused the account's credentials, or does not allow it this request."
	case !x.isPayPal():
	case x.status == http.StatusBadRequest, x.status == http.StatusNotFound:
		r.Outcome, r.Message = payments.OutcomeNotSent, "PayPal refused the request: "+x.said()
	case x.status == http.StatusUnprocessableEntity:
		refuse(r, r.Code, "The payment was refused: "+x.said())
	}
}

// refuse makes a result of a refusal; other is what to say of a code that is not known.
func refuse(r *payments.Result, code, other string) {
	known, ok := refusals[code]
	if !ok {
		known = refusal{payments.ClassGeneric, other}
	}
	r.Outcome, r.Code, r.Class, r.Message = payments.OutcomeDeclined, code, known.class, known.message
}

// unknown is the result of a call that proves nothing.
func (p *Provider) unknown(x *exchange) payments.Result {
	r := p.failed(x)
	r.Outcome, r.Class = payments.OutcomeUnknown, ""
	return r
}

// doubtful is a result that contradicts what was asked for: a human must look.
func doubtful(r payments.Result, code, message string) payments.Result {
	r.Outcome, r.Class, r.Amount, r.NextAction, r.Code, r.Message = payments.OutcomeUnknown, "", 0, nil, code, message
	return r
}

// about is what every result tells of its call.
func (p *Provider) about(x *exchange) payments.Result {
	r := payments.Result{HTTPStatus: x.status, Raw: x.mask(x.body)}
	if x.header != nil {
		r.RequestID = x.mask([]byte(x.header.Get("Paypal-Debug-Id")))
		r.RetryAfter = safehttp.RetryAfter(x.header, p.now())
	}
	return r
}

// early is the result of a capture, void or refund that failed before it was
// sent. Unless this is its first call an earlier one may have been executed.
func (p *Provider) early(x *exchange, started time.Time) payments.Result {
	r := p.failed(x)
	r.Outcome, r.Class = payments.OutcomeNotSent, ""
	if p.older(started, firstCall) {
		r.Outcome = payments.OutcomeUnknown
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
