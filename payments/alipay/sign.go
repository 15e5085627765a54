package alipay

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

var errWrongSignature = errors.New("the signature does not match Alipay's public key")

// content is what a signature covers: the parameters that are not empty, sorted
// by name, with their values as they are. A request's signature leaves out
// itself only, a notification's its own type as well.
func content(params url.Values, without ...string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if value := params.Get(name); value != "" && !slices.Contains(without, name) {
			parts = append(parts, name+"="+value)
		}
	}
	return strings.Join(parts, "&")
}

// sign is RSA PKCS#1 v1.5 over SHA-256, in base64.
func sign(key *rsa.PrivateKey, text string) (string, error) {
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:])
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

func verify(key *rsa.PublicKey, text []byte, signature string) error {
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(raw) == 0 {
		return errWrongSignature
	}
	digest := sha256.Sum256(text)
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], raw) != nil {
		return errWrongSignature
	}
	return nil
}
