package paypal

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
	account := sandboxAccount(address)
	inbox := paymentstest.NewInbox(t, New(http.DefaultClient).Acknowledge())
	setWebhook(t, address, account, inbox.URL)
	paymentstest.Run(t, func(*testing.T) paymentstest.Setup {
		wrong, stranger := account, account
		wrong.Fields = with(account.Fields, "client_secret", "4eC39HqLyjWDarjtT1zdp7dc-wrong")
		stranger.Fields = with(account.Fields, "webhook_id", "9XK73421AB")
		return paymentstest.Setup{
			New:     func(client *http.Client) payments.Provider { return New(client) },
			Account: account, Wrong: wrong, Stranger: stranger,
			Secrets: []string{account.Fields["client_secret"]},
			Charged: func(attemptID string) int { return len(lines(bank, attemptID)) },
			Charging: func(r *http.Request) bool {
				return strings.HasPrefix(r.URL.Path, "/paypal/v2/checkout/orders/") &&
					(strings.HasSuffix(r.URL.Path, "/capture") || strings.HasSuffix(r.URL.Path, "/authorize"))
			},
			Modifying: func(r *http.Request) bool {
				return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/paypal/v2/payments/")
			},
			Complete: complete,
			Takes:    true,
			Tokens: paymentstest.Tokens{
				Success: "tok_success", Action: "tok_action_required", Processing: "tok_processing",
				RefundPending: "tok_refund_pending", RefundFails: "tok_refund_fails", Disputed: "tok_disputed",
				Refused: map[payments.Class]string{
					payments.ClassNever: "tok_lost_card", payments.ClassFixData: "tok_expired_card",
					payments.ClassLater: "tok_insufficient_funds", payments.ClassGeneric: "tok_do_not_honor",
				},
			},
			Captured: func(attemptID string) (sum int64) {
				for _, l := range lines(bank, attemptID) {
					sum += l.Captured
				}
				return sum
			},
			Refunded: func(attemptID string) (sum int64) {
				for _, l := range lines(bank, attemptID) {
					sum += l.Refunded
				}
				return sum
			},
			Released: func(attemptID string) bool {
				all := lines(bank, attemptID)
				return len(all) == 1 && all[0].Voided
			},
			Webhooks: inbox.Webhooks,
			Tells: []payments.Subject{
				payments.SubjectCharge, payments.SubjectCapture, payments.SubjectVoid, payments.SubjectRefund, payments.SubjectDispute,
			},
			Strange: [][]byte{
				[]byte(`{"id":"WH-1","event_type":"BILLING.PLAN.CREATED","create_time":"2026-01-02T03:04:05Z","resource":{"id":"P-1"}}`),
				[]byte(`{"id":"WH-2","event_type":"IDENTITY.AUTHORIZATION-CONSENT.REVOKED","resource":null}`),
			},
		}
	})
}

// with returns fields with one of them changed.
func with(fields map[string]string, name, value string) map[string]string {
	changed := map[string]string{name: value}
	for other, v := range fields {
		if other != name {
			changed[other] = v
		}
	}
	return changed
}

// lines are the lines of the ledger for an attempt.
func lines(bank *sandbox.Server, attemptID string) (all []sandbox.LedgerCharge) {
	for _, c := range bank.Ledger("").Charges {
		if c.Reference == attemptID {
			all = append(all, c)
		}
	}
	return all
}

// complete confirms a payment as its customer.
func complete(t *testing.T, address string) {
	t.Helper()
	answerAction(t, address, "succeeded")
}

func answerAction(t *testing.T, address, result string) {
	t.Helper()
	resp, err := http.Post(strings.Replace(address, "/action", "/complete", 1), "application/json", strings.NewReader(`{"result":"`+result+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

func sandboxAccount(address string) payments.Account {
	return payments.Account{ID: "gwa_1", BaseURL: address + "/paypal", Fields: map[string]string{
		"client_id": "AeA1QIZXiflr1-8HwuZ", "client_secret": "sk_sandbox_EGnHDxD_qRPdaLdZz8iCr8N7", "webhook_id": "1JE4291016473214C",
	}}
}

// setWebhook has the sandbox send the account's webhooks to a target.
func setWebhook(t *testing.T, address string, account payments.Account, target string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{
		"api": "paypal", "credential": account.Fields["client_id"], "url": target, "secret": account.Fields["webhook_id"],
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
		t.Fatalf("settings answered %s", resp.Status)
	}
}

func startSandbox(t *testing.T) (*sandbox.Server, string) {
	t.Helper()
	bank, err := sandbox.New(sandbox.Options{
		Logger: slog.New(slog.DiscardHandler), SlowMin: 50 * time.Millisecond, SlowMax: 60 * time.Millisecond,
		SettleAfter: 300 * time.Millisecond,
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
