package importer

import (
	"fmt"
	"strconv"
	"strings"
)

// maxDigits bounds an amount, so that sums of many stay within 64 bits.
const maxDigits = 15

// parseAmount reads a decimal exactly: no value in between is rounded, and
// more decimals than the currency has are refused unless they are zeros.
func parseAmount(text string, digits int) (int64, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if !onlyDigits(whole) || whole == "" || !onlyDigits(fraction) || strings.HasSuffix(text, ".") {
		return 0, fmt.Errorf("%q is not an amount like 1234.50", text)
	}
	if len(fraction) > digits {
		if strings.Trim(fraction[digits:], "0") != "" {
			return 0, fmt.Errorf("%q has more than %d decimals", text, digits)
		}
		fraction = fraction[:digits]
	}
	minor := strings.TrimLeft(whole+fraction+strings.Repeat("0", digits-len(fraction)), "0")
	if len(minor) > maxDigits {
		return 0, fmt.Errorf("%q is too large", text)
	}
	amount, err := strconv.ParseInt("0"+minor, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("amount: %w", err)
	}
	return amount, nil
}

func onlyDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }
