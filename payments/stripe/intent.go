package stripe

import (
	"cmp"
	"encoding/json"
	"strings"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
)

// same says whether an intent is the one that was made for a charge, as far as
// it tells.
func same(intent *stripe.PaymentIntent, charge payments.Charge) bool {
	attempt := intent.Metadata["attempt_id"]
	return (attempt == "" || attempt == charge.AttemptID) &&
		(intent.Amount == 0 || intent.Amount == wire(charge.Amount, charge.Currency)) &&
		(intent.Currency == "" || strings.EqualFold(string(intent.Currency), charge.Currency))
}

// resultOf says where a charge's payment intent stands. One of another charge says nothing.
func (p *Provider) resultOf(intent *stripe.PaymentIntent, x *exchange, charge payments.Charge) payments.Result {
	if !same(intent, charge) {
		return p.mismatch(intent, x)
	}
	return p.result(intent, x)
}

func (p *Provider) mismatch(intent *stripe.PaymentIntent, x *exchange) payments.Result {
	r := p.about(x)
	r.Outcome, r.ProviderReference = payments.OutcomeUnknown, intent.ID
	r.Code, r.Message = "answer_mismatch", "Stripe's answer is about another payment: "+x.mask([]byte(intent.ID))+"."
	return r
}

// result says where a payment intent stands. One that awaits confirmation is
// unknown: somebody has to confirm or to cancel it.
func (p *Provider) result(intent *stripe.PaymentIntent, x *exchange) payments.Result {
	r := p.about(x)
	r.ProviderReference = intent.ID
	switch intent.Status {
	case stripe.PaymentIntentStatusSucceeded:
		moved(&r, payments.OutcomeSucceeded, intent.AmountReceived, intent.Currency)
	case stripe.PaymentIntentStatusRequiresCapture:
		moved(&r, payments.OutcomeAuthorized, intent.AmountCapturable, intent.Currency)
	case stripe.PaymentIntentStatusRequiresAction:
		r.Outcome, r.NextAction = payments.OutcomeRequiresAction, nextAction(intent)
	case stripe.PaymentIntentStatusProcessing:
		r.Outcome = payments.OutcomeProcessing
	case stripe.PaymentIntentStatusRequiresPaymentMethod:
		if intent.LastPaymentError == nil {
			r.Outcome = payments.OutcomeUnknown
			break
		}
		refuse(&r, x, lastError(intent, x))
	case stripe.PaymentIntentStatusCanceled:
		canceled(&r, intent)
	default:
		r.Outcome = payments.OutcomeUnknown
		r.Message = "Stripe has the payment, but has not executed it."
	}
	return r
}

// canceled tells an intent that never charged from one that was given up after it did something.
func canceled(r *payments.Result, intent *stripe.PaymentIntent) {
	r.Code = "canceled"
	if intent.LatestCharge == nil {
		r.Outcome, r.Message = payments.OutcomeNotFound, "The payment was canceled before it was executed."
		return
	}
	r.Outcome, r.Class = payments.OutcomeDeclined, payments.ClassGeneric
	r.Message = "The payment was canceled at Stripe."
}

func nextAction(intent *stripe.PaymentIntent) *payments.NextAction {
	switch a := intent.NextAction; {
	case a == nil:
		return nil
	case a.RedirectToURL != nil:
		return &payments.NextAction{Type: "redirect", URL: a.RedirectToURL.URL}
	case a.AlipayHandleRedirect != nil:
		return &payments.NextAction{Type: "redirect", URL: a.AlipayHandleRedirect.URL}
	default:
		return nil
	}
}

// lastError is why the intent's latest try was refused. The answer is read once
// more, for the fields that the SDK's error lacks.
func lastError(intent *stripe.PaymentIntent, x *exchange) wireError {
	var answer struct {
		Last  wireError `json:"last_payment_error"`
		Error struct {
			Intent struct {
				Last wireError `json:"last_payment_error"`
			} `json:"payment_intent"`
		} `json:"error"`
	}
	last := wireError{Code: string(intent.LastPaymentError.Code), DeclineCode: string(intent.LastPaymentError.DeclineCode)}
	if json.Unmarshal(x.body, &answer) != nil {
		return last
	}
	for _, found := range []wireError{answer.Last, answer.Error.Intent.Last} {
		if found.Code != "" {
			last = found
		}
	}
	if ch := intent.LatestCharge; ch != nil && ch.Outcome != nil {
		last.AdviceCode = cmp.Or(last.AdviceCode, string(ch.Outcome.AdviceCode))
		last.NetworkCode = cmp.Or(last.NetworkCode, ch.Outcome.NetworkDeclineCode)
		last.NetworkAdvice = cmp.Or(last.NetworkAdvice, ch.Outcome.NetworkAdviceCode)
	}
	return last
}
