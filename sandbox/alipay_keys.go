package sandbox

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
)

const alipayKeyBits = 2048

// alipayKeys holds the key that stands for Alipay: that of the options, that of
// the journal, or one made when it is first needed.
type alipayKeys struct {
	journal *journal

	mu  sync.Mutex
	key *rsa.PrivateKey
}

func (k *alipayKeys) private() *rsa.PrivateKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == nil {
		key, err := rsa.GenerateKey(rand.Reader, alipayKeyBits)
		if err != nil {
			panic(err) // rand.Reader never fails
		}
		k.key = key
		k.journal.write(entry{AlipayKey: x509.MarshalPKCS1PrivateKey(key)})
	}
	return k.key
}

// restore takes the journal's key, unless the options have named one.
func (k *alipayKeys) restore(der []byte) error {
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		return fmt.Errorf("Alipay's key: %w", err) //nolint:staticcheck // a name is written with a capital
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == nil {
		k.key = key
	}
	return nil
}

// stored is the key for the journal; nil when none was needed yet.
func (k *alipayKeys) stored() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key == nil {
		return nil
	}
	return x509.MarshalPKCS1PrivateKey(k.key)
}

// sign is RSA PKCS#1 v1.5 over SHA-256, in base64.
func (k *alipayKeys) sign(text []byte) string {
	digest := sha256.Sum256(text)
	signature, err := rsa.SignPKCS1v15(nil, k.private(), crypto.SHA256, digest[:])
	if err != nil {
		panic(err) // the key is long enough
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// alipayContent is what a signature covers: all parameters but those left out
// and the empty ones, sorted by name.
func alipayContent(params url.Values, without ...string) []byte {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if value := params.Get(name); value != "" && !slices.Contains(without, name) {
			parts = append(parts, name+"="+value)
		}
	}
	return []byte(strings.Join(parts, "&"))
}

// alipayVerified checks a request's signature with the merchant's key.
func alipayVerified(key *rsa.PublicKey, params url.Values) bool {
	signature, err := base64.StdEncoding.DecodeString(params.Get("sign"))
	if err != nil {
		return false
	}
	digest := sha256.Sum256(alipayContent(params, "sign"))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
}

var errNotPublicKey = errors.New("not an RSA public key in PEM or base64")

// alipayMerchantKey reads what a merchant left at /settings.
func alipayMerchantKey(text string) (*rsa.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if block, _ := pem.Decode([]byte(text)); block != nil {
		der, err = block.Bytes, nil
	}
	if err != nil {
		return nil, errNotPublicKey
	}
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, errNotPublicKey
	}
	if key, ok := key.(*rsa.PublicKey); ok {
		return key, nil
	}
	return nil, errNotPublicKey
}
