package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"
)

// stripeInbox collects the types of the events that come, and checks their signatures.
type stripeInbox struct {
	mu    sync.Mutex
	types []string
}

func newStripeInbox(t *testing.T, at time.Time) (*stripeInbox, string) {
	t.Helper()
	inbox := &stripeInbox{}
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if got, want := r.Header.Get("Stripe-Signature"), Sign("whsec_1", at, body); got != want {
			t.Errorf("signature = %q, want %q", got, want)
		}
		var event struct {
			ID     string `json:"id"`
			Object string `json:"object"`
			Type   string `json:"type"`
		}
		if err := json.Unmarshal(body, &event); err != nil || event.ID == "" || event.Object != "event" {
			t.Errorf("event = %s, %v", body, err)
		}
		inbox.mu.Lock()
		defer inbox.mu.Unlock()
		inbox.types = append(inbox.types, event.Type)
	}))
	t.Cleanup(web.Close)
	return inbox, web.URL
}

func (i *stripeInbox) has(types ...string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return !slices.ContainsFunc(types, func(one string) bool { return !slices.Contains(i.types, one) })
}

func TestStripeEvents(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_700_000_000, 0)
	b := start(t, Options{Now: func() time.Time { return at }})
	b.secret = "sk_test_one"
	inbox, target := newStripeInbox(t, at)
	b.post("/settings", "", map[string]string{"api": "stripe", "credential": b.secret, "url": target, "secret": "whsec_1"}).want(t, 200)
	intent := func(token string, pairs ...string) string {
		t.Helper()
		a := b.form("/stripe/v1/payment_intents", "", append([]string{
			"amount", "1250", "currency", "eur", "payment_method", token, "confirm", "true", "metadata[attempt_id]", "att_1",
		}, pairs...)...)
		if a.text("id") == "" {
			return a.text("error", "payment_intent", "id")
		}
		return a.text("id")
	}
	expect := func(types ...string) {
		t.Helper()
		eventually(t, types[0], func() bool { return inbox.has(types...) })
	}

	intent("pm_card_chargeDeclined")
	expect("payment_intent.payment_failed", "charge.failed")
	paid := intent("pm_card_visa")
	expect("payment_intent.succeeded", "charge.succeeded")
	b.form("/stripe/v1/refunds", "", "payment_intent", paid, "amount", "300").want(t, 200)
	expect("refund.created", "charge.refunded")
	held := intent("pm_card_visa", "capture_method", "manual")
	expect("payment_intent.amount_capturable_updated")
	b.form("/stripe/v1/payment_intents/"+held+"/capture", "", "amount_to_capture", "400", "metadata[capture_id]", "att_2").want(t, 200)
	expect("charge.captured")
	if got := b.get("/stripe/v1/payment_intents/"+held).text("metadata", "capture_id"); got != "att_2" {
		t.Errorf("capture_id = %q", got)
	}
	asked := intent("pm_card_threeDSecure2Required")
	expect("payment_intent.requires_action")
	b.form("/stripe/v1/payment_intents/"+asked+"/cancel", "").want(t, 200)
	expect("payment_intent.canceled")
	intent("tok_processing")
	expect("payment_intent.processing")
	b.form("/stripe/v1/refunds", "", "payment_intent", intent("pm_card_refundFail")).want(t, 200)
	expect("refund.failed", "refund.updated")

	disputed := intent("pm_card_createDispute")
	expect("charge.dispute.created", "charge.dispute.funds_withdrawn")
	b.post("/disputes", "", map[string]string{"charge": disputed, "status": "under_review"}).want(t, 200)
	expect("charge.dispute.updated")
	b.form("/stripe/v1/refunds", "", "payment_intent", disputed).want(t, 400)
	b.post("/disputes", "", map[string]string{"charge": disputed, "status": "won"}).want(t, 200)
	expect("charge.dispute.closed", "charge.dispute.funds_reinstated")
}

// An inquiry moves no money until it becomes a dispute.
func TestInquiry(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.secret = "sk_test_one"
	id := b.form("/stripe/v1/payment_intents", "", "amount", "1250", "currency", "eur", "payment_method", "tok_inquiry", "confirm", "true").text("id")
	eventually(t, "an inquiry", func() bool { return len(b.Ledger("").Disputes) == 1 })
	d := b.Ledger("").Disputes[0]
	if d.Status != "inquiry" || d.TookMoney || d.Amount != 1250 {
		t.Errorf("dispute = %+v", d)
	}
	b.form("/stripe/v1/refunds", "", "payment_intent", id, "amount", "300").want(t, 200)
	show := func() answer { return b.get("/stripe/v1/disputes/"+d.Dispute).want(t, 200) }
	if a := show(); a.text("status") != "warning_needs_response" || len(a.json["balance_transactions"].([]any)) != 0 {
		t.Errorf("dispute = %s", a.body)
	}
	b.post("/disputes", "", map[string]string{"charge": id, "status": "won"}).want(t, 409)
	b.post("/disputes", "", map[string]string{"charge": id, "status": "needs_response"}).want(t, 200)
	if a := show(); a.text("status") != "needs_response" || len(a.json["balance_transactions"].([]any)) != 1 {
		t.Errorf("dispute = %s", a.body)
	}
	b.post("/disputes", "", map[string]string{"charge": id, "status": "inquiry_closed"}).want(t, 409)
	b.get("/stripe/v1/disputes/dp_none").want(t, 404)
}

func TestStripeLists(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.secret = "sk_test_one"
	id := b.form("/stripe/v1/payment_intents", "", "amount", "1250", "currency", "eur", "payment_method", "pm_card_visa", "confirm", "true").text("id")
	var made []string // newest first
	for range 5 {
		made = slices.Insert(made, 0, b.form("/stripe/v1/refunds", "", "payment_intent", id, "amount", "10").want(t, 200).text("id"))
	}
	list := func(path string) (ids []string, more bool) {
		t.Helper()
		a := b.get(path).want(t, 200)
		for _, one := range a.json["data"].([]any) {
			ids = append(ids, one.(map[string]any)["id"].(string))
		}
		return ids, a.json["has_more"].(bool)
	}
	refunds := "/stripe/v1/refunds?payment_intent=" + id + "&limit=2"
	tests := []struct {
		path string
		want []string
		more bool
	}{
		{refunds, made[:2], true},
		{refunds + "&starting_after=" + made[1], made[2:4], true},
		{refunds + "&starting_after=" + made[3], made[4:], false},
		{refunds + "&ending_before=" + made[4], made[2:4], true},
		{refunds + "&ending_before=" + made[1], made[:1], false},
		{"/stripe/v1/refunds?payment_intent=" + id, made, false},
	}
	for _, tt := range tests {
		if ids, more := list(tt.path); !slices.Equal(ids, tt.want) || more != tt.more {
			t.Errorf("%s = %v, %v, want %v, %v", tt.path, ids, more, tt.want, tt.more)
		}
	}
	b.get(refunds+"&starting_after=re_none").want(t, 400)
	b.get(refunds+"&ending_before=re_none").want(t, 400)
	b.get("/stripe/v1/refunds?payment_intent=pi_none").want(t, 404)
	if ids, _ := list("/stripe/v1/events?types[0]=refund.created&types[1]=payment_intent.succeeded&created[gte]=1"); len(ids) != 6 {
		t.Errorf("%d events, want 6", len(ids))
	}
	if ids, _ := list("/stripe/v1/events?created[gte]=99999999999"); len(ids) != 0 {
		t.Errorf("events of the future: %v", ids)
	}
	b.get("/stripe/v1/events?created[gte]=yesterday").want(t, 400)
}

func TestStripeRefundRefusals(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	b.secret = "sk_test_one"
	intent := func(pairs ...string) string {
		return b.form("/stripe/v1/payment_intents", "", append([]string{
			"amount", "1250", "currency", "eur", "payment_method", "pm_card_visa", "confirm", "true",
		}, pairs...)...).text("id")
	}
	refund := func(id, amount, wantCode, wantParam string) {
		t.Helper()
		a := b.form("/stripe/v1/refunds", "", "payment_intent", id, "amount", amount).want(t, 400)
		if a.text("error", "code") != wantCode || a.text("error", "param") != wantParam {
			t.Errorf("error = %s", a.body)
		}
	}
	paid := intent()
	refund(paid, "1251", "", "amount")
	b.form("/stripe/v1/refunds", "", "payment_intent", paid).want(t, 200)
	refund(paid, "1", "charge_already_refunded", "")
	refund(intent("capture_method", "manual"), "1", "", "")
	refund(paid, "none", "parameter_invalid_integer", "amount")
	b.form("/stripe/v1/refunds", "", "payment_intent", paid, "reason", "because").want(t, 400)
	b.form("/stripe/v1/refunds", "", "payment_intent", "pi_none").want(t, 404)
	b.form("/stripe/v1/refunds", "").want(t, 400)
}
