package models

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// AlertRule is what differs from a rule as it comes.
type AlertRule struct {
	Kind      string `gorm:"primaryKey"`
	Enabled   bool
	Severity  string
	Limits    map[string]int64 `gorm:"serializer:json"` // by name, in the unit of the limit
	UpdatedBy string
	UpdatedAt time.Time `gorm:"autoUpdateTime:false"`
}

// AlertRules loads what was changed of rules, by kind.
func (db *DB) AlertRules(ctx context.Context) (map[string]AlertRule, error) {
	rows, err := all[AlertRule](db.q(ctx))
	found := make(map[string]AlertRule, len(rows))
	for _, row := range rows {
		found[row.Kind] = row
	}
	return found, err
}

// PutAlertRule changes a rule.
func (tx *Tx) PutAlertRule(r AlertRule) error {
	r.UpdatedAt = tx.now
	return tx.upsert(&r, "kind", "enabled", "severity", "limits", "updated_by", "updated_at")
}

// upsert inserts a row, or writes the columns of the one that has its key.
func (tx *Tx) upsert(row any, key string, columns ...string) error {
	err := tx.q().Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: key}}, DoUpdates: clause.AssignmentColumns(columns),
	}).Create(row).Error
	if err != nil {
		return fmt.Errorf("put %T: %w", row, err)
	}
	return nil
}

// AlertSilence keeps everybody from hearing of something for a while.
type AlertSilence struct {
	Key       string `gorm:"primaryKey"`
	Until     time.Time
	Reason    string
	CreatedBy string
	CreatedAt time.Time
}

// maxSilence is the longest time that something can be silenced for.
const maxSilence = 30 * 24 * time.Hour

// SilenceAlert keeps everybody from hearing of a key until a time.
func (tx *Tx) SilenceAlert(s AlertSilence) error {
	if !s.Until.After(tx.now) || s.Until.After(tx.now.Add(maxSilence)) {
		return Invalid("until", "out_of_range")
	}
	s.CreatedAt = tx.now
	return tx.upsert(&s, "key", "until", "reason", "created_by", "created_at")
}

// UnsilenceAlert lets everybody hear of a key again.
func (tx *Tx) UnsilenceAlert(key string) error {
	_, err := tx.update("alert_silences", map[string]any{"until": tx.now}, "key = ? AND until > ?", key, tx.now)
	return err
}

// AlertSilence loads the silence of a key, nil when there is none now.
func (db *DB) AlertSilence(ctx context.Context, key string) (*AlertSilence, error) {
	return silenceOf(db.q(ctx).Where("key = ? AND until > ?", key, db.Now()))
}

func silenceOf(q *gorm.DB) (*AlertSilence, error) {
	s, err := first[AlertSilence](q)
	if errors.Is(err, ErrNotFound) {
		return nil, nil //nolint:nilnil // none is no error
	}
	return s, err
}

// AlertSilences loads until when keys are silent, inside the transaction.
func (tx *Tx) AlertSilences() (map[string]time.Time, error) {
	rows, err := all[AlertSilence](tx.q().Where("until > ?", tx.now))
	until := make(map[string]time.Time, len(rows))
	for _, row := range rows {
		until[row.Key] = row.Until
	}
	return until, err
}

// Silences loads the silences of keys that count now, by key.
func (db *DB) Silences(ctx context.Context, keys []string) (map[string]AlertSilence, error) {
	found := make(map[string]AlertSilence, len(keys))
	if len(keys) == 0 {
		return found, nil
	}
	rows, err := all[AlertSilence](db.q(ctx).Where("key IN ? AND until > ?", keys, db.Now()))
	for _, row := range rows {
		found[row.Key] = row
	}
	return found, err
}
