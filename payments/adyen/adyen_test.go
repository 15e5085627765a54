package adyen

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/payments/paymentstest"
	"github.com/tillpost/tillpost/sandbox"
)

const (
	testAPIKey  = "AQEyhmfxK4_LaRBCw0m-n3Q5qf3Vb"
	testHMACKey = "DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00"
	otherKey    = "00B1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	bank, address := startSandbox(t)
	inbox := paymentstest.NewInbox(t, New(http.DefaultClient).Acknowledge())
	settle(t, address, inbox.URL)
	paymentstest.Run(t, func(*testing.T) paymentstest.Setup {
		account := testAccount(address + "/adyen")
		wrong, stranger := account, account
		wrong.Fields = map[string]string{"api_key": "4eC39HqLyjWDarjtT1zdp7dc-wrong", "merchant_account": "TestMerchant"}
		stranger.Fields = map[string]string{"api_key": testAPIKey, "merchant_account": "TestMerchant", "hmac_key": otherKey}
		return paymentstest.Setup{
			New:     func(client *http.Client) payments.Provider { return New(client) },
			Account: account, Wrong: wrong, Stranger: stranger,
			Secrets:  []string{testAPIKey, testHMACKey},
			Charged:  func(attemptID string) int { return len(charges(bank, attemptID)) },
			Charging: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/payments") },
			Modifying: func(r *http.Request) bool {
				return !strings.HasSuffix(r.URL.Path, "/payments") && !strings.HasSuffix(r.URL.Path, "/paymentMethods")
			},
			Complete: complete,
			Tokens: paymentstest.Tokens{
				Success: "tok_success", Action: "tok_action_required", Processing: "tok_processing",
				RefundPending: "tok_refund_pending", RefundFails: "tok_refund_fails", Disputed: "tok_disputed",
				Refused: map[payments.Class]string{
					payments.ClassNever: "tok_declined_never", payments.ClassFixData: "tok_declined_fix_data",
					payments.ClassLater: "tok_declined_later", payments.ClassGeneric: "tok_declined_generic",
				},
			},
			Lacks: []string{"Lister"}, Blind: true, ModifiesLater: true,
			Captured: func(attemptID string) (sum int64) {
				for _, c := range charges(bank, attemptID) {
					sum += c.Captured
				}
				return sum
			},
			Refunded: func(attemptID string) (sum int64) {
				for _, c := range charges(bank, attemptID) {
					sum += c.Refunded
				}
				return sum
			},
			Released: func(attemptID string) bool {
				all := charges(bank, attemptID)
				return len(all) > 0 && all[0].Voided
			},
			Webhooks: inbox.Webhooks,
			Tells: []payments.Subject{
				payments.SubjectCharge, payments.SubjectCapture, payments.SubjectVoid, payments.SubjectRefund, payments.SubjectDispute,
			},
			Strange: [][]byte{event("REPORT_AVAILABLE"), event("MANUAL_REVIEW_ACCEPT"), event("SOMETHING_OF_TOMORROW"), event("CANCEL_OR_REFUND")},
		}
	})
}

func testAccount(address string) payments.Account {
	return payments.Account{ID: "gwa_1", BaseURL: address, Fields: map[string]string{
		"api_key": testAPIKey, "merchant_account": "TestMerchant", "hmac_key": testHMACKey,
	}}
}

// event is a webhook with one event that says next to nothing.
func event(code string) []byte {
	return []byte(`{"live":"false","notificationItems":[{"NotificationRequestItem":{"eventCode":"` + code +
		`","success":"true","pspReference":"QFQTPCQ8HXSKGK82","merchantAccountCode":"TestMerchant","merchantReference":"att_1"}}]}`)
}

func charges(bank *sandbox.Server, attemptID string) []sandbox.LedgerCharge {
	var all []sandbox.LedgerCharge
	for _, c := range bank.Ledger("").Charges {
		if c.Reference == attemptID {
			all = append(all, c)
		}
	}
	return all
}

// complete is the customer's consent.
func complete(t *testing.T, address string) {
	t.Helper()
	resp, err := http.Post(strings.Replace(address, "/action", "/complete", 1), "application/json", strings.NewReader(`{"result":"succeeded"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// settle has the sandbox send its webhooks to an address.
func settle(t *testing.T, address, target string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"api": "adyen", "credential": testAPIKey, "url": target, "secret": testHMACKey})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(address+"/settings", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("settings: %s", resp.Status)
	}
}

func startSandbox(t *testing.T) (*sandbox.Server, string) {
	t.Helper()
	bank, err := sandbox.New(sandbox.Options{
		Logger: slog.New(slog.DiscardHandler), SlowMin: 50 * time.Millisecond, SlowMax: 60 * time.Millisecond,
		SettleAfter: 50 * time.Millisecond,
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
