// Package paypal charges PayPal wallets, and cards in PayPal's vault, through
// Orders v2 and Payments v2.
//
// A charge takes two requests, so that its outcome can always be found out. The
// first creates an order without anything to pay with, which cannot move money.
// The second captures it, with a payment method from the vault or after the
// customer has approved the order at PayPal; it is this package that sends it
// then, in Lookup. PayPal captures an order once, whatever keys say. It would
// also pay from the vault in the first request; but when the answer to that were
// lost, nothing could be proved without its id, and nothing be stopped.
//
// An unknown outcome ends like this. PayPal keeps a PayPal-Request-Id of orders
// for six hours: within them the first request finds its order again, or makes
// one that is harmless. An order that was captured says so. One that was not
// has its intent turned into the other one, so that a capture still under way is
// refused, and only then counts as not found. After the six hours an order is
// found by its id; without one, a charge of the vault remains unknown, and an
// order that no customer was ever sent to is not found. The attempt's id is the
// invoice id: should a second order for it be captured, PayPal refuses it with
// DUPLICATE_INVOICE_ID where the account blocks accidental payments.
package paypal

import (
	"context"
	"net/http"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// Hosts of PayPal. An account's base address wins over the first.
const (
	DefaultBaseURL = "https://api-m.paypal.com"
	SandboxBaseURL = "https://api-m.sandbox.paypal.com"
)

const (
	// keyLife is how long PayPal keeps a PayPal-Request-Id of orders (6 hours), with a margin.
	keyLife = 5*time.Hour + 30*time.Minute
	// approvalLife is how long a customer may be sent to an order, and orderLife
	// how long an order that was not paid exists: three hours more. An account
	// manager may have made it longer [unverified].
	approvalLife = 3 * time.Hour
	orderLife    = 6 * time.Hour
	// refundLife is the age from which a refund that PayPal does not know is not on its way any more.
	refundLife = 10 * time.Minute
	// firstCall is how soon after its start a call is the first one with its key.
	firstCall = 2 * time.Second
	// busyWait is how long to wait before asking again for what is under way.
	busyWait = 2 * time.Second
)

// Provider is PayPal behind the payment port. Accounts have the fields
// client_id, client_secret and webhook_id.
type Provider struct {
	client       *http.Client
	now          func() time.Time
	tokens       tokens
	certificates certificates
}

// New returns the provider; the client brings the time-outs.
func New(client *http.Client) *Provider {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Provider{client: &own, now: time.Now}
}

// Charge creates an order and captures it, or sends the customer to approve it.
func (p *Provider) Charge(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	if r, ok := check(account, charge); !ok {
		return r
	}
	if p.keysForgotten(charge) {
		return p.Lookup(ctx, account, charge)
	}
	o, x := p.open(ctx, account, charge)
	if o == nil {
		if charge.ProviderReference != "" {
			return p.unknown(x)
		}
		return p.notCreated(x)
	}
	r := p.proceed(ctx, account, charge, o, x, true)
	switch {
	case r.Outcome == payments.OutcomeNotFound:
		r.Outcome = payments.OutcomeNotSent // canceled before
	case r.Outcome == payments.OutcomeNotSent && charge.ProviderReference != "":
		r.Outcome = payments.OutcomeUnknown // this request was refused, but an earlier one may not have been
	}
	return r
}

// proceed brings an order on: what was approved is captured, and with pay also
// what the vault is to pay. Otherwise nobody captures it any more.
func (p *Provider) proceed(
	ctx context.Context, account payments.Account, charge payments.Charge, o *order, x *exchange, pay bool,
) payments.Result {
	r, open := p.standing(o, charge, x)
	switch {
	case !open:
		return r
	case o.Status == orderApproved:
		return p.take(ctx, account, charge, o.ID, nil, charge.Key+"-approved")
	case charge.Token == "" || o.Status == orderPayerAction:
		return p.requiresAction(o.ID, o.Links, o.CreateTime.Time, x)
	case pay:
		return p.take(ctx, account, charge, o.ID, source(charge), charge.Key+"-pay")
	default:
		return p.withdraw(ctx, account, charge, o.ID)
	}
}

// keysForgotten reports whether PayPal may no longer know the charge's keys.
func (p *Provider) keysForgotten(charge payments.Charge) bool {
	return p.older(charge.StartedAt, keyLife)
}

func (p *Provider) older(started time.Time, age time.Duration) bool {
	return !started.IsZero() && p.now().Sub(started) > age
}
