package models

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// AlertWish is which messages a channel or a person wants, and when not.
type AlertWish struct {
	Critical  bool     // critical ones alone
	Kinds     []string `gorm:"serializer:json"` // of rules; empty: all
	QuietFrom string   // "22:00"; empty: no quiet hours
	QuietTo   string
}

// Wants says whether an incident is of those that are wished for.
func (w *AlertWish) Wants(kind, severity string) bool {
	return (!w.Critical || severity == SeverityCritical) && (len(w.Kinds) == 0 || slices.Contains(w.Kinds, kind))
}

var clockTime = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

// check refuses hours that are none.
func (w *AlertWish) check() error {
	if w.Kinds == nil {
		w.Kinds = []string{}
	}
	if w.QuietFrom == "" && w.QuietTo == "" {
		return nil
	}
	for field, text := range map[string]string{"quiet_from": w.QuietFrom, "quiet_to": w.QuietTo} {
		if !clockTime.MatchString(text) {
			return Invalid(field, "bad_time")
		}
	}
	if w.QuietFrom == w.QuietTo {
		return Invalid("quiet_to", "same_time")
	}
	return nil
}

// AlertChannel is where messages go: of operators, or of a merchant about its
// own things.
type AlertChannel struct {
	AlertWish `gorm:"embedded"`

	ID         string `gorm:"primaryKey"`
	MerchantID *string
	Kind       string
	Name       string
	BaseURL    string
	Fields     map[string]string     `gorm:"serializer:json"`
	Sealed     map[string]string     `gorm:"serializer:json"`
	Hints      map[string]SecretHint `gorm:"serializer:json"`
	Enabled    bool
	Language   string
	Timezone   string // of quiet hours; empty: UTC
	TestedAt   *time.Time
	TestOK     bool
	TestResult string // a kind of failure, for people of every language
	TestDetail string
	CreatedAt  time.Time
	UpdatedAt  time.Time `gorm:"autoUpdateTime:false"`
}

// AsAccount is the part of a channel that holds fields and secrets, in the form
// that a vault takes.
func (c *AlertChannel) AsAccount() Account {
	a := Account{ID: c.ID, Kind: c.Kind, Name: c.Name, BaseURL: c.BaseURL, Fields: c.Fields, Sealed: c.Sealed, Hints: c.Hints}
	if c.MerchantID != nil {
		a.MerchantID = *c.MerchantID
	}
	return a
}

// TakeAccount writes back what a vault has made of AsAccount.
func (c *AlertChannel) TakeAccount(a Account) {
	c.Name, c.BaseURL, c.Fields, c.Sealed, c.Hints = a.Name, a.BaseURL, a.Fields, a.Sealed, a.Hints
}

// Location is the time zone of quiet hours.
func (c *AlertChannel) Location() *time.Location {
	if zone, err := time.LoadLocation(c.Timezone); err == nil {
		return zone
	}
	return time.UTC
}

func (c *AlertChannel) check() error {
	if _, err := time.LoadLocation(c.Timezone); err != nil || c.Timezone == "Local" {
		return Invalid("timezone", "unknown_timezone")
	}
	return c.AlertWish.check()
}

// MaxAlertChannels is how many channels a merchant may have: each gets a message
// of every incident, in the transaction that opens it.
const MaxAlertChannels = 20

// testPause is how long a channel must not be tested again: who presses the
// button reaches people who have not asked for it.
const testPause = 20 * time.Second

// CreateAlertChannel adds a channel; its ID is made by the caller, because
// sealed secrets are bound to it. More than MaxAlertChannels of a merchant are a
// conflict, too_many_channels.
func (tx *Tx) CreateAlertChannel(c AlertChannel) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.MerchantID != nil {
		if err := tx.roomFor(&AlertChannel{}, *c.MerchantID, MaxAlertChannels, "too_many_channels"); err != nil {
			return err
		}
	}
	c.CreatedAt, c.UpdatedAt = tx.now, tx.now
	return tx.create(&c)
}

// UpdateAlertChannel writes an edited channel.
func (tx *Tx) UpdateAlertChannel(c *AlertChannel) error {
	if err := c.check(); err != nil {
		return err
	}
	c.UpdatedAt = tx.now
	err := tx.q().Model(c).Select("name", "base_url", "fields", "sealed", "hints", "enabled", "language", "timezone",
		"critical", "kinds", "quiet_from", "quiet_to", "updated_at").Updates(c).Error
	if err != nil {
		return fmt.Errorf("update channel %s: %w", c.ID, err)
	}
	return nil
}

// BeginChannelTest lets a channel be tested, every testPause; sooner it is a
// conflict, test_too_soon.
func (tx *Tx) BeginChannelTest(id string) error {
	ok, err := tx.update("alert_channels", map[string]any{"tested_at": tx.now},
		"id = ? AND (tested_at IS NULL OR tested_at <= ?)", id, tx.now.Add(-testPause))
	if err == nil && !ok {
		return Conflict("test_too_soon", "")
	}
	return err
}

// NoteChannelTest keeps what a test message came to: empty when it arrived.
func (tx *Tx) NoteChannelTest(id, result, detail string) error {
	_, err := tx.update("alert_channels", map[string]any{
		"tested_at": tx.now, "test_ok": result == "", "test_result": result, "test_detail": detail,
	}, "id = ?", id)
	return err
}

// DeleteAlertChannel removes a channel and what still waits for it.
func (tx *Tx) DeleteAlertChannel(scope Scope, id string) error {
	if _, err := tx.AlertChannel(scope, id); err != nil {
		return err
	}
	if err := tx.DropAlerts(id); err != nil {
		return err
	}
	if err := tx.q().Where("id = ?", id).Delete(&AlertChannel{}).Error; err != nil {
		return fmt.Errorf("delete channel %s: %w", id, err)
	}
	return nil
}

// AlertChannel loads one channel inside the transaction.
func (tx *Tx) AlertChannel(scope Scope, id string) (*AlertChannel, error) {
	return first[AlertChannel](scope.in(tx.q().Clauses(forUpdate), "merchant_id").Where("id = ?", id))
}

// AlertChannels lists the channels of the scope inside the transaction.
func (tx *Tx) AlertChannels(scope Scope) ([]AlertChannel, error) {
	return all[AlertChannel](scope.in(tx.q(), "merchant_id").Order("id"))
}

// AlertChannel loads one channel.
func (db *DB) AlertChannel(ctx context.Context, scope Scope, id string) (*AlertChannel, error) {
	return first[AlertChannel](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// AlertChannels lists the channels of the scope, oldest first; there are few.
func (db *DB) AlertChannels(ctx context.Context, scope Scope) ([]AlertChannel, error) {
	return all[AlertChannel](scope.in(db.q(ctx), "merchant_id").Order("id"))
}
