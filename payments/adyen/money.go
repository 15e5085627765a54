package adyen

import (
	"math"

	"github.com/tillpost/tillpost/payments"
)

// digitsMore is how many digits more than ISO 4217 Adyen's minor units have, for
// the currencies in which they differ.
// https://docs.adyen.com/development-resources/currency-codes
var digitsMore = map[string]int{"CLP": 2, "ISK": 2, "CVE": -2, "IDR": -2}

// hundred is what two digits are.
const hundred = 100

// toWire puts minor units of ISO 4217 into Adyen's; not ok when Adyen has no
// units as small.
func toWire(value int64, currency string) (amount, bool) {
	switch digitsMore[currency] {
	case 2:
		return amount{value * hundred, currency}, value >= 0 && value <= math.MaxInt64/hundred
	case -2:
		return amount{value / hundred, currency}, value%hundred == 0
	default:
		return amount{value, currency}, true
	}
}

// fromWire puts Adyen's minor units into those of ISO 4217; not ok when these
// cannot say as little.
func fromWire(a amount) (int64, bool) {
	switch digitsMore[a.Currency] {
	case 2:
		return a.Value / hundred, a.Value%hundred == 0
	case -2:
		return a.Value * hundred, a.Value >= 0 && a.Value <= math.MaxInt64/hundred
	default:
		return a.Value, true
	}
}

// unpayable is the result of an amount that Adyen cannot take.
func unpayable(currency string) payments.Result {
	return refusal("amount_not_payable", "Adyen takes no such amount in "+currency+": it has to be whole.")
}
