package stripe

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// maxAge is how old a webhook may be, as in Stripe's own libraries.
const maxAge = 300 * time.Second

// Verify checks the header Stripe-Signature of a webhook, see
// https://docs.stripe.com/webhooks/signature: t=<unix seconds>,v1=<hex
// HMAC-SHA256 of "t.body">, with the whole secret as the key. While a secret
// is rolled over there are two of v1.
func (p *Provider) Verify(_ context.Context, account payments.Account, w payments.Webhook) error {
	secret := account.Fields["webhook_secret"]
	if secret == "" {
		return fmt.Errorf("the Stripe account has no webhook secret: %w", payments.ErrSignature)
	}
	at := w.ReceivedAt
	if at.IsZero() {
		at = p.now()
	}
	if err := verify(secret, w.Header.Get("Stripe-Signature"), w.Body, at); err != nil {
		return fmt.Errorf("%w: %w", payments.ErrSignature, err)
	}
	return nil
}

func verify(secret, header string, body []byte, at time.Time) error {
	var stamp string
	var signatures [][]byte
	for part := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			stamp = value
		case "v1":
			if signature, err := hex.DecodeString(value); err == nil {
				signatures = append(signatures, signature)
			}
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("the header Stripe-Signature has no time")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	want, genuine := mac.Sum(nil), false
	for _, signature := range signatures {
		genuine = genuine || hmac.Equal(signature, want)
	}
	switch {
	case !genuine:
		return errors.New("it was made with another secret, or for another body")
	case at.Sub(time.Unix(seconds, 0)) > maxAge:
		return errors.New("it is too old")
	}
	return nil
}
