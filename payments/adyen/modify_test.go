package adyen

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

func testModification() payments.Modification {
	original := testCharge()
	original.ProviderReference = paymentPSP
	return payments.Modification{Original: original, AttemptID: "att_2", Key: "key-2", Amount: 400, StartedAt: clock}
}

func testRefund() payments.Refund {
	m := testModification()
	return payments.Refund{
		Original: m.Original, Captured: 1250, RefundID: "ref_1", Key: "key-3", Amount: 300, Reason: "requested_by_customer", StartedAt: clock,
	}
}

func TestModificationsSend(t *testing.T) {
	t.Parallel()
	s, account := script(t, map[string][]fixture{
		capturePath: {{201, "captured"}}, voidPath: {{201, "captured"}}, refundPath: {{201, "refunded"}}, cancelPath: {{201, "technical_cancel"}},
	})
	provider, m, refund := testProvider(), testModification(), testRefund()
	for i, r := range []payments.Result{
		provider.Capture(t.Context(), account, m), provider.Void(t.Context(), account, m), provider.Refund(t.Context(), account, refund),
		provider.Cancel(t.Context(), account, testCharge()),
	} {
		reference := []string{"WHKHNVG8HXSKGK82", "WHKHNVG8HXSKGK82", "WHKHNVG8HXSKGK84", ""}[i]
		if r.Outcome != payments.OutcomeProcessing || r.ProviderReference != reference || r.Message == "" || r.Raw == "" || r.HTTPStatus != 201 {
			t.Errorf("result %d = %+v", i, r)
		}
	}
	want := []struct {
		path, key string
		body      map[string]any
	}{
		{capturePath, "key-2", map[string]any{
			"merchantAccount": "TestMerchant", "reference": "att_2", "amount": map[string]any{"value": 400.0, "currency": "EUR"},
		}},
		{voidPath, "key-2", map[string]any{"merchantAccount": "TestMerchant", "reference": "att_2"}},
		{refundPath, "key-3", map[string]any{
			"merchantAccount": "TestMerchant", "reference": "ref_1", "amount": map[string]any{"value": 300.0, "currency": "EUR"},
			"merchantRefundReason": "CUSTOMER REQUEST",
		}},
		{cancelPath, "", map[string]any{"merchantAccount": "TestMerchant", "reference": "att_1", "paymentReference": "att_1"}},
	}
	for i, one := range want {
		got := s.seen[i]
		if diff := cmp.Diff(one.body, got.body); diff != "" || got.path != one.path || got.header.Get("Idempotency-Key") != one.key {
			t.Errorf("%s with %q, body (-want +got):\n%s", got.path, got.header.Get("Idempotency-Key"), diff)
		}
	}
}

func TestModificationAnswers(t *testing.T) {
	t.Parallel()
	late, unknown, ancient := testModification(), testModification(), testModification()
	late.StartedAt = clock.Add(-time.Minute)
	ancient.StartedAt = clock.Add(-24 * time.Hour)
	unknown.Original.ProviderReference = ""
	known := ancient
	known.ProviderReference = "WHKHNVG8HXSKGK82"
	tests := []struct {
		name   string
		m      payments.Modification
		answer fixture
		want   payments.Outcome
		code   string
		calls  int
	}{
		{"of another payment", testModification(), fixture{201, "captured_other"}, payments.OutcomeUnknown, "reference_mismatch", 1},
		{"of another modification", testModification(), fixture{201, "refunded"}, payments.OutcomeUnknown, "reference_mismatch", 1},
		{"of a payment", testModification(), fixture{200, "authorised"}, payments.OutcomeUnknown, "", 1},
		{"refused", testModification(), fixture{422, "invalid"}, payments.OutcomeNotSent, "14_030", 1},
		{"refused the second time", late, fixture{422, "invalid"}, payments.OutcomeUnknown, "14_030", 1},
		{"under way", testModification(), fixture{422, "in_progress"}, payments.OutcomeUnknown, "704", 1},
		{"error", testModification(), fixture{500, "internal"}, payments.OutcomeUnknown, "000", 1},
		{"no payment is known", unknown, fixture{}, payments.OutcomeNotSent, "reference_missing", 0},
		{"too old to be sent again", ancient, fixture{}, payments.OutcomeUnknown, "key_too_old", 0},
		{"Adyen has it", known, fixture{}, payments.OutcomeProcessing, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, account := script(t, map[string][]fixture{capturePath: {tt.answer}, refundPath: {tt.answer}})
			provider := testProvider()
			if got := provider.Capture(t.Context(), account, tt.m); got.Outcome != tt.want || got.Code != tt.code || s.calls() != tt.calls {
				t.Errorf("capture = %+v after %d calls", got, s.calls())
			}
			refund := payments.Refund{
				Original: tt.m.Original, RefundID: "att_2", Key: "key-3", Amount: 300, StartedAt: tt.m.StartedAt, ProviderReference: tt.m.ProviderReference,
			}
			if got := provider.Refund(t.Context(), account, refund); got.Outcome != tt.want || got.Code != tt.code {
				t.Errorf("refund = %+v", got)
			}
		})
	}
}

// A cancel that fails proves nothing, however it fails.
func TestCancelAnswers(t *testing.T) {
	t.Parallel()
	for _, answer := range []fixture{
		{401, "unauthorized"}, {422, "invalid"}, {500, "internal"}, {429, ""}, {201, "captured"}, {200, "authorised"}, {201, ""},
	} {
		_, account := script(t, map[string][]fixture{cancelPath: {answer}})
		if got := testProvider().Cancel(t.Context(), account, testCharge()); got.Outcome != payments.OutcomeUnknown {
			t.Errorf("%s: %+v", answer.file, got)
		}
	}
}

func TestLookupRefundKnowsNothing(t *testing.T) {
	t.Parallel()
	s, account := script(t, nil)
	refund := testRefund()
	refund.ProviderReference = "WHKHNVG8HXSKGK84"
	got := testProvider().LookupRefund(t.Context(), account, refund)
	if got.Outcome != payments.OutcomeUnknown || got.ProviderReference != "WHKHNVG8HXSKGK84" || s.calls() != 0 {
		t.Errorf("result = %+v after %d calls", got, s.calls())
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	for ours, want := range map[string]string{
		"": "", "requested_by_customer": "CUSTOMER REQUEST", "duplicate": "DUPLICATE", "Fraudulent": "FRAUD",
		"goods were returned": "RETURN", "broken in transit": "OTHER",
	} {
		if got := reason(ours); got != want {
			t.Errorf("reason(%q) = %q, want %q", ours, got, want)
		}
	}
}
