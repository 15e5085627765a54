package models

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
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
	for _, end := range []struct{ field, text string }{{"quiet_from", w.QuietFrom}, {"quiet_to", w.QuietTo}} {
		switch {
		case end.text == "":
			return Invalid(end.field, "both_times")
		case !clockTime.MatchString(end.text):
			return Invalid(end.field, "bad_clock_time")
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
	Confirmed  string // the mail address whose holder has agreed
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

// ChannelMail is the kind of channels that are a mail address.
const ChannelMail = "mail"

// Unconfirmed says that the channel is a mail address which a merchant has
// entered and whose holder has not agreed: anybody's could be entered.
func (c *AlertChannel) Unconfirmed() bool {
	return c.Kind == ChannelMail && c.MerchantID != nil && NormalMailAddress(c.Fields["address"]) != c.Confirmed
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

// Bounds of tests, as who presses the button reaches people who have not asked
// for it: testPause is how long a channel must not be tested again, and
// testsAnHour how many a merchant may make with all its channels.
const (
	testPause   = 20 * time.Second
	testsAnHour = 10
)

// CreateAlertChannel adds a channel; its ID is made by the caller, because
// sealed secrets are bound to it. More than MaxAlertChannels of a merchant are a
// conflict, too_many_channels, and one that was made before is form_sent_before.
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
	res := tx.q().Clauses(clause.OnConflict{DoNothing: true}).Create(&c)
	if res.Error != nil {
		return fmt.Errorf("insert channel %s: %w", c.ID, res.Error)
	}
	if res.RowsAffected == 0 {
		return Conflict("form_sent_before", "")
	}
	return nil
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

// Acts in the audit log: a channel is tested, the holder of its address is asked
// for agreement.
const (
	channelTest     = "alert_channel.test"
	channelQuestion = "alert_channel.ask"
)

// BeginChannelTest lets a channel be tested, every testPause and for a merchant
// testsAnHour times; sooner it is a conflict, test_too_soon or too_many_tests.
// The audit log counts, which channels that were removed have not left.
func (tx *Tx) BeginChannelTest(c *AlertChannel, actor Actor) error {
	if _, err := tx.channelMails(c); err != nil {
		return err
	}
	ok, err := tx.update("alert_channels", map[string]any{"tested_at": tx.now},
		"id = ? AND (tested_at IS NULL OR tested_at <= ?)", c.ID, tx.now.Add(-testPause))
	if err != nil {
		return err
	}
	if !ok {
		return Conflict("test_too_soon", "")
	}
	return tx.Audit(actor, c.Entry(channelTest))
}

// BeginChannelQuestion lets the holder of a channel's address be asked for
// agreement, which counts as BeginChannelTest does but is no test; sooner it is a
// conflict, asked_too_soon or too_many_tests.
func (tx *Tx) BeginChannelQuestion(c *AlertChannel, actor Actor) error {
	if _, err := tx.AlertChannel(AllMerchants(), c.ID); err != nil { // waits for who asks at the same time
		return err
	}
	sent, err := tx.channelMails(c)
	if err != nil {
		return err
	}
	for i := range sent {
		if sent[i].ObjectID == c.ID && sent[i].Action == channelQuestion && sent[i].CreatedAt.After(tx.now.Add(-testPause)) {
			return Conflict("asked_too_soon", "")
		}
	}
	return tx.Audit(actor, c.Entry(channelQuestion))
}

// channelMails are the tests and questions of a merchant's channels in the last
// hour; more than testsAnHour are a conflict, too_many_tests.
func (tx *Tx) channelMails(c *AlertChannel) ([]AuditEntry, error) {
	if c.MerchantID == nil {
		return nil, nil
	}
	sent, err := all[AuditEntry](tx.q().Where("action IN ? AND id > ? AND merchant_id = ?",
		[]string{channelTest, channelQuestion}, idBound(PrefixAudit, tx.now.Add(-time.Hour)), *c.MerchantID).Limit(testsAnHour))
	if err == nil && len(sent) == testsAnHour {
		err = Conflict("too_many_tests", "")
	}
	return sent, err
}

// Entry is an act on the channel for the audit log.
func (c *AlertChannel) Entry(action string) AuditEntry {
	return AuditEntry{MerchantID: c.MerchantID, Action: action, ObjectID: c.ID, Detail: map[string]string{"name": c.Name, "kind": c.Kind}}
}

// ConfirmAlertChannel notes that the holder of a mail address has agreed to get
// a channel's messages. Doing so twice is the same; for an address that the
// channel has no more it is ErrNotFound.
func (tx *Tx) ConfirmAlertChannel(id, address string, actor Actor) (*AlertChannel, error) {
	c, err := tx.AlertChannel(AllMerchants(), id)
	if err != nil {
		return nil, err
	}
	if c.Kind != ChannelMail || NormalMailAddress(c.Fields["address"]) != address {
		return nil, ErrNotFound
	}
	if !c.Unconfirmed() {
		return c, nil
	}
	c.Confirmed, c.UpdatedAt = address, tx.now
	if err := tx.q().Model(c).Select("confirmed", "updated_at").Updates(c).Error; err != nil {
		return nil, fmt.Errorf("confirm channel %s: %w", id, err)
	}
	return c, tx.Audit(actor, c.Entry("alert_channel.confirm"))
}

// NoteChannelTest keeps what a test message came to: empty when it arrived.
func (tx *Tx) NoteChannelTest(id, result, detail string) error {
	_, err := tx.update("alert_channels", map[string]any{
		"tested_at": tx.now, "test_ok": result == "", "test_result": result, "test_detail": detail,
	}, "id = ?", id)
	return err
}

// ForgetChannelTest says that a channel as it is now was not tested.
func (tx *Tx) ForgetChannelTest(id string) error {
	_, err := tx.update("alert_channels", map[string]any{"tested_at": nil, "test_ok": false, "test_result": "", "test_detail": ""}, "id = ?", id)
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

// ChannelsFor loads the enabled channels that may hear of an incident: the
// operators', and those of its merchant where it is shared with it.
func (tx *Tx) ChannelsFor(i *Incident) ([]AlertChannel, error) {
	return all[AlertChannel](forIncident(tx.q().Where("enabled"), i).Order("id"))
}

// forIncident selects who may hear of an incident, by their merchants.
func forIncident(q *gorm.DB, i *Incident) *gorm.DB {
	if i.Shared && i.MerchantID != nil {
		return q.Where("merchant_id IS NULL OR merchant_id = ?", *i.MerchantID)
	}
	return q.Where("merchant_id IS NULL")
}

// AlertChannel loads one channel.
func (db *DB) AlertChannel(ctx context.Context, scope Scope, id string) (*AlertChannel, error) {
	return first[AlertChannel](scope.in(db.q(ctx), "merchant_id").Where("id = ?", id))
}

// AlertChannels lists the channels of the scope, oldest first; there are few.
func (db *DB) AlertChannels(ctx context.Context, scope Scope) ([]AlertChannel, error) {
	return all[AlertChannel](scope.in(db.q(ctx), "merchant_id").Order("id"))
}
