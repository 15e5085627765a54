package adyen

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/payments"
)

func TestToWire(t *testing.T) {
	t.Parallel()
	tests := []struct {
		currency string
		ours     int64
		wire     int64
		ok       bool
	}{
		{"EUR", 1250, 1250, true}, {"JPY", 1250, 1250, true}, {"KWD", 1250, 1250, true},
		{"CLP", 1250, 125000, true}, {"ISK", 1250, 125000, true},
		{"IDR", 125000, 1250, true}, {"CVE", 125000, 1250, true}, {"IDR", 125050, 0, false}, {"CVE", 1, 0, false},
		{"ISK", math.MaxInt64/100 + 1, 0, false},
	}
	for _, tt := range tests {
		got, ok := toWire(tt.ours, tt.currency)
		if ok != tt.ok || ok && got != (amount{tt.wire, tt.currency}) {
			t.Errorf("toWire(%d, %s) = %v, %v", tt.ours, tt.currency, got, ok)
		}
	}
}

// What is sent comes back as it was.
func TestMoneyThereAndBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "CLP", "ISK", "CVE", "IDR"}).Draw(t, "currency")
		ours := rapid.Int64Min(0).Draw(t, "ours")
		sent, ok := toWire(ours, currency)
		if !ok {
			return
		}
		if back, ok := fromWire(sent); !ok || back != ours {
			t.Fatalf("%d %s was sent as %v and came back as %d, %v", ours, currency, sent, back, ok)
		}
		if told, ok := fromWire(amount{ours, currency}); ok {
			if again, ok := toWire(told, currency); !ok || again.Value != ours {
				t.Fatalf("%d %s was told as %d and goes out as %v, %v", ours, currency, told, again, ok)
			}
		}
	})
}

// An amount that Adyen cannot take is not sent, least of all a hundredfold.
func TestUnpayable(t *testing.T) {
	t.Parallel()
	s, account := script(t, nil)
	provider, charge := testProvider(), testCharge()
	charge.Amount, charge.Currency = 125050, "IDR"
	m, refund := testModification(), testRefund()
	m.Original.Currency, m.Amount = "CVE", 150
	refund.Original.Currency, refund.Amount = "CVE", 150
	for _, r := range []payments.Result{
		provider.Charge(t.Context(), account, charge), provider.Capture(t.Context(), account, m), provider.Refund(t.Context(), account, refund),
	} {
		if r.Outcome != payments.OutcomeNotSent || r.Code != "amount_not_payable" || r.Message == "" || s.calls() != 0 {
			t.Errorf("result = %+v", r)
		}
	}
}
