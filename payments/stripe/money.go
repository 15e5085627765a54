package stripe

import (
	"strings"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
)

// units are the currencies in which Stripe's minor units differ from ISO 4217,
// and those whose last digit must be zero. The króna and the Ugandan shilling
// have lost their decimals, but keep them on the wire; the ariary has none there.
// https://docs.stripe.com/currencies#special-cases
var units = payments.Units{
	More:  map[string]int{"ISK": 2, "UGX": 2, "MGA": -2},
	Zeros: map[string]int{"BHD": 1, "JOD": 1, "KWD": 1, "OMR": 1, "TND": 1},
}

// wire is an amount in Stripe's units, which payable has found to have it.
func wire(value int64, currency string) int64 {
	sent, _ := units.ToWire(value, currency)
	return sent
}

// payable refuses an amount that Stripe cannot move.
func payable(value int64, currency string) (payments.Result, bool) {
	_, ok := units.ToWire(value, currency)
	if ok {
		return payments.Result{}, true
	}
	return payments.Result{
		Outcome: payments.OutcomeNotSent, Misconfigured: true, Code: "amount_not_payable",
		Message: "Stripe moves no amount in " + currency + " that is as exact: it has to be rounded.",
	}, false
}

// moved says that an amount was, as an outcome. One that cannot be counted here
// is none that was asked for.
func moved(r *payments.Result, outcome payments.Outcome, value int64, currency stripe.Currency) {
	amount, ok := units.FromWire(value, strings.ToUpper(string(currency)))
	if !ok {
		r.Outcome, r.Code = payments.OutcomeUnknown, "amount_mismatch"
		r.Message = "Stripe told of another amount than can have been asked for."
		return
	}
	r.Outcome, r.Amount = outcome, amount
}
