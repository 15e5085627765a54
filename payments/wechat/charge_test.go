package wechat

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"net/http"

	"github.com/tillpost/tillpost/payments"
)

func TestCharge(t *testing.T) {
	t.Parallel()
	server, account := script(t, map[string][]fixture{createPath: {{status: 200, file: "order_made"}}})
	charge := testCharge()
	charge.StartedAt = time.Date(2099, 1, 5, 2, 0, 0, 123_456_000, time.UTC)
	for range 2 {
		r := New(http.DefaultClient).Charge(t.Context(), account, charge)
		wantResult(t, r, payments.OutcomeRequiresAction, "")
		want := &payments.NextAction{
			Type: "qr_code", URL: "weixin://wxpay/bizpayurl?pr=JyC91EIz1", ExpiresAt: time.Date(2099, 1, 5, 4, 0, 0, 0, time.UTC),
		}
		if d := cmp.Diff(want, r.NextAction); d != "" {
			t.Error(d)
		}
		if r.ProviderReference != charge.AttemptID || r.HTTPStatus != 200 || r.RequestID != "08F5B8C2B506" || r.Raw == "" {
			t.Errorf("result = %+v", r)
		}
	}
	first, second := server.seen[0], server.seen[1]
	if first.body != second.body {
		t.Errorf("the second request asks for something else: %s, %s", first.body, second.body)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(first.body), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]any{
		"appid": "wx8888888888888888", "mchid": "1900000109", "description": "Order A-7", "out_trade_no": "att_06fk2m8q7xv1c3w9",
		"time_expire": "2099-01-05T12:00:00+08:00", "attach": "pay_1", "notify_url": "https://shop.example/hooks/gwa_1",
		"amount": map[string]any{"total": 1250.0, "currency": "CNY"},
	}, got); d != "" {
		t.Error(d)
	}
	for name, want := range map[string]string{
		"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "Tillpost", "Wechatpay-Serial": platformID,
	} {
		if got := first.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestChargeWithoutDetails(t *testing.T) {
	t.Parallel()
	server, account := script(t, map[string][]fixture{createPath: {{status: 200, file: "order_made"}}})
	charge := testCharge()
	charge.Description, charge.NotifyURL, charge.StartedAt = strings.Repeat("鞋", 80), "", time.Time{}
	wantResult(t, New(http.DefaultClient).Charge(t.Context(), account, charge), payments.OutcomeRequiresAction, "")
	var got orderRequest
	if err := json.Unmarshal([]byte(server.seen[0].body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Description != strings.Repeat("鞋", 42) || got.NotifyURL != nowhere {
		t.Errorf("request = %+v", got)
	}
}

// What an order number that is taken means is for the order to say.
func TestChargeOfStandingOrder(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		code      string
		status    int
		query     []fixture
		reference string
		want      payments.Outcome
		wantCode  string
	}{
		{name: "paid", code: "OUT_TRADE_NO_USED", status: 403, query: []fixture{{status: 200, file: "trade_success"}}, want: payments.OutcomeSucceeded},
		{name: "paid, by another code", code: "ORDERPAID", status: 400, query: []fixture{{status: 200, file: "trade_success"}}, want: payments.OutcomeSucceeded},
		{name: "being paid", code: "INVALID_REQUEST", status: 400, query: []fixture{{status: 200, file: "trade_userpaying"}}, want: payments.OutcomeProcessing},
		{name: "closed", code: "INVALID_REQUEST", status: 400, query: []fixture{{status: 200, file: "trade_closed"}}, want: payments.OutcomeNotSent, wantCode: "CLOSED"},
		{name: "open with other details", code: "OUT_TRADE_NO_USED", status: 403, query: []fixture{{status: 200, file: "trade_notpay"}}, want: payments.OutcomeUnknown, wantCode: "OUT_TRADE_NO_USED"},
		{name: "open, its code known", code: "OUT_TRADE_NO_USED", status: 403, query: []fixture{{status: 200, file: "trade_notpay"}}, reference: "att_06fk2m8q7xv1c3w9", want: payments.OutcomeRequiresAction},
		{name: "none: the request is wrong", code: "INVALID_REQUEST", status: 400, query: absentAnswer(), want: payments.OutcomeNotSent, wantCode: "INVALID_REQUEST"},
		{name: "none, though its number is taken", code: "OUT_TRADE_NO_USED", status: 403, query: absentAnswer(), want: payments.OutcomeUnknown, wantCode: "ORDER_NOT_EXIST"},
		{name: "nobody knows", code: "INVALID_REQUEST", status: 400, query: []fixture{{status: 500, code: "SYSTEM_ERROR"}}, want: payments.OutcomeUnknown, wantCode: "SYSTEM_ERROR"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, map[string][]fixture{createPath: {{status: tt.status, code: tt.code}}, queryPath: tt.query})
			charge := testCharge()
			charge.ProviderReference = tt.reference
			wantResult(t, New(http.DefaultClient).Charge(t.Context(), account, charge), tt.want, tt.wantCode)
		})
	}
}

// A request that is refused says nothing about an earlier one, whose code the customer has.
func TestChargeOnceMore(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]payments.Outcome{
		"PARAM_ERROR": payments.OutcomeUnknown, "NO_AUTH": payments.OutcomeUnknown, "RULE_LIMIT": payments.OutcomeUnknown,
		"FREQUENCY_LIMITED": payments.OutcomeUnknown, "ORDER_CLOSED": payments.OutcomeNotSent,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			_, account := script(t, map[string][]fixture{createPath: {{status: 400, code: code}}})
			charge := testCharge()
			charge.ProviderReference = "att_06fk2m8q7xv1c3w9"
			if r := New(http.DefaultClient).Charge(t.Context(), account, charge); r.Outcome != want || r.Class != "" {
				t.Errorf("outcome = %s (%q), want %s", r.Outcome, r.Class, want)
			}
		})
	}
}

// An order is not asked for when its time is as good as up.
func TestChargeTooLate(t *testing.T) {
	t.Parallel()
	server, account := script(t, map[string][]fixture{
		queryPath: {{status: 200, file: "trade_notpay"}}, closePath: {closedAnswer},
	})
	charge := testCharge()
	charge.StartedAt = time.Now().Add(-orderLife - time.Minute)
	wantResult(t, New(http.DefaultClient).Charge(t.Context(), account, charge), payments.OutcomeNotSent, "expired")
	if want := []string{queryPath, closePath}; !slices.Equal(server.calls(), want) {
		t.Errorf("calls = %q, want %q", server.calls(), want)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	good := scriptedAccount(t, "http://127.0.0.1:1")
	tests := []struct {
		name     string
		account  payments.Account
		change   func(*payments.Charge)
		wantCode string
	}{
		{"no merchant number", with(good, "mchid", ""), nil, "mchid_missing"},
		{"no app id", with(good, "appid", ""), nil, "appid_missing"},
		{"no serial number", with(good, "serial_no", ""), nil, "serial_no_missing"},
		{"no private key", with(good, "private_key", ""), nil, "private_key_missing"},
		{"no public key", with(good, "platform_public_key", ""), nil, "platform_public_key_missing"},
		{"no id of the public key", with(good, "platform_public_key_id", ""), nil, "platform_public_key_id_missing"},
		{"a private key that is none", with(good, "private_key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"), nil, "private_key_invalid"},
		{"a public key that is none", with(good, "platform_public_key", "hello"), nil, "platform_public_key_invalid"},
		{"no web address", payments.Account{BaseURL: "wechat.test", Fields: good.Fields}, nil, "base_url_invalid"},
		{"euros", good, func(c *payments.Charge) { c.Currency = "EUR" }, "currency_not_supported"},
		{"a card", good, func(c *payments.Charge) { c.MethodType = "card" }, "method_not_supported"},
		{"a token", good, func(c *payments.Charge) { c.Token = "pm_1" }, "token_not_supported"},
		{"only to be reserved", good, func(c *payments.Charge) { c.Capture = false }, "authorization_not_supported"},
		{"an id that is no number", good, func(c *payments.Charge) { c.AttemptID = "att_" + strings.Repeat("x", 29) }, "attempt_id_invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			charge := testCharge()
			if tt.change != nil {
				tt.change(&charge)
			}
			provider := New(http.DefaultClient)
			got := provider.Charge(t.Context(), tt.account, charge)
			if got.Outcome != payments.OutcomeNotSent || !got.Misconfigured || got.Code != tt.wantCode || got.Message == "" {
				t.Errorf("result = %+v", got)
			}
			wantResult(t, provider.Lookup(t.Context(), tt.account, charge), payments.OutcomeUnknown, tt.wantCode)
			wantResult(t, provider.Cancel(t.Context(), tt.account, charge), payments.OutcomeUnknown, tt.wantCode)
		})
	}
}
