package adyen

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// busyWait is how long to wait before asking again for what is under way.
const busyWait = 2 * time.Second

// Codes of errors that mean more than a wrong request.
const (
	errorInProgress = "704" // the key's first request is under way, or had another body
	errorNoRoute    = "905" // and 905_1 to 905_3: no acquirer takes such a payment
)

// failed says what a call means that did not give what it was made for.
func (x *exchange) failed() payments.Result {
	r := x.about()
	r.Code = x.mask(x.fault.ErrorCode)
	switch {
	case !x.trace.Sent():
		r.Outcome, r.Code = payments.OutcomeNotSent, cmp.Or(r.Code, "unreachable")
		r.Message = "Adyen could not be reached: " + reach[safehttp.Classify(x.err)] + "."
	case x.trace.Resent():
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "connection_lost", "The connection to Adyen broke before the answer."
	case x.status == 0:
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "no_answer", "Adyen did not answer: "+reach[safehttp.Classify(x.err)]+"."
	default:
		x.answered(&r)
	}
	return r
}

// answered says what an answer means that is not the one expected.
func (x *exchange) answered(r *payments.Result) {
	r.Outcome, r.Message = payments.OutcomeUnknown, "Adyen's answer cannot be used: "+http.StatusText(x.status)+"."
	if strings.EqualFold(x.header.Get("Transient-Error"), "true") {
		r.RetryAfter = cmp.Or(r.RetryAfter, busyWait)
	}
	switch x.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		r.Outcome, r.Misconfigured = payments.OutcomeNotSent, true
		r.Code, r.Message = cmp.Or(r.Code, "credentials_refused"), "Adyen refused the account's API key, or its merchant account."
	case http.StatusTooManyRequests:
		r.Outcome, r.RateLimited = payments.OutcomeNotSent, true
		r.Code, r.Message = cmp.Or(r.Code, "rate_limit"), "Adyen asked to slow down."
	case http.StatusConflict:
		x.busy(r)
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity:
		switch {
		case x.fault.ErrorCode == errorInProgress:
			x.busy(r)
		case x.isAdyen():
			r.Outcome = payments.OutcomeNotSent
			r.Message = "Adyen refused the request: " + x.mask(cmp.Or(x.fault.Message, http.StatusText(x.status)))
		}
	case http.StatusInternalServerError:
		code, _, _ := strings.Cut(x.fault.ErrorCode, "_")
		if code == errorNoRoute && x.fault.ErrorType == "configuration" {
			r.Outcome, r.Misconfigured = payments.OutcomeNotSent, true
			r.Message = "The merchant account at Adyen is not set up for such payments: " + x.mask(x.fault.Message)
		}
	}
}

func (x *exchange) busy(r *payments.Result) {
	r.RetryAfter = cmp.Or(r.RetryAfter, busyWait)
	r.Message = "Adyen is still at an earlier request for this, or knows it with other details."
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
