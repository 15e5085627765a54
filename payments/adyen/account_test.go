package adyen

import (
	"maps"
	"strings"
	"testing"

	"github.com/tillpost/tillpost/payments"
)

func TestEndpoint(t *testing.T) {
	t.Parallel()
	tests := []struct{ base, prefix, want string }{
		{"", "", "https://checkout-test.adyen.com/v71"},
		{"", "1797a841fbb37ca7-AdyenDemo", "https://1797a841fbb37ca7-AdyenDemo-checkout-live.adyenpayments.com/checkout/v71"},
		{"http://127.0.0.1:8090/adyen", "", "http://127.0.0.1:8090/adyen/v71"},
		{"https://proxy.example/checkout/v71/", "1797a841fbb37ca7-AdyenDemo", "https://proxy.example/checkout/v71"},
		{"", "evil.example/", ""}, {"", "a@b", ""}, {"", "-a", ""}, {"", "a#", ""}, {"", "a\n", ""},
		{"ftp://adyen.test", "", ""}, {"adyen.test", "", ""}, {"http://[::1", "", ""},
	}
	for _, tt := range tests {
		got, err := endpoint(payments.Account{BaseURL: tt.base, Fields: map[string]string{"live_prefix": tt.prefix}})
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("endpoint(%q, %q) = %q, %v", tt.base, tt.prefix, got, err)
		}
	}
}

func TestAccountMistakes(t *testing.T) {
	t.Parallel()
	without := func(name string) payments.Account {
		account := testAccount("http://127.0.0.1:1")
		account.Fields = maps.Clone(account.Fields)
		delete(account.Fields, name)
		return account
	}
	badBase, badPrefix := testAccount("adyen.test"), testAccount("")
	badPrefix.Fields["live_prefix"] = "evil.example/"
	tests := []struct {
		name     string
		account  payments.Account
		method   string
		wantCode string
	}{
		{"no API key", without("api_key"), "card", "api_key_missing"},
		{"no merchant account", without("merchant_account"), "card", "merchant_account_missing"},
		{"no web address", badBase, "card", "base_url_invalid"},
		{"no prefix of Adyen's", badPrefix, "card", "live_prefix_invalid"},
		{"not a card", testAccount("http://127.0.0.1:1"), "alipay", "method_not_supported"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			provider, charge := testProvider(), testCharge()
			charge.MethodType = tt.method
			got := provider.Charge(t.Context(), tt.account, charge)
			if got.Outcome != payments.OutcomeNotSent || got.Misconfigured == (tt.method == "alipay") || got.Code != tt.wantCode || got.Message == "" {
				t.Errorf("charge = %+v", got)
			}
			if got := provider.Lookup(t.Context(), tt.account, charge); got.Outcome != payments.OutcomeUnknown {
				t.Errorf("look-up = %+v", got)
			}
			if tt.method == "alipay" {
				return
			}
			if got := provider.Capture(t.Context(), tt.account, testModification()); got.Outcome != payments.OutcomeNotSent || got.Code != tt.wantCode {
				t.Errorf("capture = %+v", got)
			}
			if got := provider.Cancel(t.Context(), tt.account, charge); got.Outcome != payments.OutcomeUnknown || got.Code != tt.wantCode {
				t.Errorf("cancel = %+v", got)
			}
			if err := provider.Test(t.Context(), tt.account); err == nil {
				t.Error("the account passes its test")
			}
		})
	}
}

func TestTest(t *testing.T) {
	t.Parallel()
	const path = "/v71/paymentMethods"
	for answer, want := range map[fixture]string{
		{200, "methods"}: "", {401, "unauthorized"}: "API key", {403, "forbidden"}: "merchant account", {500, "internal"}: "500", {200, ""}: "200",
	} {
		_, account := script(t, map[string][]fixture{path: {answer}})
		err := testProvider().Test(t.Context(), account)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%+v: %v", answer, err)
		}
	}
	for _, key := range []string{"12", strings.Repeat("0", 63) + "x", strings.Repeat("0", 66)} {
		account := testAccount("http://127.0.0.1:1")
		account.Fields["hmac_key"] = key
		if err := testProvider().Test(t.Context(), account); err == nil || !strings.Contains(err.Error(), "HMAC") || strings.Contains(err.Error(), key) {
			t.Errorf("HMAC key %q: %v", key, err)
		}
	}
}
