package alipay

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tillpost/tillpost/payments"
)

func TestRead(t *testing.T) {
	t.Parallel()
	about := func(pairs ...string) url.Values {
		v := url.Values{
			"notify_id": {"n1"}, "notify_type": {"trade_status_sync"}, "trade_no": {tradeNo}, "out_trade_no": {"att_1"}, "total_amount": {"88.88"},
		}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	notice := func(n payments.Notice) payments.Notice {
		n.ID, n.Type, n.AttemptID, n.ChargeReference = "n1", "trade_status_sync", "att_1", tradeNo
		return n
	}
	paidAt := time.Date(2026, 3, 1, 4, 0, 1, 0, time.UTC)
	tests := []struct {
		name string
		in   url.Values
		want payments.Notice
	}{
		{
			"paid", about("trade_status", "TRADE_SUCCESS", "gmt_payment", "2026-03-01 12:00:01"),
			notice(payments.Notice{
				OccurredAt: paidAt, Subject: payments.SubjectCharge,
				Result: payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 8888, ProviderReference: tradeNo},
			}),
		},
		{
			"paid, of no amount", about("trade_status", "TRADE_SUCCESS", "total_amount", "x"),
			notice(payments.Notice{Subject: payments.SubjectCharge, Result: payments.Result{
				Outcome: payments.OutcomeUnknown, ProviderReference: tradeNo, Code: "amount_invalid", Message: "Alipay's notification names no amount.",
			}}),
		},
		{
			"closed", about("trade_status", "TRADE_CLOSED", "gmt_close", "2026-03-01 12:00:01"),
			notice(payments.Notice{OccurredAt: paidAt, Subject: payments.SubjectCharge, Result: payments.Result{
				Outcome: payments.OutcomeNotFound, ProviderReference: tradeNo, Code: "TRADE_CLOSED", Message: "The trade was closed before it was paid.",
			}}),
		},
		{
			"a part given back", about("trade_status", "TRADE_SUCCESS", "gmt_refund", "2026-03-01 12:00:01.123", "refund_fee", "2.00", "out_biz_no", "ref_1"),
			notice(payments.Notice{
				OccurredAt: paidAt.Add(123 * time.Millisecond), Subject: payments.SubjectRefund, RefundID: "ref_1", ProviderReference: "ref_1",
				Result: payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: "ref_1"},
			}),
		},
		{
			"all given back", about("trade_status", "TRADE_CLOSED", "gmt_refund", "2026-03-01 12:00:01", "refund_fee", "88.88", "out_biz_no", "ref_1"),
			notice(payments.Notice{
				OccurredAt: paidAt, Subject: payments.SubjectRefund, RefundID: "ref_1", ProviderReference: "ref_1",
				Result: payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: "ref_1"},
			}),
		},
		{"waiting", about("trade_status", "WAIT_BUYER_PAY"), notice(payments.Notice{
			Subject: payments.SubjectNone, Result: payments.Result{ProviderReference: tradeNo},
		})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := New(noNetwork()).Read(testAccount(""), []byte(tt.in.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]payments.Notice{tt.want}, got, cmpopts.IgnoreFields(payments.Result{}, "Raw")); diff != "" {
				t.Errorf("notices (-want +got):\n%s", diff)
			}
		})
	}
}
