package stripe

import (
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
	paymentstest.Run(t, func(*testing.T) paymentstest.Setup {
		account := payments.Account{
			ID: "gwa_1", BaseURL: address + "/stripe",
			Fields: map[string]string{"secret_key": "sk_test_4eC39HqLyjWDarjtT1zdp7dc", "webhook_secret": "7Qm2vX0pLr-w5"},
		}
		wrong := account
		wrong.Fields = map[string]string{"secret_key": "4eC39HqLyjWDarjtT1zdp7dc-wrong"}
		return paymentstest.Setup{
			New:     func(client *http.Client) payments.Provider { return New(client) },
			Account: account,
			Wrong:   wrong,
			Lacks:   []string{"Capturer", "Canceler", "Refunder", "Notifier", "Lister"},
			Secrets: []string{account.Fields["secret_key"], account.Fields["webhook_secret"]},
			Charged: func(attemptID string) int {
				n := 0
				for _, c := range bank.Ledger("").Charges {
					if c.Reference == attemptID {
						n++
					}
				}
				return n
			},
			Charging: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/confirm") },
			Complete: func(t *testing.T, address string) {
				t.Helper()
				resp, err := http.Post(strings.Replace(address, "/action", "/complete", 1), "application/json", strings.NewReader(`{"result":"succeeded"}`))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			},
			Tokens: paymentstest.Tokens{
				Success: "pm_card_visa", Action: "pm_card_threeDSecure2Required", Processing: "tok_processing",
				Refused: map[payments.Class]string{
					payments.ClassNever: "pm_card_visa_chargeDeclinedLostCard", payments.ClassFixData: "pm_card_chargeDeclinedExpiredCard",
					payments.ClassLater: "pm_card_visa_chargeDeclinedInsufficientFunds", payments.ClassGeneric: "pm_card_chargeDeclined",
				},
			},
		}
	})
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
