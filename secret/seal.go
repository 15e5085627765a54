package secret

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// The reasons why Open fails, wrapped in its errors.
var (
	ErrMalformed  = errors.New("not a sealed value")
	ErrUnknownKey = errors.New("sealed with a key that the key set does not hold")
	ErrTampered   = errors.New("altered, or moved from another place")
)

// sealedPrefix is the version of the form of sealed values and of their binding.
const sealedPrefix = "v1."

// Binding is the place where a sealed value is stored. A value opens nowhere else.
type Binding struct {
	Merchant string // empty for what belongs to no merchant
	Table    string
	Row      string // the id that never changes
	Field    string
}

// associatedData joins the fields with their lengths, so that no two bindings
// give the same bytes.
func (b Binding) associatedData() ([]byte, error) {
	if b.Table == "" || b.Row == "" || b.Field == "" {
		return nil, fmt.Errorf("binding %+v lacks a table, row or field", b)
	}
	data := []byte(sealedPrefix)
	for _, part := range []string{b.Merchant, b.Table, b.Row, b.Field} {
		data = binary.AppendUvarint(data, uint64(len(part)))
		data = append(data, part...)
	}
	return data, nil
}

// Seal encrypts a value for the place where it will be stored.
func (k *Keys) Seal(place Binding, plaintext []byte) (string, error) {
	data, err := place.associatedData()
	if err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	ciphertext, err := k.current().cipher.Encrypt(plaintext, data)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", place.Field, err)
	}
	return sealedPrefix + base64.RawURLEncoding.EncodeToString(ciphertext), nil
}

// Open decrypts a value that was sealed for that place. When it was sealed
// with a key that is new in the key file, the file is read again first, so
// that a rotation by another process needs no restart.
func (k *Keys) Open(place Binding, sealed string) ([]byte, error) {
	data, err := place.associatedData()
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	id, ciphertext, err := parseSealed(sealed)
	if err != nil {
		return nil, fmt.Errorf("open %s of %s %s: %w", place.Field, place.Table, place.Row, err)
	}
	set := k.current()
	if !set.holds(id) {
		if set, err = k.reload(); err != nil {
			return nil, fmt.Errorf("open %s of %s %s: %w", place.Field, place.Table, place.Row, err)
		}
	}
	if !set.holds(id) {
		return nil, fmt.Errorf("open %s of %s %s: %w (key %08x)", place.Field, place.Table, place.Row, ErrUnknownKey, id)
	}
	plaintext, err := set.cipher.Decrypt(ciphertext, data)
	if err != nil { // the cipher does not say more than "decryption failed"
		return nil, fmt.Errorf("open %s of %s %s: %w", place.Field, place.Table, place.Row, ErrTampered)
	}
	return plaintext, nil
}

// NeedsReseal says whether a value was sealed with another key than the
// primary, or cannot be read at all. An empty one needs nothing.
func (k *Keys) NeedsReseal(sealed string) bool {
	if sealed == "" {
		return false
	}
	id, _, err := parseSealed(sealed)
	return err != nil || id != k.current().primary
}

// parseSealed reads Tink's header: 0x01, then the id of the key.
// https://developers.google.com/tink/wire-format
func parseSealed(sealed string) (id uint32, ciphertext []byte, err error) {
	const headerSize, tinkPrefix = 5, 0x01
	encoded, ok := strings.CutPrefix(sealed, sealedPrefix)
	if !ok {
		return 0, nil, ErrMalformed
	}
	ciphertext, err = base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || len(ciphertext) < headerSize || ciphertext[0] != tinkPrefix {
		return 0, nil, ErrMalformed
	}
	return binary.BigEndian.Uint32(ciphertext[1:headerSize]), ciphertext, nil
}
