package settlement

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tillpost/tillpost/models"
)

// parseDecimal reads a signed decimal of major units exactly as minor units of
// a currency with so many digits. More decimals than the currency has are
// refused unless they are zeros; nothing is rounded and no grouping is guessed.
func parseDecimal(text string, digits int) (int64, error) {
	unsigned, negative := strings.CutPrefix(text, "-")
	whole, fraction, point := strings.Cut(unsigned, ".")
	if whole == "" || !onlyDigits(whole) || !onlyDigits(fraction) || point && fraction == "" {
		return 0, fmt.Errorf("%q is not an amount like -1234.50", text)
	}
	if len(fraction) > digits {
		if strings.Trim(fraction[digits:], "0") != "" {
			return 0, fmt.Errorf("%q has more than %d decimals", text, digits)
		}
		fraction = fraction[:digits]
	}
	return bounded(text, whole+fraction+strings.Repeat("0", digits-len(fraction)), negative)
}

// parseMinor reads a signed whole number of minor units.
func parseMinor(text string) (int64, error) {
	unsigned, negative := strings.CutPrefix(text, "-")
	if unsigned == "" || !onlyDigits(unsigned) {
		return 0, fmt.Errorf("%q is not a whole number of minor units", text)
	}
	return bounded(text, unsigned, negative)
}

func bounded(text, digits string, negative bool) (int64, error) {
	amount, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || amount > models.MaxAmount {
		return 0, fmt.Errorf("%q is too large", text)
	}
	if negative {
		amount = -amount
	}
	return amount, nil
}

func onlyDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }
