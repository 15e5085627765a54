package stripe

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

func testRefund(age time.Duration) payments.Refund {
	charge := testCharge()
	charge.ProviderReference = "pi_3PxYzA2eZvKYlo2C1"
	return payments.Refund{
		Original: charge, Captured: 1250, RefundID: "ref_1", Key: "key-r", Amount: 300, Reason: "requested_by_customer",
		StartedAt: time.Now().Add(-age),
	}
}

func TestRefund(t *testing.T) {
	t.Parallel()
	made := []fixture{{200, "refund_succeeded"}}
	tests := []struct {
		name     string
		age      time.Duration
		answers  map[string][]fixture
		want     payments.Outcome
		wantCode string
		calls    []string
	}{
		{"succeeds", 0, map[string][]fixture{refundPath: made}, payments.OutcomeSucceeded, "", []string{refundPath}},
		{"is pending", 0, map[string][]fixture{refundPath: {{200, "refund_pending"}}}, payments.OutcomeProcessing, "", []string{refundPath}},
		{
			"fails", 0, map[string][]fixture{refundPath: {{200, "refund_failed"}}},
			payments.OutcomeDeclined, "expired_or_canceled_card", []string{refundPath},
		},
		{"is canceled", 0, map[string][]fixture{refundPath: {{200, "refund_canceled"}}}, payments.OutcomeDeclined, "canceled", []string{refundPath}},
		{"stands nobody knows how", 0, map[string][]fixture{refundPath: {{200, "refund_strange"}}}, payments.OutcomeUnknown, "", []string{refundPath}},
		{
			"is another one", 0, map[string][]fixture{refundPath: {{200, "refund_another"}}},
			payments.OutcomeUnknown, "answer_mismatch", []string{refundPath},
		},
		{
			"is sent again: the kept answer is of then", 0,
			map[string][]fixture{refundPath: {{200, "refund_pending again"}}, oneRefund: {{200, "refund_failed"}}},
			payments.OutcomeDeclined, "expired_or_canceled_card", []string{refundPath, oneRefund},
		},
		{
			"is sent again, and cannot be looked at", 0,
			map[string][]fixture{refundPath: {{200, "refund_pending again"}}, oneRefund: {{500, "oops"}}},
			payments.OutcomeProcessing, "", []string{refundPath, oneRefund},
		},
		{
			"was made before", 0, map[string][]fixture{refundPath: {{400, "refund_refused"}}},
			payments.OutcomeDeclined, "charge_already_refunded", []string{refundPath},
		},
		{"is too much", 0, map[string][]fixture{refundPath: {{400, "refund_too_much"}}}, payments.OutcomeDeclined, "refused", []string{refundPath}},
		{
			"has another key's details", 0, map[string][]fixture{refundPath: {{400, "other_body"}}},
			payments.OutcomeUnknown, "idempotency_error", []string{refundPath},
		},
		{
			"is under way", 0, map[string][]fixture{refundPath: {{409, "key_in_use"}}},
			payments.OutcomeUnknown, "idempotency_key_in_use", []string{refundPath},
		},
		{
			"meets a wrong key", 0, map[string][]fixture{refundPath: {{401, "bad_key"}}},
			payments.OutcomeNotSent, "credentials_refused", []string{refundPath},
		},
		{"meets an error", 0, map[string][]fixture{refundPath: {{500, "oops"}}}, payments.OutcomeUnknown, "", []string{refundPath}},
		{
			"meets a kept error, yet was made", 0,
			map[string][]fixture{refundPath: {{500, "oops again"}}, refundsPath: {{200, "refunds_found"}}},
			payments.OutcomeSucceeded, "", []string{refundPath, refundsPath},
		},
		{
			"meets a kept error, and may still be made", time.Minute,
			map[string][]fixture{refundPath: {{500, "oops again"}}, refundsPath: {{200, "refunds_none"}}},
			payments.OutcomeUnknown, "not_found", []string{refundPath, refundsPath},
		},
		{
			"meets a kept error, and was not made: another key", time.Hour,
			map[string][]fixture{refundPath: {{500, "oops again"}, made[0]}, refundsPath: {{200, "refunds_none"}}},
			payments.OutcomeSucceeded, "", []string{refundPath, refundsPath, refundPath},
		},
		{
			"meets kept errors only", time.Hour,
			map[string][]fixture{refundPath: {{500, "oops again"}}, refundsPath: {{200, "refunds_none"}}},
			payments.OutcomeUnknown, "", []string{refundPath, refundsPath, refundPath, refundsPath, refundPath, refundsPath},
		},
		{
			"has a forgotten key, and was made", 24 * time.Hour, map[string][]fixture{refundsPath: {{200, "refunds_found"}}},
			payments.OutcomeSucceeded, "", []string{refundsPath},
		},
		{
			"has a forgotten key, and was not made", 24 * time.Hour, map[string][]fixture{refundsPath: {{200, "refunds_none"}}},
			payments.OutcomeNotSent, "not_found", []string{refundsPath},
		},
		{
			"has a forgotten key, and cannot be looked at", 24 * time.Hour, map[string][]fixture{refundsPath: {{500, "oops"}}},
			payments.OutcomeUnknown, "", []string{refundsPath},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, account := script(t, tt.answers)
			got := New(http.DefaultClient).Refund(t.Context(), account, testRefund(tt.age))
			if got.Outcome != tt.want || got.Code != tt.wantCode {
				t.Errorf("result = %+v", got)
			}
			if got.Outcome == payments.OutcomeDeclined && (got.Class == "" || got.Message == "") {
				t.Errorf("class %q, message %q", got.Class, got.Message)
			}
			if diff := cmp.Diff(tt.calls, s.calls()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefundSends(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{refundPath: {{500, "oops again"}, {200, "refund_succeeded"}}, refundsPath: {{200, "refunds_none"}}})
	refund := testRefund(time.Hour)
	New(http.DefaultClient).Refund(t.Context(), account, refund)
	want := url.Values{
		"payment_intent": {"pi_3PxYzA2eZvKYlo2C1"}, "amount": {"300"}, "reason": {"requested_by_customer"},
		"metadata[refund_id]": {"ref_1"}, "metadata[refund_key]": {"key-r"}, "metadata[payment_id]": {"pay_1"}, "metadata[merchant_id]": {"mer_1"},
	}
	var keys []string
	for _, one := range s.seen {
		if one.call != refundPath {
			continue
		}
		keys = append(keys, one.header.Get("Idempotency-Key"))
		if diff := cmp.Diff(want, one.form); diff != "" {
			t.Errorf("form (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff([]string{"key-r", "key-r-2"}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	refund.Reason = "The parcel came back" // Stripe knows three reasons only
	New(http.DefaultClient).Refund(t.Context(), account, refund)
	if got := s.seen[len(s.seen)-1].form.Get("reason"); got != "" {
		t.Errorf("reason = %q", got)
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
		{"by its reference", "re_3PxYzA2eZvKYlo2C1", 0, map[string][]fixture{oneRefund: {{200, "refund_succeeded"}}}, payments.OutcomeSucceeded},
		{"another's reference", "re_3PxYzA2eZvKYlo2C1", 0, map[string][]fixture{oneRefund: {{404, "no_payment_method"}}}, payments.OutcomeUnknown},
		{"by its key", "", 0, map[string][]fixture{refundsPath: {{200, "refunds_found"}}}, payments.OutcomeSucceeded},
		{"on the second page", "", 0, map[string][]fixture{refundsPath: {{200, "refunds_more"}, {200, "refunds_found"}}}, payments.OutcomeSucceeded},
		{"not there yet", "", time.Minute, map[string][]fixture{refundsPath: {{200, "refunds_none"}}}, payments.OutcomeUnknown},
		{"not there", "", time.Hour, map[string][]fixture{refundsPath: {{200, "refunds_none"}}}, payments.OutcomeNotFound},
		{"no list", "", time.Hour, map[string][]fixture{refundsPath: {{500, "oops"}}}, payments.OutcomeUnknown},
		{"no list of refunds", "", time.Hour, map[string][]fixture{refundsPath: {{200, "search_empty"}}}, payments.OutcomeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, tt.answers)
			refund := testRefund(tt.age)
			refund.ProviderReference = tt.reference
			if got := New(http.DefaultClient).LookupRefund(t.Context(), account, refund); got.Outcome != tt.want {
				t.Errorf("result = %+v", got)
			}
		})
	}
}

// Every code of a refused or failed refund has a class and plain words.
func TestRefundCodes(t *testing.T) {
	t.Parallel()
	for _, codes := range []map[string]decline{refundRefusals, refundFailures} {
		for code, known := range codes {
			switch known.class {
			case never, later, generic:
			default:
				t.Errorf("%s has the class %q", code, known.class)
			}
			if known.message == "" {
				t.Errorf("%s has no message", code)
			}
		}
	}
}
