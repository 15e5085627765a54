package shippo

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	"github.com/tillpost/tillpost/carriers"
)

// Verify checks the header Shippo-Auth-Signature of a webhook, see
// https://docs.goshippo.com/docs/tracking/webhooksecurity/: t=<unix seconds>,v1=
// <hex HMAC-SHA256 of "t.body">. Shippo signs only for whom it enabled that;
// others append ?token=<webhook secret> to the address that they register. A
// webhook that has the header must be right by it.
func (*Carrier) Verify(account carriers.Account, w carriers.Webhook) error {
	const header = "Shippo-Auth-Signature"
	fields, failure := account.Needs("webhook_secret")
	if failure != nil {
		return fmt.Errorf("%w: %s", carriers.ErrSignature, failure.Message)
	}
	secret := fields[0]
	if len(w.Header.Values(header)) > 0 {
		return w.VerifyStamp(header, secret)
	}
	given, want := sha256.Sum256([]byte(w.Query.Get("token"))), sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
		return fmt.Errorf("%w: it has neither a signature nor the token in its address", carriers.ErrSignature)
	}
	return nil
}
