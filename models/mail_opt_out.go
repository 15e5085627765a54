package models

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm/clause"
)

// mailOptOut is a row of the table: an address that wants no more mails.
type mailOptOut struct {
	MerchantID  string `gorm:"primaryKey"`
	AddressHash string `gorm:"primaryKey"`
	CreatedAt   time.Time
}

// AddressHash is what an opt-out knows the address of a merchant's customer by.
func AddressHash(merchantID, address string) string {
	sum := sha256.Sum256([]byte(merchantID + "\n" + NormalMailAddress(address)))
	return hex.EncodeToString(sum[:])
}

// NormalMailAddress is an address as it is compared: hosts take both cases for
// the same, and so do all mail systems of note.
func NormalMailAddress(address string) string { return strings.ToLower(strings.TrimSpace(address)) }

// OptOut notes that the address with the hash wants no more mails of a merchant.
// Doing so twice is the same.
func (tx *Tx) OptOut(merchantID, hash string) error {
	row := mailOptOut{MerchantID: merchantID, AddressHash: hash, CreatedAt: tx.now}
	if err := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
		return fmt.Errorf("opt out: %w", err)
	}
	return nil
}

// OptedOut says whether an address wants no more mails of a merchant.
func (tx *Tx) OptedOut(merchantID, address string) (bool, error) {
	rows, err := all[mailOptOut](tx.q().Where("merchant_id = ? AND address_hash = ?", merchantID, AddressHash(merchantID, address)))
	return len(rows) > 0, err
}
