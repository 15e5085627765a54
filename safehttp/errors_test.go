package safehttp

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name  string
		value string
		want  time.Duration
	}{
		{"absent", "", 0},
		{"seconds", "120", 2 * time.Minute},
		{"spaces", " 5 ", 5 * time.Second},
		{"zero", "0", 0},
		{"negative", "-5", 0},
		{"fraction", "1.5", 0},
		{"too many digits", "99999999999999999999", 0},
		{"date", "Sun, 01 Mar 2026 12:01:30 GMT", 90 * time.Second},
		{"date in the past", "Sun, 01 Mar 2026 11:00:00 GMT", 0},
		{"nonsense", "soon", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"Retry-After": {test.value}}
			if got := RetryAfter(header, now); got != test.want {
				t.Errorf("RetryAfter(%q) = %s, want %s", test.value, got, test.want)
			}
		})
	}
}
