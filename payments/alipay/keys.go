package alipay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
)

var (
	errNoKey  = errors.New("it is missing")
	errNotKey = errors.New("it is neither PEM nor base64")
	errNotRSA = errors.New("it is not an RSA key")
)

// keyBytes decodes a key as Alipay's console gives it away: base64 without a
// frame, or PEM.
func keyBytes(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, errNoKey
	}
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return block.Bytes, nil
	}
	der, err := base64.StdEncoding.DecodeString(bare(text))
	if err != nil {
		return nil, errNotKey // the decoder's own error would tell of the key
	}
	return der, nil
}

// bare is a key's base64 without frame and line ends.
func bare(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			b.WriteString(strings.ReplaceAll(line, " ", ""))
		}
	}
	return b.String()
}

// readPrivateKey reads PKCS#1 or PKCS#8.
func readPrivateKey(text string) (*rsa.PrivateKey, error) {
	der, err := keyBytes(text)
	if err != nil {
		return nil, err
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errNotRSA
	}
	if key, ok := key.(*rsa.PrivateKey); ok {
		return key, nil
	}
	return nil, errNotRSA
}

// readPublicKey reads a subject public key info, or PKCS#1.
func readPublicKey(text string) (*rsa.PublicKey, error) {
	der, err := keyBytes(text)
	if err != nil {
		return nil, err
	}
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errNotRSA
	}
	if key, ok := key.(*rsa.PublicKey); ok {
		return key, nil
	}
	return nil, errNotRSA
}
