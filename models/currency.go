package models

import (
	"strings"

	"golang.org/x/text/currency"
)

// isoDigits corrects x/text, which follows custom for these, by ISO 4217, which
// minor units follow.
var isoDigits = map[string]int{
	"AFN": 2, "ALL": 2, "BHD": 3, "CLF": 4, "IDR": 2, "IQD": 3, "IRR": 2, "JOD": 3, "KPW": 2,
	"KWD": 3, "LAK": 2, "LBP": 2, "LYD": 3, "MGA": 2, "MMK": 2, "OMR": 3, "PKR": 2, "RSD": 2,
	"SLL": 2, "SOS": 2, "SYP": 2, "TND": 3, "TZS": 2, "UYW": 4, "UZS": 2, "YER": 2,
}

// ValidCurrency says whether code is an ISO 4217 currency, in capitals.
func ValidCurrency(code string) bool {
	if len(code) != 3 || strings.ToUpper(code) != code {
		return false
	}
	_, err := currency.ParseISO(code)
	return err == nil
}

// CurrencyDigits is how many digits of a currency's amount are minor units.
func CurrencyDigits(code string) int {
	if digits, ok := isoDigits[code]; ok {
		return digits
	}
	unit, err := currency.ParseISO(code)
	if err != nil {
		return 2
	}
	digits, _ := currency.Standard.Rounding(unit)
	return digits
}
