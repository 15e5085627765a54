package stripe

import (
	"context"

	"github.com/tillpost/tillpost/payments"
)

// Verify checks the header Stripe-Signature of a webhook, see
// https://docs.stripe.com/webhooks/signature: t=<unix seconds>,v1=<hex
// HMAC-SHA256 of "t.body">, with the whole secret as the key. While a secret
// is rolled over there are two of v1.
func (p *Provider) Verify(_ context.Context, account payments.Account, w payments.Webhook) error {
	return w.VerifyStamp("Stripe-Signature", account.Fields["webhook_secret"])
}
