package sandbox

import (
	"fmt"
	"testing"
)

func TestRefundReferences(t *testing.T) {
	t.Parallel()
	b := start(t, Options{})
	charge := b.post("/v1/charges", "k1", chargeBody("att_1", "pay_1", "tok_success")).want(t, 200).text("id")
	refund := map[string]any{"charge": charge, "amount": 300, "reference": "ref_1"}
	made := b.post("/v1/refunds", "r1", refund).want(t, 200)
	again := b.post("/v1/refunds", "r1", refund).want(t, 200)
	if made.text("id") != again.text("id") || made.text("reference") != "ref_1" || made.text("idempotency_key") != "r1" {
		t.Errorf("refund = %s, again %s", made.body, again.body)
	}
	other := b.post("/v1/refunds", "r2", map[string]any{"charge": charge, "amount": 100, "reference": "ref_2"}).want(t, 200)
	for path, want := range map[string]int{
		"/v1/refunds?charge=" + charge: 2, "/v1/refunds?charge=" + charge + "&reference=ref_2": 1,
		"/v1/refunds?charge=" + charge + "&reference=ref_3": 0,
	} {
		if got := len(b.get(path).want(t, 200).json["data"].([]any)); got != want {
			t.Errorf("%s lists %d, want %d", path, got, want)
		}
	}
	if got := b.get("/v1/refunds/" + other.text("id")).text("reference"); got != "ref_2" {
		t.Errorf("reference = %q", got)
	}
	refund["amount"] = 1000
	b.post("/v1/refunds", "r3", refund).want(t, 422)
	b.post("/v1/refunds", "r3", refund).want(t, 422)
}

func TestModificationReferences(t *testing.T) {
	t.Parallel()
	target, got := receiver(t)
	b := start(t, Options{WebhookURL: target, WebhookSecret: "whs_1"})
	for i, act := range []string{"capture", "void"} {
		body := chargeBody(fmt.Sprintf("att_%d", i), fmt.Sprintf("pay_%d", i), "tok_success")
		body["capture"] = false
		id := b.post("/v1/charges", fmt.Sprintf("k%d", i), body).want(t, 200).text("id")
		<-got // of the authorization
		a := b.post("/v1/charges/"+id+"/"+act, "m"+act, map[string]any{"reference": "att_" + act}).want(t, 200)
		if a.text("modified_by") != "att_"+act {
			t.Errorf("charge = %s", a.body)
		}
		events := b.get("/v1/events").want(t, 200).json["data"].([]any)
		last := events[len(events)-1].(map[string]any)
		if want := map[string]string{"capture": "charge.captured", "void": "charge.voided"}[act]; last["type"] != want {
			t.Errorf("event = %v, want %s", last["type"], want)
		}
		<-got
		b.post("/v1/charges/"+id+"/void", "again"+act, nil).want(t, 409)
	}
	b.get("/v1/events?after=evt_none").want(t, 400)
	b.get("/v1/events?since=yesterday").want(t, 400)
	if data := b.get("/v1/events?since=99999999999").want(t, 200).json["data"].([]any); len(data) != 0 {
		t.Errorf("events of the future: %v", data)
	}
}
