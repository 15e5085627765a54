package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const adyenTestKey = "DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00"

// adyen calls the sandbox as a shop that charges through Adyen.
type adyenShop struct {
	*bundle

	mu    sync.Mutex
	items []adyenItem
}

func startAdyen(t *testing.T) *adyenShop {
	t.Helper()
	a := &adyenShop{bundle: start(t, Options{})}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Items []struct {
				Item adyenItem `json:"NotificationRequestItem"`
			} `json:"notificationItems"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, one := range body.Items {
			a.items = append(a.items, one.Item)
		}
		_, _ = io.WriteString(w, "[accepted]") // the sandbox has its answer
	}))
	t.Cleanup(web.Close)
	a.post("/settings", "", map[string]string{"api": "adyen", "credential": "AQEtest", "url": web.URL, "secret": adyenTestKey}).want(t, 200)
	return a
}

func (a *adyenShop) call(path, key, body string) answer {
	a.t.Helper()
	return a.must(a.send("POST", "/adyen/v71"+path, "application/json", key, body, "X-Api-Key", "AQEtest"))
}

func (a *adyenShop) pay(n, token, more string) answer {
	a.t.Helper()
	return a.call("/payments", "key-"+n, adyenPay(n, token, more))
}

func adyenPay(n, token, more string) string {
	return fmt.Sprintf(`{"amount":{"value":1250,"currency":"EUR"},"reference":"att_%s","merchantAccount":"Shop",
		"paymentMethod":{"type":"scheme","storedPaymentMethodId":%q},"returnUrl":"https://shop.example/","shopperInteraction":"ContAuth",
		"recurringProcessingModel":"UnscheduledCardOnFile","metadata":{"payment_id":"pay_%s"}%s}`, n, token, n, more)
}

// told waits for the event about a reference.
func (a *adyenShop) told(code, reference string) adyenItem {
	a.t.Helper()
	var found adyenItem
	eventually(a.t, code+" of "+reference, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		for _, i := range a.items {
			if i.EventCode == code && i.MerchantReference == reference {
				found = i
				return true
			}
		}
		return false
	})
	if signature := found.AdditionalData["hmacSignature"]; signature == "" || signature != adyenSign(adyenTestKey, found) || found.MerchantAccountCode != "Shop" {
		a.t.Errorf("event = %+v", found)
	}
	return found
}

func TestAdyenPayments(t *testing.T) {
	t.Parallel()
	a := startAdyen(t)
	t.Run("authorised, once for its key", func(t *testing.T) {
		first := a.pay("1", "tok_success", "").want(t, 200)
		if first.text("resultCode") != "Authorised" || first.text("merchantReference") != "att_1" || len(first.text("pspReference")) != 16 {
			t.Errorf("answer = %s", first.body)
		}
		again := a.pay("1", "tok_success", "").want(t, 200)
		if again.body != first.body || a.charges("pay_1") != 1 {
			t.Errorf("again = %s, %d charges", again.body, a.charges("pay_1"))
		}
		event := a.told("AUTHORISATION", "att_1")
		if event.Success != "true" || event.PSPReference != first.text("pspReference") || event.Amount != (adyenAmount{1250, "EUR"}) ||
			event.AdditionalData["metadata.payment_id"] != "pay_1" || event.AdditionalData["metadata."+adyenMerchant] != "" {
			t.Errorf("event = %+v", event)
		}
	})
	t.Run("a reference is no key", func(t *testing.T) {
		a.call("/payments", "key-1b", adyenPay("1", "tok_success", "")).want(t, 200)
		if a.charges("pay_1") != 2 {
			t.Errorf("%d charges", a.charges("pay_1"))
		}
	})
	t.Run("the same key with another body", func(t *testing.T) {
		if code := a.call("/payments", "key-1", adyenPay("9", "tok_success", "")).want(t, 422).text("errorCode"); code != "704" {
			t.Errorf("code = %q", code)
		}
	})
	t.Run("refused is 200", func(t *testing.T) {
		r := a.pay("2", "tok_insufficient_funds", "").want(t, 200)
		if r.text("resultCode") != "Refused" || r.text("refusalReasonCode") != "12" || !strings.HasPrefix(r.text("additionalData", "refusalReasonRaw"), "51 : ") {
			t.Errorf("answer = %s", r.body)
		}
		if event := a.told("AUTHORISATION", "att_2"); event.Success != "false" || event.Reason != "Not enough balance" {
			t.Errorf("event = %+v", event)
		}
	})
	t.Run("received, then authorised", func(t *testing.T) {
		if code := a.pay("3", "tok_processing", "").want(t, 200).text("resultCode"); code != "Received" {
			t.Errorf("result = %q", code)
		}
		a.told("AUTHORISATION", "att_3")
	})
	t.Run("asks the customer, who refuses", func(t *testing.T) {
		r := a.pay("4", "tok_action_required", "").want(t, 200)
		if r.text("resultCode") != "RedirectShopper" || r.text("action", "type") != "redirect" {
			t.Errorf("answer = %s", r.body)
		}
		a.post(strings.TrimPrefix(strings.Replace(r.text("action", "url"), "/action", "/complete", 1), a.url), "", map[string]string{"result": "failed"}).want(t, 200)
		if event := a.told("AUTHORISATION", "att_4"); event.Success != "false" || event.Reason != "3D Not Authenticated" {
			t.Errorf("event = %+v", event)
		}
	})
	t.Run("in Adyen's units", func(t *testing.T) {
		body := strings.Replace(adyenPay("5", "tok_success", ""), `"value":1250,"currency":"EUR"`, `"value":125000,"currency":"ISK"`, 1)
		a.call("/payments", "key-5", body).want(t, 200)
		if got := a.Ledger("pay_5").Charges[0].Amount; got != 1250 {
			t.Errorf("amount = %d", got)
		}
		if event := a.told("AUTHORISATION", "att_5"); event.Amount.Value != 125000 {
			t.Errorf("event = %+v", event)
		}
	})
}

func TestAdyenRefusesBadInput(t *testing.T) {
	t.Parallel()
	a := startAdyen(t)
	good := adyenPay("1", "tok_success", "")
	tests := []struct {
		name, path, body string
		status           int
		code             string
	}{
		{"no merchant account", "/payments", strings.Replace(good, `"Shop"`, `""`, 1), 403, "901"},
		{"no reference", "/payments", strings.Replace(good, `"att_1"`, `""`, 1), 422, "130"},
		{"no amount", "/payments", strings.Replace(good, "1250", "0", 1), 422, "137"},
		{"a part of a króna", "/payments", strings.Replace(good, "EUR", "ISK", 1), 422, "137"},
		{"no currency", "/payments", strings.Replace(good, "EUR", "", 1), 422, "138"},
		{"no return address", "/payments", strings.Replace(good, "https://shop.example/", "", 1), 422, "14_030"},
		{"no token", "/payments", strings.Replace(good, "tok_success", "", 1), 422, "14_004"},
		{"unknown token", "/payments", strings.Replace(good, "tok_success", "tok_none", 1), 422, "800"},
		{"not a saved card", "/payments", strings.Replace(good, "ContAuth", "Ecommerce", 1), 422, "14_005"},
		{"unknown field", "/payments", strings.Replace(good, `"reference"`, `"refers_to"`, 1), 400, "702"},
		{"not JSON", "/payments", "amount=1", 400, "702"},
		{"no such payment", "/payments/NONE/captures", `{"merchantAccount":"Shop","amount":{"value":1,"currency":"EUR"}}`, 422, "167"},
		{"no amount of a capture", "/payments/NONE/captures", `{"merchantAccount":"Shop"}`, 422, "100"},
		{"no reference to cancel", "/cancels", `{"merchantAccount":"Shop"}`, 422, "14_028"},
		{"no such path", "/payments/details", `{}`, 404, "000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if code := a.call(tt.path, "", tt.body).want(t, tt.status).text("errorCode"); code != tt.code {
				t.Errorf("code = %q, want %q", code, tt.code)
			}
		})
	}
	stranger := a.must(a.send("POST", "/adyen/v71/paymentMethods", "application/json", "", `{"merchantAccount":"Shop"}`, "X-Api-Key", "sk_test_1")).want(t, 401)
	if stranger.text("errorType") != "security" {
		t.Errorf("answer = %s", stranger.body)
	}
	a.call("/paymentMethods", "", `{"merchantAccount":"Shop"}`).want(t, 200)
	if got := len(a.Ledger("").Charges); got != 0 {
		t.Errorf("%d charges were made", got)
	}
}

func TestAdyenModifications(t *testing.T) {
	t.Parallel()
	a := startAdyen(t)
	const manual = `,"additionalData":{"manualCapture":"true"}`
	ask := func(t *testing.T, path, key, body string) answer {
		t.Helper()
		r := a.call(path, key, `{"merchantAccount":"Shop",`+body+`}`).want(t, 201)
		if r.text("status") != "received" || len(r.text("pspReference")) != 16 {
			t.Errorf("answer = %s", r.body)
		}
		return r
	}
	t.Run("captured in part, once for its key, and refunded", func(t *testing.T) {
		path := "/payments/" + a.pay("1", "tok_success", manual).text("pspReference")
		first := ask(t, path+"/captures", "c1", `"reference":"att_1c","amount":{"value":400,"currency":"EUR"}`)
		if again := ask(t, path+"/captures", "c1", `"reference":"att_1c","amount":{"value":400,"currency":"EUR"}`); again.body != first.body {
			t.Errorf("again = %s", again.body)
		}
		event := a.told("CAPTURE", "att_1c")
		if event.Success != "true" || event.PSPReference != first.text("pspReference") || "/payments/"+event.OriginalReference != path || event.Amount.Value != 400 {
			t.Errorf("event = %+v", event)
		}
		ask(t, path+"/captures", "c2", `"reference":"att_1d","amount":{"value":400,"currency":"EUR"}`)
		if event := a.told("CAPTURE", "att_1d"); event.Success != "false" || event.Reason == "" {
			t.Errorf("event = %+v", event)
		}
		refund := ask(t, path+"/refunds", "r1", `"reference":"ref_1","amount":{"value":300,"currency":"EUR"}`)
		if event := a.told("REFUND", "ref_1"); event.Success != "true" || event.PSPReference != refund.text("pspReference") || event.Amount.Value != 300 {
			t.Errorf("event = %+v", event)
		}
		ask(t, path+"/refunds", "r2", `"reference":"ref_2","amount":{"value":101,"currency":"EUR"}`)
		if event := a.told("REFUND", "ref_2"); event.Success != "false" || event.Amount.Value != 101 {
			t.Errorf("event = %+v", event)
		}
		ask(t, path+"/refunds", "r3", `"reference":"ref_3","amount":{"value":1,"currency":"USD"}`)
		if event := a.told("REFUND", "ref_3"); event.Success != "false" {
			t.Errorf("event = %+v", event)
		}
		if c := a.Ledger("pay_1").Charges[0]; c.Captured != 400 || c.Refunded != 300 {
			t.Errorf("ledger = %+v", c)
		}
	})
	t.Run("released", func(t *testing.T) {
		path := "/payments/" + a.pay("2", "tok_success", manual).text("pspReference")
		ask(t, path+"/cancels", "v1", `"reference":"att_2v"`)
		ask(t, path+"/cancels", "v2", `"reference":"att_2w"`)
		if event := a.told("CANCELLATION", "att_2v"); event.Success != "true" {
			t.Errorf("event = %+v", event)
		}
		if event := a.told("CANCELLATION", "att_2w"); event.Success != "false" {
			t.Errorf("event = %+v", event)
		}
		if !a.Ledger("pay_2").Charges[0].Voided {
			t.Error("not released")
		}
	})
	t.Run("a refund that fails later", func(t *testing.T) {
		path := "/payments/" + a.pay("3", "tok_refund_fails", "").text("pspReference")
		refund := ask(t, path+"/refunds", "r4", `"reference":"ref_4","amount":{"value":1250,"currency":"EUR"}`)
		if event := a.told("REFUND_FAILED", "ref_4"); event.PSPReference != refund.text("pspReference") {
			t.Errorf("event = %+v", event)
		}
	})
	t.Run("by another merchant account", func(t *testing.T) {
		path := "/payments/" + a.pay("4", "tok_success", manual).text("pspReference")
		a.call(path+"/cancels", "", `{"merchantAccount":"Other","reference":"att_4v"}`).want(t, 422)
	})
}

func TestAdyenTechnicalCancel(t *testing.T) {
	t.Parallel()
	a := startAdyen(t)
	tests := []struct {
		n, token, more string
		want           string
		released       bool
	}{
		{"1", "tok_success", `,"captureDelayHours":-1`, "true", true},
		{"2", "tok_action_required", "", "true", false},
		{"3", "tok_success", "", "false", false},
		{"4", "tok_lost_card", "", "false", false},
		{"5", "", "", "false", false}, // it has not arrived
	}
	for _, tt := range tests {
		psp := ""
		if tt.token != "" {
			psp = a.pay(tt.n, tt.token, tt.more).want(t, 200).text("pspReference")
		}
		r := a.call("/cancels", "", `{"merchantAccount":"Shop","paymentReference":"att_`+tt.n+`","reference":"cancel_`+tt.n+`"}`).want(t, 201)
		if r.text("status") != "received" || r.text("paymentReference") != "att_"+tt.n {
			t.Errorf("%s: %s", tt.n, r.body)
		}
		if event := a.told("TECHNICAL_CANCEL", "cancel_"+tt.n); event.Success != tt.want || event.OriginalReference != psp {
			t.Errorf("%s: event = %+v", tt.n, event)
		}
		if all := a.Ledger("pay_" + tt.n).Charges; tt.released != (len(all) == 1 && all[0].Voided) {
			t.Errorf("%s: ledger = %+v", tt.n, all)
		}
	}
	a.pay("5", "tok_success", "").want(t, 200) // a cancel does not stop what comes after it
	if a.charges("pay_5") != 1 {
		t.Errorf("%d charges", a.charges("pay_5"))
	}
}

func TestAdyenDisputes(t *testing.T) {
	t.Parallel()
	a := startAdyen(t)
	psp := a.pay("1", "tok_success", "").text("pspReference")
	for _, stage := range [][2]string{{"needs_response", "CHARGEBACK"}, {"under_review", "INFORMATION_SUPPLIED"}, {"lost", "SECOND_CHARGEBACK"}} {
		a.post("/disputes", "", map[string]string{"charge": psp, "status": stage[0], "reason": "fraudulent"}).want(t, 200)
		event := a.told(stage[1], "att_1")
		if event.OriginalReference != psp || event.Amount.Value != 1250 || event.AdditionalData["disputeStatus"] == "" {
			t.Errorf("event = %+v", event)
		}
		if _, err := time.Parse(time.RFC3339, event.AdditionalData["defensePeriodEndsAt"]); err != nil {
			t.Error(err)
		}
	}
}

func TestAdyenSign(t *testing.T) {
	t.Parallel()
	i := adyenItem{
		PSPReference: "pspReference", OriginalReference: "originalReference", MerchantAccountCode: "merchantAccount",
		MerchantReference: "reference", Amount: adyenAmount{1000, "EUR"}, EventCode: "EVENT", Success: "true",
	}
	if got := adyenSign(adyenTestKey, i); got != "ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc=" {
		t.Errorf("signature = %q", got)
	}
	if got := adyenSign("not hexadecimal", i); got != "" {
		t.Errorf("signature = %q", got)
	}
}
