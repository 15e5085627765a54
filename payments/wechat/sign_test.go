package wechat

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

func unsign(h http.Header) {
	h.Del("Wechatpay-Signature")
}

func rotate(h http.Header) { h.Set("Wechatpay-Serial", "PUB_KEY_ID_NEW") }

func testMerchant(t *testing.T) *merchant {
	t.Helper()
	m, wrong := newMerchant(scriptedAccount(t, ""))
	if wrong != nil {
		t.Fatal(wrong.message)
	}
	return m
}

// Each request carries a signature of the five lines that WeChat Pay signs for.
func TestSign(t *testing.T) {
	t.Parallel()
	m := testMerchant(t)
	at := time.Unix(1_554_208_460, 0)
	tests := []struct{ name, method, target, body, wantSigned string }{
		{
			"with a body", "POST", "/v3/pay/transactions/native", `{"appid":"wx1"}`,
			"POST\n/v3/pay/transactions/native\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n{\"appid\":\"wx1\"}\n",
		},
		{
			"without one", "GET", "/v3/pay/transactions/out-trade-no/att_1?mchid=1900000109", "",
			"GET\n/v3/pay/transactions/out-trade-no/att_1?mchid=1900000109\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n",
		},
	}
	form := regexp.MustCompile(`^WECHATPAY2-SHA256-RSA2048 mchid="1900000109",nonce_str="593BEC0C930BF1AFEB40B4A08C8FB242",` +
		`timestamp="1554208460",serial_no="5157F09EFDC096DE15EBE81A47057A7232F1B8E1",signature="([^"]+)"$`)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header, err := m.sign(tt.method, tt.target, at, "593BEC0C930BF1AFEB40B4A08C8FB242", []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			part := form.FindStringSubmatch(header)
			if part == nil {
				t.Fatalf("header = %q", header)
			}
			signature, err := base64.StdEncoding.DecodeString(part[1])
			if err != nil {
				t.Fatal(err)
			}
			digest := sha256.Sum256([]byte(tt.wantSigned))
			if err := rsa.VerifyPKCS1v15(&merchantKey().PublicKey, crypto.SHA256, digest[:], signature); err != nil {
				t.Errorf("%q is signed for something else: %v", header, err)
			}
		})
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	m := testMerchant(t)
	now := time.Unix(1_722_850_421, 0)
	body := []byte(`{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz1"}`)
	change := func(name string, to func(string) string) func(http.Header) {
		return func(h http.Header) { h.Set(name, to(h.Get(name))) }
	}
	flip := func(text string) string { return string(text[0]^1) + text[1:] }
	tests := []struct {
		name  string
		body  []byte
		at    time.Time
		spoil func(http.Header)
		want  error
	}{
		{name: "as it was signed", body: body},
		{name: "nothing, as after closing", body: nil},
		{name: "of the kind that is meant by default", body: body, spoil: func(h http.Header) { h.Del("Wechatpay-Signature-Type") }},
		{name: "299 seconds old", body: body, at: now.Add(-299 * time.Second)},
		{name: "299 seconds ahead", body: body, at: now.Add(299 * time.Second)},
		{name: "300 seconds old", body: body, at: now.Add(-300 * time.Second), want: errOld},
		{name: "300 seconds ahead", body: body, at: now.Add(300 * time.Second), want: errOld},
		{name: "a flipped bit of the signature", body: body, spoil: change("Wechatpay-Signature", flip), want: errForged},
		{name: "a flipped bit of the nonce", body: body, spoil: change("Wechatpay-Nonce", flip), want: errForged},
		{name: "another second", body: body, spoil: func(h http.Header) { h.Set("Wechatpay-Timestamp", "1722850422") }, want: errForged},
		{name: "a time that is none", body: body, spoil: func(h http.Header) { h.Set("Wechatpay-Timestamp", "now") }, want: errForged},
		{name: "a time beyond all", body: body, spoil: func(h http.Header) { h.Set("Wechatpay-Timestamp", "-9223372036854775808") }, want: errOld},
		{name: "a signature to be refused", body: body, spoil: func(h http.Header) { h.Set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/abc") }, want: errForged},
		{name: "no signature", body: body, spoil: unsign, want: errUnsigned},
		{name: "no key named", body: body, spoil: func(h http.Header) { h.Del("Wechatpay-Serial") }, want: errUnsigned},
		{name: "another key named", body: body, spoil: rotate, want: errForeignKey},
		{name: "another kind", body: body, spoil: func(h http.Header) { h.Set("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3") }, want: errForeignKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.at.IsZero() {
				tt.at = now
			}
			header := http.Header{}
			platformSign(header, tt.body, tt.at)
			if tt.spoil != nil {
				tt.spoil(header)
			}
			if err := m.verify(header, tt.body, now); !errors.Is(err, tt.want) {
				t.Errorf("verify = %v, want %v", err, tt.want)
			}
		})
	}
	t.Run("any flipped byte of the body", func(t *testing.T) {
		t.Parallel()
		header := http.Header{}
		platformSign(header, body, now)
		for i := range body {
			flipped := append([]byte(nil), body...)
			flipped[i] ^= 1
			if err := m.verify(header, flipped, now); !errors.Is(err, errForged) {
				t.Fatalf("byte %d: %v", i, err)
			}
		}
	})
}

// A good answer that cannot be verified is worth nothing, whatever it says.
func TestUnverifiedAnswers(t *testing.T) {
	t.Parallel()
	old := func(h http.Header) { platformSign(h, nil, time.Now().Add(-time.Hour)) }
	tests := []struct {
		name     string
		spoil    func(http.Header)
		wantCode string
		wantSays string
	}{
		{"not signed", unsign, "answer_unverified", "it is not signed"},
		{"old", old, "answer_unverified", "not of this time"},
		{"signed with a new key", rotate, "unknown_serial", "PUB_KEY_ID_NEW, but the account has " + platformID},
		{"signed with a key without a name", func(h http.Header) { h.Set("Wechatpay-Serial", "<script>") }, "unknown_serial", "one without a proper name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, map[string][]fixture{
				createPath: {{status: 200, file: "order_made", spoil: tt.spoil}},
				queryPath:  {{status: 200, file: "trade_success", spoil: tt.spoil}},
				closePath:  {{status: 204, spoil: func(h http.Header) { tt.spoil(h); h.Set("Wechatpay-Nonce", "x") }}},
				refundPath: {{status: 200, file: "refund_success", spoil: tt.spoil}},
				askPath:    {{status: 200, file: "refund_success", spoil: tt.spoil}},
			})
			provider := New(http.DefaultClient)
			results := map[string]payments.Result{
				"charge": provider.Charge(t.Context(), account, testCharge()), "look-up": provider.Lookup(t.Context(), account, testCharge()),
				"refund": provider.Refund(t.Context(), account, testRefund()), "look-up of the refund": provider.LookupRefund(t.Context(), account, testRefund()),
			}
			for what, r := range results {
				if r.Outcome != payments.OutcomeUnknown || r.Code != tt.wantCode || !strings.Contains(r.Message, tt.wantSays) {
					t.Errorf("%s: %s, code %q, message %q", what, r.Outcome, r.Code, r.Message)
				}
			}
			if r := provider.Cancel(t.Context(), account, testCharge()); r.Outcome != payments.OutcomeUnknown {
				t.Errorf("cancel: %+v", r)
			}
		})
	}
}
