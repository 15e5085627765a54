package adyen

import (
	"time"

	"github.com/tillpost/tillpost/payments"
)

// keyLife is how long an idempotency key is surely remembered. Adyen promises 7
// days at the least [unverified]; much less is enough to settle an outcome, and
// past it the same request would be a second payment.
const keyLife = 23 * time.Hour

// prompt is within what time of an attempt's start its first request leaves. The
// shortest wait before the same is sent again is longer.
const prompt = 4 * time.Second

// forgotten reports whether Adyen may not know the key any more.
func (p *Provider) forgotten(started time.Time) bool {
	return !started.IsZero() && p.now().Sub(started) > keyLife
}

// first reports whether no earlier request can have been sent under the key.
func (p *Provider) first(started time.Time) bool {
	return started.IsZero() || p.now().Sub(started) < prompt
}

// unsure takes back that nothing was sent, unless it was the first request: one
// before it may have been executed all the same.
func unsure(r payments.Result, first bool) payments.Result {
	if !first && r.Outcome == payments.OutcomeNotSent {
		r.Outcome = payments.OutcomeUnknown
	}
	return r
}

func tooOld() payments.Result {
	return payments.Result{
		Outcome: payments.OutcomeUnknown, Code: "key_too_old",
		Message: "This was sent too long ago to be sent again. Only a webhook or the Customer Area of Adyen can tell what came of it.",
	}
}
