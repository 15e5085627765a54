// Package stripe charges cards through Stripe's payment intents.
//
// A charge takes two requests, so that its outcome can always be found out:
// the first creates a payment intent, which cannot move money, the second
// confirms it. Whatever becomes of the second, the intent can be asked for; and
// canceled, so that a confirmation still under way comes too late.
package stripe

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// keyLife is how long Stripe keeps an idempotency key at the least (24 hours),
// with a margin. Past it the same key would create a second payment intent.
const keyLife = 23 * time.Hour

// Provider is Stripe behind the payment port. Accounts have the fields
// secret_key and webhook_secret.
type Provider struct {
	client *http.Client
	now    func() time.Time
}

// New returns the provider; the client brings the time-outs.
func New(client *http.Client) *Provider {
	own := *client
	if own.Transport == nil {
		own.Transport = safehttp.New(safehttp.Options{Timeout: client.Timeout}).Transport
	}
	return &Provider{client: &own, now: time.Now}
}

// Charge creates a payment intent and confirms it.
func (p *Provider) Charge(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	if r, ok := check(account, charge); !ok {
		return r
	}
	if p.keysForgotten(charge) {
		return p.Lookup(ctx, account, charge)
	}
	id := charge.ProviderReference
	if id == "" {
		intent, x := p.create(ctx, account, charge)
		if r, ok := p.created(intent, x, charge); !ok {
			return r
		}
		id = intent.ID
	}
	intent, x := p.confirm(ctx, account, charge, id)
	r := p.confirmed(intent, x, charge)
	r.ProviderReference = cmp.Or(r.ProviderReference, id)
	if charge.ProviderReference != "" && r.Outcome == payments.OutcomeNotSent {
		r.Outcome = payments.OutcomeUnknown // this request was refused, but an earlier one may not have been
	}
	return r
}

// keysForgotten reports whether Stripe may no longer know the charge's keys.
func (p *Provider) keysForgotten(charge payments.Charge) bool {
	return !charge.StartedAt.IsZero() && p.now().Sub(charge.StartedAt) > keyLife
}

// check refuses what need not be sent to Stripe to know that it is wrong.
func check(account payments.Account, charge payments.Charge) (payments.Result, bool) {
	refuse := func(code, message string) (payments.Result, bool) {
		return payments.Result{Outcome: payments.OutcomeNotSent, Misconfigured: true, Code: code, Message: message}, false
	}
	if account.Fields["secret_key"] == "" {
		return refuse("secret_key_missing", "The Stripe account has no secret key.")
	}
	if _, _, err := base(account); err != nil {
		return refuse("base_url_invalid", "The Stripe account's base address is not a web address.")
	}
	if charge.MethodType != "card" && charge.MethodType != "wallet" {
		return refuse("method_not_supported", "Payments with "+charge.MethodType+" cannot go through Stripe here; cards and wallets can.")
	}
	return payable(charge.Amount, charge.Currency)
}

// create asks for the payment intent; it must send the same each time, because
// Stripe refuses the key with any other request.
func (p *Provider) create(
	ctx context.Context, account payments.Account, charge payments.Charge,
) (*stripe.PaymentIntent, *exchange) {
	params := &stripe.PaymentIntentCreateParams{
		Amount:             new(wire(charge.Amount, charge.Currency)),
		Currency:           stripe.String(strings.ToLower(charge.Currency)),
		PaymentMethodTypes: stripe.StringSlice([]string{"card"}),
		PaymentMethod:      stripe.String(charge.Token),
		CaptureMethod:      stripe.String(string(stripe.PaymentIntentCaptureMethodAutomatic)),
		Metadata: map[string]string{
			"payment_id": charge.PaymentID, "attempt_id": charge.AttemptID,
			"merchant_id": charge.MerchantID, "order_number": charge.OrderNumber,
		},
	}
	if !charge.Capture {
		params.CaptureMethod = stripe.String(string(stripe.PaymentIntentCaptureMethodManual))
	}
	if charge.Customer != "" {
		params.Customer = stripe.String(charge.Customer)
	}
	if charge.Description != "" {
		params.Description = stripe.String(charge.Description)
	}
	params.SetIdempotencyKey(charge.Key + "-create")
	return p.intent(account, func(api *stripe.Client) (*stripe.PaymentIntent, error) {
		return api.V1PaymentIntents.Create(ctx, params)
	})
}

// confirm is the request that moves money. A return address says that the
// customer is there to be sent to their bank; otherwise they are not.
func (p *Provider) confirm(
	ctx context.Context, account payments.Account, charge payments.Charge, id string,
) (*stripe.PaymentIntent, *exchange) {
	params := &stripe.PaymentIntentConfirmParams{Expand: stripe.StringSlice([]string{"latest_charge"})}
	if charge.ReturnURL == "" {
		params.OffSession = new(true)
	} else {
		params.ReturnURL = stripe.String(charge.ReturnURL)
	}
	params.SetIdempotencyKey(charge.Key + "-confirm")
	return p.intent(account, func(api *stripe.Client) (*stripe.PaymentIntent, error) {
		return api.V1PaymentIntents.Confirm(ctx, id, params)
	})
}

// intent makes one call that answers with a payment intent.
func (p *Provider) intent(
	account payments.Account, call func(*stripe.Client) (*stripe.PaymentIntent, error),
) (*stripe.PaymentIntent, *exchange) {
	x := newExchange(account)
	intent, err := call(x.api(p.client))
	x.finish(err, "payment_intent")
	return intent, x
}
