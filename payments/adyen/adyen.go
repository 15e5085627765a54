// Package adyen charges saved cards through Adyen's Checkout API.
//
// Adyen can be asked nothing: there is no call that reads a payment. What is
// left to settle an unknown outcome is the idempotency key, the webhooks, and a
// cancel by our own reference (the technical cancel), whose result a webhook
// tells as well.
//
// Lookup sends the charge again under its key. That is a send, not a question:
// if the first request was never executed, this one charges. It is allowed
// because whoever looks a charge up still wants its money, because one key makes
// one payment whatever arrives when, and because every answer of Adyen's that
// reports an end is the end of that key. It stops well before Adyen may forget
// the key (keyLife); from then on a look-up remains unknown, sends nothing, and
// leaves it to the webhooks or a human. Canceling first, to be able to say "not
// found", would be no better: a cancel is only "received", proves nothing about
// a request that has yet to arrive, and would undo payments that went well.
//
// Hence two rules for those who call it. A charge that was given up, or that a
// cancel was asked for, must not be looked up any more: only its webhooks count.
// And an account's region (live_prefix, or the base address) must not change
// while outcomes are unknown, because Adyen compares keys within a region only.
//
// A key gives the first answer once more, not the state of today: a charge that
// waited for its customer, or was processing, stays so for ever in a look-up.
// Captures, voids, cancels and refunds are all answered with "received"; the
// webhooks tell what became of them too.
//
// Whether a payment is captured at once is a setting of the merchant account,
// immediate by default, which automatic capture relies on; manual capture is
// asked for with each payment.
package adyen

import (
	"context"
	"net/http"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// Provider is Adyen behind the payment port. Accounts have the fields api_key,
// merchant_account, hmac_key and, when they are live, live_prefix.
type Provider struct {
	client *http.Client
	now    func() time.Time
}

// New returns the provider; the client brings the time-outs.
func New(client *http.Client) *Provider {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Provider{client: &own, now: time.Now}
}

// Charge makes the payment, or hears again what came of it. Once its key may be
// forgotten it sends nothing, because that would be a second payment.
func (p *Provider) Charge(ctx context.Context, account payments.Account, charge payments.Charge) payments.Result {
	first := charge.ProviderReference == "" && p.first(charge.StartedAt)
	body, r, ok := newPayment(account, charge)
	switch {
	case !ok:
		return unsure(r, first)
	case p.forgotten(charge.StartedAt):
		return tooOld()
	}
	return unsure(p.pay(ctx, account, charge, body), first)
}

// pay sends the charge and says what Adyen made of it.
func (p *Provider) pay(
	ctx context.Context, account payments.Account, charge payments.Charge, body paymentRequest,
) payments.Result {
	x := p.call(ctx, account, "/payments", charge.Key, body)
	if made, ok := decode[payment](x); ok && made.ResultCode != "" {
		return x.result(charge, made)
	}
	return x.failed()
}

// newPayment is the body of a charge, the same each time that it is sent; not
// ok when there is no need to ask Adyen to know that it is wrong.
func newPayment(account payments.Account, charge payments.Charge) (paymentRequest, payments.Result, bool) {
	if r, ok := check(account); !ok {
		return paymentRequest{}, r, false
	}
	method, ok := methodTypes[charge.MethodType]
	if !ok {
		return paymentRequest{}, refusal("method_not_supported",
			"Payments with "+charge.MethodType+" cannot go through Adyen here; saved cards and wallets can."), false
	}
	asked, ok := toWire(charge.Amount, charge.Currency)
	if !ok {
		return paymentRequest{}, unpayable(charge.Currency), false
	}
	body := paymentRequest{
		Amount: asked, Reference: charge.AttemptID, MerchantAccount: account.Fields["merchant_account"],
		PaymentMethod: paymentMethod{Type: method, StoredPaymentMethodID: charge.Token},
		ReturnURL:     charge.ReturnURL, ShopperReference: charge.Customer,
		ShopperInteraction: "ContAuth", RecurringProcessingModel: "CardOnFile",
		Metadata: map[string]string{metaPayment: charge.PaymentID, metaCapture: captureAutomatic},
	}
	if charge.ReturnURL == "" { // the customer is not there
		body.ReturnURL, body.RecurringProcessingModel = nowhere, "UnscheduledCardOnFile"
	}
	if !charge.Capture {
		body.Metadata[metaCapture] = captureManual
		body.AdditionalData = map[string]string{"manualCapture": "true"} // [unverified] for all kinds of cards
	}
	return body, payments.Result{}, true
}
