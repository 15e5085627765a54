package stripe

import (
	"cmp"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
)

// refundRefusals are codes that Stripe refuses to make a refund with, see
// https://docs.stripe.com/error-codes.
var refundRefusals = map[string]decline{
	"amount_too_large":                 {never, "The amount is more than what is left of the payment."},
	"balance_insufficient":             {later, "The Stripe account's balance does not cover the refund."},
	"charge_already_refunded":          {never, "The payment was refunded already."},
	"charge_disputed":                  {never, "The customer disputes the payment: the bank has taken the money back."},
	"charge_not_refundable":            {never, "The payment cannot be refunded."},
	"insufficient_funds":               {later, "The Stripe account's balance does not cover the refund."},
	"refund_disputed_payment":          {never, "The customer disputes the payment: the bank has taken the money back."},
	"resource_missing":                 {never, "Stripe does not know the payment."},
	"charge_exceeds_transaction_limit": {later, "The amount is over a limit at Stripe."},
	"payment_intent_unexpected_state":  {never, "The payment took no money."},
	"charge_exceeds_source_limit":      {later, "The amount is over a limit at Stripe."},
}

// refundFailures are the reasons that Stripe gives for a refund that failed.
var refundFailures = map[string]decline{
	"lost_or_stolen_card":                {never, "The refund came back: the card was reported lost or stolen."},
	"expired_or_canceled_card":           {never, "The refund came back: the card has expired or was canceled."},
	"charge_for_pending_refund_disputed": {never, "The customer disputed the payment while the refund was pending: the bank gives the money back."},
	"insufficient_funds":                 {later, "The Stripe account's balance did not cover the refund."},
	"declined":                           {never, "The card's bank refused the refund."},
	"merchant_request":                   {never, "The refund was stopped on the merchant's request."},
	"unknown":                            {generic, "The refund failed without a reason."},
}

// refundStands says what a refund's status means. A refund that has succeeded
// can still fail, when the customer's bank sends it back.
func refundStands(r *payments.Result, refund *stripe.Refund) {
	switch refund.Status {
	case stripe.RefundStatusSucceeded:
		moved(r, payments.OutcomeSucceeded, refund.Amount, refund.Currency)
	case stripe.RefundStatusPending, stripe.RefundStatusRequiresAction:
		r.Outcome = payments.OutcomeProcessing
	case stripe.RefundStatusFailed:
		r.Outcome, r.Code = payments.OutcomeDeclined, cmp.Or(string(refund.FailureReason), "unknown")
		known, ok := refundFailures[r.Code]
		if !ok {
			known = refundFailures["unknown"]
		}
		r.Class, r.Message = known.class, known.message
	case stripe.RefundStatusCanceled:
		r.Outcome, r.Class, r.Code = payments.OutcomeDeclined, payments.ClassNever, "canceled"
		r.Message = "The refund was canceled at Stripe."
	default:
		r.Outcome, r.Message = payments.OutcomeUnknown, "Stripe has the refund in a state that is not known here."
	}
}
