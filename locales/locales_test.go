package locales

import (
	"fmt"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                 string
		accept, cookie, user string
		want                 Language
	}{
		{name: "nothing is known", want: English},
		{name: "browser asks for mainland Chinese", accept: "zh-CN,zh;q=0.9,en;q=0.8", want: Chinese},
		{name: "browser asks for Malay of Malaysia", accept: "ms-MY", want: Malay},
		{name: "browser's second wish is one of ours", accept: "de-DE,ms;q=0.5", want: Malay},
		{name: "Indonesian is not Malay", accept: "id", want: English},
		{name: "cookie beats browser", accept: "ms", cookie: "zh-Hans", want: Chinese},
		{name: "user's setting beats cookie", accept: "ms", cookie: "ms", user: "zh-CN", want: Chinese},
		{name: "nonsense is passed over", accept: "ms", cookie: ";;;", user: "klingon!", want: Malay},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := Match(test.accept, test.cookie, test.user).Language(); got != test.want {
				t.Errorf("Match(%q, %q, %q) = %s, want %s", test.accept, test.cookie, test.user, got, test.want)
			}
		})
	}
}

func TestT(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		lang Language
		key  string
		args []any
		want string
	}{
		{name: "plain", lang: Malay, key: "nav.orders", want: "Pesanan"},
		{name: "placeholder", lang: English, key: "ui.copy", args: []any{"What", "payment id"}, want: "Copy payment id"},
		{name: "singular", lang: English, key: "time.days_ago", args: []any{Count, 1}, want: "1 day ago"},
		{name: "plural", lang: English, key: "time.days_ago", args: []any{Count, 2}, want: "2 days ago"},
		{name: "one as text", lang: English, key: "time.days_ago", args: []any{Count, "1"}, want: "1 day ago"},
		{name: "no plural in Chinese", lang: Chinese, key: "time.days_ago", args: []any{Count, 1}, want: "1 天前"},
		{name: "unknown key shows itself", lang: Chinese, key: "nav.nowhere", want: "nav.nowhere"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := T(NewContext(t.Context(), For(test.lang)), test.key, test.args...); got != test.want {
				t.Errorf("T(%q) = %q, want %q", test.key, got, test.want)
			}
		})
	}
}

// A number that was written for people must not hide the text around it.
func TestCountsAreShownAsWritten(t *testing.T) {
	t.Parallel()
	for _, l := range Languages() {
		for area, messages := range read(t, l) {
			for key, forms := range messages {
				if !strings.Contains(forms["other"], "{{.Count}}") {
					continue
				}
				for _, count := range []any{"1,234", "10,000+", "25%", 1234, int64(1234)} {
					if got := For(l).T(key, Count, count); got == key || !strings.Contains(got, fmt.Sprint(count)) {
						t.Errorf("%s/%s.json: %s of %v says %q", l, area, key, count, got)
					}
				}
			}
		}
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	ctx := NewContext(t.Context(), For(Chinese))
	if got := Name(ctx, PaymentStatus, "needs_review"); got != "需人工审核" {
		t.Errorf("Name of needs_review = %q", got)
	}
	if got := Name(ctx, PaymentStatus, "brand_new"); got != "brand new" {
		t.Errorf("Name of a value without a name = %q, want plain words", got)
	}
}
