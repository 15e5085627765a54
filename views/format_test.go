package views

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/tillpost/tillpost/locales"
)

var clock = time.Date(2026, 11, 22, 0, 36, 4, 0, time.UTC)

// viewing returns a context of a viewer in Kuala Lumpur at the test's clock.
func viewing(t *testing.T, language locales.Language) context.Context {
	t.Helper()
	ctx := locales.NewContext(t.Context(), locales.For(language))
	return WithViewer(ctx, time.FixedZone("+08", 8*60*60), func() time.Time { return clock })
}

func TestMoney(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		language locales.Language
		minor    int64
		currency string
		want     string
	}{
		{name: "sign of letters keeps its distance", minor: 13322, currency: "MYR", want: "RM\u00a0133.22"},
		{name: "sign", minor: 1234567, currency: "USD", want: "$12,345.67"},
		{name: "no minor unit", minor: 1234567, currency: "JPY", want: "¥1,234,567"},
		{name: "three digits and no sign", minor: 1234567, currency: "KWD", want: "KWD\u00a01,234.567"},
		{name: "ISO digits where custom differs", minor: 150000, currency: "IQD", want: "IQD\u00a0150.000"},
		{name: "negative", minor: -5, currency: "EUR", want: "-€0.05"},
		{name: "zero", minor: 0, currency: "BRL", want: "R$0.00"},
		{name: "smallest number", minor: math.MinInt64, currency: "USD", want: "-$92,233,720,368,547,758.08"},
		{name: "unknown currency", minor: 100, currency: "???", want: "???\u00a01.00"},
		{name: "Chinese readers own ¥", language: locales.Chinese, minor: 100, currency: "CNY", want: "¥1.00"},
		{name: "and see yen apart", language: locales.Chinese, minor: 100, currency: "JPY", want: "JP¥100"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := Money(viewing(t, test.language), test.minor, test.currency); got != test.want {
				t.Errorf("Money(%d, %s) = %q, want %q", test.minor, test.currency, got, test.want)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	lastYear := time.Date(2025, 5, 31, 23, 30, 0, 0, time.UTC) // 1 June in Kuala Lumpur
	tests := []struct {
		name     string
		language locales.Language
		format   func(context.Context, time.Time) string
		at       time.Time
		want     string
	}{
		{name: "this year needs no year", format: DateTime, at: clock, want: "22 Nov, 08:36"},
		{name: "another year, next day in the zone", format: DateTime, at: lastYear, want: "1 Jun 2025, 07:30"},
		{name: "Malay month", language: locales.Malay, format: Date, at: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC), want: "1 Ogo 2026"},
		{name: "Chinese", language: locales.Chinese, format: DateTime, at: lastYear, want: "2025年6月1日 07:30"},
		{name: "Chinese month", language: locales.Chinese, format: Month, at: clock, want: "2026年11月"},
		{name: "exact", format: Exact, at: clock, want: "22 Nov 2026, 08:36:04 +08"},
		{name: "just now", format: Relative, at: clock.Add(-4 * time.Second), want: "just now"},
		{name: "one minute", format: Relative, at: clock.Add(-61 * time.Second), want: "1 minute ago"},
		{name: "ahead", format: Relative, at: clock.Add(22 * time.Hour), want: "in 22 hours"},
		{name: "days", language: locales.Malay, format: Relative, at: clock.Add(-3 * 24 * time.Hour), want: "3 hari lalu"},
		{name: "years", language: locales.Chinese, format: Relative, at: clock.AddDate(-3, 0, 0), want: "3 年前"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := test.format(viewing(t, orEnglish(test.language)), test.at); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func orEnglish(l locales.Language) locales.Language {
	if l == "" {
		return locales.English
	}
	return l
}

func TestLocalTime(t *testing.T) {
	t.Parallel()
	ctx := viewing(t, locales.English)
	if got := LocalTime(ctx, "2026-11-20T13:05:00"); got != "20 Nov, 13:05" {
		t.Errorf("wall clock is shown as %q, want it unconverted", got)
	}
	if got := LocalTime(ctx, "yesterday"); got != "yesterday" {
		t.Errorf("unreadable wall clock is shown as %q", got)
	}
}

func TestQuantities(t *testing.T) {
	t.Parallel()
	ctx := viewing(t, locales.English)
	tests := []struct{ name, got, want string }{
		{"number", Number(1234567), "1,234,567"},
		{"negative number", Number(-1234), "-1,234"},
		{"percent", Percent(0.0824), "8.2%"},
		{"milliseconds", Duration(ctx, 350*time.Millisecond), "350 ms"},
		{"seconds", Duration(ctx, 2140*time.Millisecond), "2.1 s"},
		{"minutes", Duration(ctx, 5*time.Minute), "5 min"},
		{"hours", Duration(ctx, 30*time.Hour), "30 h"},
		{"days", Duration(ctx, 75*time.Hour), "3 d"},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, test.got, test.want)
		}
	}
}
