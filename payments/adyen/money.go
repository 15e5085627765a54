package adyen

import "github.com/tillpost/tillpost/payments"

// units are the currencies in which Adyen's minor units differ.
// https://docs.adyen.com/development-resources/currency-codes
var units = payments.Units{More: map[string]int{"CLP": 2, "ISK": 2, "CVE": -2, "IDR": -2}}

// toWire puts minor units of ISO 4217 into Adyen's; not ok when Adyen has no
// units as small.
func toWire(value int64, currency string) (amount, bool) {
	sent, ok := units.ToWire(value, currency)
	return amount{sent, currency}, ok
}

// fromWire puts Adyen's minor units into those of ISO 4217; not ok when these
// cannot say as little.
func fromWire(a amount) (int64, bool) { return units.FromWire(a.Value, a.Currency) }

// unpayable is the result of an amount that Adyen cannot take.
func unpayable(currency string) payments.Result {
	return refusal("amount_not_payable", "Adyen takes no such amount in "+currency+": it has to be whole.")
}
