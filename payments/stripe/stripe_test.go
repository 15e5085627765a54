package stripe

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

func TestConformance(t *testing.T) {
	t.Parallel()
	bank, address := startSandbox(t)
	inbox := paymentstest.NewInbox(t, New(http.DefaultClient).Acknowledge())
	account := payments.Account{
		ID: "gwa_1", BaseURL: address + "/stripe",
		Fields: map[string]string{"secret_key": "sk_test_4eC39HqLyjWDarjtT1zdp7dc", "webhook_secret": "7Qm2vX0pLr-w5"},
	}
	setWebhook(t, address, account, inbox.URL)
	paymentstest.Run(t, func(*testing.T) paymentstest.Setup {
		wrong, stranger := account, account
		wrong.Fields = map[string]string{"secret_key": "4eC39HqLyjWDarjtT1zdp7dc-wrong"}
		stranger.Fields = map[string]string{"secret_key": account.Fields["secret_key"], "webhook_secret": "another"}
		return paymentstest.Setup{
			New:      func(client *http.Client) payments.Provider { return New(client) },
			Account:  account,
			Wrong:    wrong,
			Secrets:  []string{account.Fields["secret_key"], account.Fields["webhook_secret"]},
			Charged:  func(attemptID string) int { return sum(bank, attemptID).charges },
			Charging: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/confirm") },
			Complete: complete,
			Tokens: paymentstest.Tokens{
				Success: "pm_card_visa", Action: "pm_card_threeDSecure2Required", Processing: "tok_processing",
				RefundPending: "pm_card_pendingRefund", RefundFails: "pm_card_refundFail", Disputed: "pm_card_createDispute",
				Refused: map[payments.Class]string{
					payments.ClassNever: "pm_card_visa_chargeDeclinedLostCard", payments.ClassFixData: "pm_card_chargeDeclinedExpiredCard",
					payments.ClassLater: "pm_card_visa_chargeDeclinedInsufficientFunds", payments.ClassGeneric: "pm_card_chargeDeclined",
				},
			},
			Captured: func(attemptID string) int64 { return sum(bank, attemptID).captured },
			Refunded: func(attemptID string) int64 { return sum(bank, attemptID).refunded },
			Released: func(attemptID string) bool { return sum(bank, attemptID).released },
			Webhooks: inbox.Webhooks,
			Tells: []payments.Subject{
				payments.SubjectCharge, payments.SubjectCapture, payments.SubjectVoid, payments.SubjectRefund, payments.SubjectDispute,
			},
			Stranger:    stranger,
			Strange:     [][]byte{[]byte(`{"id":"evt_1","object":"event","type":"payout.paid","data":{"object":{"id":"po_1","object":"payout"}}}`)},
			Timestamped: true,
		}
	})
}

// complete confirms a payment as its customer.
func complete(t *testing.T, address string) {
	t.Helper()
	resp, err := http.Post(strings.Replace(address, "/action", "/complete", 1), "application/json", strings.NewReader(`{"result":"succeeded"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// setWebhook has the sandbox send the account's webhooks to a target.
func setWebhook(t *testing.T, address string, account payments.Account, target string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{
		"api": "stripe", "credential": account.Fields["secret_key"], "url": target, "secret": account.Fields["webhook_secret"],
	})
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

// money is what became of an attempt at the sandbox.
type money struct {
	charges            int
	captured, refunded int64
	released           bool
}

func sum(bank *sandbox.Server, attemptID string) money {
	var m money
	for _, c := range bank.Ledger("").Charges {
		if c.Reference == attemptID {
			m.charges++
			m.captured += c.Captured
			m.refunded += c.Refunded
			m.released = m.released || c.Voided
		}
	}
	return m
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
