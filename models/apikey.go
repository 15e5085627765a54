package models

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// APIScopes are the rights that an API key can have.
var APIScopes = []string{"read", "orders", "payments", "shipments", "webhooks"}

// APIKey lets a shop call the API for one merchant. Only a hash of it is kept.
type APIKey struct {
	ID         string `gorm:"primaryKey"`
	MerchantID string
	Name       string
	Prefix     string // the public part of the key, by which it is found
	Hash       string
	Scopes     []string `gorm:"serializer:json"`
	LastUsedAt *time.Time
	RevokedAt  *time.Time
	CreatedAt  time.Time
}

// TableName is api_keys.
func (APIKey) TableName() string { return "api_keys" }

// Allows says whether the key has the scope; every key may read.
func (k *APIKey) Allows(scope string) bool {
	return slices.Contains(k.Scopes, scope)
}

const keyPrefixLength = 8

// CreateAPIKey makes a key, tp_<8>_<32>, with the scopes or, when none are
// given, all. The key itself is returned once and never stored.
func (tx *Tx) CreateAPIKey(merchantID, name string, scopes []string) (*APIKey, string, error) {
	if len(scopes) == 0 {
		scopes = APIScopes
	}
	for _, s := range scopes {
		if !slices.Contains(APIScopes, s) {
			return nil, "", Invalid("scope", "unknown_scope")
		}
	}
	if strings.TrimSpace(name) == "" {
		return nil, "", Invalid("name", "required")
	}
	random := make([]byte, 25)
	if _, err := rand.Read(random); err != nil {
		return nil, "", fmt.Errorf("make key: %w", err)
	}
	text := idEncoding.EncodeToString(random)
	prefix := text[:keyPrefixLength]
	key := "tp_" + prefix + "_" + text[keyPrefixLength:]
	k := APIKey{
		ID: NewID(PrefixAPIKey), MerchantID: merchantID, Name: name, Prefix: prefix, Hash: hashKey(key),
		Scopes: scopes, CreatedAt: tx.now,
	}
	return &k, key, tx.create(&k)
}

// APIKeyByText finds the live key with the given text, or ErrNotFound.
func (db *DB) APIKeyByText(ctx context.Context, text string) (*APIKey, error) {
	parts := strings.Split(text, "_")
	if len(parts) != 3 || parts[0] != "tp" || len(parts[1]) != keyPrefixLength {
		return nil, ErrNotFound
	}
	k, err := first[APIKey](db.q(ctx).Where("prefix = ? AND revoked_at IS NULL", parts[1]))
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(k.Hash), []byte(hashKey(text))) != 1 {
		return nil, ErrNotFound
	}
	return k, nil
}

// APIKeys lists the keys of the scope, newest first.
func (db *DB) APIKeys(ctx context.Context, scope Scope, p Page) ([]APIKey, string, error) {
	return page(scope.in(db.q(ctx), "merchant_id"), p, PrefixAPIKey, func(k APIKey) string { return k.ID })
}

// APIKey loads one key, without its text.
func (db *DB) APIKey(ctx context.Context, scope Scope, id string) (*APIKey, error) {
	return first[APIKey](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// NoteAPIKeyUse keeps when a key was last used, to the hour.
func (tx *Tx) NoteAPIKeyUse(id string) error {
	_, err := tx.update("api_keys", map[string]any{"last_used_at": tx.now},
		"id = ? AND (last_used_at IS NULL OR last_used_at < ?)", id, tx.now.Add(-time.Hour))
	return err
}

// RevokeAPIKey ends a key; one that has ended stays as it was.
func (tx *Tx) RevokeAPIKey(scope Scope, id string) error {
	k, err := first[APIKey](scope.in(tx.q(), "merchant_id").Where("id = ?", id))
	if err != nil {
		return err
	}
	_, err = tx.update("api_keys", map[string]any{"revoked_at": tx.now}, "id = ? AND revoked_at IS NULL", k.ID)
	return err
}

func hashKey(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
