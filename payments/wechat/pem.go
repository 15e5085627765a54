package wechat

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
)

var (
	errAddress = errors.New("not a web address")
	errNotPEM  = errors.New("it is neither PEM nor base64")
	errNotRSA  = errors.New("it is not an RSA key")
	errShort   = errors.New("it is shorter than 2048 bits")
)

const leastBits = 2048

// der unwraps a key that was pasted as PEM, or without its frame.
func der(text string) ([]byte, error) {
	if block, _ := pem.Decode([]byte(strings.TrimSpace(text) + "\n")); block != nil {
		return block.Bytes, nil
	}
	bare, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil || len(bare) == 0 {
		return nil, errNotPEM // not err: it might quote the key
	}
	return bare, nil
}

func privateKey(text string) (*rsa.PrivateKey, error) {
	raw, err := der(text)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS1PrivateKey(raw)
	if err != nil {
		parsed, err := x509.ParsePKCS8PrivateKey(raw)
		if err != nil {
			return nil, errNotRSA
		}
		var ok bool
		if key, ok = parsed.(*rsa.PrivateKey); !ok {
			return nil, errNotRSA
		}
	}
	if key.N.BitLen() < leastBits {
		return nil, errShort
	}
	return key, nil
}

// publicKey also takes a certificate, for merchants who still have one of WeChat
// Pay's instead of its public key.
func publicKey(text string) (*rsa.PublicKey, error) {
	raw, err := der(text)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(raw)
	if err != nil {
		certificate, err := x509.ParseCertificate(raw)
		if err != nil {
			return nil, errNotRSA
		}
		parsed = certificate.PublicKey
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errNotRSA
	}
	if key.N.BitLen() < leastBits {
		return nil, errShort
	}
	return key, nil
}
