package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	stripe "github.com/stripe/stripe-go/v85"

	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/safehttp"
)

// Lookup asks Stripe what became of a charge. A payment intent that was never
// confirmed is canceled, so that it cannot be any more.
func (p *Provider) Lookup(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	if r, ok := check(account, charge); !ok {
		r.Outcome = payments.OutcomeUnknown
		return r
	}
	id, r := p.find(ctx, account, charge)
	if id == "" {
		return r
	}
	intent, r := p.retrieve(ctx, account, charge, id)
	if intent == nil || !unconfirmed(intent) {
		return r
	}
	return p.end(ctx, account, charge, id)
}

// Cancel cancels a charge's payment intent as long as it has taken nothing,
// also while its customer is asked to confirm it.
func (p *Provider) Cancel(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	if r, ok := check(account, charge); !ok {
		r.Outcome = payments.OutcomeUnknown
		return r
	}
	id, r := p.find(ctx, account, charge)
	if id == "" {
		return r
	}
	intent, r := p.retrieve(ctx, account, charge, id)
	if intent == nil {
		return r
	}
	if !unconfirmed(intent) && r.Outcome != payments.OutcomeRequiresAction && r.Outcome != payments.OutcomeProcessing {
		return r
	}
	return p.end(ctx, account, charge, id)
}

// end cancels a payment intent, or says what it has become instead.
func (p *Provider) end(ctx context.Context, account payments.Account, charge payments.Charge, id string) payments.Result {
	if intent, x := p.cancel(ctx, account, id, stripe.PaymentIntentCancellationReasonAbandoned); x.err == nil {
		return p.resultOf(intent, x, charge)
	}
	_, r := p.retrieve(ctx, account, charge, id) // it was executed meanwhile, or cannot be canceled
	return r
}

// find returns the id of the charge's payment intent, or what is known without it.
func (p *Provider) find(
	ctx context.Context, account payments.Account, charge payments.Charge,
) (string, payments.Result) {
	if charge.ProviderReference != "" {
		return charge.ProviderReference, payments.Result{}
	}
	if p.keysForgotten(charge) {
		return p.search(ctx, account, charge)
	}
	// The key of the first request gives its answer once more. If the request
	// never arrived, this creates an intent that is canceled right away.
	intent, x := p.create(ctx, account, charge)
	if x.err == nil {
		return intent.ID, payments.Result{}
	}
	r := p.unknown(x)
	if x.status == http.StatusBadRequest && x.fault.Type == string(stripe.ErrorTypeInvalidRequest) && !x.trace.Resent() {
		r.Outcome = payments.OutcomeNotFound // refused now, so that it cannot have been accepted before
	}
	return "", r
}

// search finds a payment intent by the attempt that it was made for. Stripe
// takes minutes to know new ones, so it serves only when the keys are of no use
// any more.
func (p *Provider) search(
	ctx context.Context, account payments.Account, charge payments.Charge,
) (string, payments.Result) {
	x := newExchange(account)
	params := &stripe.PaymentIntentSearchParams{}
	params.Query = fmt.Sprintf("metadata['attempt_id']:'%s'", charge.AttemptID)
	params.Single = true
	params.Limit = stripe.Int64(10)
	list := x.api(p.client).V1PaymentIntents.Search(ctx, params)
	x.finish(list.Err(), "search_result")
	if x.err != nil {
		return "", p.unknown(x)
	}
	found := list.Data()
	if len(found) == 0 {
		r := p.about(x)
		r.Outcome = payments.OutcomeNotFound
		return "", r
	}
	if i := slices.IndexFunc(found, executed); i >= 0 {
		return found[i].ID, payments.Result{}
	}
	return found[0].ID, payments.Result{}
}

// executed reports whether an intent has got past its confirmation.
func executed(intent *stripe.PaymentIntent) bool {
	switch intent.Status {
	case stripe.PaymentIntentStatusSucceeded, stripe.PaymentIntentStatusRequiresCapture,
		stripe.PaymentIntentStatusProcessing, stripe.PaymentIntentStatusRequiresAction:
		return true
	default:
		return false
	}
}

// retrieve reads a charge's payment intent; nil when it
// could not be read, or is another's.
func (p *Provider) retrieve(
	ctx context.Context, account payments.Account, charge payments.Charge, id string,
) (*stripe.PaymentIntent, payments.Result) {
	params := &stripe.PaymentIntentRetrieveParams{Expand: stripe.StringSlice([]string{"latest_charge"})}
	intent, x := p.intent(account, func(api *stripe.Client) (*stripe.PaymentIntent, error) {
		return api.V1PaymentIntents.Retrieve(ctx, id, params)
	})
	if x.err != nil {
		return nil, p.unknown(x)
	}
	if !same(intent, charge) {
		return nil, p.mismatch(intent, x)
	}
	return intent, p.result(intent, x)
}

// unconfirmed says that an intent may still be confirmed for the first time.
func unconfirmed(intent *stripe.PaymentIntent) bool {
	switch intent.Status {
	case stripe.PaymentIntentStatusRequiresConfirmation:
		return true
	case stripe.PaymentIntentStatusRequiresPaymentMethod:
		return intent.LastPaymentError == nil
	default:
		return false
	}
}

// cancel has a key of its own each time: an intent is canceled once anyway,
// and a stored failure must not stand in the way of the next try.
func (p *Provider) cancel(
	ctx context.Context, account payments.Account, id string, reason stripe.PaymentIntentCancellationReason,
) (*stripe.PaymentIntent, *exchange) {
	params := &stripe.PaymentIntentCancelParams{
		CancellationReason: stripe.String(string(reason)),
		Expand:             stripe.StringSlice([]string{"latest_charge"}),
	}
	return p.intent(account, func(api *stripe.Client) (*stripe.PaymentIntent, error) {
		return api.V1PaymentIntents.Cancel(ctx, id, params)
	})
}

// unknown is the result of a look-up that failed: it proves nothing.
func (p *Provider) unknown(x *exchange) payments.Result {
	r := p.failed(x)
	r.Outcome, r.Class = payments.OutcomeUnknown, ""
	return r
}

// Test checks the account's secret key.
func (p *Provider) Test(ctx context.Context, account payments.Account) error {
	if account.Fields["secret_key"] == "" {
		return errors.New("the Stripe account has no secret key")
	}
	if _, _, err := base(account); err != nil {
		return err
	}
	x := newExchange(account)
	_, err := x.api(p.client).V1Accounts.Retrieve(ctx, nil)
	x.finish(err, "account")
	switch {
	case x.err == nil:
		return nil
	case x.status == http.StatusUnauthorized:
		return errors.New("Stripe refused the secret key") //nolint:staticcheck // a name is written with a capital
	case x.status == http.StatusForbidden:
		return errors.New("the secret key may not read the Stripe account: it is restricted")
	case x.status == 0:
		return fmt.Errorf("Stripe did not answer: %s", reach[safehttp.Classify(x.err)]) //nolint:staticcheck // likewise
	default:
		return fmt.Errorf("Stripe answered %d %s", x.status, http.StatusText(x.status)) //nolint:staticcheck // likewise
	}
}
