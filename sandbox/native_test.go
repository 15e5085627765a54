package sandbox

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

func TestCreateCharge(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	for _, o := range Outcomes() {
		if o.Fault != "" {
			continue // TestFaultTokens
		}
		t.Run(o.Token, func(t *testing.T) {
			a := b.post("/v1/charges", "key-"+o.Token, chargeBody("att_"+o.Token, "pay_"+o.Token, o.Token))
			want, charged := "succeeded", 1
			switch o.Result {
			case ResultDeclines, ResultDeclinesAbsent, ResultRecovers:
				a.want(t, http.StatusPaymentRequired)
				if got := a.text("error", "code"); got != o.Code {
					t.Errorf("code = %q, want %q", got, o.Code)
				}
				if got := a.text("error", "advice_code"); got != o.Advice() {
					t.Errorf("advice = %q, want %q", got, o.Advice())
				}
				want, charged = "", 0
			case ResultAsksCustomer:
				want, charged = "requires_action", 0
			case ResultSettlesLater, ResultFailsLater:
				want, charged = "processing", -1
			default:
			}
			if got := a.text("status"); got != want {
				t.Errorf("status = %q, want %q", got, want)
			}
			if got := b.charges("pay_" + o.Token); charged >= 0 && got != charged {
				t.Errorf("ledger has %d charges, want %d", got, charged)
			}
		})
	}
}

func TestAnotherTryRecovers(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	for _, tt := range []struct {
		reference, payment string
		want               int
	}{
		{"att_1", "pay_1", http.StatusPaymentRequired}, {"att_2", "pay_2", http.StatusPaymentRequired},
		{"att_1", "pay_1", http.StatusPaymentRequired}, {"att_3", "pay_1", http.StatusOK}, {"att_4", "", http.StatusPaymentRequired},
		{"att_5", "", http.StatusPaymentRequired},
	} {
		body := chargeBody(tt.reference, tt.payment, "tok_recovers."+tt.reference)
		if tt.payment == "" {
			delete(body, "payment_reference")
		}
		b.post("/v1/charges", "key-"+tt.reference, body).want(t, tt.want)
	}
	if got := b.charges(""); got != 1 {
		t.Errorf("ledger has %d charges, want 1", got)
	}
}

func TestCreateChargeRefusesBadInput(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	tests := []struct {
		name, field string
		value       any
		wantStatus  int
	}{
		{"no reference", "reference", "", 400},
		{"amount of nothing", "amount", 0, 400},
		{"negative amount", "amount", -5, 400},
		{"fractional amount", "amount", 1.5, 400},
		{"amount as text", "amount", "1250", 400},
		{"no currency", "currency", "", 400},
		{"currency not a code", "currency", "E1R", 400},
		{"no token", "token", "", 400},
		{"unknown token", "token", "tok_none", 400},
		{"unknown field", "amuont", 1, 400},
		{"return_url not for a browser", "return_url", "javascript:alert(1)", 400},
		{"a body too large", "description", strings.Repeat("x", maxBody), 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := chargeBody("att_bad", "pay_bad", "tok_success")
			body[tt.field] = tt.value
			b.post("/v1/charges", "key", body).want(t, tt.wantStatus)
		})
	}
	t.Run("no idempotency key", func(t *testing.T) {
		b.post("/v1/charges", "", chargeBody("att_bad", "pay_bad", "tok_success")).want(t, 400)
	})
	if got := b.charges(""); got != 0 {
		t.Errorf("ledger has %d charges, want none", got)
	}
	t.Run("bad input does not use up the key", func(t *testing.T) {
		b.post("/v1/charges", "key", chargeBody("att_good", "pay_good", "tok_success")).want(t, 200)
	})
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.get("/v1/account").want(t, 200)
	a := b.post("/v1/charges", "k1", chargeBody("att_1", "pay_1", "tok_success")).want(t, 200)
	b.secret = "sk_sandbox_two"
	b.get("/v1/charges/"+a.text("id")).want(t, 404)
	for _, secret := range []string{"", "sk_sandbox_", "sk_live_1", "wrong"} {
		b.secret = secret
		b.get("/v1/account").want(t, 401)
		b.post("/v1/charges", "k2", chargeBody("att_2", "pay_2", "tok_success")).want(t, 401)
	}
	if got := b.charges(""); got != 1 {
		t.Errorf("ledger has %d charges, want 1", got)
	}
}

func TestReferenceIsChargedOnce(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.post("/v1/charges", "k1", chargeBody("att_1", "pay_1", "tok_success")).want(t, 200)
	t.Run("another key is refused", func(t *testing.T) {
		a := b.post("/v1/charges", "k2", chargeBody("att_1", "pay_1", "tok_success")).want(t, 409)
		if got := a.text("error", "code"); got != "reference_taken" {
			t.Errorf("code = %q", got)
		}
	})
	t.Run("a second reference of the same payment is charged and reported as a double", func(t *testing.T) {
		b.post("/v1/charges", "k3", chargeBody("att_2", "pay_1", "tok_success")).want(t, 200)
		ledger := b.Ledger("")
		if got := ledger.Payments["pay_1"].Count; got != 2 {
			t.Errorf("count = %d, want 2", got)
		}
		if len(ledger.Doubles) != 1 || ledger.Doubles[0] != "pay_1" {
			t.Errorf("doubles = %v", ledger.Doubles)
		}
	})
	t.Run("a hundred keys at once", func(t *testing.T) {
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				if _, err := b.tryPost("/v1/charges", "many-"+string(rune('a'+i%26)), chargeBody("att_many", "pay_many", "tok_success")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := b.charges("pay_many"); got != 1 {
			t.Errorf("ledger has %d charges, want 1", got)
		}
	})
}

func TestCancelReference(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	cancel := func(reference string) answer {
		return b.post("/v1/charges/cancel", "", map[string]string{"reference": reference})
	}
	t.Run("an unknown reference is never charged afterwards", func(t *testing.T) {
		for range 2 {
			if got := cancel("att_1").want(t, 200).text("status"); got != "canceled" {
				t.Errorf("status = %q", got)
			}
		}
		a := b.post("/v1/charges", "k1", chargeBody("att_1", "pay_1", "tok_success")).want(t, 409)
		if got := a.text("error", "code"); got != "reference_canceled" {
			t.Errorf("code = %q", got)
		}
		if got := b.charges("pay_1"); got != 0 {
			t.Errorf("ledger has %d charges, want none", got)
		}
	})
	t.Run("a charge already made stays and is named", func(t *testing.T) {
		b.post("/v1/charges", "k2", chargeBody("att_2", "pay_2", "tok_success")).want(t, 200)
		if got := cancel("att_2").want(t, 409).text("error", "object", "status"); got != "succeeded" {
			t.Errorf("status = %q", got)
		}
	})
	t.Run("the customer cannot confirm a canceled charge", func(t *testing.T) {
		a := b.post("/v1/charges", "k3", chargeBody("att_3", "pay_3", "tok_action_required")).want(t, 200)
		cancel("att_3").want(t, 200)
		b.post("/v1/charges/"+a.text("id")+"/complete", "", map[string]string{"result": "succeeded"}).want(t, 409)
	})
}

func TestAuthorizeCaptureVoidRefund(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	authorize := func(n string) string {
		body := chargeBody("att_"+n, "pay_"+n, "tok_success")
		body["capture"] = false
		a := b.post("/v1/charges", "key-"+n, body).want(t, 200)
		if got := a.text("status"); got != "authorized" {
			t.Fatalf("status = %q", got)
		}
		return "/v1/charges/" + a.text("id")
	}
	t.Run("capture a part, refund it in two", func(t *testing.T) {
		charge := authorize("1")
		b.post(charge+"/capture", "", map[string]int{"amount": 1251}).want(t, 422)
		if got := b.post(charge+"/capture", "cap", map[string]int{"amount": 1000}).want(t, 200).text("amount_captured"); got != "1000" {
			t.Errorf("captured = %s", got)
		}
		b.post(charge+"/capture", "cap", map[string]int{"amount": 1000}).want(t, 200)
		b.post(charge+"/void", "", nil).want(t, 409)
		id := strings.TrimPrefix(charge, "/v1/charges/")
		b.post("/v1/refunds", "r1", map[string]any{"charge": id, "amount": 600}).want(t, 200)
		b.post("/v1/refunds", "r1", map[string]any{"charge": id, "amount": 600}).want(t, 200)
		b.post("/v1/refunds", "r2", map[string]any{"charge": id, "amount": 401}).want(t, 422)
		r := b.post("/v1/refunds", "r3", map[string]any{"charge": id}).want(t, 200)
		if got := r.text("amount"); got != "400" {
			t.Errorf("rest = %s, want 400", got)
		}
		b.get("/v1/refunds/"+r.text("id")).want(t, 200)
		if got := len(b.get("/v1/refunds?charge="+id).want(t, 200).json["data"].([]any)); got != 2 {
			t.Errorf("%d refunds, want 2", got)
		}
		p := b.Ledger("pay_1").Payments["pay_1"]
		if p.Captured != 1000 || p.Refunded != 1000 {
			t.Errorf("ledger = %+v", p)
		}
	})
	t.Run("void", func(t *testing.T) {
		charge := authorize("2")
		b.post(charge+"/void", "", nil).want(t, 200)
		b.post(charge+"/capture", "", nil).want(t, 409)
		if l := b.Ledger("pay_2"); len(l.Charges) != 1 || !l.Charges[0].Voided || l.Charges[0].Captured != 0 {
			t.Errorf("ledger = %+v", l.Charges)
		}
	})
}

func TestSettlement(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	for token, want := range map[string]string{"tok_processing": "succeeded", "tok_processing_fails": "failed"} {
		a := b.post("/v1/charges", "k"+token, chargeBody("att_"+token, "pay_"+token, token)).want(t, 200)
		eventually(t, token+" settles", func() bool { return b.get("/v1/charges/"+a.text("id")).text("status") == want })
	}
	if l := b.Ledger(""); len(l.Charges) != 1 {
		t.Errorf("ledger = %+v", l.Charges)
	}
	for token, want := range map[string][2]string{"pm_card_pendingRefund": {"pending", "succeeded"}, "pm_card_refundFail": {"succeeded", "failed"}} {
		a := b.post("/v1/charges", "k"+token, chargeBody("att_"+token, "pay_"+token, token)).want(t, 200)
		r := b.post("/v1/refunds", "r"+token, map[string]any{"charge": a.text("id")}).want(t, 200)
		if got := r.text("status"); got != want[0] {
			t.Errorf("%s: refund %q at first, want %q", token, got, want[0])
		}
		eventually(t, token+" refund settles", func() bool { return b.get("/v1/refunds/"+r.text("id")).text("status") == want[1] })
	}
}
