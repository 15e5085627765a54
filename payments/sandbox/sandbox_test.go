package sandbox

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
	account := testAccount(address)
	setWebhook(t, address, account, inbox.URL)
	paymentstest.Run(t, func(*testing.T) paymentstest.Setup {
		wrong, stranger := account, account
		wrong.Fields = map[string]string{"secret_key": "sk_other_4eC39HqLyjWDarjtT1zdp7dc"}
		stranger.Fields = map[string]string{"secret_key": account.Fields["secret_key"], "webhook_secret": "another"}
		return paymentstest.Setup{
			New:      func(client *http.Client) payments.Provider { return New(client) },
			Account:  account,
			Wrong:    wrong,
			Secrets:  []string{account.Fields["secret_key"], account.Fields["webhook_secret"]},
			Charged:  func(attemptID string) int { return charged(bank, attemptID) },
			Charging: func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == "/v1/charges" },
			Complete: complete,
			Tokens: paymentstest.Tokens{
				Success: "tok_success", Action: "tok_action_required", Processing: "tok_processing",
				RefundPending: "tok_refund_pending", RefundFails: "tok_refund_fails", Disputed: "tok_disputed",
				Refused: map[payments.Class]string{
					payments.ClassNever: "tok_declined_never", payments.ClassFixData: "tok_declined_fix_data",
					payments.ClassLater: "tok_declined_later", payments.ClassGeneric: "tok_declined_generic",
				},
			},
			Captured: func(attemptID string) int64 { return sum(bank, attemptID).Captured },
			Refunded: func(attemptID string) int64 { return sum(bank, attemptID).Refunded },
			Released: func(attemptID string) bool { return sum(bank, attemptID).Voided },
			Webhooks: inbox.Webhooks,
			Tells: []payments.Subject{
				payments.SubjectCharge, payments.SubjectCapture, payments.SubjectVoid, payments.SubjectRefund, payments.SubjectDispute,
			},
			Stranger:    stranger,
			Strange:     [][]byte{[]byte(`{"id":"evt_1","type":"account.updated","data":{}}`)},
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
		"api": "sandbox", "credential": account.Fields["secret_key"], "url": target, "secret": account.Fields["webhook_secret"],
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

// sum is what became of the money of an attempt.
func sum(bank *sandbox.Server, attemptID string) sandbox.LedgerCharge {
	var all sandbox.LedgerCharge
	for _, c := range bank.Ledger("").Charges {
		if c.Reference == attemptID {
			all.Captured += c.Captured
			all.Refunded += c.Refunded
			all.Voided = all.Voided || c.Voided
		}
	}
	return all
}

// Every token ends as the sandbox's table says, with one charge or none.
func TestTokens(t *testing.T) {
	t.Parallel()
	bank, address := startSandbox(t)
	account := testAccount(address)
	for _, o := range sandbox.Outcomes() {
		t.Run(o.Token, func(t *testing.T) {
			t.Parallel()
			// A connection of its own: on one kept alive net/http sends the request again after a reset.
			provider := New(&http.Client{Timeout: 4 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}})
			charge := payments.Charge{
				PaymentID: "pay_" + o.Token, AttemptID: "att_" + o.Token, Key: "key_" + o.Token,
				Amount: 1250, Currency: "EUR", MethodType: "card", Token: o.Token, Capture: true,
			}
			r := provider.Charge(t.Context(), account, charge)
			if r.Outcome == payments.OutcomeUnknown {
				r = New(http.DefaultClient).Lookup(t.Context(), account, charge)
			}
			want, wantCharges := wantOf(o)
			if r.Outcome != want || string(r.Class) != o.Class && want == payments.OutcomeDeclined {
				t.Errorf("outcome = %s (class %q, code %q), want %s (%q)", r.Outcome, r.Class, r.Code, want, o.Class)
			}
			if got := charged(bank, charge.AttemptID); got != wantCharges && want != payments.OutcomeProcessing {
				t.Errorf("the sandbox made %d charges, want %d", got, wantCharges)
			}
		})
	}
}

func wantOf(o sandbox.Outcome) (payments.Outcome, int) {
	switch o.Fault {
	case sandbox.FaultTimeoutBefore, sandbox.FaultResetBefore, sandbox.FaultErrorBefore:
		return payments.OutcomeNotFound, 0
	case sandbox.FaultRateLimited:
		return payments.OutcomeNotSent, 0
	default:
	}
	switch o.Result {
	case sandbox.ResultDeclines, sandbox.ResultDeclinesAbsent, sandbox.ResultRecovers:
		return payments.OutcomeDeclined, 0
	case sandbox.ResultAsksCustomer:
		return payments.OutcomeRequiresAction, 0
	case sandbox.ResultSettlesLater, sandbox.ResultFailsLater:
		return payments.OutcomeProcessing, 0
	default:
		return payments.OutcomeSucceeded, 1
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	_, address := startSandbox(t)
	account := testAccount(address)
	good := payments.Charge{
		PaymentID: "pay_1", AttemptID: "att_1", Key: "key_1", Amount: 1250, Currency: "EUR", Token: "tok_success", Capture: true,
	}
	provider := New(http.DefaultClient)
	if r := provider.Charge(t.Context(), account, good); r.Outcome != payments.OutcomeSucceeded {
		t.Fatalf("charge = %+v", r)
	}
	tests := []struct {
		name     string
		change   func(*payments.Charge)
		want     payments.Outcome
		wantCode string
	}{
		{"another amount under the same key", func(c *payments.Charge) { c.Amount++ }, payments.OutcomeUnknown, "idempotency_error"},
		{"another key for the same attempt", func(c *payments.Charge) { c.Key = "key_2" }, payments.OutcomeUnknown, "reference_taken"},
		{
			"unknown token", func(c *payments.Charge) { c.Key, c.AttemptID, c.Token = "key_3", "att_3", "tok_none" },
			payments.OutcomeNotSent, "unknown_token",
		},
		{
			"amount of nothing", func(c *payments.Charge) { c.Key, c.AttemptID, c.Amount = "key_4", "att_4", 0 },
			payments.OutcomeNotSent, "parameter_invalid",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			charge := good
			tt.change(&charge)
			if r := provider.Charge(t.Context(), account, charge); r.Outcome != tt.want || r.Code != tt.wantCode {
				t.Errorf("outcome = %s, code %q, want %s, %q", r.Outcome, r.Code, tt.want, tt.wantCode)
			}
		})
	}
}

func testAccount(address string) payments.Account {
	return payments.Account{ID: "gwa_1", BaseURL: address, Fields: map[string]string{
		"secret_key": "sk_sandbox_4eC39HqLyjWDarjtT1zdp7dc", "webhook_secret": "7Qm2vX0pLr-w5",
	}}
}

func charged(bank *sandbox.Server, attemptID string) int {
	n := 0
	for _, c := range bank.Ledger("").Charges {
		if c.Reference == attemptID {
			n++
		}
	}
	return n
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
