package notify

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The headers of a webhook, by Standard Webhooks 1.0.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

const (
	secretPrefix  = "whsec_"
	secretSize    = 32
	minSecretSize = 24
	maxSecretSize = 64
)

// NewSecret returns a new signing secret in the form that merchants get it.
func NewSecret() string {
	key := make([]byte, secretSize)
	rand.Read(key) // never fails, says its documentation
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// Sign returns the webhook-signature header of one attempt: a signature for
// each secret, of which a merchant's server needs to know one. There are several
// while a secret is being replaced. Exactly body must be sent, and at must be
// what Timestamp puts in its header.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
func Sign(secrets []string, id string, at time.Time, body []byte) (string, error) {
	if len(secrets) == 0 {
		return "", errors.New("sign webhook: no secret")
	}
	if id == "" || strings.Contains(id, ".") { // a dot would make the signed text ambiguous
		return "", fmt.Errorf("sign webhook: id %q is empty or contains a dot", id)
	}
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		key, err := decodeSecret(secret)
		if err != nil {
			return "", fmt.Errorf("sign webhook: %w", err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + Timestamp(at) + "."))
		mac.Write(body)
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(signatures, " "), nil
}

// Timestamp returns the webhook-timestamp header of an attempt made at that time.
func Timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// decodeSecret returns errors that do not repeat the secret.
func decodeSecret(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, errors.New("secret does not start with " + secretPrefix)
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("secret is not valid base64")
	}
	if len(key) < minSecretSize || len(key) > maxSecretSize {
		return nil, fmt.Errorf("secret has %d bytes, want %d to %d", len(key), minSecretSize, maxSecretSize)
	}
	return key, nil
}
