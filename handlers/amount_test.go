package handlers

import (
	"errors"
	"testing"

	"github.com/tillpost/tillpost/models"
)

func TestParseAmount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, currency string
		want           int64
		code           string
	}{
		{"12.50", "EUR", 1250, ""},
		{"12.5", "MYR", 1250, ""},
		{"12", "EUR", 1200, ""},
		{"1 234.00", "EUR", 123400, ""},
		{"1000", "JPY", 1000, ""},
		{"1.234", "KWD", 1234, ""},
		{"0.01", "EUR", 1, ""},
		{"12.505", "EUR", 0, "bad_amount"},
		{"12.5", "JPY", 0, "bad_amount"},
		{"1,234.00", "EUR", 0, "bad_amount"},
		{"12,50", "EUR", 0, "bad_amount"},
		{"-1", "EUR", 0, "bad_amount"},
		{"+1", "EUR", 0, "bad_amount"},
		{"1e3", "EUR", 0, "bad_amount"},
		{".5", "EUR", 0, "bad_amount"},
		{"5.", "EUR", 0, "bad_amount"},
		{"", "EUR", 0, "bad_amount"},
		{"٣", "EUR", 0, "bad_amount"},
		{"0.00", "EUR", 0, "must_be_positive"},
		{"90000000000.01", "EUR", 0, "too_large"},
		{"99999999999999999999", "EUR", 0, "bad_amount"},
	} {
		got, err := parseAmount("amount", tt.text, tt.currency)
		var refused *models.Error
		if code := ""; got != tt.want || errors.As(err, &refused) != (tt.code != code) || refused != nil && refused.Code != tt.code {
			t.Errorf("%q %s: %d, %v, want %d %s", tt.text, tt.currency, got, err, tt.want, tt.code)
		}
	}
}
