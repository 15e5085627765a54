package adyen

import (
	"net/http"
	"net/url"

	"github.com/tillpost/tillpost/payments"
)

// result says where a payment stands by the answer to it.
func (x *exchange) result(charge payments.Charge, made payment) payments.Result {
	r := x.about()
	r.ProviderReference = x.mask(made.PSPReference)
	if !x.matches(&r, charge, made) {
		return r
	}
	switch made.ResultCode {
	case "Authorised":
		r.Outcome = payments.OutcomeAuthorized
		if charge.Capture {
			r.Outcome = payments.OutcomeSucceeded
		}
		if made.Amount != nil {
			r.Amount = charge.Amount
		}
	case "Refused", "Error", "Cancelled":
		refuse(&r, x.account, made.RefusalReasonCode, made.RefusalReason, made.AdditionalData)
	case "Pending", "Received":
		r.Outcome, r.Message = payments.OutcomeProcessing, "Adyen is at it and tells by webhook."
	case "RedirectShopper", "IdentifyShopper", "ChallengeShopper", "PresentToShopper":
		r.Outcome, r.NextAction = payments.OutcomeRequiresAction, nextAction(made.Action)
		if r.NextAction == nil {
			r.Code, r.Message = "action_not_supported", "Adyen wants the customer to do something that a link alone does not allow."
		}
	default: // PartiallyAuthorised, AuthenticationFinished, Success and what is to come: nothing that was asked for
		r.Outcome, r.Code = payments.OutcomeUnknown, "unexpected_result"
		r.Message = "Adyen gave the payment an unexpected result: " + x.mask(made.ResultCode) + "."
	}
	return r
}

// matches compares an answer with what was asked. What is not ours, or not as
// much, is nothing that may be believed.
func (x *exchange) matches(r *payments.Result, charge payments.Charge, made payment) bool {
	asked, _ := toWire(charge.Amount, charge.Currency)                           // it was asked for: it can be told
	other := made.PSPReference != charge.ProviderReference && made.Action == nil // an action may come without the payment's reference
	r.Outcome = payments.OutcomeUnknown
	switch {
	case made.MerchantReference != "" && made.MerchantReference != charge.AttemptID:
		r.Code, r.ProviderReference = "reference_mismatch", ""
		r.Message = "Adyen answered with another payment."
	case charge.ProviderReference != "" && other:
		r.Code, r.ProviderReference = "second_payment", charge.ProviderReference
		r.Message = "Adyen answered with another payment than at first (" + x.mask(made.PSPReference) + "): look for both in the Customer Area."
	case made.Amount != nil && *made.Amount != asked:
		r.Code, r.Message = "amount_mismatch", "Adyen answered with another amount than was asked for."
	default:
		return true
	}
	return false
}

// nextAction is what the customer can do with a link or a code alone; nil when
// it takes more.
func nextAction(a *action) *payments.NextAction {
	if a == nil {
		return nil
	}
	u, err := url.Parse(a.URL)
	isLink := err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
	switch {
	case a.Type == "qrCode" && a.QRCodeData != "":
		return &payments.NextAction{Type: "qr_code", URL: a.QRCodeData}
	case isLink && a.Method != http.MethodPost:
		return &payments.NextAction{Type: "redirect", URL: a.URL}
	default:
		return nil
	}
}
