package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tillpost/tillpost/payments"
)

// seal makes a notice's body as WeChat Pay does.
func seal(t *testing.T, event, kind, text string) []byte {
	t.Helper()
	block, err := aes.NewCipher([]byte(vectorKey))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{
		"id": "EV-2018022511223320873", "create_time": "2026-01-05T10:35:00+08:00", "event_type": event, "resource_type": "encrypt-resource",
		"resource": map[string]string{
			"algorithm": "AEAD_AES_256_GCM", "original_type": kind, "associated_data": kind, "nonce": "fdasflkja484",
			"ciphertext": base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte("fdasflkja484"), []byte(text), []byte(kind))),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func fixtureText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func refundNotice(status string) string {
	return `{"mchid":"1900000109","transaction_id":"4200001234202601051234567890","out_trade_no":"att_06fk2m8q7xv1c3w9",` +
		`"refund_id":"50200207182018070300011301001","out_refund_no":"ref_06fk2m8q7xv1c3w9","refund_status":"` + status + `",` +
		`"success_time":"2026-01-05T11:10:00+08:00","user_received_account":"招商银行信用卡0403",` +
		`"amount":{"total":1250,"refund":300,"payer_total":1250,"payer_refund":300}}`
}

func TestRead(t *testing.T) {
	t.Parallel()
	paidAt, toldAt, refundedAt := time.Date(2026, 1, 5, 2, 34, 56, 0, time.UTC), time.Date(2026, 1, 5, 2, 35, 0, 0, time.UTC), time.Date(2026, 1, 5, 3, 10, 0, 0, time.UTC)
	refund := func(kind string, r payments.Result) payments.Notice {
		r.ProviderReference = "50200207182018070300011301001"
		return payments.Notice{
			Type: kind, OccurredAt: refundedAt, Subject: payments.SubjectRefund, RefundID: "ref_06fk2m8q7xv1c3w9",
			ChargeReference: "4200001234202601051234567890", ProviderReference: r.ProviderReference, Result: r,
		}
	}
	tests := []struct {
		name              string
		event, kind, text string
		want              payments.Notice
	}{
		{
			"an order is paid", "TRANSACTION.SUCCESS", "transaction", fixtureText(t, "trade_success"),
			payments.Notice{
				Type: "TRANSACTION.SUCCESS", OccurredAt: paidAt, Subject: payments.SubjectCharge, AttemptID: "att_06fk2m8q7xv1c3w9",
				ChargeReference: "4200001234202601051234567890",
				Result:          payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: "4200001234202601051234567890", Amount: 1250},
			},
		},
		{
			"an order in another currency", "TRANSACTION.SUCCESS", "transaction", fixtureText(t, "trade_hkd"),
			payments.Notice{
				Type: "TRANSACTION.SUCCESS", OccurredAt: paidAt, Subject: payments.SubjectCharge, AttemptID: "att_06fk2m8q7xv1c3w9",
				ChargeReference: "4200001234202601051234567890",
				Result:          payments.Result{Outcome: payments.OutcomeUnknown, ProviderReference: "4200001234202601051234567890", Code: "currency_mismatch"},
			},
		},
		{
			"an order of somebody else", "TRANSACTION.SUCCESS", "transaction",
			strings.ReplaceAll(fixtureText(t, "trade_success"), "att_06fk2m8q7xv1c3w9", "1217752501201407033233368018"),
			payments.Notice{
				Type: "TRANSACTION.SUCCESS", OccurredAt: paidAt, Subject: payments.SubjectCharge, ChargeReference: "4200001234202601051234567890",
				Result: payments.Result{Outcome: payments.OutcomeSucceeded, ProviderReference: "4200001234202601051234567890", Amount: 1250},
			},
		},
		{
			"a refund is made", "REFUND.SUCCESS", "refund", refundNotice("SUCCESS"),
			refund("REFUND.SUCCESS", payments.Result{Outcome: payments.OutcomeSucceeded, Amount: 300}),
		},
		{
			"a refund is closed", "REFUND.CLOSED", "refund", refundNotice("CLOSED"),
			refund("REFUND.CLOSED", payments.Result{Outcome: payments.OutcomeDeclined, Class: payments.ClassLater, Code: "CLOSED"}),
		},
		{
			"a refund has gone wrong", "REFUND.ABNORMAL", "refund", refundNotice("ABNORMAL"),
			refund("REFUND.ABNORMAL", payments.Result{Outcome: payments.OutcomeUnknown, Code: "ABNORMAL", Stuck: true}),
		},
		{
			"something else", "PAYSCORE.USER_PAID", "payscore", `{"mchid":"1900000109"}`,
			payments.Notice{Type: "PAYSCORE.USER_PAID", OccurredAt: toldAt, Subject: payments.SubjectNone},
		},
	}
	account := scriptedAccount(t, "")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.want.ID = "EV-2018022511223320873"
			got, err := New(http.DefaultClient).Read(account, seal(t, tt.event, tt.kind, tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]payments.Notice{tt.want}, got, cmpopts.IgnoreFields(payments.Result{}, "Raw", "Message")); d != "" {
				t.Error(d)
			}
			if (got[0].Result.Raw == "") != (got[0].Subject == payments.SubjectNone) {
				t.Errorf("raw = %q", got[0].Result.Raw)
			}
		})
	}
	for name, body := range map[string][]byte{
		"an order that is none":   seal(t, "TRANSACTION.SUCCESS", "transaction", `{}`),
		"a refund that is none":   seal(t, "REFUND.SUCCESS", "refund", `[]`),
		"what cannot be read":     []byte(`{"id":"EV-1","event_type":"TRANSACTION.SUCCESS","resource":{}}`),
		"what is no notice":       []byte(`{"hello":"world"}`),
		"what is no object":       []byte(`null`),
		"what was encrypted anew": seal(t, "TRANSACTION.SUCCESS", "transaction", vectorText)[:80],
	} {
		if got, err := New(http.DefaultClient).Read(account, body); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestVerifyNotice(t *testing.T) {
	t.Parallel()
	account := scriptedAccount(t, "")
	now := time.Now()
	mine := seal(t, "TRANSACTION.SUCCESS", "transaction", fixtureText(t, "trade_success"))
	tests := []struct {
		name    string
		account payments.Account
		body    []byte
		want    error // ErrSignature, or nil
		other   bool  // another error
	}{
		{name: "an order of the account", account: account, body: mine},
		{name: "a refund of the account", account: account, body: seal(t, "REFUND.SUCCESS", "refund", refundNotice("SUCCESS"))},
		{name: "another merchant's", account: with(account, "mchid", "1900000110"), body: mine, want: payments.ErrSignature},
		{name: "another app's", account: with(account, "appid", "wx1"), body: mine, want: payments.ErrSignature},
		{name: "encrypted for another", account: with(account, "apiv3_key", strings.Repeat("k", 32)), body: mine, want: payments.ErrSignature},
		{name: "another key of WeChat Pay's", account: with(account, "platform_public_key", publicPEM(t, &otherKey().PublicKey)), body: mine, want: payments.ErrSignature},
		{name: "a new key of WeChat Pay's", account: with(account, "platform_public_key_id", "PUB_KEY_ID_OLD"), body: mine, want: payments.ErrSignature},
		{name: "no notice", account: account, body: []byte(`{}`), want: payments.ErrSignature},
		{name: "no API v3 key yet", account: with(account, "apiv3_key", ""), body: mine, other: true},
		{name: "no public key yet", account: with(account, "platform_public_key", ""), body: mine, other: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			platformSign(header, tt.body, now)
			err := New(http.DefaultClient).Verify(t.Context(), tt.account, payments.Webhook{Header: header, Body: tt.body, ReceivedAt: now})
			if errors.Is(err, payments.ErrSignature) != (tt.want != nil) || (err != nil) != (tt.want != nil || tt.other) {
				t.Errorf("Verify = %v", err)
			}
		})
	}
	if ack := New(http.DefaultClient).Acknowledge(); ack.Status != http.StatusNoContent || ack.Body != "" {
		t.Errorf("acknowledgment = %+v", ack)
	}
}
