package payments

import (
	"fmt"
	"time"

	"github.com/tillpost/tillpost/secret"
)

// MaxStampAge is how old a webhook's signature may be, as in Stripe's own
// libraries. One from the future is genuine too: this clock may be slow, and a
// payment must not wait for that.
const MaxStampAge = 300 * time.Second

// VerifyStamp checks the signature in a header as secret.VerifyStamp does, and
// that it is not old. Its error wraps ErrSignature.
func (w Webhook) VerifyStamp(header, key string) error {
	signed, err := secret.VerifyStamp(w.Header.Get(header), w.Body, key)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrSignature, header, err)
	}
	at := w.ReceivedAt
	if at.IsZero() {
		at = time.Now()
	}
	if at.Sub(signed) > MaxStampAge {
		return fmt.Errorf("%w: %s: it is too old", ErrSignature, header)
	}
	return nil
}
