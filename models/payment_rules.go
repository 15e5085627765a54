package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm/clause"
)

// paymentRules is a row of the table: what a merchant's payments do by themselves.
type paymentRules struct {
	MerchantID string `gorm:"primaryKey"`
	Rules      string
	UpdatedBy  string
	UpdatedAt  time.Time `gorm:"autoUpdateTime:false"`
}

// TableName is payment_rules.
func (paymentRules) TableName() string { return "payment_rules" }

// PaymentRules loads a merchant's own rules into a struct of the caller's;
// without any it is left as it is.
func (tx *Tx) PaymentRules(merchantID string, into any) error {
	row, err := first[paymentRules](tx.q().Where("merchant_id = ?", merchantID))
	return readRules(row, err, into)
}

// PaymentRules is Tx.PaymentRules outside a transaction.
func (db *DB) PaymentRules(ctx context.Context, merchantID string, into any) error {
	row, err := first[paymentRules](db.q(ctx).Where("merchant_id = ?", merchantID))
	return readRules(row, err, into)
}

func readRules(row *paymentRules, err error, into any) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(row.Rules), into); err != nil {
		return fmt.Errorf("payment rules of %s: %w", row.MerchantID, err)
	}
	return nil
}

// PutPaymentRules stores a merchant's own rules.
func (tx *Tx) PutPaymentRules(merchantID, by string, rules any) error {
	text, err := json.Marshal(rules)
	if err != nil {
		return fmt.Errorf("payment rules of %s: %w", merchantID, err)
	}
	row := paymentRules{MerchantID: merchantID, Rules: string(text), UpdatedBy: by, UpdatedAt: tx.now}
	err = tx.q().Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "merchant_id"}}, DoUpdates: clause.AssignmentColumns([]string{"rules", "updated_by", "updated_at"}),
	}).Create(&row).Error
	if err != nil {
		return fmt.Errorf("payment rules of %s: %w", merchantID, err)
	}
	return nil
}
