package views

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

// viewer is what formatting must know of the person who looks.
type viewer struct {
	zone *time.Location
	now  func() time.Time
}

type viewerKey struct{}

// WithViewer returns a context in which times are shown in a zone. The clock
// that relative times are told by is that of the process; tests pass their own.
func WithViewer(ctx context.Context, zone *time.Location, now func() time.Time) context.Context {
	if zone == nil {
		zone = time.UTC
	}
	if now == nil {
		now = time.Now
	}
	return context.WithValue(ctx, viewerKey{}, viewer{zone: zone, now: now})
}

func viewerOf(ctx context.Context) viewer {
	if v, ok := ctx.Value(viewerKey{}).(viewer); ok {
		return v
	}
	return viewer{zone: time.UTC, now: time.Now}
}

// Zone is the viewer's time zone.
func Zone(ctx context.Context) *time.Location { return viewerOf(ctx).zone }

// symbols are the signs of currencies that are written with one; the others
// are written with their code. Where a sign is shared, the currency that a
// language's readers expect has it alone.
var symbols = map[string]string{
	"AUD": "A$", "BRL": "R$", "CAD": "CA$", "CNY": "CN¥", "EUR": "€", "GBP": "£", "HKD": "HK$",
	"IDR": "Rp", "ILS": "₪", "INR": "₹", "JPY": "¥", "KRW": "₩", "MXN": "MX$", "MYR": "RM",
	"NGN": "₦", "NZD": "NZ$", "PHP": "₱", "PLN": "zł", "SGD": "S$", "THB": "฿", "TRY": "₺",
	"TWD": "NT$", "UAH": "₴", "USD": "$", "VND": "₫", "ZAR": "R",
}

var symbolsOf = map[locales.Language]map[string]string{
	locales.Chinese: {"CNY": "¥", "JPY": "JP¥", "USD": "US$"},
	locales.Malay:   {"USD": "US$"},
}

// Digits is how many digits of a currency's amount are minor units.
func Digits(code string) int { return models.CurrencyDigits(code) }

const noBreak = "\u00a0"

// Money writes an amount of minor units with its currency: "RM 133.22".
func Money(ctx context.Context, minor int64, code string) string {
	sign, number := decimal(minor, Digits(code))
	symbol, ok := symbolsOf[locales.FromContext(ctx).Language()][code]
	if !ok {
		symbol, ok = symbols[code]
	}
	if !ok {
		return sign + code + noBreak + number
	}
	if last := symbol[len(symbol)-1]; last < 0x80 && last != '$' || symbol == "zł" {
		symbol += noBreak
	}
	return sign + symbol + number
}

// Amount writes an amount of minor units without its currency, as form fields
// take it: "133.22".
func Amount(minor int64, code string) string {
	sign, number := decimal(minor, Digits(code))
	return sign + strings.ReplaceAll(number, ",", "")
}

// decimal splits off the sign, because it stands before the currency's.
func decimal(minor int64, digits int) (sign, number string) {
	magnitude := uint64(minor)
	if minor < 0 {
		sign, magnitude = "-", -magnitude
	}
	text := strconv.FormatUint(magnitude, 10)
	if pad := digits + 1 - len(text); pad > 0 {
		text = strings.Repeat("0", pad) + text
	}
	whole, fraction := text[:len(text)-digits], text[len(text)-digits:]
	if digits == 0 {
		return sign, group(whole)
	}
	return sign, group(whole) + "." + fraction
}

func group(digits string) string {
	var grouped strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			grouped.WriteByte(',')
		}
		grouped.WriteRune(digit)
	}
	return grouped.String()
}

// Number writes a whole number with its thousands grouped; the three languages
// agree on how.
func Number[N ~int | ~int64](n N) string {
	sign, number := decimal(int64(n), 0)
	return sign + number
}

// Percent writes a share with one digit: "8.2%".
func Percent(share float64) string {
	return strconv.FormatFloat(share*100, 'f', 1, 64) + "%"
}
