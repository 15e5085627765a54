package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// paypal is a client of PayPal's format.
type paypal struct {
	*bundle

	token string
}

func startPaypal(t *testing.T, opts Options) *paypal {
	t.Helper()
	p := &paypal{bundle: start(t, opts)}
	p.token = p.login("AeA1", "sk_sandbox_one").want(t, 200).text("access_token")
	return p
}

func (p *paypal) login(id, secret string) answer {
	p.t.Helper()
	basic := base64.StdEncoding.EncodeToString([]byte(id + ":" + secret))
	return p.must(p.send("POST", "/paypal/v1/oauth2/token", "application/x-www-form-urlencoded", "", "grant_type=client_credentials", "Authorization", "Basic "+basic))
}

func (p *paypal) call(method, path, key string, body any) answer {
	p.t.Helper()
	return p.must(p.try(method, path, key, body))
}

func (p *paypal) try(method, path, key string, body any) (answer, error) {
	p.t.Helper()
	text := ""
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		text = string(encoded)
	}
	header := []string{"Authorization", "Bearer " + p.token}
	if key != "" {
		header = append(header, "PayPal-Request-Id", key)
	}
	return p.send(method, "/paypal"+path, "application/json", "", text, header...)
}

type object = map[string]any

// order creates an order of 12.50 EUR.
func (p *paypal) order(n, intent string, source any) answer {
	p.t.Helper()
	body := object{"intent": intent, "purchase_units": []any{object{
		"reference_id": "pay_" + n, "custom_id": "att_" + n, "invoice_id": "att_" + n, "amount": object{"currency_code": "EUR", "value": "12.50"},
	}}}
	if source != nil {
		body["payment_source"] = source
	}
	return p.call("POST", "/v2/checkout/orders", "create-"+n, body)
}

func vault(kind, token string) object {
	return object{kind: object{"vault_id": token, "stored_credential": object{"payment_initiator": "MERCHANT"}}}
}

func paying(token string) object { return object{"payment_source": vault("card", token)} }

// issue is why PayPal refused.
func (a answer) issue() string {
	details, _ := a.json["details"].([]any)
	if len(details) == 0 {
		return ""
	}
	return answer{json: details[0].(object)}.text("issue")
}

// payment is the first of an order's captures, authorizations or refunds.
func (a answer) payment(kind string) answer {
	units, _ := a.json["purchase_units"].([]any)
	if len(units) == 0 {
		return answer{}
	}
	paid, _ := units[0].(object)["payments"].(object)
	list, _ := paid[kind].([]any)
	if len(list) == 0 {
		return answer{}
	}
	return answer{json: list[0].(object)}
}

func TestPaypalTokens(t *testing.T) {
	t.Parallel()
	var offset atomic.Int64
	p := startPaypal(t, Options{Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
	p.login("AeA1", "wrong").want(t, 401)
	p.login("", "sk_sandbox_one").want(t, 401)
	good := p.token
	for _, token := range []string{"", "A21AA", good + "x", "A21AAMXxhY2M.x"} {
		p.token = token
		p.call("GET", "/v2/checkout/orders/X", "", nil).want(t, 401)
	}
	p.token = good
	p.call("GET", "/v2/checkout/orders/X", "", nil).want(t, 404)
	offset.Store(int64(paypalTokenLife))
	p.call("GET", "/v2/checkout/orders/X", "", nil).want(t, 401)
}

func TestPaypalOrders(t *testing.T) {
	t.Parallel()
	var offset atomic.Int64
	p := startPaypal(t, Options{Now: func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }})
	t.Run("created, then captured with a card of the vault, once", func(t *testing.T) {
		o := p.order("1", "CAPTURE", nil).want(t, 201)
		path := "/v2/checkout/orders/" + o.text("id")
		if o.text("status") != "CREATED" || p.charges("pay_1") != 0 {
			t.Errorf("order = %s", o.body)
		}
		if again := p.order("1", "AUTHORIZE", vault("card", "tok_success")).want(t, 200); again.text("id") != o.text("id") || again.text("intent") != "CAPTURE" {
			t.Errorf("the same key gives %s", again.body)
		}
		p.call("POST", path+"/capture", "pay-1", object{}).want(t, 422)
		paid := p.call("POST", path+"/capture", "pay-1b", paying("tok_success")).want(t, 201)
		if got := paid.payment("captures"); paid.text("status") != "COMPLETED" || got.text("status") != "COMPLETED" || got.text("amount", "value") != "12.50" {
			t.Errorf("order = %s", paid.body)
		}
		p.call("POST", path+"/capture", "pay-1b", paying("tok_success")).want(t, 200)
		if got := p.call("POST", path+"/capture", "pay-1c", paying("tok_success")).want(t, 422).issue(); got != "ORDER_ALREADY_CAPTURED" {
			t.Errorf("issue = %s", got)
		}
		if got := p.call("PATCH", path, "", []object{{"op": "replace", "path": "/intent", "value": "AUTHORIZE"}}).want(t, 422).issue(); got != "ORDER_ALREADY_COMPLETED" {
			t.Errorf("issue = %s", got)
		}
		if p.charges("pay_1") != 1 {
			t.Errorf("%d charges", p.charges("pay_1"))
		}
	})
	t.Run("paid at once", func(t *testing.T) {
		o := p.order("2", "CAPTURE", vault("paypal", "tok_success")).want(t, 201)
		if o.text("status") != "COMPLETED" || p.charges("pay_2") != 1 {
			t.Errorf("order = %s", o.body)
		}
		p.order("2", "CAPTURE", vault("paypal", "tok_success")).want(t, 200)
		if p.charges("pay_2") != 1 {
			t.Errorf("%d charges", p.charges("pay_2"))
		}
	})
	t.Run("a turned intent cannot be captured", func(t *testing.T) {
		path := "/v2/checkout/orders/" + p.order("3", "CAPTURE", nil).want(t, 201).text("id")
		p.call("PATCH", path, "", []object{{"op": "replace", "path": "/intent", "value": "AUTHORIZE"}}).want(t, 204)
		if got := p.call("POST", path+"/capture", "pay-3", paying("tok_success")).want(t, 422).issue(); got != "ACTION_DOES_NOT_MATCH_INTENT" || p.charges("pay_3") != 0 {
			t.Errorf("issue = %s", got)
		}
	})
	t.Run("an invoice id is paid once", func(t *testing.T) {
		body := object{"intent": "CAPTURE", "purchase_units": []any{object{"invoice_id": "att_1", "amount": object{"currency_code": "EUR", "value": "1.00"}}}}
		path := "/v2/checkout/orders/" + p.call("POST", "/v2/checkout/orders", "create-4", body).want(t, 201).text("id")
		if got := p.call("POST", path+"/capture", "pay-4", paying("tok_success")).want(t, 422).issue(); got != "DUPLICATE_INVOICE_ID" {
			t.Errorf("issue = %s", got)
		}
	})
	t.Run("a card is declined by its bank, a wallet by PayPal", func(t *testing.T) {
		path := "/v2/checkout/orders/" + p.order("5", "CAPTURE", nil).text("id")
		got := p.call("POST", path+"/capture", "pay-5", paying("tok_insufficient_funds")).want(t, 201).payment("captures")
		if got.text("status") != "DECLINED" || got.text("processor_response", "response_code") != "5120" {
			t.Errorf("capture = %v", got.json)
		}
		path = "/v2/checkout/orders/" + p.order("6", "CAPTURE", nil).text("id")
		refused := p.call("POST", path+"/capture", "pay-6", object{"payment_source": vault("paypal", "tok_lost_card")}).want(t, 422)
		if refused.issue() != "TRANSACTION_REFUSED" || p.call("GET", path, "", nil).text("status") != "CREATED" {
			t.Errorf("issue = %s", refused.issue())
		}
		if got := p.call("POST", path+"/capture", "pay-6b", paying("tok_none")).want(t, 422).issue(); got != "TOKEN_ID_NOT_FOUND" {
			t.Errorf("issue = %s", got)
		}
	})
	t.Run("its customer approves, then it is captured", func(t *testing.T) {
		o := p.order("7", "CAPTURE", object{"paypal": object{"experience_context": object{"return_url": "https://shop.example/"}}}).want(t, 201)
		path := "/v2/checkout/orders/" + o.text("id")
		if o.text("status") != "PAYER_ACTION_REQUIRED" {
			t.Fatalf("order = %s", o.body)
		}
		if got := p.call("POST", path+"/capture", "pay-7", nil).want(t, 422).issue(); got != "ORDER_NOT_APPROVED" {
			t.Errorf("issue = %s", got)
		}
		p.post("/v1/charges/"+o.text("id")+"/complete", "", map[string]string{"result": "succeeded"}).want(t, 200)
		if got := p.call("GET", path, "", nil).text("status"); got != "APPROVED" || p.charges("pay_7") != 0 {
			t.Errorf("status = %s", got)
		}
		p.call("POST", path+"/capture", "pay-7b", nil).want(t, 201)
		if p.charges("pay_7") != 1 {
			t.Errorf("%d charges", p.charges("pay_7"))
		}
	})
	t.Run("many captures at once take the money once", func(t *testing.T) {
		path := "/v2/checkout/orders/" + p.order("8", "CAPTURE", nil).text("id")
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				if _, err := p.try("POST", path+"/capture", "pay-8"+string(rune('a'+i/2)), paying("tok_success")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if p.charges("pay_8") != 1 {
			t.Errorf("%d charges", p.charges("pay_8"))
		}
	})
	t.Run("forgotten after six hours unless it was paid", func(t *testing.T) {
		open := p.order("9", "CAPTURE", nil).text("id")
		paid := p.order("10", "CAPTURE", vault("card", "tok_success")).text("id")
		offset.Store(int64(6*time.Hour + time.Minute))
		defer offset.Store(0)
		p.call("GET", "/v2/checkout/orders/"+open, "", nil).want(t, 404)
		p.call("GET", "/v2/checkout/orders/"+paid, "", nil).want(t, 200)
		if again := p.order("9", "CAPTURE", nil).want(t, 201).text("id"); again == open {
			t.Error("the key is remembered for ever")
		}
	})
}

func TestPaypalRefusesBadInput(t *testing.T) {
	t.Parallel()
	p := startPaypal(t, Options{})
	order := func(intent, currency, value string, source any) object {
		return object{"intent": intent, "payment_source": source, "purchase_units": []any{object{"amount": object{"currency_code": currency, "value": value}}}}
	}
	tests := []struct {
		name string
		body any
		key  string
		want int
		why  string
	}{
		{"no order", "x", "k", 400, "MALFORMED_REQUEST_JSON"},
		{"no purchase unit", object{"intent": "CAPTURE"}, "k", 400, "INVALID_ARRAY_MAX_ITEMS"},
		{"another intent", order("SALE", "EUR", "1.00", nil), "k", 400, "INVALID_PARAMETER_VALUE"},
		{"a source without a key", order("CAPTURE", "EUR", "1.00", vault("card", "tok_success")), "", 400, "PAYPAL_REQUEST_ID_REQUIRED"},
		{"three decimals", order("CAPTURE", "EUR", "1.001", nil), "k", 422, "DECIMAL_PRECISION"},
		{"decimals of a yen", order("CAPTURE", "JPY", "1.00", nil), "k", 422, "DECIMALS_NOT_SUPPORTED"},
		{"decimals of a forint", order("CAPTURE", "HUF", "1.00", nil), "k", 422, "DECIMALS_NOT_SUPPORTED"},
		{"nothing", order("CAPTURE", "EUR", "0.00", nil), "k", 422, "CANNOT_BE_ZERO_OR_NEGATIVE"},
		{"no number", order("CAPTURE", "EUR", "one", nil), "k", 422, "INVALID_PARAMETER_SYNTAX"},
		{"too much", order("CAPTURE", "EUR", "9999999999.00", nil), "k", 422, "MAX_VALUE_EXCEEDED"},
		{"no currency", order("CAPTURE", "euro", "1.00", nil), "k", 422, "INVALID_CURRENCY_CODE"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.call("POST", "/v2/checkout/orders", tt.key, tt.body).want(t, tt.want).issue(); got != tt.why {
				t.Errorf("issue = %s, want %s", got, tt.why)
			}
		})
	}
	p.call("GET", "/v3/anything", "", nil).want(t, 404)
	for amount, want := range map[int64]string{12500: "125.00", 100: "1.00"} {
		if got := paypalAmount(amount, "EUR").Value; got != want {
			t.Errorf("%d = %s", amount, got)
		}
		if back, issue := paypalAmount(amount, "HUF").minor(); back != amount || issue != "" {
			t.Errorf("%d forint hundredths are read as %d %s", amount, back, issue)
		}
	}
}

func TestPaypalPayments(t *testing.T) {
	t.Parallel()
	p := startPaypal(t, Options{})
	hold := func(t *testing.T, n string) (order, path string) {
		t.Helper()
		order = "/v2/checkout/orders/" + p.order(n, "AUTHORIZE", nil).want(t, 201).text("id")
		held := p.call("POST", order+"/authorize", "pay-"+n, paying("tok_success")).want(t, 201).payment("authorizations")
		return order, "/v2/payments/authorizations/" + held.text("id")
	}
	amount := func(value string) object { return object{"amount": object{"currency_code": "EUR", "value": value}} }
	t.Run("captured in part, refunded in parts", func(t *testing.T) {
		order, path := hold(t, "1")
		if got := p.call("POST", path+"/capture", "c1", amount("12.51")).want(t, 422).issue(); got != "MAX_CAPTURE_AMOUNT_EXCEEDED" {
			t.Errorf("issue = %s", got)
		}
		taken := p.call("POST", path+"/capture", "c2", amount("10.00")).want(t, 201)
		p.call("POST", path+"/capture", "c2", amount("10.00")).want(t, 200)
		if got := p.call("POST", path+"/capture", "c3", amount("1.00")).want(t, 422).issue(); got != "AUTHORIZATION_ALREADY_CAPTURED" {
			t.Errorf("issue = %s", got)
		}
		if got := p.call("POST", path+"/void", "", nil).want(t, 422).issue(); got != "PREVIOUSLY_CAPTURED" {
			t.Errorf("issue = %s", got)
		}
		refunds := "/v2/payments/captures/" + taken.text("id") + "/refund"
		first := amount("4.00")
		first["invoice_id"] = "ref_1-1"
		id := p.call("POST", refunds, "r1", first).want(t, 201).text("id")
		if again := p.call("POST", refunds, "r1", first).want(t, 200).text("id"); again != id {
			t.Errorf("refunds %s and %s", id, again)
		}
		p.call("GET", "/v2/payments/refunds/"+id, "", nil).want(t, 200)
		other := amount("5.00")
		other["invoice_id"] = "ref_1-1"
		if got := p.call("POST", refunds, "r2", other).want(t, 422).issue(); got != "DUPLICATE_INVOICE_ID" {
			t.Errorf("issue = %s", got)
		}
		if got := p.call("POST", refunds, "r3", amount("6.01")).want(t, 422).issue(); got != "REFUND_AMOUNT_EXCEEDED" {
			t.Errorf("issue = %s", got)
		}
		p.call("POST", refunds, "r4", nil).want(t, 201) // all that is left
		if got := p.call("POST", refunds, "r5", nil).want(t, 422).issue(); got != "CAPTURE_FULLY_REFUNDED" {
			t.Errorf("issue = %s", got)
		}
		if got := p.call("GET", order, "", nil); got.payment("captures").text("status") != "REFUNDED" || got.payment("refunds").text("id") != id {
			t.Errorf("order = %s", got.body)
		}
	})
	t.Run("released", func(t *testing.T) {
		_, path := hold(t, "2")
		p.call("POST", path+"/void", "", nil).want(t, 204)
		if got := p.call("POST", path+"/void", "", nil).want(t, 422).issue(); got != "PREVIOUSLY_VOIDED" {
			t.Errorf("issue = %s", got)
		}
		if got := p.call("POST", path+"/capture", "c4", nil).want(t, 422).issue(); got != "AUTHORIZATION_VOIDED" {
			t.Errorf("issue = %s", got)
		}
	})
	t.Run("of another account", func(t *testing.T) {
		_, path := hold(t, "3")
		other := &paypal{bundle: p.bundle, token: p.login("Other", "sk_sandbox_one").text("access_token")}
		other.call("POST", path+"/capture", "c5", nil).want(t, 404)
	})
}

func TestPaypalWebhooks(t *testing.T) {
	t.Parallel()
	p := startPaypal(t, Options{})
	target, got := receiver(t)
	p.post("/settings", "", map[string]string{"api": "paypal", "credential": "AeA1", "url": target, "secret": "1JE429"}).want(t, 200)
	p.order("1", "CAPTURE", vault("card", "tok_success")).want(t, 201)
	var n received
	select {
	case n = <-got:
	case <-time.After(5 * time.Second):
		t.Fatal("no webhook came")
	}
	var event object
	if err := json.Unmarshal(n.body, &event); err != nil || event["event_type"] != "PAYMENT.CAPTURE.COMPLETED" {
		t.Fatalf("event = %s", n.body)
	}
	header := http.Header{}
	signPaypal(p.Server, header, "1JE429", n.body)
	question := func(webhookID string) object {
		return object{
			"auth_algo": header.Get("Paypal-Auth-Algo"), "cert_url": header.Get("Paypal-Cert-Url"), "transmission_id": header.Get("Paypal-Transmission-Id"),
			"transmission_sig": header.Get("Paypal-Transmission-Sig"), "transmission_time": header.Get("Paypal-Transmission-Time"),
			"webhook_id": webhookID, "webhook_event": json.RawMessage(n.body),
		}
	}
	for id, want := range map[string]string{"1JE429": "SUCCESS", "2JE429": "FAILURE"} {
		a := p.call("POST", "/v1/notifications/verify-webhook-signature", "", question(id)).want(t, 200)
		if got := a.text("verification_status"); got != want {
			t.Errorf("%s: %s", id, got)
		}
	}
	p.call("POST", "/v1/notifications/verify-webhook-signature", "", object{}).want(t, 400)

	p.order("2", "CAPTURE", vault("card", "tok_success")).want(t, 201)
	<-got
	list := p.call("GET", "/v1/notifications/webhooks-events?page_size=1", "", nil).want(t, 200)
	if list.text("count") != "1" || len(list.json["links"].([]any)) != 1 {
		t.Errorf("list = %s", list.body)
	}
	later := p.call("GET", "/v1/notifications/webhooks-events?start_time="+time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "", nil).want(t, 200)
	if later.text("count") != "0" {
		t.Errorf("list = %s", later.body)
	}
	p.call("GET", "/v1/notifications/webhooks-events?start_time=yesterday", "", nil).want(t, 400)
}
