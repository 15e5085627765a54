package handlers

import (
	"strconv"
	"strings"

	"github.com/tillpost/tillpost/models"
)

// parseAmount reads an amount that a person wrote, such as 12.50, as minor units
// of the currency. The thousands may be parted by spaces; a comma is refused,
// since it parts thousands in one language and decimals in another.
func parseAmount(field, text, currency string) (int64, error) {
	bad := models.Invalid(field, "bad_amount")
	text = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "").Replace(text)
	whole, fraction, point := strings.Cut(text, ".")
	digits := models.CurrencyDigits(currency)
	if whole == "" || point && fraction == "" || len(fraction) > digits || len(whole) > 13 ||
		strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, bad
	}
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", digits-len(fraction)), 10, 64)
	if err != nil {
		return 0, bad
	}
	switch {
	case minor == 0:
		return 0, models.Invalid(field, "must_be_positive")
	case minor > models.MaxAmount:
		return 0, models.Invalid(field, "too_large")
	}
	return minor, nil
}
