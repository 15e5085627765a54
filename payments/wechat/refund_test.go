package wechat

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

func TestRefund(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		file      string
		want      payments.Outcome
		wantCode  string
		wantClass payments.Class
	}{
		{"made", "refund_success", payments.OutcomeSucceeded, "", ""},
		{"under way", "refund_processing", payments.OutcomeProcessing, "", ""},
		{"closed", "refund_closed", payments.OutcomeDeclined, "CLOSED", payments.ClassLater},
		{"gone wrong", "refund_abnormal", payments.OutcomeUnknown, "ABNORMAL", ""},
		{"unheard of", "refund_strange", payments.OutcomeUnknown, "", ""},
		{"of another amount", "refund_less", payments.OutcomeUnknown, "amount_mismatch", ""},
		{"another one", "refund_other", payments.OutcomeUnknown, "other_refund", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer := []fixture{{status: 200, file: tt.file}}
			_, account := script(t, map[string][]fixture{refundPath: answer, askPath: answer})
			provider := New(http.DefaultClient)
			for what, r := range map[string]payments.Result{
				"refund": provider.Refund(t.Context(), account, testRefund()), "look-up": provider.LookupRefund(t.Context(), account, testRefund()),
			} {
				wantResult(t, r, tt.want, tt.wantCode)
				if r.Class != tt.wantClass || (r.Amount == 300) != (tt.want == payments.OutcomeSucceeded) {
					t.Errorf("%s = %+v", what, r)
				}
				if tt.wantCode != "other_refund" && r.ProviderReference != "50000000382019052709732678859" {
					t.Errorf("%s: reference %q", what, r.ProviderReference)
				}
				if tt.wantCode == "ABNORMAL" && (!r.Stuck || !strings.Contains(r.Message, "Somebody must")) {
					t.Errorf("%s: message %q", what, r.Message)
				}
			}
		})
	}
}

// A refund that failed is sent again as what it was, whatever its key.
func TestRefundOnceMore(t *testing.T) {
	t.Parallel()
	server, account := script(t, map[string][]fixture{
		refundPath: {{status: 403, code: "NOT_ENOUGH"}, {status: 200, file: "refund_success"}}, askPath: {{status: 404, code: "RESOURCE_NOT_EXISTS"}},
	})
	provider, refund := New(http.DefaultClient), testRefund()
	wantResult(t, provider.Refund(t.Context(), account, refund), payments.OutcomeDeclined, "NOT_ENOUGH")
	refund.Key, refund.StartedAt = "key-3", time.Now()
	wantResult(t, provider.Refund(t.Context(), account, refund), payments.OutcomeSucceeded, "")
	first, second := server.seen[0], server.seen[2]
	if first.call != refundPath || first.body != second.body {
		t.Errorf("requests = %s, %s", first.body, second.body)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(first.body), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]any{
		"out_trade_no": "att_06fk2m8q7xv1c3w9", "out_refund_no": "ref_06fk2m8q7xv1c3w9", "reason": "damaged",
		"notify_url": "https://shop.example/hooks/gwa_1",
		"amount":     map[string]any{"refund": 300.0, "total": 1250.0, "currency": "CNY"},
	}, got); d != "" {
		t.Error(d)
	}
}

// A refusal is believed only when there is no refund.
func TestRefusedRefund(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		ask       fixture
		reference string
		want      payments.Outcome
		wantCode  string
	}{
		{"there is none", fixture{status: 404, code: "RESOURCE_NOT_EXISTS"}, "", payments.OutcomeDeclined, "INVALID_REQUEST"},
		{"it is there", fixture{status: 200, file: "refund_processing"}, "", payments.OutcomeProcessing, ""},
		{"it is there with another amount", fixture{status: 200, file: "refund_less"}, "", payments.OutcomeUnknown, "amount_mismatch"},
		{"nobody knows", fixture{status: 500, code: "SYSTEM_ERROR"}, "", payments.OutcomeUnknown, "SYSTEM_ERROR"},
		{"there was one", fixture{status: 404, code: "RESOURCE_NOT_EXISTS"}, "500001", payments.OutcomeUnknown, "RESOURCE_NOT_EXISTS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, map[string][]fixture{refundPath: {{status: 400, code: "INVALID_REQUEST"}}, askPath: {tt.ask}})
			refund := testRefund()
			refund.ProviderReference = tt.reference
			wantResult(t, New(http.DefaultClient).Refund(t.Context(), account, refund), tt.want, tt.wantCode)
		})
	}
}

func TestLookupOfUnknownRefund(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		started   time.Time
		reference string
		want      payments.Outcome
	}{
		{"just sent", time.Now(), "", payments.OutcomeUnknown},
		{"sent so long ago that it cannot arrive", time.Now().Add(-refundSettle - time.Second), "", payments.OutcomeNotFound},
		{"never sent", time.Time{}, "", payments.OutcomeNotFound},
		{"known before", time.Now().Add(-time.Hour), "500001", payments.OutcomeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, map[string][]fixture{askPath: {{status: 404, code: "RESOURCE_NOT_EXISTS"}}})
			refund := testRefund()
			refund.StartedAt, refund.ProviderReference = tt.started, tt.reference
			wantResult(t, New(http.DefaultClient).LookupRefund(t.Context(), account, refund), tt.want, "RESOURCE_NOT_EXISTS")
		})
	}
}

func TestRefundMistakes(t *testing.T) {
	t.Parallel()
	account, provider := scriptedAccount(t, "http://127.0.0.1:1"), New(http.DefaultClient)
	for name, change := range map[string]func(*payments.Refund){
		"currency_not_supported": func(r *payments.Refund) { r.Original.Currency = "USD" },
		"reference_invalid":      func(r *payments.Refund) { r.RefundID = "" },
	} {
		refund := testRefund()
		change(&refund)
		wantResult(t, provider.Refund(t.Context(), account, refund), payments.OutcomeNotSent, name)
		wantResult(t, provider.LookupRefund(t.Context(), account, refund), payments.OutcomeUnknown, name)
	}
	refund := testRefund()
	wantResult(t, provider.Refund(t.Context(), with(account, "private_key", ""), refund), payments.OutcomeNotSent, "private_key_missing")
	wantResult(t, provider.Refund(t.Context(), account, refund), payments.OutcomeNotSent, "unreachable")
	refund.ProviderReference = "500001"
	wantResult(t, provider.Refund(t.Context(), account, refund), payments.OutcomeUnknown, "unreachable")
}
