package wechat

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// maxCode bounds a code that is not known here, in bytes.
const maxCode = 64

// Codes with a meaning of their own for what is to be done next. WeChat Pay
// spells some of them in two ways.
var (
	absentCodes  = []string{"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}
	closedCodes  = []string{"ORDER_CLOSED", "ORDERCLOSED"}
	paidCodes    = []string{"ORDERPAID", "ORDER_PAID"}
	payingCodes  = []string{"USERPAYING", "USER_PAYING"}
	invalidCodes = []string{"INVALID_REQUEST", "PARAM_ERROR"}
	// standingCodes refuse to make an order that may be there already.
	standingCodes = slices.Concat(paidCodes, payingCodes, []string{"OUT_TRADE_NO_USED", "INVALID_REQUEST"})
)

// refusal is what a code means for the request that was refused.
type refusal struct {
	outcome       payments.Outcome
	class         payments.Class // with OutcomeDeclined
	misconfigured bool
	limited       bool
	message       string
}

func unclear(message string) refusal {
	return refusal{outcome: payments.OutcomeUnknown, message: message}
}

func wrongAccount(message string) refusal {
	return refusal{outcome: payments.OutcomeNotSent, misconfigured: true, message: message}
}

func tooOften(message string) refusal {
	return refusal{outcome: payments.OutcomeNotSent, limited: true, message: message}
}

func wrongRequest(message string) refusal {
	return refusal{outcome: payments.OutcomeNotSent, message: message}
}

func declined(class payments.Class, message string) refusal {
	return refusal{outcome: payments.OutcomeDeclined, class: class, message: message}
}

// refusals are the codes of errors, in the order of the reference.
var refusals = map[string]refusal{
	"SYSTEM_ERROR":        unclear("WeChat Pay had an error of its own; the same request may be sent again."),
	"SYSTEMERROR":         unclear("WeChat Pay had an error of its own; the same request may be sent again."),
	"BANK_ERROR":          unclear("The bank had an error; the same request may be sent again."),
	"BANKERROR":           unclear("The bank had an error; the same request may be sent again."),
	"BIZERR_NEED_RETRY":   unclear("WeChat Pay asks for the same request once more."),
	"BIZ_ERR_NEED_RETRY":  unclear("WeChat Pay asks for the same request once more."),
	"FREQUENCY_LIMITED":   tooOften("WeChat Pay asked to slow down."),
	"RATELIMIT_EXCEEDED":  tooOften("WeChat Pay asked to slow down."), // [unverified]
	"SIGN_ERROR":          wrongAccount("WeChat Pay refused the signature: the private key, the certificate's serial number or the merchant number is wrong."),
	"NO_AUTH":             wrongAccount("The merchant account may not use this interface of WeChat Pay."),
	"NOAUTH":              wrongAccount("The merchant account may not use this interface of WeChat Pay."),
	"MCH_NOT_EXISTS":      wrongAccount("WeChat Pay knows no merchant with this number."),
	"PARAM_ERROR":         wrongRequest("WeChat Pay refused a detail of the request"),
	"INVALID_REQUEST":     wrongRequest("WeChat Pay refused the request"),
	"ORDER_CLOSED":        wrongRequest("The order is closed at WeChat Pay; a new attempt is needed."),
	"ORDERCLOSED":         wrongRequest("The order is closed at WeChat Pay; a new attempt is needed."),
	"OUT_TRADE_NO_USED":   unclear("WeChat Pay knows this attempt with other details."),
	"RULE_LIMIT":          declined(payments.ClassNever, "A rule of WeChat Pay does not allow this"),
	"TRADE_ERROR":         declined(payments.ClassNever, "WeChat Pay refused the trade"),
	"ACCOUNT_ERROR":       declined(payments.ClassNever, "The account at WeChat Pay cannot be used for this"),
	"NOT_ENOUGH":          declined(payments.ClassLater, "The balance at WeChat Pay is not enough."),
	"ORDER_NOT_EXIST":     declined(payments.ClassNever, "WeChat Pay knows no such order."),
	"ORDERNOTEXIST":       declined(payments.ClassNever, "WeChat Pay knows no such order."),
	"RESOURCE_NOT_EXISTS": declined(payments.ClassNever, "WeChat Pay knows no such order."),
	"ORDERPAID":           unclear("The order is paid already."),
	"ORDER_PAID":          unclear("The order is paid already."),
	"USERPAYING":          unclear("The customer is paying right now."),
	"USER_PAYING":         unclear("The customer is paying right now."),

	"APPID_MCHID_NOT_MATCH": wrongAccount("The app id does not belong to the merchant number."),
	// Of refunds; [unverified].
	"USER_ACCOUNT_ABNORMAL": declined(payments.ClassNever, "The customer's account at WeChat Pay cannot take the refund."),
}

// refused says what a call means that did not bring what was asked for.
func (x *exchange) refused() payments.Result {
	r := x.about()
	switch {
	case !x.trace.Sent():
		r.Outcome, r.Code = payments.OutcomeNotSent, "unreachable"
		r.Message = "WeChat Pay could not be reached: " + reach[safehttp.Classify(x.err)] + "."
	case x.trace.Resent():
		r.Outcome, r.Code, r.Message = payments.OutcomeUnknown, "connection_lost", "The connection to WeChat Pay broke before the answer."
	case x.status == 0 || x.err != nil:
		r.Outcome, r.Code = payments.OutcomeUnknown, "no_answer"
		r.Message = "WeChat Pay did not answer: " + reach[safehttp.Classify(x.err)] + "."
	case x.doubt == nil && x.fault.Code != "":
		x.explain(&r)
	default:
		x.unproven(&r)
	}
	return r
}

// explain reads a code that WeChat Pay itself gave. One that is not known is a
// refusal nonetheless, where the status says so.
func (x *exchange) explain(r *payments.Result) {
	known, ok := refusals[x.fault.Code]
	switch {
	case ok:
	case x.status == http.StatusUnauthorized:
		known = wrongAccount("WeChat Pay refused the account")
	case x.status == http.StatusTooManyRequests:
		known = tooOften("WeChat Pay asked to slow down")
	case x.status == http.StatusBadRequest || x.status == http.StatusForbidden || x.status == http.StatusNotFound:
		known = wrongRequest("WeChat Pay refused the request")
	default:
		known = unclear("WeChat Pay's answer cannot be used")
	}
	r.Outcome, r.Class, r.Misconfigured, r.RateLimited = known.outcome, known.class, known.misconfigured, known.limited
	r.Code, r.Message = clip(x.merchant.mask([]byte(x.fault.Code)), maxCode), known.message
	if !strings.HasSuffix(r.Message, ".") { // it is for WeChat Pay to say what exactly
		r.Message += ": " + x.merchant.mask([]byte(cmp.Or(x.fault.Message, "it gives no reason")))
	}
}

// unproven reads an answer that nobody signed. WeChat Pay, or something in
// between, refuses who may not ask before it looks at what is asked.
func (x *exchange) unproven(r *payments.Result) {
	switch x.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		r.Outcome, r.Misconfigured, r.Code = payments.OutcomeNotSent, true, "credentials_refused"
		r.Message = "WeChat Pay refused the account: the private key, the certificate's serial number or the merchant number is wrong."
	case http.StatusTooManyRequests:
		r.Outcome, r.RateLimited, r.Code = payments.OutcomeNotSent, true, "rate_limit"
		r.Message = "WeChat Pay asked to slow down."
	default:
		r.Outcome, r.Code = payments.OutcomeUnknown, "answer_unusable"
		r.Message = "WeChat Pay's answer cannot be used: " + http.StatusText(x.status) + "."
		if x.doubt != nil {
			r.Code = "answer_unverified"
			r.Message = "WeChat Pay's answer cannot be trusted: " + x.doubt.Error() + "."
		}
		if isForeignKey(x.doubt) {
			r.Code = "unknown_serial"
			r.Message += " Enter the public key that WeChat Pay signs with now, and its id."
		}
	}
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
