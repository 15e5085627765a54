package wechat

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
)

var (
	errAPIv3Key  = errors.New("the WeChat Pay account's API v3 key must have 32 characters")
	errEncrypted = errors.New("the notice cannot be decrypted: it is another merchant's, or the API v3 key is wrong")
)

// resource is what a notice tells, encrypted.
type resource struct {
	Algorithm      string `json:"algorithm"`
	Ciphertext     string `json:"ciphertext"`
	AssociatedData string `json:"associated_data"`
	Nonce          string `json:"nonce"`
}

// open decrypts with the account's API v3 key.
func (r resource) open(key string) ([]byte, error) {
	if len(key) != apiv3KeyLength {
		return nil, errAPIv3Key
	}
	if r.Algorithm != "AEAD_AES_256_GCM" {
		return nil, errEncrypted
	}
	sealed, err := base64.StdEncoding.DecodeString(r.Ciphertext)
	if err != nil {
		return nil, errEncrypted
	}
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		return nil, fmt.Errorf("set up decryption: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("set up decryption: %w", err)
	}
	if len(r.Nonce) != gcm.NonceSize() {
		return nil, errEncrypted
	}
	text, err := gcm.Open(nil, []byte(r.Nonce), sealed, []byte(r.AssociatedData))
	if err != nil {
		return nil, errEncrypted
	}
	return text, nil
}
