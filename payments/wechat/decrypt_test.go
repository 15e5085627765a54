package wechat

import (
	"encoding/base64"
	"errors"
	"testing"
)

// The vector of the reference.
const (
	vectorKey        = "0123456789abcdef0123456789abcdef"
	vectorCiphertext = "Eu6myr+6GaECeJdOZPZ6BX5hij2Vohspf9pbw6Eor54J6prefQGx4A8pw4JzT8cu8CKUepGOR6DuNCodmQ=="
	vectorText       = `{"out_trade_no":"P1","trade_state":"SUCCESS"}`
)

func vector() resource {
	return resource{Algorithm: "AEAD_AES_256_GCM", Ciphertext: vectorCiphertext, AssociatedData: "transaction", Nonce: "abcdefghijkl"}
}

func TestDecrypt(t *testing.T) {
	t.Parallel()
	text, err := vector().open(vectorKey)
	if err != nil || string(text) != vectorText {
		t.Fatalf("open = %q, %v", text, err)
	}
	sealed, err := base64.StdEncoding.DecodeString(vectorCiphertext)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		flipped := append([]byte(nil), sealed...)
		flipped[i] ^= 1
		r := vector()
		r.Ciphertext = base64.StdEncoding.EncodeToString(flipped)
		if _, err := r.open(vectorKey); !errors.Is(err, errEncrypted) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
	}
	tests := []struct {
		name   string
		change func(*resource)
		key    string
		want   error
	}{
		{"another nonce", func(r *resource) { r.Nonce = "abcdefghijkm" }, vectorKey, errEncrypted},
		{"a short nonce", func(r *resource) { r.Nonce = "abc" }, vectorKey, errEncrypted},
		{"other associated data", func(r *resource) { r.AssociatedData = "refund" }, vectorKey, errEncrypted},
		{"another algorithm", func(r *resource) { r.Algorithm = "AEAD_SM4_GCM" }, vectorKey, errEncrypted},
		{"no base64", func(r *resource) { r.Ciphertext = "%" }, vectorKey, errEncrypted},
		{"less than a tag", func(r *resource) { r.Ciphertext = "AAAA" }, vectorKey, errEncrypted},
		{"another key", func(*resource) {}, "0123456789abcdef0123456789abcdee", errEncrypted},
		{"a short key", func(*resource) {}, "0123456789abcdef", errAPIv3Key},
		{"no key", func(*resource) {}, "", errAPIv3Key},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := vector()
			tt.change(&r)
			if _, err := r.open(tt.key); !errors.Is(err, tt.want) {
				t.Errorf("open = %v, want %v", err, tt.want)
			}
		})
	}
}
