package sandbox

import (
	"context"

	"github.com/tillpost/tillpost/payments"
)

// Verify checks the header Sandbox-Signature of a webhook:
// t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">.
func (p *Provider) Verify(_ context.Context, account payments.Account, w payments.Webhook) error {
	return w.VerifyStamp("Sandbox-Signature", account.Fields["webhook_secret"])
}
