package paypal

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"strconv"
	"strings"
	"time"

	"github.com/tillpost/tillpost/payments"
)

// Bounds of a webhook's age. PayPal tries for three days to deliver one; it may
// not sign each try anew [unverified].
const (
	maxAge    = 4 * 24 * time.Hour
	maxFuture = 5 * time.Minute
)

// transmission is what PayPal's headers say of a webhook.
type transmission struct {
	id, time, signature, certURL, algorithm string
}

var errHeaders = errors.New("the webhook lacks PayPal's headers")

// transmissionOf reads the headers and checks the age.
func transmissionOf(w payments.Webhook) (transmission, error) {
	get := func(name string) string { return w.Header.Get("Paypal-" + name) }
	t := transmission{get("Transmission-Id"), get("Transmission-Time"), get("Transmission-Sig"), get("Cert-Url"), get("Auth-Algo")}
	if t.id == "" || t.time == "" || t.signature == "" || t.certURL == "" || t.algorithm == "" {
		return t, errHeaders
	}
	sent, err := time.Parse(time.RFC3339Nano, t.time)
	if err != nil {
		return t, errors.New("the webhook's time cannot be read")
	}
	if age := w.ReceivedAt.Sub(sent); !w.ReceivedAt.IsZero() && (age > maxAge || age < -maxFuture) {
		return t, errors.New("the webhook is too old, or of the future")
	}
	return t, nil
}

// message is what PayPal signs: the transmission, the webhook that it is meant
// for, and a checksum of the body.
func (t transmission) message(webhookID string, body []byte) []byte {
	sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)
	return []byte(strings.Join([]string{t.id, t.time, webhookID, sum}, "|"))
}

// signedBy checks the signature with a certificate's key.
func (t transmission) signedBy(certificate *x509.Certificate, webhookID string, body []byte) bool {
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	signature, err := base64.StdEncoding.DecodeString(t.signature)
	if !ok || err != nil {
		return false
	}
	digest := sha256.Sum256(t.message(webhookID, body))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
}

// local reports whether the signature can be checked here: by SHA256withRSA and
// a certificate that PayPal's own host gives out.
func (t transmission) local() bool { return t.algorithm == "SHA256withRSA" && isCertURL(t.certURL) }
