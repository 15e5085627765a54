package payments

import "time"

// Policy is when to ask again and when to try again.
type Policy struct {
	// Timeout bounds one call of a provider.
	Timeout time.Duration
	// Lease is how long an attempt may be sending before its worker counts as
	// dead; it must be well above Timeout.
	Lease time.Duration
	// Settle is the age of an attempt from which a provider that does not know
	// it is believed: before, the request may still be on its way.
	Settle time.Duration
	// Inquiries are the waits before each look-up of an unknown outcome; after
	// the last one a human decides.
	Inquiries []time.Duration
	// Actions are the waits before each look-up while the customer must act.
	Actions []time.Duration
	// Technical are the waits before each new attempt after one that provably
	// did not reach the provider.
	Technical []time.Duration
	// Declined are the waits before each new attempt after a refusal, by class;
	// classes without an entry are not tried again.
	Declined map[Class][]time.Duration
}

// DefaultPolicy is what Tillpost does unless told otherwise.
func DefaultPolicy() Policy {
	const day = 24 * time.Hour
	return Policy{
		Timeout: 30 * time.Second,
		Lease:   75 * time.Second,
		Settle:  2 * time.Minute,
		Inquiries: []time.Duration{
			5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute,
			time.Hour, 6 * time.Hour, 24 * time.Hour,
		},
		Actions: []time.Duration{
			15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
			30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		},
		Technical: []time.Duration{
			5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		},
		Declined: map[Class][]time.Duration{
			ClassLater:   {day, 3 * day, 5 * day, 7 * day},
			ClassGeneric: {day, 3 * day},
		},
	}
}

// settleMargin is the least time between the end of a call and the belief that
// its request is not on its way any more.
const settleMargin = 5 * time.Second

// Paced divides the waits by pace, but what keeps money safe: the timeout and
// the lease stay as they are, and the time to settle stays above the timeout.
func (p Policy) Paced(pace float64) Policy {
	if pace <= 0 || pace == 1 {
		return p
	}
	p.Settle = max(time.Duration(float64(p.Settle)/pace), p.Timeout+settleMargin)
	shorter := func(waits []time.Duration) []time.Duration {
		out := make([]time.Duration, len(waits))
		for i, w := range waits {
			out[i] = time.Duration(float64(w) / pace)
		}
		return out
	}
	p.Inquiries, p.Actions, p.Technical = shorter(p.Inquiries), shorter(p.Actions), shorter(p.Technical)
	declined := make(map[Class][]time.Duration, len(p.Declined))
	for class, waits := range p.Declined {
		declined[class] = shorter(waits)
	}
	p.Declined = declined
	return p
}

// nextRetry is the wait before the next attempt after one of the class, when
// used automatic retries after such refusals have been made; false at the end.
func (p Policy) nextRetry(class Class, used int) (time.Duration, bool) {
	waits := p.Declined[class]
	if used >= len(waits) {
		return 0, false
	}
	return waits[used], true
}
