package models

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"gorm.io/gorm"
)

// TrackingPath is where the public pages of parcels are, below it their tokens.
const TrackingPath = "/t"

// publicTokenBytes makes a token that nobody guesses: 160 random bits.
const publicTokenBytes = 20

// newPublicToken makes the secret part of a parcel's public address.
func newPublicToken() string {
	b := make([]byte, publicTokenBytes)
	_, _ = rand.Read(b) // never fails: it ends the process rather than return an error
	return idEncoding.EncodeToString(b)
}

// publicTokens is the form of tokens: those made here, and the hexadecimal ones
// of parcels that are older than the page.
var publicTokens = regexp.MustCompile(`^[0-9a-z]{32,40}$`)

// PublicParcel is a parcel as its public page needs it.
type PublicParcel struct {
	Shipment Shipment
	Order    Order
	Merchant Merchant
	Settings TrackingSettings
}

// PublicParcel finds the parcel that a public address is of, or the one that was
// meant when its number was mistyped. An address that was
// revoked, one of a merchant whose page is off, and one that never was are the
// same: not found.
func (db *DB) PublicParcel(ctx context.Context, token string) (*PublicParcel, error) {
	if !publicTokens.MatchString(token) {
		return nil, ErrNotFound
	}
	s, err := first[Shipment](db.q(ctx).Omit("raw").Where("public_token = ? AND public_token <> ''", token))
	if err != nil {
		return nil, err
	}
	for s.Replaced() {
		if s, err = first[Shipment](db.q(ctx).Omit("raw").Where("id = ? AND public_token <> ''", *s.ReplacedBy)); err != nil {
			return nil, err
		}
	}
	p := &PublicParcel{Shipment: *s}
	if p.Settings, err = db.TrackingSettings(ctx, s.MerchantID); err != nil {
		return nil, err
	}
	if !p.Settings.Page {
		return nil, ErrNotFound
	}
	scope := MerchantScope(s.MerchantID)
	o, err := db.Order(ctx, scope, s.OrderID)
	if err != nil {
		return nil, err
	}
	m, err := db.Merchant(ctx, scope, s.MerchantID)
	if err != nil {
		return nil, err
	}
	p.Order, p.Merchant = *o, *m
	return p, nil
}

// RenewPublicToken gives a parcel another public address; the one before leads
// nowhere from then on.
func (tx *Tx) RenewPublicToken(scope Scope, id string) (*Shipment, error) {
	return tx.setPublicToken(scope, id, newPublicToken())
}

// RevokePublicToken takes a parcel's public address away.
func (tx *Tx) RevokePublicToken(scope Scope, id string) (*Shipment, error) {
	return tx.setPublicToken(scope, id, "")
}

func (tx *Tx) setPublicToken(scope Scope, id, token string) (*Shipment, error) {
	s, err := tx.Shipment(scope, id)
	if err != nil {
		return nil, err
	}
	if _, err := tx.update("shipments", map[string]any{"public_token": token, "updated_at": tx.now}, "id = ?", id); err != nil {
		return nil, err
	}
	s.PublicToken = token
	tx.Announce(Hint{Topic: "shipment", ID: s.ID, MerchantID: s.MerchantID})
	return s, nil
}

// publicAddresses are the public pages of parcels, by the parcels' ids. Parcels
// without one, and those of merchants who have the page off, are left out.
func (db *DB) publicAddresses(q *gorm.DB, shipments []Shipment) (map[string]string, error) {
	if db.PublicURL == "" {
		return nil, nil //nolint:nilnil // nobody has a page
	}
	merchants := map[string]bool{}
	for i := range shipments {
		merchants[shipments[i].MerchantID] = true
	}
	var off []string
	err := q.Table("tracking_settings").
		Where("merchant_id IN ? AND NOT page", slices.Collect(maps.Keys(merchants))).Pluck("merchant_id", &off).Error
	if err != nil {
		return nil, fmt.Errorf("merchants without tracking page: %w", err)
	}
	pages := map[string]string{}
	for i := range shipments {
		if s := &shipments[i]; !slices.Contains(off, s.MerchantID) {
			pages[s.ID] = db.PublicAddress(s)
		}
	}
	return pages, nil
}

// PublicAddress is a parcel's public page, empty when it has none: the address
// was revoked, or nobody said where pages are reached. Whether the merchant has
// the page on is not asked.
func (db *DB) PublicAddress(s *Shipment) string {
	if db.PublicURL == "" || s.PublicToken == "" {
		return ""
	}
	return db.PublicURL + TrackingPath + "/" + s.PublicToken
}
