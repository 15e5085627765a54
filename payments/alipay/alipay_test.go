package alipay

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/payments/paymentstest"
	"github.com/tillpost/tillpost/sandbox"
)

// testKeys are made once: one of the merchant's, one of Alipay's, one of nobody's.
var testKeys = sync.OnceValue(func() [3]*rsa.PrivateKey {
	var keys [3]*rsa.PrivateKey
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

func merchantKey() *rsa.PrivateKey { return testKeys()[0] }
func alipayKey() *rsa.PrivateKey   { return testKeys()[1] }
func otherKey() *rsa.PrivateKey    { return testKeys()[2] }

func privateText(key *rsa.PrivateKey) string {
	return base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(key))
}

func publicText(key *rsa.PrivateKey) string {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

const appID = "2021000000000001"

func testAccount(address string) payments.Account {
	return payments.Account{ID: "gwa_1", BaseURL: address, Fields: map[string]string{
		"app_id": appID, "private_key": privateText(merchantKey()), "alipay_public_key": publicText(alipayKey()),
	}}
}

func changed(account payments.Account, field, value string) payments.Account {
	fields := map[string]string{field: value}
	for name, old := range account.Fields {
		if name != field {
			fields[name] = old
		}
	}
	account.Fields = fields
	return account
}

func TestConformance(t *testing.T) {
	t.Parallel()
	bank, address := startSandbox(t)
	inbox := paymentstest.NewInbox(t, New(http.DefaultClient).Acknowledge())
	paymentstest.Run(t, func(*testing.T) paymentstest.Setup {
		account := testAccount(address + "/alipay")
		calls := func(names ...string) func(*http.Request) bool {
			return func(r *http.Request) bool { return slices.Contains(names, r.PostFormValue("method")) }
		}
		return paymentstest.Setup{
			New:       func(client *http.Client) payments.Provider { return New(client) },
			Account:   account,
			Wrong:     changed(account, "private_key", privateText(otherKey())),
			Secrets:   []string{account.Fields["private_key"]},
			Charged:   func(attemptID string) int { return charged(bank, attemptID) },
			Charging:  calls(callPay),
			Modifying: calls(callRefund, callCancel, callClose),
			Complete:  complete,
			Tokens: paymentstest.Tokens{
				Success: "tok_success", Action: "", Processing: "tok_processing", RefundPending: "tok_refund_pending",
				Refused: map[payments.Class]string{
					payments.ClassNever: "tok_declined_never", payments.ClassFixData: "tok_declined_fix_data",
					payments.ClassLater: "tok_declined_later", payments.ClassGeneric: "tok_declined_generic",
				},
			},
			Lacks:    []string{"Capturer", "Lister"},
			Forgets:  true,
			Lingers:  true,
			Refunded: func(attemptID string) int64 { return refunded(bank, attemptID) },
			Adjust: func(c *payments.Charge) {
				c.Currency, c.MethodType, c.NotifyURL = "CNY", "alipay", inbox.URL
			},
			Webhooks:    inbox.Webhooks,
			Tells:       []payments.Subject{payments.SubjectCharge, payments.SubjectRefund},
			SumsRefunds: true,
			Stranger:    changed(account, "alipay_public_key", publicText(otherKey())),
			Strange: [][]byte{
				[]byte("notify_id=1&notify_type=servicemarket_order_notify&app_id=" + appID),
				[]byte("notify_id=2&notify_type=trade_status_sync&trade_status=WAIT_BUYER_PAY&out_trade_no=att_1&trade_no=20131"),
			},
		}
	})
}

// form is the action of the page that a customer confirms a payment on.
var form = regexp.MustCompile(`action="(/v1/charges/[0-9]+/complete)"`)

// complete opens the address as a customer does, and confirms.
func complete(t *testing.T, address string) {
	t.Helper()
	press(t, address, "succeeded")
}

// press opens the address, and presses a button if the page still asks.
func press(t *testing.T, address, button string) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	action := form.FindSubmatch(page)
	if action == nil {
		return // it is paid, canceled or too late
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	resp, err = http.Post(u.Scheme+"://"+u.Host+string(action[1]), "application/json", strings.NewReader(`{"result":"`+button+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// charged counts what stands taken: a payment that a cancel gave back does not.
func charged(bank *sandbox.Server, attemptID string) int {
	n := 0
	for _, c := range bank.Ledger("").Charges {
		if c.Reference == attemptID && !c.Voided {
			n++
		}
	}
	return n
}

func refunded(bank *sandbox.Server, attemptID string) int64 {
	var sum int64
	for _, c := range bank.Ledger("").Charges {
		if c.Reference == attemptID {
			sum += c.Refunded
		}
	}
	return sum
}

func startSandbox(t *testing.T) (*sandbox.Server, string) {
	t.Helper()
	bank, err := sandbox.New(sandbox.Options{
		Logger: slog.New(slog.DiscardHandler), SlowMin: 50 * time.Millisecond, SlowMax: 60 * time.Millisecond,
		SettleAfter: 300 * time.Millisecond, AlipayKey: alipayKey(),
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
	settings, err := json.Marshal(map[string]string{"api": "alipay", "credential": appID, "public_key": publicText(merchantKey())})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(web.URL+"/settings", "application/json", strings.NewReader(string(settings)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("settings: %s", resp.Status)
	}
	return bank, web.URL
}
