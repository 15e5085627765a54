package stripe

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

func testModification(amount int64) payments.Modification {
	charge := testCharge()
	charge.Capture, charge.ProviderReference = false, "pi_3PxYzA2eZvKYlo2C1"
	return payments.Modification{Original: charge, AttemptID: "att_2", Key: "key-2", Amount: amount}
}

func TestCapture(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		answers  map[string][]fixture
		want     payments.Outcome
		wantCode string
		calls    []string
	}{
		{"a part", map[string][]fixture{capturePath: {{200, "captured"}}}, payments.OutcomeSucceeded, "", []string{capturePath}},
		{
			"refused: too much", map[string][]fixture{capturePath: {{400, "too_much"}}, getPath: {{200, "authorized"}}},
			payments.OutcomeDeclined, "amount_too_large", []string{capturePath, getPath},
		},
		{
			"captured by the same attempt, whose key is forgotten",
			map[string][]fixture{capturePath: {{400, "cannot_capture"}}, getPath: {{200, "captured"}}},
			payments.OutcomeSucceeded, "", []string{capturePath, getPath},
		},
		{
			"captured by somebody else", map[string][]fixture{capturePath: {{400, "cannot_capture"}}, getPath: {{200, "captured_by_another"}}},
			payments.OutcomeDeclined, "already_captured", []string{capturePath, getPath},
		},
		{
			"released before", map[string][]fixture{capturePath: {{400, "cannot_capture"}}, getPath: {{200, "voided"}}},
			payments.OutcomeDeclined, "canceled", []string{capturePath, getPath},
		},
		{
			"an error of Stripe's, yet it was captured", map[string][]fixture{capturePath: {{500, "oops"}}, getPath: {{200, "captured"}}},
			payments.OutcomeSucceeded, "", []string{capturePath, getPath},
		},
		{
			"an error of Stripe's", map[string][]fixture{capturePath: {{500, "oops"}}, getPath: {{200, "authorized"}}},
			payments.OutcomeUnknown, "", []string{capturePath, getPath},
		},
		{
			"an error that Stripe kept for the key: another key", map[string][]fixture{capturePath: {{500, "oops again"}, {200, "captured"}}},
			payments.OutcomeSucceeded, "", []string{capturePath, capturePath},
		},
		{
			"an error that Stripe kept, yet it was captured",
			map[string][]fixture{capturePath: {{500, "oops again"}, {400, "cannot_capture"}}, getPath: {{200, "captured"}}},
			payments.OutcomeSucceeded, "", []string{capturePath, capturePath, getPath},
		},
		{
			"nothing can be found out", map[string][]fixture{capturePath: {{500, "oops"}}, getPath: {{500, "oops"}}},
			payments.OutcomeUnknown, "", []string{capturePath, getPath},
		},
		{
			"under way", map[string][]fixture{capturePath: {{409, "key_in_use"}}, getPath: {{200, "authorized"}}},
			payments.OutcomeUnknown, "idempotency_key_in_use", []string{capturePath, getPath},
		},
		{
			"the key is known with other details", map[string][]fixture{capturePath: {{400, "other_body"}}, getPath: {{200, "authorized"}}},
			payments.OutcomeUnknown, "idempotency_error", []string{capturePath, getPath},
		},
		{
			"another payment", map[string][]fixture{capturePath: {{200, "another_payment"}}},
			payments.OutcomeUnknown, "answer_mismatch", []string{capturePath},
		},
		{
			"a wrong key", map[string][]fixture{capturePath: {{401, "bad_key"}}},
			payments.OutcomeNotSent, "credentials_refused", []string{capturePath},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, account := script(t, tt.answers)
			got := New(http.DefaultClient).Capture(t.Context(), account, testModification(400))
			if got.Outcome != tt.want || got.Code != tt.wantCode && tt.want != payments.OutcomeSucceeded {
				t.Errorf("result = %+v", got)
			}
			if got.Outcome == payments.OutcomeSucceeded && got.Amount != 400 {
				t.Errorf("amount = %d", got.Amount)
			}
			if diff := cmp.Diff(tt.calls, s.calls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCaptureSends(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{capturePath: {{200, "captured"}}})
	New(http.DefaultClient).Capture(t.Context(), account, testModification(400))
	want := url.Values{"amount_to_capture": {"400"}, "metadata[capture_id]": {"att_2"}, "expand[0]": {"latest_charge"}}
	if diff := cmp.Diff(want, s.seen[0].form); diff != "" || s.seen[0].header.Get("Idempotency-Key") != "key-2" {
		t.Errorf("key %q, form (-want +got):\n%s", s.seen[0].header.Get("Idempotency-Key"), diff)
	}
}

func TestVoid(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		answers  map[string][]fixture
		want     payments.Outcome
		wantCode string
	}{
		{"released", map[string][]fixture{cancelPath: {{200, "voided"}}}, payments.OutcomeSucceeded, ""},
		{"released before", map[string][]fixture{cancelPath: {{400, "cannot_capture"}}, getPath: {{200, "voided"}}}, payments.OutcomeSucceeded, ""},
		{
			"captured before", map[string][]fixture{cancelPath: {{400, "cannot_capture"}}, getPath: {{200, "captured"}}},
			payments.OutcomeDeclined, "already_captured",
		},
		{"an error of Stripe's", map[string][]fixture{cancelPath: {{500, "oops"}}, getPath: {{200, "authorized"}}}, payments.OutcomeUnknown, ""},
		{"yet it was released", map[string][]fixture{cancelPath: {{500, "oops"}}, getPath: {{200, "voided"}}}, payments.OutcomeSucceeded, ""},
		{
			"refused", map[string][]fixture{cancelPath: {{400, "cannot_capture"}}, getPath: {{200, "authorized"}}},
			payments.OutcomeDeclined, "payment_intent_unexpected_state",
		},
		{"another payment", map[string][]fixture{cancelPath: {{200, "another_payment"}}}, payments.OutcomeUnknown, "answer_mismatch"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, tt.answers)
			got := New(http.DefaultClient).Void(t.Context(), account, testModification(1250))
			if got.Outcome != tt.want || got.Code != tt.wantCode && tt.want != payments.OutcomeSucceeded {
				t.Errorf("result = %+v", got)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		answers map[string][]fixture
		want    payments.Outcome
	}{
		{"never confirmed", map[string][]fixture{getPath: {{200, "created"}}, cancelPath: {{200, "canceled"}}}, payments.OutcomeNotFound},
		{
			"while the customer is asked", map[string][]fixture{getPath: {{200, "requires_action"}}, cancelPath: {{200, "canceled"}}},
			payments.OutcomeNotFound,
		},
		{
			"the customer was faster", map[string][]fixture{
				getPath: {{200, "requires_action"}, {200, "succeeded"}}, cancelPath: {{400, "past_confirmation"}},
			}, payments.OutcomeSucceeded,
		},
		{
			"processing, and not to be stopped", map[string][]fixture{getPath: {{200, "processing"}}, cancelPath: {{400, "past_confirmation"}}},
			payments.OutcomeProcessing,
		},
		{"paid", map[string][]fixture{getPath: {{200, "succeeded"}}}, payments.OutcomeSucceeded},
		{"authorized", map[string][]fixture{getPath: {{200, "authorized"}}}, payments.OutcomeAuthorized},
		{"declined", map[string][]fixture{getPath: {{200, "declined_before"}}}, payments.OutcomeDeclined},
		{"another payment", map[string][]fixture{getPath: {{200, "another_payment"}}}, payments.OutcomeUnknown},
		{"nothing can be found out", map[string][]fixture{getPath: {{500, "oops"}}}, payments.OutcomeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, tt.answers)
			charge := testCharge()
			charge.ProviderReference = "pi_3PxYzA2eZvKYlo2C1"
			if got := New(http.DefaultClient).Cancel(t.Context(), account, charge); got.Outcome != tt.want {
				t.Errorf("result = %+v", got)
			}
		})
	}
}
