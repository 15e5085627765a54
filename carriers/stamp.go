package carriers

import (
	"fmt"
	"time"

	"github.com/tillpost/tillpost/secret"
)

// maxStampAge is how far the time of a signature may be from when it came in.
const maxStampAge = 5 * time.Minute

// VerifyStamp checks the signature in a header as secret.VerifyStamp does, and
// that it is of now. Its error wraps ErrSignature.
func (w Webhook) VerifyStamp(header, key string) error {
	signed, err := secret.VerifyStamp(w.Header.Get(header), w.Body, key)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrSignature, header, err)
	}
	at := w.ReceivedAt
	if at.IsZero() {
		at = time.Now()
	}
	if age := at.Sub(signed); age > maxStampAge || age < -maxStampAge {
		return fmt.Errorf("%w: %s: it is too old, or from the future", ErrSignature, header)
	}
	return nil
}
