// Package secret keeps credentials sealed at rest: encrypted by one key of a
// set, and bound to the place where they are stored. It also checks what others
// sign with a secret that they share with this side.
package secret

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrNoFile is the error of Rotate on a key set that is kept elsewhere.
var ErrNoFile = errors.New("the key set is not kept in a file")

// Keys is a set of encryption keys: one, the primary, seals; all of them open.
// It is safe for concurrent use.
type Keys struct {
	path string // empty: not kept in a file

	mu    sync.RWMutex
	set   keySet
	stamp fileStamp // of the file when it was read
}

// keySet is one state of a Keys; it never changes.
type keySet struct {
	handle  *keyset.Handle
	cipher  tink.AEAD
	primary uint32
}

// Generate returns a new key set with one key, kept in memory only.
func Generate() (*Keys, error) {
	manager := keyset.NewManager()
	set, err := addPrimary(manager)
	if err != nil {
		return nil, err
	}
	return &Keys{set: set}, nil
}

// Parse reads a key set in the form that Encode gives it. The error never
// contains any of it.
func Parse(encoded string) (*Keys, error) {
	set, err := decode(encoded)
	if err != nil {
		return nil, err
	}
	return &Keys{set: set}, nil
}

// Encode returns the whole key set as one line of text, as it stands in the
// key file and in the environment.
func (k *Keys) Encode() (String, error) {
	set := k.current()
	return set.encode()
}

// WithNewPrimary returns a copy, kept in memory only, that seals with a new
// key and still opens what the others sealed.
func (k *Keys) WithNewPrimary() (*Keys, error) {
	set := k.current()
	next, err := addPrimary(keyset.NewManagerFromHandle(set.handle))
	if err != nil {
		return nil, err
	}
	return &Keys{set: next}, nil
}

func (k *Keys) current() keySet {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.set
}

// String describes the set without its keys.
func (k *Keys) String() string {
	set := k.current()
	return fmt.Sprintf("key set of %d, primary %08x", set.handle.Len(), set.primary)
}

func addPrimary(manager *keyset.Manager) (keySet, error) {
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return keySet{}, fmt.Errorf("generate key: %w", err)
	}
	if err := manager.SetPrimary(id); err != nil {
		return keySet{}, fmt.Errorf("make key %08x primary: %w", id, err)
	}
	handle, err := manager.Handle()
	if err != nil {
		return keySet{}, fmt.Errorf("build key set: %w", err)
	}
	return newKeySet(handle)
}

func newKeySet(handle *keyset.Handle) (keySet, error) {
	cipher, err := aead.New(handle)
	if err != nil {
		return keySet{}, fmt.Errorf("use key set: %w", err)
	}
	primary, err := handle.Primary()
	if err != nil {
		return keySet{}, fmt.Errorf("find primary key: %w", err)
	}
	return keySet{handle: handle, cipher: cipher, primary: primary.KeyID()}, nil
}

func decode(encoded string) (keySet, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return keySet{}, errors.New("encryption key is not valid base64")
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewBinaryReader(bytes.NewReader(raw)))
	if err != nil {
		return keySet{}, errors.New("encryption key is not a key set")
	}
	return newKeySet(handle)
}

func (s keySet) encode() (String, error) {
	var raw bytes.Buffer
	if err := insecurecleartextkeyset.Write(s.handle, keyset.NewBinaryWriter(&raw)); err != nil {
		return String{}, fmt.Errorf("encode key set: %w", err)
	}
	return NewString(base64.StdEncoding.EncodeToString(raw.Bytes())), nil
}

func (s keySet) holds(id uint32) bool {
	for i := range s.handle.Len() {
		if entry, err := s.handle.Entry(i); err == nil && entry.KeyID() == id {
			return true
		}
	}
	return false
}
