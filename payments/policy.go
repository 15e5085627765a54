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
	// Refunds are the waits before each look at a refund that is pending or
	// unknown; after the last one only webhooks and humans tell.
	Refunds []time.Duration
	// Rules are those of merchants who have no others.
	Rules Rules
	// Pace divides the waits of rules.
	Pace float64
	// PublicURL is where providers reach this program; empty: nowhere.
	PublicURL string
}

// DefaultPolicy is what Tillpost does unless told otherwise.
func DefaultPolicy() Policy {
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
		Rules: DefaultRules(),
		Refunds: []time.Duration{
			5 * time.Second, 30 * time.Second, 2 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour,
			day, day, day, 2 * day, 3 * day, 7 * day, 7 * day,
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
	p.Inquiries, p.Actions, p.Refunds = shorter(p.Inquiries, pace), shorter(p.Actions, pace), shorter(p.Refunds, pace)
	p.Pace = pace
	return p
}
