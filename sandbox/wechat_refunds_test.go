package sandbox

import (
	"fmt"
	"testing"
	"time"
)

func TestWeChatRefunds(t *testing.T) {
	t.Parallel()
	m := startWeChat(t, Options{})
	const lookUp = "/v3/refund/domestic/refunds/"
	m.paid("att_000001")
	m.paid("att_000002")
	m.call("GET", lookUp+"ref_1", nil).wantCode(t, 404, "RESOURCE_NOT_EXISTS")
	m.refund("ref_1", "att_000003", 300, 1250).wantCode(t, 404, "RESOURCE_NOT_EXISTS")
	m.refund("ref_1", "att_000001", 300, 1249).wantCode(t, 400, "INVALID_REQUEST")
	m.refund("ref_1", "att_000001", 0, 1250).wantCode(t, 400, "PARAM_ERROR")
	m.refund("ref 1", "att_000001", 300, 1250).wantCode(t, 400, "PARAM_ERROR")
	first := m.refund("ref_1", "att_000001", 300, 1250).want(t, 200)
	again := m.refund("ref_1", "att_000001", 300, 1250).want(t, 200)
	if first.text("status") != "SUCCESS" || first.text("refund_id") != again.text("refund_id") {
		t.Errorf("refunds = %s, %s", first.body, again.body)
	}
	m.refund("ref_1", "att_000001", 301, 1250).wantCode(t, 400, "INVALID_REQUEST")
	m.refund("ref_1", "att_000002", 300, 1250).wantCode(t, 400, "INVALID_REQUEST")
	m.refund("ref_2", "att_000001", 951, 1250).wantCode(t, 400, "INVALID_REQUEST")
	if got := m.query("att_000001").text("trade_state"); got != "REFUND" {
		t.Errorf("state = %s", got)
	}
	byID := m.call("POST", "/v3/refund/domestic/refunds", map[string]any{
		"transaction_id": first.text("transaction_id"), "out_refund_no": "ref_3", "amount": map[string]any{"refund": 950, "total": 1250, "currency": "CNY"},
	}).want(t, 200)
	found := m.call("GET", lookUp+"ref_3", nil).want(t, 200)
	if found.text("refund_id") != byID.text("refund_id") || found.text("amount", "refund") != "950" || found.text("out_trade_no") != "att_000001" {
		t.Errorf("refund = %s", found.body)
	}
	m.order("att_000004", 1250).want(t, 200)
	m.refund("ref_4", "att_000004", 100, 1250).wantCode(t, 400, "INVALID_REQUEST")
}

func TestWeChatRefundsThatTakeTime(t *testing.T) {
	t.Parallel()
	m := startWeChat(t, Options{SettleAfter: 50 * time.Millisecond})
	state := func(number string) string {
		return m.call("GET", "/v3/refund/domestic/refunds/"+number, nil).text("status")
	}
	for ending, want := range map[int64]string{6: "SUCCESS", 7: "CLOSED", 8: "ABNORMAL"} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			order, number := fmt.Sprintf("att_00000%d", ending), fmt.Sprintf("ref_%d", ending)
			m.order(order, 1200+ending).want(t, 200)
			eventually(t, "it is paid", func() bool { return m.query(order).text("trade_state") == "SUCCESS" })
			first := m.refund(number, order, 300, 1200+ending).want(t, 200)
			if first.text("status") != "PROCESSING" {
				t.Errorf("at first it is %s", first.text("status"))
			}
			eventually(t, "it is "+want, func() bool { return state(number) == want })
			again := m.refund(number, order, 300, 1200+ending).want(t, 200)
			if again.text("refund_id") != first.text("refund_id") {
				t.Errorf("the same number is another refund: %s", again.body)
			}
			switch want {
			case "CLOSED": // it is made once more
				eventually(t, "it succeeds", func() bool { return state(number) == "SUCCESS" })
				m.wantRefunded("pay_"+order, 300)
			case "ABNORMAL": // somebody has to act
				if got := state(number); got != "ABNORMAL" {
					t.Errorf("state = %s", got)
				}
				m.wantRefunded("pay_"+order, 0)
			default:
				m.wantRefunded("pay_"+order, 300)
			}
		})
	}
}

func (m *merchant) wantRefunded(payment string, want int64) {
	m.t.Helper()
	if got := m.Ledger(payment).Payments[payment].Refunded; got != want {
		m.t.Errorf("refunded = %d, want %d", got, want)
	}
}
