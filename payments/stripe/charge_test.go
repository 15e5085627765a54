package stripe

import (
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

func TestCharge(t *testing.T) {
	t.Parallel()
	const id = "pi_3PxYzA2eZvKYlo2C1"
	tests := []struct {
		name    string
		create  fixture
		confirm fixture
		want    payments.Result
	}{
		{
			"succeeds", fixture{200, "created"}, fixture{200, "succeeded"},
			payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: id, Amount: 1250, HTTPStatus: 200},
		},
		{
			"asks the customer", fixture{200, "created"}, fixture{200, "requires_action"},
			payments.Result{
				Outcome: payments.OutcomeRequiresAction, ProviderReference: id, HTTPStatus: 200,
				NextAction: &payments.NextAction{Type: "redirect", URL: "https://hooks.stripe.com/3d_secure_2/hosted?merchant=acct_1"},
			},
		},
		{
			"is still processing", fixture{200, "created"}, fixture{200, "processing"},
			payments.Result{Outcome: payments.OutcomeProcessing, ProviderReference: id, HTTPStatus: 200},
		},
		{
			"declined: the advice wins over the code", fixture{200, "created"}, fixture{402, "declined"},
			payments.Result{
				Outcome: payments.OutcomeDeclined, ProviderReference: id, Code: "do_not_honor", Class: payments.ClassLater, NetworkCode: "05",
				Advice: "try_again_later", Message: "The card's bank refused the payment without a reason.", HTTPStatus: 402,
			},
		},
		{
			"is another one", fixture{200, "another_payment"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: id, Code: "answer_mismatch",
				Message: "Stripe's answer is about another payment: " + id + ".", HTTPStatus: 200,
			},
		},
		{
			"is another one when confirmed", fixture{200, "created"}, fixture{200, "another_payment"},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: id, Code: "answer_mismatch",
				Message: "Stripe's answer is about another payment: " + id + ".", HTTPStatus: 200,
			},
		},
		{
			"was confirmed before", fixture{200, "created"}, fixture{400, "past_confirmation"},
			payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: id, Amount: 1250, HTTPStatus: 400},
		},
		{
			"was canceled before", fixture{200, "created"}, fixture{400, "past_cancellation"},
			payments.Result{
				Outcome: payments.OutcomeNotSent, ProviderReference: id, Code: "canceled",
				Message: "The payment was canceled before it was executed.", HTTPStatus: 400,
			},
		},
		{
			"is being created by somebody else", fixture{409, "key_in_use"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, Code: "idempotency_key_in_use", RetryAfter: busyWait,
				Message: "Stripe is still at an earlier request for this attempt.", HTTPStatus: 409,
			},
		},
		{
			"was created with other details", fixture{400, "other_body"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeUnknown, Code: "idempotency_error",
				Message: "Stripe knows this attempt with other details.", HTTPStatus: 400,
			},
		},
		{
			"is being confirmed by somebody else", fixture{200, "created"}, fixture{409, "key_in_use"},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: id, Code: "idempotency_key_in_use", RetryAfter: busyWait,
				Message: "Stripe is still at an earlier request for this attempt.", HTTPStatus: 409,
			},
		},
		{
			"is locked", fixture{200, "created"}, fixture{429, "lock_timeout"},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: id, Code: "lock_timeout", RetryAfter: busyWait, RateLimited: true,
				Message: "Stripe asked to slow down.", HTTPStatus: 429,
			},
		},
		{
			"has an unknown card", fixture{400, "no_payment_method"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, Code: "resource_missing",
				Message: "Stripe refused the request: No such PaymentMethod: 'pm_gone'", HTTPStatus: 400,
			},
		},
		{
			"has a wrong key", fixture{401, "bad_key"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, Misconfigured: true, Code: "credentials_refused",
				Message: "Stripe refused the account's secret key.", HTTPStatus: 401,
			},
		},
		{
			"meets an error while creating", fixture{500, "bad_key"}, fixture{},
			payments.Result{
				Outcome: payments.OutcomeNotSent, Message: "Stripe's answer cannot be used: Internal Server Error.", HTTPStatus: 500,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, map[string][]fixture{createPath: {tt.create}, confirmPath: {tt.confirm}})
			got := New(http.DefaultClient).Charge(t.Context(), account, testCharge())
			if got.Raw == "" || got.RequestID != "req_123" {
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
	s, account := script(t, map[string][]fixture{createPath: {{200, "created"}}, confirmPath: {{200, "succeeded"}}})
	provider := New(http.DefaultClient)
	charge := testCharge()
	provider.Charge(t.Context(), account, charge)
	charge.Capture, charge.ReturnURL, charge.Customer = false, "https://shop.example/thanks", "cus_7"
	provider.Charge(t.Context(), account, charge)

	create := url.Values{
		"amount": {"1250"}, "currency": {"eur"}, "payment_method": {"pm_card_visa"}, "payment_method_types[0]": {"card"},
		"capture_method": {"automatic"}, "description": {"Order A-7"},
		"metadata[payment_id]": {"pay_1"}, "metadata[attempt_id]": {"att_1"}, "metadata[merchant_id]": {"mer_1"}, "metadata[order_number]": {"A-7"},
	}
	manual := maps.Clone(create)
	manual["capture_method"], manual["customer"] = []string{"manual"}, []string{"cus_7"}
	want := []url.Values{
		create, {"off_session": {"true"}, "expand[0]": {"latest_charge"}},
		manual, {"return_url": {"https://shop.example/thanks"}, "expand[0]": {"latest_charge"}},
	}
	for i, one := range s.seen {
		if diff := cmp.Diff(want[i], one.form); diff != "" {
			t.Errorf("form of %s (-want +got):\n%s", one.call, diff)
		}
		key := map[string]string{createPath: "key-1-create", confirmPath: "key-1-confirm"}[one.call]
		if got := one.header.Get("Idempotency-Key"); got != key {
			t.Errorf("%s has the key %q, want %q", one.call, got, key)
		}
		if got := one.header.Get("Authorization"); got != "Bearer sk_test_p7dc" {
			t.Errorf("Authorization = %q", got)
		}
		if one.header.Get("Stripe-Version") == "" || one.header.Get("User-Agent") != "Tillpost" ||
			one.header.Get("X-Stripe-Client-User-Agent") != "" || one.header.Get("X-Stripe-Client-Telemetry") != "" {
			t.Errorf("headers = %v", one.header)
		}
	}
}

// A second call for a charge that may have been confirmed proves nothing by failing.
func TestChargeAgainAfterConfirmation(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{confirmPath: {{401, "bad_key"}}})
	charge := testCharge()
	charge.ProviderReference = "pi_3PxYzA2eZvKYlo2C1"
	if got := New(http.DefaultClient).Charge(t.Context(), account, charge); got.Outcome != payments.OutcomeUnknown || !got.Misconfigured {
		t.Errorf("result = %+v", got)
	}
	if diff := cmp.Diff([]string{confirmPath}, s.calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// Past the life of its key, the same charge sent again would be a second one.
func TestChargeAfterItsKeyIsForgotten(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{searchPath: {{200, "search_found"}}, getPath: {{200, "succeeded"}}})
	charge := testCharge()
	charge.StartedAt = time.Now().Add(-24 * time.Hour)
	if got := New(http.DefaultClient).Charge(t.Context(), account, charge); got.Outcome != payments.OutcomeSucceeded {
		t.Errorf("result = %+v", got)
	}
	if diff := cmp.Diff([]string{searchPath, getPath}, s.calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}
