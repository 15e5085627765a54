package paypal

import (
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	tests := []struct {
		amount   int64
		currency string
		want     string
		wantErr  error
	}{
		{10000, "USD", "100.00", nil},
		{1250, "EUR", "12.50", nil},
		{5, "EUR", "0.05", nil},
		{50, "GBP", "0.50", nil},
		{9_000_000_000_000, "USD", "90000000000.00", nil},
		{1250, "JPY", "1250", nil},
		{1, "JPY", "1", nil},
		{125000, "HUF", "1250", nil},
		{100, "TWD", "1", nil},
		{1250, "HUF", "", errDecimals},
		{1, "TWD", "", errDecimals},
		{1250, "KWD", "", errCurrency},
		{1250, "eur", "", errCurrency},
		{0, "EUR", "", errAmount},
		{-1, "EUR", "", errAmount},
	}
	for _, tt := range tests {
		got, err := format(tt.amount, tt.currency)
		if !errors.Is(err, tt.wantErr) || got.Value != tt.want {
			t.Errorf("format(%d, %s) = %q, %v, want %q, %v", tt.amount, tt.currency, got.Value, err, tt.want, tt.wantErr)
		}
	}
}

func TestMinor(t *testing.T) {
	t.Parallel()
	good := []struct {
		value, currency string
		want            int64
	}{
		{"100.00", "USD", 10000}, {"12.5", "EUR", 1250}, {"12", "EUR", 1200}, {"0.05", "EUR", 5}, {"12.500", "EUR", 1250},
		{"1250", "JPY", 1250}, {"1250.00", "JPY", 1250}, {"1250", "HUF", 125000}, {"1250.00", "HUF", 125000}, {"1", "TWD", 100}, {"0.00", "EUR", 0},
	}
	for _, tt := range good {
		if got, err := (money{tt.currency, tt.value}).minor(); err != nil || got != tt.want {
			t.Errorf("minor(%s %s) = %d, %v, want %d", tt.value, tt.currency, got, err, tt.want)
		}
	}
	bad := []money{
		{"EUR", ""}, {"EUR", "."}, {"EUR", ".50"}, {"EUR", "-1.00"}, {"EUR", "+1.00"}, {"EUR", "1,00"}, {"EUR", "1.001"}, {"EUR", "1e3"}, {"EUR", "1.0.0"},
		{"EUR", " 1.00"}, {"JPY", "1.5"}, {"KWD", "1.000"}, {"EUR", "99999999999999999999.00"}, {"EUR", "0x10"}, {"EUR", "1_0.00"},
	}
	for _, m := range bad {
		if got, err := m.minor(); err == nil {
			t.Errorf("minor(%q %s) = %d, want an error", m.Value, m.Currency, got)
		}
	}
}

func codes() []string {
	var all []string
	for code := range currencies {
		all = append(all, code)
	}
	slices.Sort(all)
	return all
}

// What is written is read back the same, has the currency's digits, and is the
// amount divided by its minor units.
func TestFormatProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom(codes()).Draw(t, "currency")
		amount := rapid.Int64Range(1, 9_000_000_000_000).Draw(t, "amount")
		d := currencies[currency]
		units, step := int64(1), int64(1)
		for range d.ours {
			units *= 10
		}
		for range d.ours - d.theirs {
			step *= 10
		}
		m, err := format(amount, currency)
		if amount%step != 0 {
			if !errors.Is(err, errDecimals) {
				t.Fatalf("format(%d, %s) = %q, %v", amount, currency, m.Value, err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, fraction, _ := strings.Cut(m.Value, "."); len(fraction) != d.theirs {
			t.Fatalf("%s has other than %d decimals: %q", currency, d.theirs, m.Value)
		}
		value, ok := new(big.Rat).SetString(m.Value)
		if !ok || value.Cmp(big.NewRat(amount, units)) != 0 {
			t.Fatalf("%d minor units of %s are written %q", amount, currency, m.Value)
		}
		if back, err := m.minor(); err != nil || back != amount {
			t.Fatalf("%d -> %q -> %d, %v", amount, m.Value, back, err)
		}
	})
}

// Whatever is read is a number as PayPal writes them, and is read exactly.
func TestMinorProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom(codes()).Draw(t, "currency")
		text := rapid.StringMatching(`-?[0-9]{0,17}\.?[0-9]{0,4}[ e]?`).Draw(t, "text")
		amount, err := money{currency, text}.minor()
		if err != nil {
			return
		}
		units := int64(1)
		for range currencies[currency].ours {
			units *= 10
		}
		value, ok := new(big.Rat).SetString(text)
		if !ok || amount < 0 || value.Cmp(big.NewRat(amount, units)) != 0 {
			t.Fatalf("%q of %s is read as %d minor units", text, currency, amount)
		}
	})
}
