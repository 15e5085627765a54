package payments

import (
	"fmt"

	"github.com/tillpost/tillpost/secret"
)

// VerifyStamp checks the signature in a header as secret.VerifyStamp does. Its
// error wraps ErrSignature.
func (w Webhook) VerifyStamp(header, key string) error {
	if err := secret.VerifyStamp(w.Header.Get(header), w.Body, key, w.ReceivedAt); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrSignature, header, err)
	}
	return nil
}
