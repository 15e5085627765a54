package paypal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/tillpost/tillpost/payments"
)

// Verify checks a webhook's signature: here, with the certificate that PayPal's
// own host gives out; or, where that cannot be had or trusted, by asking PayPal
// at the account's own address.
func (p *Provider) Verify(ctx context.Context, account payments.Account, w payments.Webhook) error {
	webhookID := account.Fields["webhook_id"]
	if webhookID == "" {
		return errors.New("the PayPal account has no webhook id")
	}
	t, err := transmissionOf(w)
	if err != nil {
		return fmt.Errorf("%w: %w", payments.ErrSignature, err)
	}
	if !json.Valid(w.Body) {
		return fmt.Errorf("%w: the body is not JSON", payments.ErrSignature)
	}
	if t.local() {
		if certificate, err := p.certificate(ctx, t.certURL); err == nil {
			if t.signedBy(certificate, webhookID, w.Body) {
				return nil
			}
			return fmt.Errorf("%w of PayPal's certificate", payments.ErrSignature)
		}
	}
	return p.askPayPal(ctx, account, t, w.Body)
}

// askPayPal has PayPal verify a webhook. Its body goes there as it came, byte by
// byte: the checksum in the signature is of its bytes.
func (p *Provider) askPayPal(ctx context.Context, account payments.Account, t transmission, body []byte) error {
	question, err := json.Marshal(map[string]string{
		"auth_algo": t.algorithm, "cert_url": t.certURL, "transmission_id": t.id,
		"transmission_sig": t.signature, "transmission_time": t.time, "webhook_id": account.Fields["webhook_id"],
	})
	if err != nil {
		return fmt.Errorf("encode question: %w", err)
	}
	question = append(question[:len(question)-1], `,"webhook_event":`...)
	question = append(append(question, body...), '}')
	x := p.call(ctx, account, http.MethodPost, "/v1/notifications/verify-webhook-signature", "", question)
	var answer struct {
		Status string `json:"verification_status"`
	}
	switch {
	case x.decode(&answer) && answer.Status == "SUCCESS":
		return nil
	case answer.Status == "FAILURE":
		return fmt.Errorf("%w: PayPal says so", payments.ErrSignature)
	case x.sent() && x.status == http.StatusBadRequest && x.isPayPal():
		return fmt.Errorf("%w: PayPal cannot read it", payments.ErrSignature)
	default:
		return errors.New("the webhook cannot be verified for the moment: " + p.unknown(x).Message)
	}
}

// Acknowledge is any good answer.
func (*Provider) Acknowledge() payments.Acknowledgment { return payments.Acknowledgment{} }
