package stripe

import (
	"net/http"
	"testing"

	stripe "github.com/stripe/stripe-go/v85"
	"pgregory.net/rapid"

	"github.com/tillpost/tillpost/payments"
)

// The amounts that go to Stripe are in Stripe's units: a króna and a Ugandan
// shilling have hundredths there, an ariary has none.
func TestAmountsAreInStripesUnits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		currency string
		ours     int64
		sent     string // empty: refused before anything is sent
	}{
		{"EUR", 1250, "1250"}, {"JPY", 1250, "1250"}, {"HUF", 1250, "1250"}, {"TWD", 1250, "1250"},
		{"ISK", 1250, "125000"}, {"UGX", 1250, "125000"}, {"MGA", 125000, "1250"}, {"KWD", 1250, "1250"},
		{"MGA", 125050, ""}, {"KWD", 1255, ""}, {"TND", 1251, ""},
	}
	for _, tt := range tests {
		t.Run(tt.currency, func(t *testing.T) {
			t.Parallel()
			s, account := script(t, map[string][]fixture{
				createPath: {{400, "oops"}}, capturePath: {{401, "oops"}}, refundPath: {{401, "oops"}},
			})
			provider, charge := New(http.DefaultClient), testCharge()
			charge.Amount, charge.Currency, charge.ProviderReference = tt.ours, tt.currency, ""
			held := testRefund(0).Original
			held.Amount, held.Currency = tt.ours, tt.currency
			refund := payments.Refund{Original: held, RefundID: "ref_1", Key: "key-r", Amount: tt.ours}
			results := []payments.Result{
				provider.Charge(t.Context(), account, charge),
				provider.Capture(t.Context(), account, payments.Modification{Original: held, AttemptID: "att_2", Key: "key-c", Amount: tt.ours}),
				provider.Refund(t.Context(), account, refund),
			}
			if tt.sent == "" {
				for _, r := range results {
					if r.Outcome != payments.OutcomeNotSent || r.Code != "amount_not_payable" || len(s.calls()) != 0 {
						t.Errorf("result = %+v, calls %v", r, s.calls())
					}
				}
				return
			}
			for i, field := range []string{"amount", "amount_to_capture", "amount"} {
				if got := s.seen[i].form.Get(field); got != tt.sent {
					t.Errorf("%s: %s of %d %s is %q, want %s", s.seen[i].call, field, tt.ours, tt.currency, got, tt.sent)
				}
			}
		})
	}
}

// What is sent comes back as it was.
func TestMoneyThereAndBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]string{"EUR", "JPY", "KWD", "ISK", "UGX", "MGA"}).Draw(t, "currency")
		ours := rapid.Int64Range(1, 9_000_000_000_000).Draw(t, "ours")
		if _, ok := payable(ours, currency); !ok {
			return
		}
		var r payments.Result
		moved(&r, payments.OutcomeSucceeded, wire(ours, currency), stripe.Currency(currency))
		if r.Outcome != payments.OutcomeSucceeded || r.Amount != ours {
			t.Fatalf("%d %s was sent as %d and came back as %d, %s", ours, currency, wire(ours, currency), r.Amount, r.Outcome)
		}
	})
}
