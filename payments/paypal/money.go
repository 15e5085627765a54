package paypal

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// money is an amount on the wire: a decimal string in major units.
type money struct {
	Currency string `json:"currency_code"`
	Value    string `json:"value"`
}

// digits are how many digits of a currency are minor units: by ISO 4217, which
// our amounts follow, and in PayPal's strings.
type digits struct{ ours, theirs int }

// currencies are those that PayPal takes, as listed at
// https://developer.paypal.com/api/rest/reference/currency-codes/. Three have no
// decimals there, two of which have hundredths by ISO 4217.
var currencies = map[string]digits{
	"AUD": {2, 2}, "BRL": {2, 2}, "CAD": {2, 2}, "CHF": {2, 2}, "CNY": {2, 2}, "CZK": {2, 2}, "DKK": {2, 2}, "EUR": {2, 2},
	"GBP": {2, 2}, "HKD": {2, 2}, "HUF": {2, 0}, "ILS": {2, 2}, "JPY": {0, 0}, "MXN": {2, 2}, "MYR": {2, 2}, "NOK": {2, 2},
	"NZD": {2, 2}, "PHP": {2, 2}, "PLN": {2, 2}, "RUB": {2, 2}, "SEK": {2, 2}, "SGD": {2, 2}, "THB": {2, 2}, "TWD": {2, 0},
	"USD": {2, 2},
}

var (
	errCurrency = errors.New("the currency is not one of PayPal's")
	errAmount   = errors.New("the amount must be above zero")
	errDecimals = errors.New("PayPal knows no decimals in the currency")
	errNoNumber = errors.New("the amount is not a decimal number in the currency")
)

// maxDigits bounds what is read of an amount, so that it fits an int64.
const maxDigits = 15

// format writes minor units as PayPal wants them.
func format(amount int64, currency string) (money, error) {
	d, ok := currencies[currency]
	if !ok {
		return money{}, errCurrency
	}
	if amount <= 0 {
		return money{}, errAmount
	}
	for range d.ours - d.theirs {
		if amount%10 != 0 {
			return money{}, errDecimals
		}
		amount /= 10
	}
	value := strconv.FormatInt(amount, 10)
	if d.theirs > 0 {
		value = fmt.Sprintf("%0*d", d.theirs+1, amount)
		value = value[:len(value)-d.theirs] + "." + value[len(value)-d.theirs:]
	}
	return money{Currency: currency, Value: value}, nil
}

// minor reads an amount in minor units.
func (m money) minor() (int64, error) {
	d, ok := currencies[m.Currency]
	if !ok {
		return 0, errCurrency
	}
	whole, fraction, _ := strings.Cut(m.Value, ".")
	for len(fraction) > d.ours && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if len(fraction) > d.ours {
		return 0, errNoNumber
	}
	text := whole + fraction + strings.Repeat("0", d.ours-len(fraction))
	if whole == "" || len(text) > maxDigits || strings.Trim(text, "0123456789") != "" {
		return 0, errNoNumber
	}
	amount, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errNoNumber
	}
	return amount, nil
}
