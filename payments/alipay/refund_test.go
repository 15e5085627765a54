package alipay

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillpost/tillpost/payments"
)

const (
	refundMade    = `{"code":"10000","msg":"Success",` + named + `,"fund_change":"Y","refund_fee":"1.00"}`
	refundNothing = `{"code":"10000","msg":"Success",` + named + `,"fund_change":"N","refund_fee":"1.00"}`
	refundFound   = `{"code":"10000","msg":"Success",` + named + `,"out_request_no":"ref_1","refund_status":"REFUND_SUCCESS","refund_amount":"1.00","total_amount":"88.88"}`
	refundNumber  = `{"code":"10000","msg":"Success",` + named + `,"out_request_no":"ref_1","refund_status":"REFUND_SUCCESS","refund_amount":1.00}`
	refundOther   = `{"code":"10000","msg":"Success",` + named + `,"out_request_no":"ref_1","refund_status":"REFUND_SUCCESS","refund_amount":"2.00"}`
	refundAbsent  = `{"code":"10000","msg":"Success",` + named + `}`
)

func testRefund() payments.Refund {
	return payments.Refund{
		Original: testCharge(), Captured: 8888, RefundID: "ref_1", Key: "key-2", Amount: 100, Reason: "too cold", StartedAt: at,
	}
}

func TestRefund(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		refund, query string
		want          payments.Outcome
		class         payments.Class
	}{
		{"made", refundMade, "", payments.OutcomeSucceeded, ""},
		{"made before", refundNothing, refundFound, payments.OutcomeSucceeded, ""},
		{"made before, told in a number", refundNothing, refundNumber, payments.OutcomeSucceeded, ""},
		{"accepted", refundNothing, refundAbsent, payments.OutcomeProcessing, ""},
		{"accepted, then no answer", refundNothing, unavailable, payments.OutcomeUnknown, ""},
		{"made before in another amount", refundNothing, refundOther, payments.OutcomeUnknown, ""},
		{"another order's", `{"code":"10000","out_trade_no":"att_2","fund_change":"Y"}`, "", payments.OutcomeUnknown, ""},
		{"too much", business("ACQ.REASON_TRADE_REFUND_FEE_ERR"), refundAbsent, payments.OutcomeDeclined, never},
		{"too much, because it was made before", business("ACQ.REASON_TRADE_REFUND_FEE_ERR"), refundFound, payments.OutcomeSucceeded, ""},
		{"too much, then no answer", business("ACQ.REASON_TRADE_REFUND_FEE_ERR"), unavailable, payments.OutcomeUnknown, ""},
		{"the seller has no money", business("ACQ.SELLER_BALANCE_NOT_ENOUGH"), "", payments.OutcomeDeclined, later},
		{"an error of Alipay's", business("ACQ.SYSTEM_ERROR"), "", payments.OutcomeUnknown, ""},
		{"with another amount", business("ACQ.DISCORDANT_REPEAT_REQUEST"), "", payments.OutcomeUnknown, ""},
		{"down", unavailable, "", payments.OutcomeUnknown, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answers := map[string][]string{callRefund: {tt.refund}}
			if tt.query != "" {
				answers[callRefundQuery] = []string{tt.query}
			}
			s, account := script(t, answers)
			r := clock(0).Refund(t.Context(), account, testRefund())
			if r.Outcome != tt.want || r.Class != tt.class {
				t.Errorf("result = %+v", r)
			}
			if r.Outcome == payments.OutcomeSucceeded && (r.Amount != 100 || r.ProviderReference != "ref_1") {
				t.Errorf("amount %d, reference %q", r.Amount, r.ProviderReference)
			}
			const want = `{"out_trade_no":"att_1","refund_amount":"1.00","out_request_no":"ref_1","refund_reason":"too cold"}`
			if diff := cmp.Diff(want, s.seen[0].Get("biz_content")); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLookupRefund(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		after time.Duration
		query string
		want  payments.Outcome
	}{
		{"made", 0, refundFound, payments.OutcomeSucceeded},
		{"not known yet", time.Minute, refundAbsent, payments.OutcomeUnknown},
		{"not known", time.Hour, refundAbsent, payments.OutcomeNotFound},
		{"no such trade", time.Hour, business(subNotExist), payments.OutcomeNotFound},
		{"another amount", time.Hour, refundOther, payments.OutcomeUnknown},
		{"down", time.Hour, unavailable, payments.OutcomeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, map[string][]string{callRefundQuery: {tt.query}})
			if r := clock(tt.after).LookupRefund(t.Context(), account, testRefund()); r.Outcome != tt.want {
				t.Errorf("result = %+v", r)
			}
		})
	}
}

func TestRefundMistakes(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*payments.Refund){
		"not yuan": func(r *payments.Refund) { r.Original.Currency = "EUR" },
		"nothing":  func(r *payments.Refund) { r.Amount = 0 },
		"no id":    func(r *payments.Refund) { r.RefundID = "" },
	} {
		refund, p := testRefund(), New(noNetwork())
		change(&refund)
		if r := p.Refund(t.Context(), testAccount(""), refund); r.Outcome != payments.OutcomeNotSent || r.Message == "" {
			t.Errorf("%s: %+v", name, r)
		}
		if r := p.LookupRefund(t.Context(), testAccount(""), refund); r.Outcome != payments.OutcomeUnknown {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
