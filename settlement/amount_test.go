package settlement

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/currency"

	"github.com/tillpost/tillpost/models"
)

// Every amount of every currency is read as what it was written for, and never
// as another.
func TestDecimalsAreMinorUnits(t *testing.T) {
	t.Parallel()
	codes := []string{"CLF", "UYW"} // which the query leaves out
	for query := currency.Query(currency.Historical); query.Next(); {
		codes = append(codes, query.Unit().String())
	}
	seen := map[int]bool{}
	for _, code := range codes {
		digits := models.CurrencyDigits(code)
		seen[digits] = true
		for range 200 {
			minor := rand.Int64N(models.MaxAmount) >> rand.IntN(43)
			if rand.IntN(2) == 0 {
				minor = -minor
			}
			text := write(minor, digits)
			got, err := parseDecimal(text, digits)
			if err != nil || got != minor {
				t.Fatalf("%s: %q is read as %d, %v, want %d", code, text, got, err, minor)
			}
			longer := text
			if digits == 0 {
				longer += "."
			}
			if got, err := parseDecimal(longer+"00", digits); err != nil || got != minor {
				t.Fatalf("%s: %q is read as %d, %v, want %d", code, longer+"00", got, err, minor)
			}
			if got, err := parseDecimal(longer+"01", digits); err == nil {
				t.Fatalf("%s: %q is read as %d", code, longer+"01", got)
			}
			if got, err := parseMinor(strconv.FormatInt(minor, 10)); err != nil || got != minor {
				t.Fatalf("%d is read as %d, %v", minor, got, err)
			}
		}
	}
	for _, digits := range []int{0, 2, 3, 4} {
		if !seen[digits] {
			t.Errorf("no currency with %d digits was tried", digits)
		}
	}
}

func write(minor int64, digits int) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	text := strconv.FormatInt(minor, 10)
	if pad := digits + 1 - len(text); pad > 0 {
		text = strings.Repeat("0", pad) + text
	}
	if digits == 0 {
		return sign + text
	}
	return sign + text[:len(text)-digits] + "." + text[len(text)-digits:]
}

func TestAmountsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "-", ".", "1.", ".5", "--1", "+1", "1,50", "1,234.50", "1 000", "1e3", "٣", "NaN", "0x1", "1.2.3", "9000000000000.01", "99999999999999999999",
	} {
		if got, err := parseDecimal(text, 2); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
	for _, text := range []string{"", "-", "1.0", "9000000000001", "1-"} {
		if got, err := parseMinor(text); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}
