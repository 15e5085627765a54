package sandbox

import (
	"strconv"
	"testing"
	"time"
)

// Every ending of an amount does what the table says, without anybody scanning.
func TestAmounts(t *testing.T) {
	t.Parallel()
	m := startWeChat(t, Options{HangMax: 50 * time.Millisecond})
	for _, a := range Amounts() {
		t.Run(a.Ending, func(t *testing.T) {
			t.Parallel()
			ending, err := strconv.ParseInt(a.Ending, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			number, total := "att_0000"+a.Ending, 1200+ending
			o, known := outcomeByToken[a.Token]
			if !known {
				t.Fatalf("the token %q is not known", a.Token)
			}
			switch o.Result {
			case ResultDeclines:
				m.order(number, total).wantCode(t, 403, map[string]string{"04": "RULE_LIMIT", "05": "NOT_ENOUGH"}[a.Ending])
				m.query(number).want(t, 404)
				return
			case ResultFailsLater:
				m.order(number, total).want(t, 200)
				eventually(t, "it fails", func() bool { return m.query(number).text("trade_state") == "PAYERROR" })
				return
			default:
			}
			if o.Fault == "" || o.Fault == FaultLatency {
				m.order(number, total).want(t, 200)
			} else {
				if first, err := m.try("POST", "/v3/pay/transactions/native", orderBody(number, total)); err == nil && first.status == 200 && first.json != nil {
					t.Errorf("the first answer came: %s", first.body)
				}
				if got := m.query(number).want(t, 200).text("trade_state"); got != "NOTPAY" {
					t.Errorf("state = %s before anybody has the code", got)
				}
				m.order(number, total).want(t, 200)
			}
			eventually(t, "it is paid", func() bool { return m.query(number).text("trade_state") == "SUCCESS" })
			if got := m.charges("pay_" + number); got != 1 {
				t.Errorf("%d charges", got)
			}
		})
	}
	if a := amountOf(1250); a.Token != "tok_action_required" || a.Pays {
		t.Errorf("any other amount = %+v", a)
	}
}

func TestWeChatBeingPaid(t *testing.T) {
	t.Parallel()
	m := startWeChat(t, Options{SettleAfter: 300 * time.Millisecond})
	m.order("att_000001", 1202).want(t, 200)
	if got := m.query("att_000001").want(t, 200).text("trade_state"); got != "USERPAYING" {
		t.Errorf("state = %s", got)
	}
	m.close("att_000001").wantCode(t, 202, "USERPAYING")
	eventually(t, "it is paid", func() bool { return m.query("att_000001").text("trade_state") == "SUCCESS" })
	m.order("att_000002", 1201).want(t, 200)
	m.close("att_000002").want(t, 204)
	m.order("att_000003", 1201).want(t, 200)
	eventually(t, "the other is paid", func() bool { return m.query("att_000003").text("trade_state") == "SUCCESS" })
	if got := m.query("att_000002").text("trade_state"); got != "CLOSED" {
		t.Errorf("what was closed is %s", got)
	}
}

func TestAmountsAreTold(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	if got := len(b.get("/outcomes.json").want(t, 200).json["amounts"].([]any)); got != len(Amounts()) {
		t.Errorf("%d amounts are listed, want %d", got, len(Amounts()))
	}
	if got := b.get("/ledger").want(t, 200).document(t).Find("kbd").Length(); got != len(Amounts()) {
		t.Errorf("%d amounts are explained, want %d", got, len(Amounts()))
	}
}
