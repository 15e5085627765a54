package payments

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMaskRaw(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"harmless", `{"id":"pi_1","amount":1250,"created":1700000000}`, `{"id":"pi_1","amount":1250,"created":1700000000}`},
		{"the account's secret", `bad key: s3cr3t!`, `bad key: [masked]`},
		{"any secret key", `No such key sk_live_51Hx_9 or rk_test_1`, `No such key [masked] or [masked]`},
		{"client secret", `{"client_secret": "pi_1_secret_2","id":"pi_1"}`, `{"client_secret": "[masked]","id":"pi_1"}`},
		{"client secret broken off", `{"client_secret":"pi_1_sec`, `{"client_secret":"[masked]"`},
		{"card number", `card 4242 4242 4242 4242 or 4242424242424242`, `card [masked] or [masked]`},
		{"digits that are no card", `ref 4242424242424243`, `ref 4242424242424243`},
		{"not text", "a\x00b\xff", "a\uFFFDb\uFFFD"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := MaskRaw([]byte(tt.in), "s3cr3t!", ""); got != tt.want {
				t.Errorf("MaskRaw = %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("too long", func(t *testing.T) {
		t.Parallel()
		got := MaskRaw([]byte("x" + strings.Repeat("é", MaxRaw)))
		if len(got) > MaxRaw || len(got) < MaxRaw-3 || !utf8.ValidString(got) {
			t.Errorf("%d bytes, valid %v", len(got), utf8.ValidString(got))
		}
	})
}
