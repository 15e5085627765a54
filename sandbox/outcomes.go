package sandbox

import (
	"net/http"
	"strings"
)

// Result is what the bank decides about a charge.
type Result string

// The results that a token can ask for.
const (
	ResultSucceeds        Result = "succeeds"
	ResultDeclines        Result = "declines"
	ResultAsksCustomer    Result = "asks_customer"     // redirect; then the customer's click decides
	ResultSettlesLater    Result = "settles_later"     // processing, then succeeded
	ResultFailsLater      Result = "fails_later"       // processing, then failed
	ResultDeclinesAbsent  Result = "declines_absent"   // declines while the customer is absent, else asks the customer
	ResultRecovers        Result = "recovers"          // declines the first charge of a payment; the next one succeeds
	ResultRefundsLater    Result = "refunds_later"     // succeeds; its refunds are pending first
	ResultRefundsFailLate Result = "refunds_fail_late" // succeeds; its refunds succeed, then fail
	ResultDisputed        Result = "disputed"          // succeeds; a short while later its customer disputes it
	ResultInquired        Result = "inquired"          // succeeds; a short while later its customer's bank asks about it
)

// Outcome is what one token makes the sandbox do.
//
// A Fault acts on the first request of each idempotency key only: a replay of
// the same request, or a look-up, is answered with the truth.
type Outcome struct {
	Token       string `json:"token"`
	Description string `json:"description"`
	Result      Result `json:"result"`
	Fault       Fault  `json:"fault,omitempty"`
	Code        string `json:"code,omitempty"`         // of the refusal
	NetworkCode string `json:"network_code,omitempty"` // the card network's code of the refusal
	Class       string `json:"class,omitempty"`        // what the refusal means: never, fix_data, later or generic
	Message     string `json:"message,omitempty"`
}

// refusesAtOnce reports whether a refusal of the outcome is the answer to the
// request, and never comes later.
func (o Outcome) refusesAtOnce() bool {
	return o.Result == ResultDeclines || o.Result == ResultRecovers
}

// Advice returns the provider's advice on retrying, in Stripe's vocabulary.
func (o Outcome) Advice() string {
	switch o.Class {
	case "never":
		return "do_not_try_again"
	case "fix_data":
		return "confirm_card_data"
	case "later":
		return "try_again_later"
	default:
		return ""
	}
}

// Outcomes lists every token that the sandbox understands, on both of its payment formats.
func Outcomes() []Outcome { return append([]Outcome(nil), outcomes...) }

//nolint:gosec // names of tokens, none of them a credential
var outcomes = []Outcome{
	success("tok_success", "Succeeds."),
	decline("tok_declined_never", "never", "transaction_not_allowed", "57", "The card does not allow this kind of transaction."),
	decline("tok_declined_fix_data", "fix_data", "incorrect_number", "14", "The card number is incorrect."),
	decline("tok_declined_later", "later", "issuer_not_available", "91", "The card's bank could not be reached."),
	decline("tok_declined_generic", "generic", "generic_decline", "05", "The card was declined."),
	decline("tok_insufficient_funds", "later", "insufficient_funds", "51", "The card has insufficient funds."),
	decline("tok_card_velocity_exceeded", "later", "card_velocity_exceeded", "61", "The card's spending limit is used up for now."),
	decline("tok_processing_error", "later", "processing_error", "96", "The bank had an error while processing the card."),
	decline("tok_expired_card", "fix_data", "expired_card", "54", "The card has expired."),
	decline("tok_incorrect_cvc", "fix_data", "incorrect_cvc", "82", "The card's security code is incorrect."),
	decline("tok_authentication_required", "fix_data", "authentication_required", "1A", "The card's bank wants the customer to confirm the payment."),
	decline("tok_lost_card", "never", "lost_card", "41", "The card was declined."),
	decline("tok_stolen_card", "never", "stolen_card", "43", "The card was declined."),
	decline("tok_fraudulent", "never", "fraudulent", "59", "The card was declined."),
	decline("tok_do_not_honor", "generic", "do_not_honor", "05", "The card was declined."),
	{
		Token: "tok_recovers", Result: ResultRecovers, Description: "Declined: issuer_not_available. Succeeds when the payment is tried again.",
		Class: "later", Code: "issuer_not_available", NetworkCode: "91", Message: "The card's bank could not be reached.",
	},
	{Token: "tok_action_required", Result: ResultAsksCustomer, Description: "Asks the customer: a page with two buttons decides."},
	{Token: "tok_processing", Result: ResultSettlesLater, Description: "Processing at first, succeeds a short while later."},
	{
		Token: "tok_processing_fails", Result: ResultFailsLater, Description: "Processing at first, fails a short while later.",
		Class: "later", Code: "insufficient_funds", NetworkCode: "51", Message: "The account has insufficient funds.",
	},
	faulty("tok_slow", FaultLatency, "Succeeds after 400 to 1600 ms; goes on when the client has left."),
	faulty("tok_timeout_after_charge", FaultTimeoutAfter, "Charges, then never answers."),
	faulty("tok_timeout_before_charge", FaultTimeoutBefore, "Hangs without charging."),
	faulty("tok_reset", FaultResetBefore, "Resets the connection without charging."),
	faulty("tok_reset_before_send", FaultResetBefore, "Resets the connection without charging."),
	faulty("tok_reset_after_charge", FaultResetAfter, "Charges, then resets the connection."),
	faulty("tok_500_before_charge", FaultErrorBefore, "Answers 500 without charging."),
	faulty("tok_500_after_charge", FaultErrorAfter, "Charges, then answers 500."),
	faulty("tok_500_stored", FaultErrorStored, "Charges, then answers 500, and replays that 500 for the same key; a look-up tells the truth."),
	faulty("tok_429", FaultRateLimited, "Answers 429 with Retry-After: 1, without charging."),
	faulty("tok_flaky", FaultLostAnswer, "Charges, then closes the connection without an answer."),
	faulty("tok_html_after_charge", FaultHTMLAfter, "Charges, then answers 502 with a web page."),
	faulty("tok_half_json_after_charge", FaultHalfJSONAfter, "Charges, then breaks off in the middle of the answer."),

	success("pm_card_visa", "Stripe's test card: succeeds."),
	success("pm_card_visa_debit", "Stripe's test card: succeeds."),
	success("pm_card_mastercard", "Stripe's test card: succeeds."),
	success("pm_card_amex", "Stripe's test card: succeeds."),
	success("pm_card_discover", "Stripe's test card: succeeds."),
	success("pm_card_diners", "Stripe's test card: succeeds."),
	success("pm_card_jcb", "Stripe's test card: succeeds."),
	success("pm_card_unionpay", "Stripe's test card: succeeds."),
	success("pm_card_bypassPending", "Stripe's test card: succeeds."),
	decline("pm_card_chargeDeclined", "generic", "generic_decline", "05", "Your card was declined."),
	decline("pm_card_visa_chargeDeclined", "generic", "generic_decline", "05", "Your card was declined."),
	decline("pm_card_chargeCustomerFail", "generic", "generic_decline", "05", "Your card was declined."),
	decline("pm_card_visa_chargeDeclinedInsufficientFunds", "later", "insufficient_funds", "51", "Your card has insufficient funds."),
	decline("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "later", "card_velocity_exceeded", "61",
		"Your card was declined for making repeated attempts too frequently or exceeding its amount limit."),
	decline("pm_card_visa_chargeDeclinedLostCard", "never", "lost_card", "41", "Your card was declined."),
	decline("pm_card_visa_chargeDeclinedStolenCard", "never", "stolen_card", "43", "Your card was declined."),
	decline("pm_card_chargeDeclinedExpiredCard", "fix_data", "expired_card", "54", "Your card has expired."),
	decline("pm_card_chargeDeclinedIncorrectCvc", "fix_data", "incorrect_cvc", "82", "Your card's security code is incorrect."),
	decline("pm_card_chargeDeclinedProcessingError", "later", "processing_error", "96",
		"An error occurred while processing your card. Try again in a little bit."),
	decline("pm_card_radarBlock", "never", "fraudulent", "59", "Your card was declined."),
	authentication("pm_card_authenticationRequired"),
	authentication("pm_card_threeDSecure2Required"),
	{Token: "tok_refund_pending", Result: ResultRefundsLater, Description: "Succeeds; a refund is pending at first, succeeds a short while later."},
	{Token: "tok_refund_fails", Result: ResultRefundsFailLate, Description: "Succeeds; a refund succeeds at first, fails a short while later."},
	{Token: "tok_disputed", Result: ResultDisputed, Description: "Succeeds; a short while later the customer disputes it."},
	{Token: "pm_card_createDispute", Result: ResultDisputed, Description: "Stripe's test card: succeeds; a short while later the customer disputes it."},
	{Token: "tok_inquiry", Result: ResultInquired, Description: "Succeeds; a short while later the customer's bank asks about it."},
	{
		Token: "pm_card_createDisputeInquiry", Result: ResultInquired,
		Description: "Stripe's test card: succeeds; a short while later the customer's bank asks about it.",
	},
	{
		Token: "pm_card_pendingRefund", Result: ResultRefundsLater,
		Description: "Stripe's test card: succeeds; a refund is pending at first, succeeds a short while later.",
	},
	{
		Token: "pm_card_refundFail", Result: ResultRefundsFailLate,
		Description: "Stripe's test card: succeeds; a refund succeeds at first, fails a short while later.",
	},
}

var outcomeByToken = func() map[string]Outcome {
	m := make(map[string]Outcome, len(outcomes))
	for _, o := range outcomes {
		m[o.Token] = o
	}
	return m
}()

// outcomeOf is what a token asks for; one that nobody knows asks for nothing. A
// dot and anything after it make another card of which the same becomes.
func outcomeOf(token string) Outcome {
	kind, _, _ := strings.Cut(token, ".")
	return outcomeByToken[kind]
}

func (o Outcome) known() bool { return o.Token != "" }

func success(token, description string) Outcome {
	return Outcome{Token: token, Result: ResultSucceeds, Description: description}
}

func faulty(token string, fault Fault, description string) Outcome {
	return Outcome{Token: token, Result: ResultSucceeds, Fault: fault, Description: description}
}

func decline(token, class, code, networkCode, message string) Outcome {
	return Outcome{
		Token: token, Result: ResultDeclines, Class: class, Code: code, NetworkCode: networkCode, Message: message,
		Description: "Declined: " + code + ".",
	}
}

func authentication(token string) Outcome {
	o := decline(token, "fix_data", "authentication_required", "1A", "Your card was declined. This transaction requires authentication.")
	o.Result = ResultDeclinesAbsent
	o.Description = "Stripe's test card: declined while the customer is absent, otherwise asks the customer."
	return o
}

func outcomesJSON(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"data": outcomes, "amounts": amounts})
}
