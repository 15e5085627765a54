package secret

import (
	"strings"
	"testing"
	"time"
)

// The sum is HMAC-SHA256 of "1700000000.{}" with the key "shared", in hex.
func TestVerifyStamp(t *testing.T) {
	t.Parallel()
	const sum = "8fe400a4d7d97fe5517b7b8d84c07a253654d1bf408323b8b0f24f6cc87644c7"
	signed := time.Unix(1_700_000_000, 0)
	tests := []struct {
		name, signed, body, key string
		want                    string // of the error; empty: genuine
	}{
		{"genuine", "t=1700000000,v1=" + sum, "{}", "shared", ""},
		{"genuine, with spaces and another scheme", "t=1700000000, v0=x, v1=" + sum, "{}", "shared", ""},
		{"of two secrets", "t=1700000000,v1=" + strings.Repeat("0", 64) + ",v1=" + sum, "{}", "shared", ""},
		{"another body", "t=1700000000,v1=" + sum, "{ }", "shared", "another body"},
		{"another key", "t=1700000000,v1=" + sum, "{}", "Shared", "another secret"},
		{"another time", "t=1700000001,v1=" + sum, "{}", "shared", "another secret"},
		{"in capitals, as nobody sends it", "t=1700000000,v1=" + strings.ToUpper(sum), "{}", "shared", "another secret"},
		{"no signature", "t=1700000000", "{}", "shared", "another secret"},
		{"an empty one", "t=1700000000,v1=", "{}", "shared", "another secret"},
		{"no time", "v1=" + sum, "{}", "shared", "no time"},
		{"nothing", "", "{}", "shared", "no time"},
		{"no key", "t=1700000000,v1=" + sum, "{}", "", "no secret"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := VerifyStamp(tt.signed, []byte(tt.body), tt.key, signed)
			if tt.want == "" && err != nil {
				t.Error(err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestStampAge(t *testing.T) {
	t.Parallel()
	const signed = "t=1700000000,v1=8fe400a4d7d97fe5517b7b8d84c07a253654d1bf408323b8b0f24f6cc87644c7"
	at := time.Unix(1_700_000_000, 0)
	for came, genuine := range map[time.Time]bool{
		at.Add(MaxStampAge): true, at.Add(MaxStampAge + time.Second): false, at.Add(-time.Hour): true, {}: false, // which is now
	} {
		if err := VerifyStamp(signed, []byte("{}"), "shared", came); (err == nil) != genuine {
			t.Errorf("at %v: %v", came, err)
		}
	}
}
