package alipay

import (
	"cmp"
	"strings"

	"github.com/tillpost/tillpost/payments"
)

// Codes of the gateway.
const (
	codeSuccess    = "10000"
	codeInProgress = "10003"
	codeBusiness   = "40004" // the sub code says why
)

// Sub codes that more than a message depends on.
const (
	subNotExist    = "ACQ.TRADE_NOT_EXIST"
	subSystemError = "SYSTEM_ERROR" // with several prefixes
)

// refusal is what a code means, in the words for staff.
type refusal struct {
	outcome payments.Outcome
	class   payments.Class
	message string
	// doubtful says that an earlier copy of the request may have succeeded all
	// the same: the trade or the refund tells.
	doubtful bool
}

func declined(class payments.Class, message string) refusal {
	return refusal{outcome: payments.OutcomeDeclined, class: class, message: message}
}

func doubtful(r refusal) refusal {
	r.doubtful = true
	return r
}

const (
	never   = payments.ClassNever
	fixData = payments.ClassFixData
	later   = payments.ClassLater
	generic = payments.ClassGeneric
)

// gatewayRefusals are by code: the request was refused before it was executed.
var gatewayRefusals = map[string]refusal{
	"20000": {outcome: payments.OutcomeUnknown, message: "Alipay's service was not available."},
	"20001": {outcome: payments.OutcomeNotSent, message: "Alipay refused the account's authorization."},
	"40001": {outcome: payments.OutcomeNotSent, message: "Alipay misses something in the request."},
	"40002": {outcome: payments.OutcomeNotSent, message: "Alipay refused the request as invalid."},
	"40003": {outcome: payments.OutcomeNotSent, message: "The Alipay account does not fulfil a condition of this call."},
	"40005": {outcome: payments.OutcomeNotSent, message: "Alipay asked to slow down."},
	"40006": {outcome: payments.OutcomeNotSent, message: "The Alipay account may not make this call: check its permissions and contracts."},
}

// credentialMessages are for those of the gateway's sub codes that name what to repair.
var credentialMessages = map[string]string{
	"isv.invalid-signature": "Alipay refused the signature: the account's private key is not the one of its app id.",
	"isv.invalid-app-id":    "Alipay does not know the account's app id.",
}

// refusals are by sub code.
var refusals = map[string]refusal{
	"ACQ.TRADE_HAS_SUCCESS":  doubtful(refusal{outcome: payments.OutcomeUnknown, message: "Alipay says that the order is paid already."}),
	"ACQ.TRADE_HAS_FINISHED": doubtful(refusal{outcome: payments.OutcomeUnknown, message: "Alipay says that the order is paid already."}),
	"ACQ.TRADE_HAS_CLOSE":    doubtful(refusal{outcome: payments.OutcomeNotSent, message: "The trade was closed before it was paid."}),
	"ACQ.CONTEXT_INCONSISTENT": doubtful(refusal{
		outcome: payments.OutcomeUnknown, message: "Alipay knows this attempt with other details.",
	}),

	"ACQ.INVALID_PARAMETER":          declined(never, "Alipay refused a detail of the request."),
	"ACQ.BUYER_ENABLE_STATUS_FORBID": declined(never, "The customer's Alipay account is restricted."),
	"ACQ.BUYER_SELLER_EQUAL":         declined(never, "The customer and the seller are the same Alipay account."),
	"ACQ.EXIST_FORBIDDEN_WORD":       declined(never, "The description contains a word that Alipay forbids."),
	"ACQ.PARTNER_ERROR":              declined(never, "The seller's Alipay account is not set up for this."),
	"ACQ.TOTAL_FEE_EXCEED":           declined(never, "The amount is more than Alipay allows for one payment."),

	"ACQ.PAYMENT_AUTH_CODE_INVALID":     doubtful(declined(fixData, "The payment code is not valid any more: the customer must show a new one.")),
	"ACQ.ERROR_BALANCE_PAYMENT_DISABLE": declined(fixData, "The customer has switched payments from the balance off."),

	"ACQ.BUYER_BALANCE_NOT_ENOUGH":             declined(later, "There is not enough money in the customer's Alipay balance."),
	"ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH":    declined(later, "There is not enough money on the customer's bank card."),
	"ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR": declined(later, "The customer has reached the limit of payments for today."),
	"ACQ.BEYOND_PAY_RESTRICTION":               declined(later, "The seller has reached a limit of payments at Alipay."),
}

// refundRefusals are by sub code, for what means something else to a refund.
var refundRefusals = map[string]refusal{
	subNotExist:                       doubtful(declined(never, "Alipay does not know the trade.")),
	"ACQ.TRADE_HAS_FINISHED":          doubtful(declined(never, "The trade is over: it cannot be given back any more.")),
	"ACQ.TRADE_HAS_CLOSE":             doubtful(declined(never, "The trade is closed: nothing is left to give back.")),
	"ACQ.TRADE_STATUS_ERROR":          doubtful(declined(never, "The trade's status does not allow a refund.")),                     // [unverified]
	"ACQ.DISCORDANT_REPEAT_REQUEST":   {outcome: payments.OutcomeUnknown, message: "Alipay knows this refund with another amount."}, // [unverified]
	"ACQ.REFUND_AMT_NOT_EQUAL_TOTAL":  doubtful(declined(never, "The refund is not of the whole amount.")),
	"ACQ.REASON_TRADE_REFUND_FEE_ERR": doubtful(declined(never, "The refund is more than what is left of the payment.")), // [unverified]
	"ACQ.TRADE_NOT_ALLOW_REFUND":      doubtful(declined(never, "Alipay does not allow a refund of this trade.")),
	"ACQ.SELLER_BALANCE_NOT_ENOUGH":   declined(later, "There is not enough money in the seller's Alipay balance."), // [unverified]
}

// refusal says what an answer of Alipay's means that is no success, and whether
// that must be looked into.
func (x *exchange) refusal(special map[string]refusal) (payments.Result, bool) {
	a := x.answer
	known, listed := special[a.SubCode]
	if !listed {
		known, listed = refusals[a.SubCode]
	}
	if a.Code != codeBusiness {
		known, listed = gatewayRefusals[a.Code]
	}
	switch {
	case strings.HasSuffix(a.SubCode, subSystemError), a.Code != codeBusiness && !listed:
		known = refusal{outcome: payments.OutcomeUnknown, message: "Alipay had an error of its own."}
	case !listed:
		known = doubtful(declined(generic, "Alipay refused the request: "+x.mask([]byte(cmp.Or(a.SubMsg, a.SubCode, a.Msg, "no reason given")))))
	}
	r := x.about()
	r.Outcome, r.Class = known.outcome, known.class
	r.Code = x.mask([]byte(cmp.Or(a.SubCode, a.Code)))
	r.Message = cmp.Or(credentialMessages[a.SubCode], known.message)
	r.RateLimited = a.Code == "40005"
	r.Misconfigured = r.Outcome == payments.OutcomeNotSent && a.Code != codeBusiness && !r.RateLimited
	return r, known.doubtful
}
