package paypal

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

func TestCapture(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		age     time.Duration
		answers map[string][]fixture
		want    payments.Result
	}{
		{
			"a part", 0, map[string][]fixture{showPath: {{200, "authorized"}}, takePath: {{201, "part_captured"}}},
			payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: "7TK53561YB803214S", Amount: 400, HTTPStatus: 201},
		},
		{
			"made by an earlier call", time.Hour, map[string][]fixture{showPath: {{200, "auth_captured"}}},
			payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: "7TK53561YB803214S", Amount: 400, HTTPStatus: 200},
		},
		{
			"made while it is sent again", 0,
			map[string][]fixture{showPath: {{200, "authorized"}, {200, "auth_captured"}}, takePath: {{422, "duplicate_invoice"}}},
			payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: "7TK53561YB803214S", Amount: 400, HTTPStatus: 200},
		},
		{
			"another amount", 0, map[string][]fixture{showPath: {{200, "authorized"}}, takePath: {{201, "refund_completed"}}},
			payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: "1JU08902781691411", Code: "amount_mismatch",
				Message: "PayPal moved another amount than it was asked for.", HTTPStatus: 201,
			},
		},
		{
			"too much", 0, map[string][]fixture{showPath: {{200, "authorized"}}, takePath: {{422, "too_much"}}},
			payments.Result{
				Outcome: payments.OutcomeDeclined, Code: "MAX_CAPTURE_AMOUNT_EXCEEDED", Class: payments.ClassNever,
				Message: "The amount is more than what was authorized.", HTTPStatus: 422,
			},
		},
		{
			"released before", 0, map[string][]fixture{showPath: {{200, "auth_voided"}}},
			payments.Result{
				Outcome: payments.OutcomeDeclined, Code: "AUTHORIZATION_VOIDED", Class: payments.ClassNever,
				Message: "The authorization was released.", HTTPStatus: 200,
			},
		},
		{
			"of a charge that was not authorized", 0, map[string][]fixture{showPath: {{200, "created"}}},
			payments.Result{
				Outcome: payments.OutcomeDeclined, Code: "AUTHORIZATION_MISSING", Class: payments.ClassNever,
				Message: "PayPal shows no authorization for this payment.", HTTPStatus: 200,
			},
		},
		{
			"PayPal cannot be asked at first", 0, map[string][]fixture{showPath: {{500, "internal"}}},
			payments.Result{
				Outcome: payments.OutcomeNotSent, Code: "INTERNAL_SERVER_ERROR",
				Message: "PayPal's answer cannot be used: Internal Server Error.", HTTPStatus: 500,
			},
		},
		{
			"PayPal cannot be asked whether an earlier call made it", time.Hour, map[string][]fixture{showPath: {{500, "internal"}}},
			payments.Result{
				Outcome: payments.OutcomeUnknown, Code: "INTERNAL_SERVER_ERROR",
				Message: "PayPal's answer cannot be used: Internal Server Error.", HTTPStatus: 500,
			},
		},
		{
			"the answer is lost", 0, map[string][]fixture{showPath: {{200, "authorized"}}, takePath: {{500, "internal"}}},
			payments.Result{
				Outcome: payments.OutcomeUnknown, Code: "INTERNAL_SERVER_ERROR",
				Message: "PayPal's answer cannot be used: Internal Server Error.", HTTPStatus: 500,
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, tt.answers)
			got := New(http.DefaultClient).Capture(t.Context(), account, testModification(400, tt.age))
			if diff := cmp.Diff(tt.want, bare(t, got)); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
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
		{"is done", map[string][]fixture{showPath: {{200, "authorized"}}, voidPath: {{200, "void_done"}}}, payments.OutcomeSucceeded, ""},
		{"is done, tersely", map[string][]fixture{showPath: {{200, "authorized"}}, voidPath: {{204, "nothing"}}}, payments.OutcomeSucceeded, ""},
		{"was done", map[string][]fixture{showPath: {{200, "auth_voided"}}}, payments.OutcomeSucceeded, ""},
		{"is done meanwhile", map[string][]fixture{showPath: {{200, "authorized"}}, voidPath: {{422, "previously_voided"}}}, payments.OutcomeSucceeded, ""},
		{"comes too late", map[string][]fixture{showPath: {{200, "auth_captured"}}}, payments.OutcomeDeclined, "PREVIOUSLY_CAPTURED"},
		{"may be done", map[string][]fixture{showPath: {{200, "authorized"}}, voidPath: {{200, "nothing"}}}, payments.OutcomeUnknown, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, tt.answers)
			got := New(http.DefaultClient).Void(t.Context(), account, testModification(1250, 0))
			if got.Outcome != tt.want || got.Code != tt.wantCode {
				t.Errorf("result = %+v, want %s (%s)", got, tt.want, tt.wantCode)
			}
		})
	}
}

func TestModificationSends(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{
		showPath: {{200, "authorized"}, {200, "completed"}}, takePath: {{201, "part_captured"}}, refundPath: {{201, "refund_completed"}},
	})
	provider := New(http.DefaultClient)
	provider.Capture(t.Context(), account, testModification(400, 0))
	provider.Refund(t.Context(), account, testRefund(0))
	wantCapture := map[string]any{
		"amount": map[string]any{"currency_code": "EUR", "value": "4.00"}, "invoice_id": "att_2", "final_capture": true,
	}
	if diff := cmp.Diff(wantCapture, s.body(t, takePath)); diff != "" {
		t.Errorf("capture (-want +got):\n%s", diff)
	}
	wantRefund := map[string]any{
		"amount": map[string]any{"currency_code": "EUR", "value": "3.00"}, "custom_id": "ref_1", "invoice_id": "ref_1-1",
		"note_to_payer": "requested_by_customer",
	}
	if diff := cmp.Diff(wantRefund, s.body(t, refundPath)); diff != "" {
		t.Errorf("refund (-want +got):\n%s", diff)
	}
	for _, one := range s.seen {
		want := map[string]string{takePath: "key-2", refundPath: "ref_1-1"}[one.call]
		if got := one.header.Get("PayPal-Request-Id"); got != want {
			t.Errorf("%s has the key %q, want %q", one.call, got, want)
		}
	}
}

func TestRefund(t *testing.T) {
	t.Parallel()
	const id = "1JU08902781691411"
	tests := []struct {
		name     string
		age      time.Duration
		answers  map[string][]fixture
		want     payments.Outcome
		wantCode string
		wantID   string
	}{
		{"is made", 0, map[string][]fixture{showPath: {{200, "completed"}}, refundPath: {{201, "refund_completed"}}}, payments.OutcomeSucceeded, "", id},
		{"is pending", 0, map[string][]fixture{showPath: {{200, "completed"}}, refundPath: {{201, "refund_pending"}}}, payments.OutcomeProcessing, "ECHECK", id},
		{"fails", 0, map[string][]fixture{showPath: {{200, "completed"}}, refundPath: {{201, "refund_failed"}}}, payments.OutcomeDeclined, "FAILED", id},
		{"was made by an earlier call", time.Hour, map[string][]fixture{showPath: {{200, "refunded"}}}, payments.OutcomeSucceeded, "", id},
		{
			"is made meanwhile", 0, map[string][]fixture{showPath: {{200, "completed"}, {200, "refunded"}}, refundPath: {{422, "duplicate_invoice"}}},
			payments.OutcomeSucceeded, "", id,
		},
		{
			"its invoice id belongs to another", 0, map[string][]fixture{showPath: {{200, "completed"}}, refundPath: {{422, "duplicate_invoice"}}},
			payments.OutcomeUnknown, "DUPLICATE_INVOICE_ID", "",
		},
		{
			"is under way", 0, map[string][]fixture{showPath: {{200, "completed"}}, refundPath: {{409, "in_progress"}}},
			payments.OutcomeUnknown, "PREVIOUS_REQUEST_IN_PROGRESS", "",
		},
		{
			"is about another amount", 0, map[string][]fixture{showPath: {{200, "completed"}}, refundPath: {{201, "refund_other_amount"}}},
			payments.OutcomeUnknown, "amount_mismatch", id,
		},
		{
			"is refused", 0, map[string][]fixture{showPath: {{200, "completed"}}, refundPath: {{422, "fully_refunded"}}},
			payments.OutcomeDeclined, "CAPTURE_FULLY_REFUNDED", "",
		},
		{
			"the account is empty", 0, map[string][]fixture{showPath: {{200, "completed"}}, refundPath: {{422, "poor"}}},
			payments.OutcomeDeclined, "REFUND_FAILED_INSUFFICIENT_FUNDS", "",
		},
		{"of a charge that took nothing", 0, map[string][]fixture{showPath: {{200, "declined"}}}, payments.OutcomeDeclined, "CAPTURE_MISSING", ""},
		{"of another payment", 0, map[string][]fixture{showPath: {{200, "other_reference"}}}, payments.OutcomeUnknown, "reference_mismatch", ""},
		{"its answer is lost", 0, map[string][]fixture{showPath: {{200, "completed"}}, refundPath: {{500, "internal"}}}, payments.OutcomeUnknown, "INTERNAL_SERVER_ERROR", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, tt.answers)
			got := New(http.DefaultClient).Refund(t.Context(), account, testRefund(tt.age))
			if got.Outcome != tt.want || got.Code != tt.wantCode || got.ProviderReference != tt.wantID {
				t.Errorf("result = %+v, want %s (%s)", got, tt.want, tt.wantCode)
			}
			if got.Outcome == payments.OutcomeSucceeded && got.Amount != 300 {
				t.Errorf("amount = %d", got.Amount)
			}
		})
	}
}

func TestLookupRefund(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		reference string
		age       time.Duration
		answers   map[string][]fixture
		want      payments.Outcome
	}{
		{"by its id", "1JU08902781691411", 0, map[string][]fixture{refundedPath: {{200, "refund_completed"}}}, payments.OutcomeSucceeded},
		{"failed late", "1JU08902781691411", 0, map[string][]fixture{refundedPath: {{200, "refund_failed"}}}, payments.OutcomeDeclined},
		{"in the order", "", 0, map[string][]fixture{showPath: {{200, "refunded"}}}, payments.OutcomeSucceeded},
		{"not there yet", "", time.Minute, map[string][]fixture{showPath: {{200, "completed"}}}, payments.OutcomeUnknown},
		{"not there any more to come", "", time.Hour, map[string][]fixture{showPath: {{200, "completed"}}}, payments.OutcomeNotFound},
		{"not to be asked", "", time.Hour, map[string][]fixture{showPath: {{404, "not_found"}}}, payments.OutcomeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, tt.answers)
			refund := testRefund(tt.age)
			refund.ProviderReference = tt.reference
			if got := New(http.DefaultClient).LookupRefund(t.Context(), account, refund); got.Outcome != tt.want {
				t.Errorf("result = %+v, want %s", got, tt.want)
			}
		})
	}
}

func testModification(amount int64, age time.Duration) payments.Modification {
	original := testCharge()
	original.Capture, original.ProviderReference = false, orderID
	return payments.Modification{
		Original: original, AttemptID: "att_2", Key: "key-2", Amount: amount, StartedAt: time.Now().Add(-age),
	}
}

func testRefund(age time.Duration) payments.Refund {
	original := testCharge()
	original.ProviderReference = orderID
	return payments.Refund{
		Original: original, Captured: 1250, RefundID: "ref_1", Key: "ref_1-1", Amount: 300, Reason: "requested_by_customer",
		StartedAt: time.Now().Add(-age),
	}
}
