package adyen

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/payments"
)

// vectorSignature signs vector with testHMACKey.
const vectorSignature = "ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc="

func vector() item {
	return item{
		PSPReference: "pspReference", OriginalReference: "originalReference", MerchantAccountCode: "merchantAccount",
		MerchantReference: "reference", Amount: &amount{1000, "EUR"}, EventCode: "EVENT", Success: "true",
		AdditionalData: additional{"hmacSignature": vectorSignature},
	}
}

func TestSign(t *testing.T) {
	t.Parallel()
	key, err := hmacKey(testAccount(""))
	if err != nil {
		t.Fatal(err)
	}
	if got := base64.StdEncoding.EncodeToString(sign(key, vector())); got != vectorSignature || !signed(key, vector()) {
		t.Errorf("signature = %s, want %s", got, vectorSignature)
	}
	changes := map[string]func(*item){
		"pspReference":      func(i *item) { i.PSPReference = "qspReference" },
		"originalReference": func(i *item) { i.OriginalReference = "originalReferencf" },
		"no original":       func(i *item) { i.OriginalReference = "" },
		"merchant account":  func(i *item) { i.MerchantAccountCode = "merchantaccount" },
		"reference":         func(i *item) { i.MerchantReference = "reference " },
		"value":             func(i *item) { i.Amount = &amount{1001, "EUR"} },
		"currency":          func(i *item) { i.Amount = &amount{1000, "USD"} },
		"no amount":         func(i *item) { i.Amount = nil },
		"event":             func(i *item) { i.EventCode = "EVENS" },
		"success":           func(i *item) { i.Success = "false" },
		"signature": func(i *item) {
			i.AdditionalData = additional{"hmacSignature": "jpnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc="}
		},
		"signature cut": func(i *item) { i.AdditionalData = additional{"hmacSignature": vectorSignature[:20]} },
		"no text":       func(i *item) { i.AdditionalData = additional{"hmacSignature": 7} },
		"no signature":  func(i *item) { i.AdditionalData = nil },
	}
	for name, change := range changes {
		i := vector()
		change(&i)
		if signed(key, i) {
			t.Errorf("%s may be changed", name)
		}
	}
	for n := range key {
		key[n] ^= 1
		if signed(key, vector()) {
			t.Errorf("byte %d of the key may be changed", n)
		}
		key[n] ^= 1
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	body := func(more string) string {
		return `{"live":"false","notificationItems":[{"NotificationRequestItem":{"eventCode":"EVENT","success":"true",
			"pspReference":"pspReference","originalReference":"originalReference","merchantAccountCode":"merchantAccount",
			"merchantReference":"reference","amount":{"value":1000,"currency":"EUR"},
			"additionalData":{"hmacSignature":"` + vectorSignature + `"}}}` + more + `]}`
	}
	account := testAccount("")
	account.Fields["merchant_account"] = "merchantAccount"
	elsewhere, keyless, wrongKey := testAccount(""), testAccount(""), testAccount("")
	keyless.Fields["hmac_key"], keyless.Fields["merchant_account"] = "", "merchantAccount"
	wrongKey.Fields["hmac_key"], wrongKey.Fields["merchant_account"] = otherKey, "merchantAccount"
	unsigned := strings.Replace(body(""), "hmacSignature", "hmacsignature", 1)
	tests := []struct {
		name    string
		account payments.Account
		body    string
		want    bool
	}{
		{"Adyen's own", account, body(""), true},
		{"success without quotes", account, strings.Replace(body(""), `"success":"true"`, `"success":true`, 1), true},
		{"another merchant account's", elsewhere, body(""), false},
		{"no key to check with", keyless, body(""), false},
		{"another key", wrongKey, body(""), false},
		{"one event signed, one not", account, body(`,` + unsigned[strings.Index(unsigned, `{"Noti`):len(unsigned)-2]), false},
		{"not signed", account, unsigned, false},
		{"no events", account, `{"live":"false","notificationItems":[]}`, false},
		{"an event that is none", account, `{"notificationItems":[{}]}`, false},
		{"no webhook of this kind", account, `{"type":"recurring.token.created","data":{}}`, false},
		{"not JSON", account, `live=false&eventCode=EVENT`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := New(http.DefaultClient).Verify(t.Context(), tt.account, payments.Webhook{Body: []byte(tt.body)})
			if tt.want && err != nil || !tt.want && !errors.Is(err, payments.ErrSignature) {
				t.Errorf("Verify = %v", err)
			}
		})
	}
}
