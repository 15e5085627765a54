package stripe

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
)

const (
	refundID  = "refund_id"  // names our refund in the metadata of Stripe's
	refundKey = "refund_key" // tells its tries apart, as a failed refund is asked for anew

	// settled is how long after it was sent a request can no longer arrive, and
	// Stripe has ended what an error of its own interrupted.
	settled = 10 * time.Minute
	// maxKeys bounds the keys of one refund, after Stripe kept errors of its own for those before.
	maxKeys = 3
)

// Refund creates a refund, once for a key. When Stripe answers that key with an
// error of its own that it has kept, the list of refunds says whether there is
// one; if not, it takes another key.
func (p *Provider) Refund(ctx context.Context, account payments.Account, r payments.Refund) payments.Result {
	if refused, ok := check(account, r.Original); !ok {
		return refused
	}
	if refused, ok := payable(r.Amount, r.Original.Currency); !ok {
		return refused
	}
	age := p.now().Sub(r.StartedAt)
	if !r.StartedAt.IsZero() && age > keyLife { // the key would no longer keep it from being made twice
		found := p.LookupRefund(ctx, account, r)
		if found.Outcome == payments.OutcomeNotFound {
			found.Outcome, found.Message = payments.OutcomeNotSent, "Stripe does not know the refund, and its key is too old to be used."
		}
		return found
	}
	var result payments.Result
	for try := 1; try <= maxKeys; try++ {
		refund, x := p.createRefund(ctx, account, r, try)
		if x.err == nil {
			return p.made(ctx, account, r, refund, x)
		}
		if result = p.notRefunded(x); !x.replayedError() {
			return result
		}
		if found := p.LookupRefund(ctx, account, r); found.Outcome != payments.OutcomeNotFound {
			return found
		}
	}
	return result
}

// createRefund sends the request; it must be the same for each key.
func (p *Provider) createRefund(
	ctx context.Context, account payments.Account, r payments.Refund, try int,
) (*stripe.Refund, *exchange) {
	params := &stripe.RefundCreateParams{
		PaymentIntent: stripe.String(r.Original.ProviderReference),
		Amount:        new(wire(r.Amount, r.Original.Currency)),
		Metadata: map[string]string{
			refundID: r.RefundID, refundKey: r.Key, "payment_id": r.Original.PaymentID, "merchant_id": r.Original.MerchantID,
		},
	}
	switch r.Reason {
	case "duplicate", "fraudulent", "requested_by_customer":
		params.Reason = stripe.String(r.Reason)
	}
	key := r.Key
	if try > 1 {
		key += "-" + strconv.Itoa(try)
	}
	params.SetIdempotencyKey(key)
	return p.refund(account, func(api *stripe.Client) (*stripe.Refund, error) {
		return api.V1Refunds.Create(ctx, params)
	})
}

// made says where a refund stands that Stripe answered with. An answer that it
// kept is the one of then: by now the refund may have got on.
func (p *Provider) made(
	ctx context.Context, account payments.Account, r payments.Refund, refund *stripe.Refund, x *exchange,
) payments.Result {
	first := p.refunded(refund, x, r)
	if !x.replayed() || first.Outcome == payments.OutcomeUnknown {
		return first
	}
	if now := p.retrieveRefund(ctx, account, r, refund.ID); now.Outcome != payments.OutcomeUnknown {
		return now
	}
	return first
}

// LookupRefund finds a refund by its reference, or among those of the payment
// by its key. As long as a request may still arrive, one that is not there is unknown.
func (p *Provider) LookupRefund(ctx context.Context, account payments.Account, r payments.Refund) payments.Result {
	if refused, ok := check(account, r.Original); !ok {
		refused.Outcome = payments.OutcomeUnknown
		return refused
	}
	if r.ProviderReference != "" {
		return p.retrieveRefund(ctx, account, r, r.ProviderReference)
	}
	params := &stripe.RefundListParams{PaymentIntent: stripe.String(r.Original.ProviderReference)}
	params.Single = true
	params.Limit = stripe.Int64(100)
	for {
		x := newExchange(account)
		list := x.api(p.client).V1Refunds.List(ctx, params)
		x.finish(list.Err(), "list")
		if x.err != nil {
			return p.unknown(x)
		}
		all := list.Data()
		if i := slices.IndexFunc(all, func(one *stripe.Refund) bool { return one.Metadata[refundKey] == r.Key }); i >= 0 {
			return p.refunded(all[i], x, r)
		}
		if !list.Meta().HasMore || len(all) == 0 {
			return p.noRefund(x, r)
		}
		params.StartingAfter = stripe.String(all[len(all)-1].ID)
	}
}

func (p *Provider) noRefund(x *exchange, r payments.Refund) payments.Result {
	result := p.about(x)
	result.Outcome, result.Code, result.Message = payments.OutcomeUnknown, "not_found", "Stripe does not know the refund yet."
	if !r.StartedAt.IsZero() && p.now().Sub(r.StartedAt) > settled {
		result.Outcome, result.Message = payments.OutcomeNotFound, "Stripe does not know the refund."
	}
	return result
}

func (p *Provider) retrieveRefund(
	ctx context.Context, account payments.Account, r payments.Refund, id string,
) payments.Result {
	refund, x := p.refund(account, func(api *stripe.Client) (*stripe.Refund, error) {
		return api.V1Refunds.Retrieve(ctx, id, nil)
	})
	if x.err != nil {
		return p.unknown(x)
	}
	return p.refunded(refund, x, r)
}

// refunded says where a refund stands, if it is the one that was asked for.
func (p *Provider) refunded(refund *stripe.Refund, x *exchange, want payments.Refund) payments.Result {
	r := p.about(x)
	r.ProviderReference = refund.ID
	key, intent := refund.Metadata[refundKey], refund.PaymentIntent
	if key != "" && key != want.Key || refund.Amount != wire(want.Amount, want.Original.Currency) ||
		!strings.EqualFold(string(refund.Currency), want.Original.Currency) ||
		intent != nil && intent.ID != want.Original.ProviderReference {
		r.Outcome, r.Code = payments.OutcomeUnknown, "answer_mismatch"
		r.Message = "Stripe's answer is about another refund: " + x.mask([]byte(refund.ID)) + "."
		return r
	}
	refundStands(&r, refund)
	return r
}

// notRefunded says what a request means that gave no refund.
func (p *Provider) notRefunded(x *exchange) payments.Result {
	r := p.failed(x)
	if x.status != http.StatusBadRequest && x.status != http.StatusNotFound || x.trace.Resent() {
		return r
	}
	if x.fault.Type != string(stripe.ErrorTypeInvalidRequest) {
		r.Outcome = payments.OutcomeUnknown // something in between answered, or Stripe knows the key with other details
		return r
	}
	r = refused(r)
	if known, ok := refundRefusals[x.fault.Code]; ok {
		r.Class, r.Message = known.class, known.message
	} else {
		r.Message = "Stripe refused the refund: " + x.said()
	}
	return r
}

// refund makes one call that answers with a refund.
func (p *Provider) refund(
	account payments.Account, call func(*stripe.Client) (*stripe.Refund, error),
) (*stripe.Refund, *exchange) {
	x := newExchange(account)
	refund, err := call(x.api(p.client))
	x.finish(err, "refund")
	return refund, x
}
