package wechat

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/payments/paymentstest"
	"github.com/tillpost/tillpost/sandbox"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	bank, address := startSandbox(t)
	account := testAccount(t, address)
	inbox := paymentstest.NewInbox(t, New(http.DefaultClient).Acknowledge())
	paymentstest.Run(t, func(*testing.T) paymentstest.Setup {
		return paymentstest.Setup{
			New:     func(client *http.Client) payments.Provider { return New(client) },
			Account: account,
			Wrong:   with(account, "private_key", privatePEM(otherKey())),
			Secrets: []string{account.Fields["private_key"], account.Fields["apiv3_key"]},
			Charged: func(attemptID string) int { return len(charges(bank, attemptID)) },
			Charging: func(r *http.Request) bool {
				return r.Method == http.MethodPost && r.URL.Path == "/wechat/v3/pay/transactions/native"
			},
			Complete: func(t *testing.T, code string) { t.Helper(); scan(t, address, code, "succeeded") },
			Tokens: paymentstest.Tokens{
				Success: "scanned", Action: "scanned", RefundPending: "refund pending",
			},
			Lacks: []string{"Capturer", "Lister"},
			Adjust: func(c *payments.Charge) {
				c.Currency, c.MethodType, c.NotifyURL = "CNY", "wechat", inbox.URL
				if c.Token == "refund pending" {
					c.Amount = 1206
				}
				c.Token = ""
			},
			Waits: true,
			Refunded: func(attemptID string) int64 {
				return sum(bank, attemptID, func(c sandbox.LedgerCharge) int64 { return c.Refunded })
			},
			Webhooks: inbox.Webhooks,
			Tells:    []payments.Subject{payments.SubjectCharge, payments.SubjectRefund},
			Stranger: with(account, "platform_public_key", publicPEM(t, &otherKey().PublicKey)),
			Strange: [][]byte{[]byte(`{"id":"EV-1","create_time":"2026-01-05T10:00:00+08:00","event_type":"PAYSCORE.USER_OPEN_SERVICE",` +
				`"resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":"AAAA","nonce":"abcdefghijkl","associated_data":"payscore"}}`)},
			Timestamped: true,
		}
	})
}

var (
	merchantKey = sync.OnceValue(newKey)
	otherKey    = sync.OnceValue(newKey)
	platformKey = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func privatePEM(key *rsa.PrivateKey) string {
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

func publicPEM(t *testing.T, key *rsa.PublicKey) string {
	t.Helper()
	raw, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: raw}))
}

// testAccount is a merchant that the sandbox knows, with the sandbox's key.
func testAccount(t *testing.T, address string) payments.Account {
	t.Helper()
	resp, err := http.Get(address + "/wechat/public_key.pem")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	platform, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	account := payments.Account{ID: "gwa_1", BaseURL: address + "/wechat", Fields: map[string]string{
		"mchid": "1900000109", "appid": "wx8888888888888888", "serial_no": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
		"private_key": privatePEM(merchantKey()), "apiv3_key": "0123456789abcdef0123456789abcdef",
		"platform_public_key": string(platform), "platform_public_key_id": resp.Header.Get("Wechatpay-Serial"),
	}}
	setMerchant(t, address, account, &merchantKey().PublicKey)
	return account
}

func setMerchant(t *testing.T, address string, account payments.Account, key *rsa.PublicKey) {
	t.Helper()
	body, err := json.Marshal(map[string]string{
		"api": "wechat", "credential": account.Fields["mchid"], "secret": account.Fields["apiv3_key"], "public_key": publicPEM(t, key),
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(address+"/settings", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("settings: %s", resp.Status)
	}
}

func with(account payments.Account, field, value string) payments.Account {
	account.Fields = maps.Clone(account.Fields)
	account.Fields[field] = value
	return account
}

// scan answers a code as its customer.
func scan(t *testing.T, address, code, result string) {
	t.Helper()
	resp, err := http.Post(address+"/wechat/scan?"+url.Values{"code_url": {code}}.Encode(), "application/json",
		strings.NewReader(`{"result":"`+result+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func charges(bank *sandbox.Server, attemptID string) []sandbox.LedgerCharge {
	var all []sandbox.LedgerCharge
	no, _ := number(attemptID)
	for _, c := range bank.Ledger("").Charges {
		if c.Reference == no {
			all = append(all, c)
		}
	}
	return all
}

func sum(bank *sandbox.Server, attemptID string, of func(sandbox.LedgerCharge) int64) int64 {
	var total int64
	for _, c := range charges(bank, attemptID) {
		total += of(c)
	}
	return total
}

func startSandbox(t *testing.T) (*sandbox.Server, string) {
	t.Helper()
	bank, err := sandbox.New(sandbox.Options{
		Logger: slog.New(slog.DiscardHandler), SlowMin: 50 * time.Millisecond, SlowMax: 60 * time.Millisecond,
		SettleAfter: 300 * time.Millisecond, WeChatKey: platformKey(),
	})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(bank.Handler())
	t.Cleanup(func() {
		if err := bank.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return bank, web.URL
}
