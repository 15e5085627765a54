package sandbox

import (
	"net/http"
	"sync"
	"testing"
)

func createIntent(b *bundle, n, method string, more ...string) answer {
	b.t.Helper()
	return b.form("/stripe/v1/payment_intents", "create-"+n, append([]string{
		"amount", "1250", "currency", "eur", "payment_method", method, "payment_method_types[0]", "card",
		"metadata[payment_id]", "pay_" + n, "metadata[attempt_id]", "att_" + n,
	}, more...)...)
}

func TestPaymentIntent(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.secret = "sk_test_one"
	b.get("/stripe/v1/account").want(t, 200)

	t.Run("create then confirm", func(t *testing.T) {
		a := createIntent(b, "1", "pm_card_visa").want(t, 200)
		if got := a.text("status"); got != "requires_confirmation" {
			t.Errorf("status = %q", got)
		}
		if got := b.charges("pay_1"); got != 0 {
			t.Errorf("creating charged %d times", got)
		}
		path := "/stripe/v1/payment_intents/" + a.text("id")
		for range 2 {
			a = b.form(path+"/confirm", "confirm-1", "off_session", "true", "expand[0]", "latest_charge").want(t, 200)
		}
		if a.header.Get("Idempotent-Replayed") != "true" {
			t.Error("the second answer is not marked as replayed")
		}
		if a.text("status") != "succeeded" || a.text("amount_received") != "1250" || a.text("latest_charge", "object") != "charge" {
			t.Errorf("intent = %s", a.body)
		}
		if got := b.charges("pay_1"); got != 1 {
			t.Errorf("ledger has %d charges, want 1", got)
		}
		b.form(path+"/confirm", "confirm-1b").want(t, 400)
		b.form(path+"/cancel", "").want(t, 400)
		r := b.form("/stripe/v1/refunds", "refund-1", "charge", a.text("latest_charge", "id"), "amount", "50").want(t, 200)
		b.get("/stripe/v1/refunds/"+r.text("id")).want(t, 200)
		b.form("/stripe/v1/refunds", "refund-2", "payment_intent", a.text("id"), "amount", "1201").want(t, 400)
		if got := b.Ledger("pay_1").Payments["pay_1"].Refunded; got != 50 {
			t.Errorf("refunded = %d", got)
		}
	})
	t.Run("declined, replayed, then paid by another card", func(t *testing.T) {
		path := "/stripe/v1/payment_intents/" + createIntent(b, "2", "pm_card_visa_chargeDeclinedInsufficientFunds").want(t, 200).text("id")
		for range 2 {
			a := b.form(path+"/confirm", "confirm-2", "off_session", "true").want(t, 402)
			if a.text("error", "code") != "card_declined" || a.text("error", "decline_code") != "insufficient_funds" ||
				a.text("error", "payment_intent", "status") != "requires_payment_method" {
				t.Errorf("error = %s", a.body)
			}
		}
		if got := b.get(path).text("last_payment_error", "decline_code"); got != "insufficient_funds" {
			t.Errorf("last error = %q", got)
		}
		b.form(path+"/confirm", "confirm-2b", "payment_method", "pm_card_visa").want(t, 200)
	})
	t.Run("authentication: declined off-session, asked for on-session", func(t *testing.T) {
		path := "/stripe/v1/payment_intents/" + createIntent(b, "3", "pm_card_authenticationRequired").want(t, 200).text("id")
		a := b.form(path+"/confirm", "confirm-3", "off_session", "true").want(t, 402)
		if got := a.text("error", "code"); got != "authentication_required" {
			t.Errorf("code = %q", got)
		}
		a = b.form(path+"/confirm", "confirm-3b", "payment_method", "pm_card_authenticationRequired").want(t, 200)
		if a.text("status") != "requires_action" || a.text("next_action", "redirect_to_url", "url") == "" {
			t.Errorf("intent = %s", a.body)
		}
		b.post("/v1/charges/"+a.text("id")+"/complete", "", map[string]string{"result": "failed"}).want(t, 200)
		if got := b.get(path).text("last_payment_error", "code"); got != "payment_intent_authentication_failure" {
			t.Errorf("last error = %q", got)
		}
	})
	t.Run("manual capture", func(t *testing.T) {
		path := "/stripe/v1/payment_intents/" + createIntent(b, "4", "pm_card_visa", "capture_method", "manual").want(t, 200).text("id")
		if got := b.form(path+"/confirm", "confirm-4").want(t, 200).text("status"); got != "requires_capture" {
			t.Errorf("status = %q", got)
		}
		b.form(path+"/capture", "capture-4", "amount_to_capture", "1251").want(t, 400)
		if got := b.form(path+"/capture", "capture-4b", "amount_to_capture", "1000").want(t, 200).text("amount_received"); got != "1000" {
			t.Errorf("received = %q", got)
		}
	})
	t.Run("canceled before it is confirmed", func(t *testing.T) {
		path := "/stripe/v1/payment_intents/" + createIntent(b, "5", "pm_card_visa").want(t, 200).text("id")
		b.form(path+"/cancel", "", "cancellation_reason", "abandoned").want(t, 200)
		a := b.form(path+"/confirm", "confirm-5").want(t, 400)
		if a.text("error", "code") != "payment_intent_unexpected_state" || a.text("error", "payment_intent", "status") != "canceled" {
			t.Errorf("error = %s", a.body)
		}
		if got := b.charges("pay_5"); got != 0 {
			t.Errorf("ledger has %d charges, want none", got)
		}
	})
	t.Run("search by attempt", func(t *testing.T) {
		a := b.get("/stripe/v1/payment_intents/search?query=metadata%5B%27attempt_id%27%5D%3A%27att_5%27").want(t, 200)
		if data := a.json["data"].([]any); len(data) != 1 {
			t.Errorf("found %d", len(data))
		}
	})
	t.Run("confirm in one step", func(t *testing.T) {
		if got := createIntent(b, "6", "pm_card_visa", "confirm", "true").want(t, 200).text("status"); got != "succeeded" {
			t.Errorf("status = %q", got)
		}
	})
}

func TestStripeRefusesBadInput(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.secret = "sk_test_one"
	tests := []struct {
		name      string
		pairs     []string
		wantCode  string
		wantParam string
	}{
		{"no amount", []string{"currency", "eur"}, "parameter_missing", "amount"},
		{"amount not a number", []string{"amount", "ten", "currency", "eur"}, "parameter_invalid_integer", "amount"},
		{"no currency", []string{"amount", "5"}, "parameter_missing", "currency"},
		{"unknown parameter", []string{"amount", "5", "currency", "eur", "speed", "9"}, "parameter_unknown", "speed"},
		{"unknown payment method", []string{"amount", "5", "currency", "eur", "payment_method", "pm_none"}, "resource_missing", "payment_method"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := b.form("/stripe/v1/payment_intents", "", tt.pairs...).want(t, 400)
			if a.text("error", "code") != tt.wantCode || a.text("error", "param") != tt.wantParam {
				t.Errorf("error = %s", a.body)
			}
		})
	}
	b.get("/stripe/v1/payment_intents/pi_none").want(t, 404)
	b.get("/stripe/v1/charges").want(t, 404)
	b.secret = "sk_live_one"
	b.get("/stripe/v1/account").want(t, 401)
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	t.Run("same key, other body", func(t *testing.T) {
		b.post("/v1/charges", "k1", chargeBody("att_1", "pay_1", "tok_success")).want(t, 200)
		a := b.post("/v1/charges", "k1", chargeBody("att_2", "pay_1", "tok_success")).want(t, 400)
		if got := a.text("error", "type"); got != "idempotency_error" {
			t.Errorf("type = %q", got)
		}
	})
	t.Run("same key, other account", func(t *testing.T) {
		other := *b
		other.secret = "sk_sandbox_two"
		other.post("/v1/charges", "k1", chargeBody("att_3", "pay_3", "tok_success")).want(t, 200)
	})
	t.Run("a refusal is replayed", func(t *testing.T) {
		first := b.post("/v1/charges", "k4", chargeBody("att_4", "pay_4", "tok_lost_card")).want(t, 402)
		second := b.post("/v1/charges", "k4", chargeBody("att_4", "pay_4", "tok_lost_card")).want(t, 402)
		if first.body != second.body || second.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("second answer %s (%v)", second.body, second.header)
		}
	})
	t.Run("at the same time", func(t *testing.T) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for range 20 {
			wg.Go(func() {
				a, err := b.tryPost("/v1/charges", "k5", chargeBody("att_5", "pay_5", "tok_slow"))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				statuses[a.status]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if statuses[http.StatusOK]+statuses[http.StatusConflict] != 20 || statuses[http.StatusOK] == 0 {
			t.Errorf("answers = %v", statuses)
		}
		if got := b.charges("pay_5"); got != 1 {
			t.Errorf("ledger has %d charges, want 1", got)
		}
	})
}
