package adyen

import (
	"context"

	"github.com/tillpost/tillpost/payments"
)

// Lookup sends the charge again under the same key, as the package comment
// explains, and believes only an answer that reports the end of the payment. A
// refusal of the request itself proves nothing: Adyen may look at the request
// before it looks at the key.
func (p *Provider) Lookup(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	body, r, ok := newPayment(account, charge)
	switch {
	case !ok:
		return unsure(r, false)
	case charge.StartedAt.IsZero(), p.forgotten(charge.StartedAt):
		return tooOld()
	}
	r = p.pay(ctx, account, charge, body)
	switch r.Outcome {
	case payments.OutcomeSucceeded, payments.OutcomeAuthorized, payments.OutcomeDeclined:
		return r
	case payments.OutcomeRequiresAction:
		if charge.ProviderReference == "" {
			return r // the first to hear of it
		}
		r.NextAction, r.Message = nil, "Adyen waited for the customer at first; a webhook tells what came of it."
	case payments.OutcomeProcessing:
		r.Message = "Adyen was at it at first; a webhook tells what came of it."
	case payments.OutcomeNotSent, payments.OutcomeNotFound, payments.OutcomeUnknown:
	}
	r.Outcome = payments.OutcomeUnknown
	return r
}
