package adyen

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

func TestCharge(t *testing.T) {
	t.Parallel()
	unknown := func(status int, code, message string) payments.Result {
		return payments.Result{Outcome: payments.OutcomeUnknown, HTTPStatus: status, Code: code, Message: message}
	}
	about := func(r payments.Result) payments.Result {
		r.ProviderReference, r.HTTPStatus = paymentPSP, 200
		return r
	}
	tests := []struct {
		name   string
		answer fixture
		want   payments.Result
	}{
		{"succeeds", fixture{200, "authorised"}, about(payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 1250})},
		{"refused: 200 like any other", fixture{200, "refused"}, about(payments.Result{
			Outcome: payments.OutcomeDeclined, Code: "12", Class: payments.ClassLater, NetworkCode: "51",
			Message: "There is not enough money in the account.",
		})},
		{"refused: the advice wins over the code", fixture{200, "refused_advice"}, about(payments.Result{
			Outcome: payments.OutcomeDeclined, Code: "2", Class: payments.ClassLater, NetworkCode: "05", Advice: "25",
			RetryAfter: 24 * time.Hour, Message: "The card's bank refused the payment without a reason.",
		})},
		{"refused for a reason of tomorrow", fixture{200, "refused_unknown"}, about(payments.Result{
			Outcome: payments.OutcomeDeclined, Code: "99", Class: payments.ClassGeneric,
			Message: "The payment was refused: Something new with [masked].",
		})},
		{"ends in an error", fixture{200, "error"}, about(payments.Result{
			Outcome: payments.OutcomeDeclined, Code: "4", Class: payments.ClassLater, Message: "The bank that takes payments for the shop had an error.",
		})},
		{"is given up", fixture{200, "cancelled"}, about(payments.Result{
			Outcome: payments.OutcomeDeclined, Code: "16", Class: payments.ClassFixData, Message: "The customer gave the payment up.",
		})},
		{"is pending", fixture{200, "pending"}, about(payments.Result{
			Outcome: payments.OutcomeProcessing, Message: "Adyen is at it and tells by webhook.",
		})},
		{"is received", fixture{200, "received"}, about(payments.Result{
			Outcome: payments.OutcomeProcessing, Message: "Adyen is at it and tells by webhook.",
		})},
		{"sends the customer somewhere", fixture{200, "redirect"}, about(payments.Result{
			Outcome: payments.OutcomeRequiresAction, NextAction: &payments.NextAction{
				Type: "redirect", URL: "https://checkoutshopper-test.adyen.com/checkoutshopper/threeDS/redirect?MD=M2R",
			},
		})},
		{"shows the customer a code", fixture{200, "qr"}, about(payments.Result{
			Outcome:    payments.OutcomeRequiresAction,
			NextAction: &payments.NextAction{Type: "qr_code", URL: "weixin://wxpay/bizpayurl?pr=xyz"},
		})},
		{"wants a form to be sent", fixture{200, "redirect_post"}, about(payments.Result{
			Outcome: payments.OutcomeRequiresAction, Code: "action_not_supported",
			Message: "Adyen wants the customer to do something that a link alone does not allow.",
		})},
		{"wants a challenge in the shop", fixture{200, "challenge"}, about(payments.Result{
			Outcome: payments.OutcomeRequiresAction, Code: "action_not_supported",
			Message: "Adyen wants the customer to do something that a link alone does not allow.",
		})},
		{"is authorized in part", fixture{200, "partial"}, about(
			unknown(200, "unexpected_result", "Adyen gave the payment an unexpected result: PartiallyAuthorised."))},
		{"takes another amount", fixture{200, "other_amount"}, about(
			unknown(200, "amount_mismatch", "Adyen answered with another amount than was asked for."))},
		{"takes another currency", fixture{200, "other_currency"}, about(
			unknown(200, "amount_mismatch", "Adyen answered with another amount than was asked for."))},
		{"is another's", fixture{200, "other_reference"}, unknown(200, "reference_mismatch", "Adyen answered with another payment.")},
		{"is wrong", fixture{422, "invalid"}, payments.Result{
			Outcome: payments.OutcomeNotSent, HTTPStatus: 422, Code: "14_030", Message: "Adyen refused the request: Return URL is missing.",
		}},
		{"is refused by something in between", fixture{400, ""}, unknown(400, "", "Adyen's answer cannot be used: Bad Request.")},
		{"has a wrong key", fixture{401, "unauthorized"}, payments.Result{
			Outcome: payments.OutcomeNotSent, Misconfigured: true, HTTPStatus: 401, Code: "000",
			Message: "Adyen refused the account's API key, or its merchant account.",
		}},
		{"has a wrong merchant account", fixture{403, "forbidden"}, payments.Result{
			Outcome: payments.OutcomeNotSent, Misconfigured: true, HTTPStatus: 403, Code: "901",
			Message: "Adyen refused the account's API key, or its merchant account.",
		}},
		{"has no acquirer", fixture{500, "no_route"}, payments.Result{
			Outcome: payments.OutcomeNotSent, Misconfigured: true, HTTPStatus: 500, Code: "905_1",
			Message: "The merchant account at Adyen is not set up for such payments: Could not find an acquirer account for " +
				"the provided txvariant (visa), currency (EUR), and action (AUTH).",
		}},
		{"meets an error", fixture{500, "internal"}, unknown(500, "000", "Adyen's answer cannot be used: Internal Server Error.")},
		{"comes too fast", fixture{429, ""}, payments.Result{
			Outcome: payments.OutcomeNotSent, RateLimited: true, HTTPStatus: 429, Code: "rate_limit", Message: "Adyen asked to slow down.",
		}},
		{"is under way", fixture{422, "in_progress"}, payments.Result{
			Outcome: payments.OutcomeUnknown, HTTPStatus: 422, Code: "704", RetryAfter: busyWait,
			Message: "Adyen is still at an earlier request for this, or knows it with other details.",
		}},
		{"is under way, said otherwise", fixture{409, "in_progress"}, payments.Result{
			Outcome: payments.OutcomeUnknown, HTTPStatus: 409, Code: "704", RetryAfter: busyWait,
			Message: "Adyen is still at an earlier request for this, or knows it with other details.",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, map[string][]fixture{payPath: {tt.answer}})
			got := testProvider().Charge(t.Context(), account, testCharge())
			if got.RequestID != "req_123" || got.Raw == "" && tt.answer.file != "" {
				t.Errorf("raw %q, request %q", got.Raw, got.RequestID)
			}
			got.Raw, got.RequestID = "", ""
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChargeSends(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{payPath: {{200, "authorised"}}})
	provider := testProvider()
	charge := testCharge()
	provider.Charge(t.Context(), account, charge)
	charge.Capture, charge.ReturnURL = false, "https://shop.example/thanks"
	if r := provider.Charge(t.Context(), account, charge); r.Outcome != payments.OutcomeAuthorized || r.Amount != 1250 {
		t.Errorf("manual capture = %+v", r)
	}
	want := func(returnURL, model, capture string) map[string]any {
		return map[string]any{
			"amount": map[string]any{"value": 1250.0, "currency": "EUR"}, "reference": "att_1", "merchantAccount": "TestMerchant",
			"paymentMethod": map[string]any{"type": "scheme", "storedPaymentMethodId": "M5N7TQ4TG5PFWR50"},
			"returnUrl":     returnURL, "shopperReference": "cus_1", "shopperInteraction": "ContAuth", "recurringProcessingModel": model,
			"metadata": map[string]any{"payment_id": "pay_1", "capture": capture},
		}
	}
	automatic := want("https://tillpost.invalid/return", "UnscheduledCardOnFile", "automatic")
	manual := want("https://shop.example/thanks", "CardOnFile", "manual")
	manual["additionalData"] = map[string]any{"manualCapture": "true"}
	for i, body := range []map[string]any{automatic, manual} {
		if diff := cmp.Diff(body, s.seen[i].body); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
		header := s.seen[i].header
		if header.Get("X-Api-Key") != testAPIKey || header.Get("Idempotency-Key") != "key-1" || header.Get("Content-Type") != "application/json" {
			t.Errorf("header = %v", header)
		}
	}
}

// A second request for a charge proves nothing by being refused, whatever it is
// refused for: an earlier one may have been executed.
func TestChargeAgain(t *testing.T) {
	t.Parallel()
	known := testCharge()
	known.ProviderReference = paymentPSP
	for _, charge := range []payments.Charge{old(testCharge(), time.Minute), known} {
		for _, answer := range []fixture{{401, "unauthorized"}, {422, "invalid"}, {429, ""}, {500, "no_route"}} {
			_, account := script(t, map[string][]fixture{payPath: {answer}})
			if got := testProvider().Charge(t.Context(), account, charge); got.Outcome != payments.OutcomeUnknown {
				t.Errorf("%s: %+v", answer.file, got)
			}
		}
		account := testAccount("http://127.0.0.1:1")
		if got := testProvider().Charge(t.Context(), account, charge); got.Outcome != payments.OutcomeUnknown {
			t.Errorf("unreachable: %+v", got)
		}
		account.Fields["api_key"] = ""
		if got := testProvider().Charge(t.Context(), account, charge); got.Outcome != payments.OutcomeUnknown || !got.Misconfigured {
			t.Errorf("no key: %+v", got)
		}
	}
}

// Past the life of its key the same charge would be a second payment.
func TestChargeAfterItsKeyIsForgotten(t *testing.T) {
	t.Parallel()
	s, account := script(t, nil)
	got := testProvider().Charge(t.Context(), account, old(testCharge(), 24*time.Hour))
	if got.Outcome != payments.OutcomeUnknown || got.Code != "key_too_old" || s.calls() != 0 {
		t.Errorf("result = %+v after %d calls", got, s.calls())
	}
}
