package adyen

import (
	"testing"
	"time"

	"github.com/tillpost/tillpost/payments"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	fresh, known, other := testCharge(), testCharge(), testCharge()
	known.ProviderReference, other.ProviderReference = paymentPSP, "993617895204576K"
	tests := []struct {
		name   string
		charge payments.Charge
		answer fixture
		want   payments.Outcome
		code   string
	}{
		{"it was, or is, executed", fresh, fixture{200, "authorised"}, payments.OutcomeSucceeded, ""},
		{"hours later", old(fresh, 22*time.Hour), fixture{200, "authorised"}, payments.OutcomeSucceeded, ""},
		{"it was, or is, refused", fresh, fixture{200, "refused"}, payments.OutcomeDeclined, "12"},
		{"the customer is asked, which nobody knew", fresh, fixture{200, "redirect"}, payments.OutcomeRequiresAction, ""},
		{"the customer was asked; by now that means nothing", known, fixture{200, "redirect"}, payments.OutcomeUnknown, ""},
		{"it was processing; by now that means nothing", known, fixture{200, "pending"}, payments.OutcomeUnknown, ""},
		{"it was processing, which nobody knew", fresh, fixture{200, "received"}, payments.OutcomeUnknown, ""},
		{"the key has come to another payment", other, fixture{200, "authorised"}, payments.OutcomeUnknown, "second_payment"},
		{"another amount", fresh, fixture{200, "other_amount"}, payments.OutcomeUnknown, "amount_mismatch"},
		{"the request is refused", fresh, fixture{422, "invalid"}, payments.OutcomeUnknown, "14_030"},
		{"the key is refused", fresh, fixture{401, "unauthorized"}, payments.OutcomeUnknown, "000"},
		{"no acquirer", fresh, fixture{500, "no_route"}, payments.OutcomeUnknown, "905_1"},
		{"an error is kept for the key", fresh, fixture{500, "internal"}, payments.OutcomeUnknown, "000"},
		{"the first request is under way", fresh, fixture{422, "in_progress"}, payments.OutcomeUnknown, "704"},
		{"too fast", fresh, fixture{429, ""}, payments.OutcomeUnknown, "rate_limit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, account := script(t, map[string][]fixture{payPath: {tt.answer}})
			got := testProvider().Lookup(t.Context(), account, tt.charge)
			if got.Outcome != tt.want || got.Code != tt.code {
				t.Errorf("result = %+v", got)
			}
			if tt.want == payments.OutcomeUnknown && (got.Class != "" || got.NextAction != nil || got.Amount != 0) {
				t.Errorf("more is known than can be: %+v", got)
			}
			if s.calls() != 1 || s.seen[0].header.Get("Idempotency-Key") != "key-1" {
				t.Errorf("%d calls, %+v", s.calls(), s.seen)
			}
		})
	}
}

// A look-up is a send: it may only be made while the key is remembered, and
// when that is so must be known.
func TestLookupSendsNothingThatCouldChargeAgain(t *testing.T) {
	t.Parallel()
	ageless := testCharge()
	ageless.StartedAt = time.Time{}
	for name, charge := range map[string]payments.Charge{
		"a day": old(testCharge(), 24*time.Hour), "weeks": old(testCharge(), 700*time.Hour), "no age": ageless,
	} {
		s, account := script(t, nil)
		got := testProvider().Lookup(t.Context(), account, charge)
		if got.Outcome != payments.OutcomeUnknown || got.Code != "key_too_old" || got.Message == "" || s.calls() != 0 {
			t.Errorf("%s: %+v after %d calls", name, got, s.calls())
		}
	}
}
