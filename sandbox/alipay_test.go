package sandbox

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// alipayTestKeys are the merchant's and Alipay's.
var alipayTestKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, alipayKeyBits)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

// alipayMerchant calls the gateway as a merchant does.
type alipayMerchant struct {
	*bundle

	notifyURL string
}

const alipayTestApp = "2021000000000001"

func startAlipay(t *testing.T, opts Options) *alipayMerchant {
	t.Helper()
	if opts.AlipayKey == nil {
		opts.AlipayKey = alipayTestKeys()[1]
	}
	m := &alipayMerchant{bundle: start(t, opts)}
	m.settle(alipayTestApp)
	return m
}

func (m *alipayMerchant) settle(app string) {
	m.t.Helper()
	public := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&alipayTestKeys()[0].PublicKey))
	m.post("/settings", "", map[string]string{"api": "alipay", "credential": app, "public_key": public}).want(m.t, 200)
}

// signed is a signed request; further pairs replace its parameters.
func (m *alipayMerchant) signed(method string, biz map[string]any, pairs ...string) url.Values {
	m.t.Helper()
	content, err := json.Marshal(biz)
	if err != nil {
		m.t.Fatal(err)
	}
	form := url.Values{
		"app_id": {alipayTestApp}, "method": {method}, "format": {"JSON"}, "charset": {"utf-8"}, "sign_type": {"RSA2"}, "version": {"1.0"},
		"timestamp": {alipayTime(time.Now())}, "biz_content": {string(content)},
	}
	if m.notifyURL != "" {
		form.Set("notify_url", m.notifyURL)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	digest := sha256.Sum256(alipayContent(form, "sign"))
	signature, err := rsa.SignPKCS1v15(nil, alipayTestKeys()[0], crypto.SHA256, digest[:])
	if err != nil {
		m.t.Fatal(err)
	}
	form.Set("sign", base64.StdEncoding.EncodeToString(signature))
	return form
}

// call returns what the method's member holds, when it is signed.
func (m *alipayMerchant) call(method string, biz map[string]any, pairs ...string) map[string]string {
	m.t.Helper()
	return m.read(method, m.signed(method, biz, pairs...))
}

func (m *alipayMerchant) read(method string, form url.Values) map[string]string {
	m.t.Helper()
	a := m.must(m.send("POST", "/alipay/gateway.do?charset=utf-8", "application/x-www-form-urlencoded", "", form.Encode())).want(m.t, 200)
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.body), &envelope); err != nil {
		m.t.Fatal(err)
	}
	content, ok := envelope[strings.ReplaceAll(method, ".", "_")+"_response"]
	if !ok {
		content = envelope["error_response"]
	}
	fields := map[string]string{}
	var all map[string]any
	if err := json.Unmarshal(content, &all); err != nil {
		m.t.Fatalf("%s: %v", a.body, err)
	}
	for name, value := range all {
		if text, ok := value.(string); ok {
			fields[name] = text
		}
	}
	var signature []byte
	if err := json.Unmarshal(envelope["sign"], &signature); err != nil { // base64, as JSON has bytes
		fields["unsigned"] = "yes"
		return fields
	}
	digest := sha256.Sum256(content)
	if err := rsa.VerifyPKCS1v15(&m.alipay.private().PublicKey, crypto.SHA256, digest[:], signature); err != nil {
		m.t.Errorf("signature of %s: %v", a.body, err)
	}
	return fields
}

func (m *alipayMerchant) wantFields(got map[string]string, pairs ...string) map[string]string {
	m.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if got[pairs[i]] != pairs[i+1] {
			m.t.Fatalf("%s = %q, want %q; %v", pairs[i], got[pairs[i]], pairs[i+1], got)
		}
	}
	return got
}

func alipayOrder(n, token string) map[string]any {
	return map[string]any{
		"out_trade_no": "att_" + n, "total_amount": "12.50", "subject": "Order 7", "scene": "bar_code", "auth_code": token,
		"passback_params": "payment_id=pay_" + n,
	}
}

func alipayTrade(n string) map[string]any { return map[string]any{"out_trade_no": "att_" + n} }

func TestAlipayPay(t *testing.T) {
	t.Parallel()
	m := startAlipay(t, Options{})
	const pay, query = "alipay.trade.pay", "alipay.trade.query"
	t.Run("paid once", func(t *testing.T) {
		m := m.as(t)
		paid := m.wantFields(m.call(pay, alipayOrder("1", "tok_success")), "code", "10000", "out_trade_no", "att_1", "total_amount", "12.50")
		m.wantFields(m.call(pay, alipayOrder("1", "tok_success")), "code", "40004", "sub_code", "ACQ.TRADE_HAS_SUCCESS")
		other := alipayOrder("1", "tok_success")
		other["total_amount"] = "12.51"
		m.wantFields(m.call(pay, other), "sub_code", "ACQ.CONTEXT_INCONSISTENT")
		m.wantFields(m.call(query, map[string]any{"trade_no": paid["trade_no"]}), "trade_status", "TRADE_SUCCESS", "out_trade_no", "att_1")
		m.wantFields(m.call("alipay.trade.close", alipayTrade("1")), "sub_code", "ACQ.REASON_TRADE_STATUS_INVALID")
		if got := m.charges("pay_1"); got != 1 {
			t.Errorf("%d charges", got)
		}
	})
	t.Run("refused, and paid with another code", func(t *testing.T) {
		m := m.as(t)
		m.wantFields(m.call(pay, alipayOrder("2", "tok_insufficient_funds")), "code", "40004", "sub_code", "ACQ.BUYER_BALANCE_NOT_ENOUGH")
		m.wantFields(m.call(query, alipayTrade("2")), "sub_code", "ACQ.TRADE_NOT_EXIST")
		m.wantFields(m.call(pay, alipayOrder("2", "28000")), "sub_code", "ACQ.PAYMENT_AUTH_CODE_INVALID")
		m.wantFields(m.call(pay, alipayOrder("2", "tok_success")), "code", "10000")
	})
	t.Run("closed while it waits", func(t *testing.T) {
		m := m.as(t)
		m.wantFields(m.call(pay, alipayOrder("3", "tok_action_required")), "code", "10003")
		m.wantFields(m.call(pay, alipayOrder("3", "tok_action_required")), "code", "10003")
		m.wantFields(m.call(query, alipayTrade("3")), "trade_status", "WAIT_BUYER_PAY")
		m.wantFields(m.call("alipay.trade.close", alipayTrade("3")), "code", "10000")
		m.wantFields(m.call(query, alipayTrade("3")), "trade_status", "TRADE_CLOSED", "send_pay_date", "")
		m.wantFields(m.call(pay, alipayOrder("3", "tok_success")), "sub_code", "ACQ.TRADE_HAS_CLOSE")
	})
	t.Run("canceled before it arrives", func(t *testing.T) {
		m := m.as(t)
		for range 2 {
			m.wantFields(m.call("alipay.trade.cancel", alipayTrade("4")), "code", "10000", "retry_flag", "N", "action", "")
		}
		m.wantFields(m.call(pay, alipayOrder("4", "tok_success")), "sub_code", "ACQ.TRADE_HAS_CLOSE")
		m.wantFields(m.call(query, alipayTrade("4")), "sub_code", "ACQ.TRADE_NOT_EXIST")
	})
	t.Run("canceled after it was paid", func(t *testing.T) {
		m := m.as(t)
		m.call(pay, alipayOrder("5", "tok_success"))
		m.wantFields(m.call("alipay.trade.cancel", alipayTrade("5")), "action", "refund")
		m.wantFields(m.call(query, alipayTrade("5")), "trade_status", "TRADE_CLOSED")
		if p := m.Ledger("pay_5").Payments["pay_5"]; p.Captured != 1250 || p.Refunded != 1250 {
			t.Errorf("ledger = %+v", p)
		}
	})
	t.Run("a fault acts on the first request", func(t *testing.T) {
		m := m.as(t)
		m.wantFields(m.call(pay, alipayOrder("6", "tok_500_after_charge")), "code", "20000")
		m.wantFields(m.call(pay, alipayOrder("6", "tok_500_after_charge")), "sub_code", "ACQ.TRADE_HAS_SUCCESS")
		m.wantFields(m.call(pay, alipayOrder("7", "tok_429")), "code", "40005")
		m.wantFields(m.call(pay, alipayOrder("7", "tok_429")), "code", "10000")
	})
}

func TestAlipayRefund(t *testing.T) {
	t.Parallel()
	m := startAlipay(t, Options{})
	const refund, query = "alipay.trade.refund", "alipay.trade.fastpay.refund.query"
	part := func(n, number, amount string) map[string]any {
		return map[string]any{"out_trade_no": "att_" + n, "out_request_no": number, "refund_amount": amount}
	}
	m.wantFields(m.call(refund, part("1", "ref_1", "1.00")), "sub_code", "ACQ.TRADE_NOT_EXIST")
	m.call("alipay.trade.pay", alipayOrder("1", "tok_success"))
	m.wantFields(m.call(query, part("1", "ref_1", "")), "code", "10000", "refund_status", "")
	m.wantFields(m.call(refund, part("1", "ref_1", "1.00")), "fund_change", "Y", "refund_fee", "1.00")
	m.wantFields(m.call(refund, part("1", "ref_1", "1.00")), "fund_change", "N", "refund_fee", "1.00")
	m.wantFields(m.call(refund, part("1", "ref_1", "1.01")), "sub_code", "ACQ.DISCORDANT_REPEAT_REQUEST")
	m.wantFields(m.call(refund, part("1", "", "1.00")), "sub_code", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
	m.wantFields(m.call(refund, part("1", "ref_2", "11.51")), "sub_code", "ACQ.REASON_TRADE_REFUND_FEE_ERR")
	m.wantFields(m.call(refund, part("1", "ref_2", "0.001")), "sub_code", "ACQ.INVALID_PARAMETER")
	m.wantFields(m.call(query, part("1", "ref_1", "")), "refund_status", "REFUND_SUCCESS", "refund_amount", "1.00", "total_amount", "12.50")
	m.wantFields(m.call(refund, part("1", "ref_3", "11.50")), "fund_change", "Y", "refund_fee", "12.50")
	m.wantFields(m.call("alipay.trade.query", alipayTrade("1")), "trade_status", "TRADE_CLOSED")

	m.call("alipay.trade.pay", alipayOrder("2", "tok_refund_pending"))
	m.wantFields(m.call(refund, part("2", "ref_4", "1.00")), "fund_change", "N")
	eventually(t, "the refund is made", func() bool { return m.call(query, part("2", "ref_4", ""))["refund_status"] == "REFUND_SUCCESS" })
	m.call("alipay.trade.pay", alipayOrder("3", "tok_action_required"))
	m.wantFields(m.call(refund, part("3", "ref_5", "1.00")), "sub_code", "ACQ.TRADE_STATUS_ERROR")
}

// as is the merchant in a test of its own.
func (m *alipayMerchant) as(t *testing.T) *alipayMerchant {
	b := *m.bundle
	b.t = t
	return &alipayMerchant{bundle: &b, notifyURL: m.notifyURL}
}

func TestAlipayRefusesBadInput(t *testing.T) {
	t.Parallel()
	m := startAlipay(t, Options{})
	const pay = "alipay.trade.pay"
	with := func(name string, value any) map[string]any {
		order := maps.Clone(alipayOrder("1", "tok_success"))
		order[name] = value
		return order
	}
	for name, biz := range map[string]map[string]any{
		"no number": with("out_trade_no", ""), "no amount": with("total_amount", ""), "nothing": with("total_amount", "0.00"),
		"fractions of a fen": with("total_amount", "1.001"), "no subject": with("subject", ""), "a slash": with("subject", "a/b"),
		"no scene": with("scene", ""), "no code": with("auth_code", ""), "an odd timeout": with("timeout_express", "5x"),
		"an odd expiry": with("time_expire", "tomorrow"),
	} {
		t.Run(name, func(t *testing.T) {
			m.as(t).wantFields(m.call(pay, biz), "code", "40004", "sub_code", "ACQ.INVALID_PARAMETER")
		})
	}
	m.wantFields(m.call("alipay.trade.query", map[string]any{}), "sub_code", "ACQ.INVALID_PARAMETER")
	m.wantFields(m.call("alipay.trade.unknown", alipayTrade("1")), "code", "40002", "sub_code", "isv.invalid-method")
	m.wantFields(m.call(pay, alipayOrder("1", "tok_success"), "sign_type", "RSA"), "sub_code", "isv.invalid-sign-type")
	m.wantFields(m.call(pay, alipayOrder("1", "tok_success"), "timestamp", "now"), "sub_code", "isv.invalid-timestamp")
	m.wantFields(m.call(pay, alipayOrder("1", "tok_success"), "app_id", "1"), "sub_code", "isv.invalid-app-id", "unsigned", "yes")
	forged := m.signed(pay, alipayOrder("1", "tok_success"))
	forged.Set("biz_content", strings.Replace(forged.Get("biz_content"), "12.50", "0.01", 1))
	m.wantFields(m.read(pay, forged), "code", "40002", "sub_code", "isv.invalid-signature", "unsigned", "")
	if got := len(m.Ledger("").Charges); got != 0 {
		t.Errorf("%d charges", got)
	}
}

func TestAlipayCustomerPages(t *testing.T) {
	t.Parallel()
	now := time.Now()
	m := startAlipay(t, Options{Now: func() time.Time { return now }})
	expire := func(n string, at time.Time) map[string]any {
		return map[string]any{"out_trade_no": "att_" + n, "total_amount": "12.50", "subject": "Order 7", "time_expire": alipayTime(at)}
	}
	page := func(biz map[string]any) string {
		return "/alipay/gateway.do?" + m.signed("alipay.trade.page.pay", biz, "return_url", "https://shop.example/thanks").Encode()
	}
	t.Run("the page", func(t *testing.T) {
		m := m.as(t)
		address := page(expire("1", now.Add(time.Hour)))
		m.wantFields(m.call("alipay.trade.query", alipayTrade("1")), "sub_code", "ACQ.TRADE_NOT_EXIST")
		at := m.get(address).want(t, http.StatusSeeOther).header.Get("Location")
		m.wantFields(m.call("alipay.trade.query", alipayTrade("1")), "trade_status", "WAIT_BUYER_PAY")
		if got := m.get(at).want(t, 200).document(t).Find("button[name=result]").Length(); got != 2 {
			t.Errorf("%d buttons", got)
		}
		back := m.form(strings.Replace(at, "/action", "/complete", 1), "", "result", "succeeded").want(t, http.StatusSeeOther)
		if got := back.header.Get("Location"); got != "https://shop.example/thanks" {
			t.Errorf("back to %q", got)
		}
		m.wantFields(m.call("alipay.trade.query", alipayTrade("1")), "trade_status", "TRADE_SUCCESS")
		m.get(address).want(t, http.StatusSeeOther)
	})
	t.Run("the code", func(t *testing.T) {
		m := m.as(t)
		code := m.wantFields(m.call("alipay.trade.precreate", expire("2", now.Add(time.Hour))), "code", "10000")["qr_code"]
		m.wantFields(m.call("alipay.trade.precreate", expire("2", now.Add(time.Hour))), "qr_code", code)
		m.wantFields(m.call("alipay.trade.query", alipayTrade("2")), "sub_code", "ACQ.TRADE_NOT_EXIST")
		m.wantFields(m.call("alipay.trade.close", alipayTrade("2")), "sub_code", "ACQ.TRADE_NOT_EXIST")
		m.wantFields(m.call("alipay.trade.cancel", alipayTrade("2")), "code", "10000")
		m.get(strings.TrimPrefix(code, m.url)).want(t, http.StatusGone)
	})
	t.Run("too late", func(t *testing.T) {
		m := m.as(t)
		m.get(page(expire("3", now.Add(-time.Minute)))).want(t, http.StatusGone)
		m.get("/alipay/qr/1").want(t, http.StatusNotFound)
	})
}

func TestAlipayNotifications(t *testing.T) {
	t.Parallel()
	bodies := make(chan url.Values, 20)
	var calls atomic.Int32
	inbox := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Error(err)
		}
		bodies <- form
		if calls.Add(1) == 1 {
			return // an answer that is not the word: it comes again
		}
		_, _ = io.WriteString(w, "success")
	}))
	t.Cleanup(inbox.Close)
	m := startAlipay(t, Options{})
	m.notifyURL = inbox.URL
	next := func() url.Values {
		select {
		case form := <-bodies:
			signature, err := base64.StdEncoding.DecodeString(form.Get("sign"))
			if err != nil {
				t.Fatal(err)
			}
			digest := sha256.Sum256(alipayContent(form, "sign", "sign_type"))
			if err := rsa.VerifyPKCS1v15(&m.alipay.private().PublicKey, crypto.SHA256, digest[:], signature); err != nil {
				t.Errorf("%v: %v", form, err)
			}
			return form
		case <-time.After(5 * time.Second):
			t.Fatal("no notification came")
			return nil
		}
	}
	m.call("alipay.trade.pay", alipayOrder("1", "tok_success"))
	one, again := next(), next()
	if one.Get("notify_id") != again.Get("notify_id") || one.Get("trade_status") != "TRADE_SUCCESS" || one.Get("app_id") != alipayTestApp ||
		one.Get("total_amount") != "12.50" || one.Get("out_trade_no") != "att_1" || one.Get("gmt_refund") != "" {
		t.Errorf("paid: %v, then %v", one, again)
	}
	m.call("alipay.trade.refund", map[string]any{"out_trade_no": "att_1", "out_request_no": "ref_1", "refund_amount": "1.00"})
	if form := next(); form.Get("out_biz_no") != "ref_1" || form.Get("refund_fee") != "1.00" || form.Get("trade_status") != "TRADE_SUCCESS" {
		t.Errorf("refunded: %v", form)
	}
	m.call("alipay.trade.pay", alipayOrder("2", "tok_action_required"))
	m.call("alipay.trade.close", alipayTrade("2"))
	if form := next(); form.Get("trade_status") != "TRADE_CLOSED" || form.Get("out_trade_no") != "att_2" {
		t.Errorf("closed: %v", form)
	}
}

// The key survives a restart, so that merchants need not fetch it again.
func TestAlipayKeyIsKept(t *testing.T) {
	t.Parallel()
	path := journalPath(t)
	b := start(t, Options{Journal: path})
	before := b.get("/alipay/public_key.pem").want(t, 200).body
	if block, _ := pem.Decode([]byte(before)); block == nil || block.Type != "PUBLIC KEY" {
		t.Fatalf("key = %q", before)
	}
	for range 2 {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		b = start(t, Options{Journal: path})
		if after := b.get("/alipay/public_key.pem").body; after != before {
			t.Error("another key after a restart")
		}
	}
	keys := &alipayKeys{}
	if err := keys.restore([]byte("not a key")); err == nil {
		t.Error("a damaged key was accepted")
	}
	if stored := keys.stored(); !bytes.Equal(stored, nil) {
		t.Errorf("stored = %x", stored)
	}
}
