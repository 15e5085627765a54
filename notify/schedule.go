package notify

import (
	"net/http"
	"time"
)

const (
	jitter = 0.2 // of the delay, both ways; upwards only from throttleDelay
	// throttleDelay is the least wait after an answer that means overload.
	throttleDelay = time.Minute
)

// delays are the waits before each attempt; there are as many as attempts.
var delays = [...]time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// MaxAttempts is how often a delivery is tried.
const MaxAttempts = len(delays)

// Failure is what the schedule needs to know of a failed attempt.
type Failure struct {
	StatusCode int           // 0 when no answer came
	TimedOut   bool          // nothing came in time
	RetryAfter time.Duration // what the answer asked for; 0 when it did not
}

// overload says whether the other side, or what stands before it, is too busy.
func (f Failure) overload() bool {
	switch f.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	default:
		return f.TimedOut
	}
}

// NextAttempt returns how long to wait after so many attempts, the last of
// which failed so, before the next; false when there is none. What the other
// side asks for is granted between the scheduled delay and twice that. The
// numbers of random, in [0, 1), spread deliveries that failed together.
func NextAttempt(attempts int, random func() float64, failure Failure) (time.Duration, bool) {
	if attempts >= MaxAttempts {
		return 0, false
	}
	base, low, width := delays[max(0, attempts)], 1-jitter, 2*jitter
	if failure.overload() && base < throttleDelay {
		base, low, width = throttleDelay, 1, jitter
	}
	delay := time.Duration(float64(base) * (low + width*random()))
	if failure.RetryAfter > 0 {
		delay = min(max(delay, base, failure.RetryAfter), 2*base)
	}
	return delay, true
}

// Bounds of the wait after an attempt for which nothing could be sent.
const (
	leastUnsent = time.Minute
	mostUnsent  = time.Hour
)

// unsentWait is how long a delivery of an age waits when nothing could be sent:
// the longer the older it is, since what is wrong on this side lasts.
func unsentWait(age time.Duration) time.Duration { return min(max(age/4, leastUnsent), mostUnsent) }

// paced is a wait at the service's pace.
func (o Options) paced(wait, asked time.Duration) time.Duration {
	if o.Pace <= 0 {
		return wait
	}
	return max(time.Duration(float64(wait)/o.Pace), min(wait, asked))
}
