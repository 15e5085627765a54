package notify

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

func always(number float64) func() float64 { return func() float64 { return number } }

const (
	least  = 0.0
	middle = 0.5
	most   = 1 - 1e-12
)

func TestScheduleInFull(t *testing.T) {
	t.Parallel()
	var waits []time.Duration
	var total time.Duration
	for attempts := 0; ; attempts++ {
		delay, ok := NextAttempt(attempts, always(middle), Failure{StatusCode: http.StatusInternalServerError})
		if !ok {
			break
		}
		waits = append(waits, delay)
		total += delay
	}
	if want := 75*time.Hour + 35*time.Minute + 5*time.Second; len(waits) != 10 || total != want {
		t.Errorf("%d attempts over %s, want 10 over %s: %s", len(waits), total, want, waits)
	}
}

func TestNextAttempt(t *testing.T) {
	t.Parallel()
	failed := Failure{StatusCode: http.StatusInternalServerError}
	tests := []struct {
		name     string
		attempts int
		random   float64
		failure  Failure
		want     time.Duration
	}{
		{"first at once", 0, most, Failure{}, 0},
		{"second, earliest", 1, least, failed, 4 * time.Second},
		{"second", 1, middle, failed, 5 * time.Second},
		{"second, latest", 1, most, failed, 6 * time.Second},
		{"third, earliest", 2, least, failed, 4 * time.Minute},
		{"tenth, latest", 9, most, failed, 28*time.Hour + 48*time.Minute},
		{"no connection", 1, middle, Failure{}, 5 * time.Second},

		{"429 waits a minute", 1, least, Failure{StatusCode: http.StatusTooManyRequests}, time.Minute},
		{"429, latest", 1, most, Failure{StatusCode: http.StatusTooManyRequests}, 72 * time.Second},
		{"502 waits a minute", 1, least, Failure{StatusCode: http.StatusBadGateway}, time.Minute},
		{"504 waits a minute", 1, least, Failure{StatusCode: http.StatusGatewayTimeout}, time.Minute},
		{"time-out waits a minute", 1, least, Failure{TimedOut: true}, time.Minute},
		{"503 does not", 1, middle, Failure{StatusCode: http.StatusServiceUnavailable}, 5 * time.Second},
		{"429 where the schedule waits longer", 2, least, Failure{StatusCode: http.StatusTooManyRequests}, 4 * time.Minute},

		{"Retry-After granted", 2, least, Failure{StatusCode: http.StatusServiceUnavailable, RetryAfter: 7 * time.Minute}, 7 * time.Minute},
		{"Retry-After below the schedule", 2, least, Failure{StatusCode: http.StatusServiceUnavailable, RetryAfter: time.Second}, 5 * time.Minute},
		{"Retry-After above twice the schedule", 2, most, Failure{StatusCode: http.StatusServiceUnavailable, RetryAfter: 24 * time.Hour}, 10 * time.Minute},
		{"Retry-After with 429", 1, least, Failure{StatusCode: http.StatusTooManyRequests, RetryAfter: 90 * time.Second}, 90 * time.Second},
		{"Retry-After with 429, too long", 1, least, Failure{StatusCode: http.StatusTooManyRequests, RetryAfter: time.Hour}, 2 * time.Minute},
		{"Retry-After with 429, too short", 1, least, Failure{StatusCode: http.StatusTooManyRequests, RetryAfter: time.Second}, time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, ok := NextAttempt(test.attempts, always(test.random), test.failure)
			if !ok || got.Round(time.Millisecond) != test.want {
				t.Errorf("NextAttempt = %s, %v, want %s", got, ok, test.want)
			}
		})
	}
}

func TestScheduleEnds(t *testing.T) {
	t.Parallel()
	for _, attempts := range []int{MaxAttempts, MaxAttempts + 1, 1000} {
		if delay, ok := NextAttempt(attempts, always(middle), Failure{RetryAfter: time.Second}); ok {
			t.Errorf("after %d attempts: another in %s, want none", attempts, delay)
		}
	}
}

func TestJitterSpreads(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)).Float64
	for attempts := 1; attempts < MaxAttempts; attempts++ {
		seen := make(map[time.Duration]bool)
		for range 1000 {
			delay, ok := NextAttempt(attempts, random, Failure{})
			if base := delays[attempts]; !ok || delay < base*8/10 || delay > base*12/10 {
				t.Fatalf("after %d attempts: %s, %v, want within a fifth of %s", attempts, delay, ok, base)
			}
			seen[delay] = true
		}
		if len(seen) < 990 {
			t.Errorf("after %d attempts: only %d different delays of 1000", attempts, len(seen))
		}
	}
}

func TestPaced(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		pace        float64
		wait, asked time.Duration
		want        time.Duration
	}{
		{"without a pace", 0, time.Minute, 0, time.Minute},
		{"a pace of its own", 60, time.Minute, 0, time.Second},
		{"what the endpoint asked for stays", 60, time.Minute, 20 * time.Second, 20 * time.Second},
		{"but not beyond what was granted", 60, time.Minute, time.Hour, time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := (Options{Pace: test.pace}).paced(test.wait, test.asked); got != test.want {
				t.Errorf("a wait of %s, want %s", got, test.want)
			}
		})
	}
}
