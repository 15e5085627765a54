package models

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/clause"
)

// Merchant is a shop whose orders, payments and parcels Tillpost handles.
type Merchant struct {
	ID        string `gorm:"primaryKey"`
	Ref       string // short name for the command line and addresses
	Name      string
	Currency  string // ISO 4217, of new orders and of the dashboard
	Timezone  string // IANA, decides where a day begins
	CreatedAt time.Time
}

// Location is the merchant's time zone.
func (m *Merchant) Location() *time.Location {
	loc, err := time.LoadLocation(m.Timezone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// CreateMerchant adds a merchant; its Ref is made from the name when empty.
func (tx *Tx) CreateMerchant(m Merchant) (*Merchant, error) {
	m.Name = strings.TrimSpace(m.Name)
	if m.Name == "" {
		return nil, Invalid("name", "required")
	}
	if !ValidCurrency(m.Currency) {
		return nil, Invalid("currency", "unknown_currency")
	}
	if m.Timezone == "" {
		m.Timezone = "UTC"
	}
	if _, err := time.LoadLocation(m.Timezone); err != nil || m.Timezone == "Local" {
		return nil, Invalid("timezone", "unknown_timezone")
	}
	m.Ref = slug(cmp.Or(m.Ref, m.Name)) // never the form of an id, which would be another's
	m.ID, m.CreatedAt = NewID(PrefixMerchant), tx.now
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&m)
	if res.Error != nil {
		return nil, fmt.Errorf("create merchant: %w", res.Error)
	}
	if res.RowsAffected == 0 {
		return nil, &Error{Kind: KindConflict, Code: "merchant_ref_taken", Field: "ref"}
	}
	return &m, nil
}

// Merchant finds a merchant by id or ref.
func (db *DB) Merchant(ctx context.Context, scope Scope, ref string) (*Merchant, error) {
	return first[Merchant](scope.in(db.q(ctx), "id").Where("id = ? OR ref = ?", ref, ref))
}

// Merchants lists the merchants that the scope sees, by name; there are few.
func (db *DB) Merchants(ctx context.Context, scope Scope) ([]Merchant, error) {
	rows, err := all[Merchant](scope.in(db.q(ctx), "id"))
	slices.SortFunc(rows, func(a, b Merchant) int { // here, since the databases collate differently
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return rows, err
}

func (tx *Tx) merchant(id string) (*Merchant, error) {
	return first[Merchant](tx.q().Where("id = ?", id))
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

func slug(name string) string {
	s := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if s == "" {
		return strings.ReplaceAll(NewID("shop"), "_", "-")
	}
	return s
}
