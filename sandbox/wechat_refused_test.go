package sandbox

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"
)

func TestWeChatMistakes(t *testing.T) {
	t.Parallel()
	m := startWeChat(t, Options{})
	tests := []struct {
		name   string
		change map[string]any
	}{
		{"no app", map[string]any{"appid": ""}},
		{"another merchant", map[string]any{"mchid": "1900000110"}},
		{"no description", map[string]any{"description": ""}},
		{"a short number", map[string]any{"out_trade_no": "att_1"}},
		{"a long number", map[string]any{"out_trade_no": strings.Repeat("a", 33)}},
		{"a number with a dot", map[string]any{"out_trade_no": "att.000001"}},
		{"a time that is past", map[string]any{"time_expire": "2020-01-01T00:00:00+08:00"}},
		{"a time that is none", map[string]any{"time_expire": "tomorrow"}},
		{"a long attachment", map[string]any{"attach": strings.Repeat("a", 129)}},
		{"no address", map[string]any{"notify_url": ""}},
		{"an address with a query", map[string]any{"notify_url": "https://shop.example/?a=b"}},
		{"nothing to pay", map[string]any{"amount": map[string]any{"total": 0, "currency": "CNY"}}},
		{"another currency", map[string]any{"amount": map[string]any{"total": 1250, "currency": "EUR"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := orderBody("att_000001", 1250)
			maps.Copy(body, tt.change)
			m.call("POST", "/v3/pay/transactions/native", body).wantCode(t, 400, "PARAM_ERROR")
		})
	}
	m.call("GET", "/v3/pay/transactions/out-trade-no/att_000001", nil).wantCode(t, 400, "PARAM_ERROR")
	m.call("POST", "/v3/pay/transactions/out-trade-no/att_000001/close", map[string]string{}).wantCode(t, 400, "PARAM_ERROR")
	m.call("GET", "/v3/certificates", nil).want(t, 404)
	m.get("/wechat/scan?code_url=weixin://wxpay/bizpayurl?pr=none").want(t, 404)
	m.get("/wechat/scan?code_url=https://wxpay.example").want(t, 404)
}

// Who cannot be believed is refused, and by an answer that is not signed.
func TestWeChatSignatures(t *testing.T) {
	t.Parallel()
	m := startWeChat(t, Options{})
	stranger, late := *m, *m
	stranger.key = testPlatformKey()
	late.now = func() time.Time { return time.Now().Add(-wechatDrift - time.Minute) }
	const path = "/v3/pay/transactions/native"
	body := orderBody("att_000001", 1250)
	forged := func(authorization string) answer { return m.call("POST", path, body, "Authorization", authorization) }
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	good := m.authorize("POST", path, string(text))
	for name, a := range map[string]answer{
		"another key":              stranger.order("att_000001", 1250),
		"an old request":           late.order("att_000001", 1250),
		"another path":             forged(m.authorize("POST", "/v3/other", string(text))),
		"another method":           forged(m.authorize("GET", path, string(text))),
		"another body":             forged(m.authorize("POST", path, "")),
		"another merchant":         forged(strings.Replace(good, testMchID, "1900000110", 1)),
		"another nonce":            forged(strings.Replace(good, "nonce1", "nonce2", 1)),
		"no signature":             m.get("/wechat/v3/pay/transactions/out-trade-no/att_000001?mchid=" + testMchID),
		"another kind":             forged("Bearer sk_sandbox_1"),
		"no base64":                forged(wechatScheme + ` mchid="` + testMchID + `",nonce_str="n",timestamp="1",serial_no="1",signature="%"`),
		"a time that is no number": forged(wechatScheme + ` mchid="` + testMchID + `",nonce_str="n",timestamp="x",serial_no="1",signature="AAAA"`),
	} {
		if a.status != 401 || a.text("code") != "SIGN_ERROR" || a.header.Get("Wechatpay-Signature") != "" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := forged(good); a.status != 200 {
		t.Errorf("as it should be: %d %s", a.status, a.body)
	}
	if m.charges("") != 0 {
		t.Error("something was charged")
	}
}

// Faults come by header as for any other format, and errors of the API as a
// whole are in WeChat Pay's words.
func TestWeChatFaults(t *testing.T) {
	t.Parallel()
	m := startWeChat(t, Options{})
	body := orderBody("att_000001", 1250)
	order := func(fault Fault) answer {
		return m.call("POST", "/v3/pay/transactions/native", body, "Sandbox-Fault", string(fault))
	}
	order(FaultErrorBefore).wantCode(t, 500, "SYSTEM_ERROR")
	order(FaultRateLimited).wantCode(t, 429, "FREQUENCY_LIMITED")
	m.query("att_000001").want(t, 404)
	order(FaultErrorAfter).wantCode(t, 500, "SYSTEM_ERROR")
	m.query("att_000001").want(t, 200)
	if half := order(FaultHalfJSONAfter).want(t, 200); half.json != nil {
		t.Errorf("the answer is whole: %s", half.body)
	}
	m.must(m.send("POST", "/wechat/v3/pay/transactions/native", "application/json", "", strings.Repeat(" ", maxBody+1))).wantCode(t, 400, "PARAM_ERROR")
	for _, kind := range []apiFault{faultUnreadable, faultKeyReused, faultKeyBusy} {
		if rep := wechatProblem(kind, "x"); rep.status != 400 && rep.status != 403 {
			t.Errorf("fault %d: %d", kind, rep.status)
		}
	}
	for _, key := range []string{"", "x", "AAAA"} {
		if _, err := wechatMerchantKey(key); err == nil {
			t.Errorf("the key %q passes", key)
		}
	}
}
