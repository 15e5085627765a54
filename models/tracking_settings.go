package models

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// TrackingSettings is what a merchant's customers see of their parcels, and
// which mails they get. Without a row the page is on, and no mail is sent.
type TrackingSettings struct {
	MerchantID     string `gorm:"primaryKey"`
	Page           bool
	Mails          []string  `gorm:"serializer:json"` // kinds of mails that are on
	SenderName     string    // empty: the merchant's name
	ReplyTo        string    // an address; empty: none
	SupportAddress string    // where customers ask: an address or a page
	Language       string    // of orders that do not say theirs
	UpdatedBy      string    // who changed them last
	UpdatedAt      time.Time `gorm:"autoUpdateTime:false"`
}

// defaultTracking is what counts for a merchant that nobody has decided about.
func defaultTracking(merchantID string) TrackingSettings {
	return TrackingSettings{MerchantID: merchantID, Page: true, Mails: []string{}, Language: "en"}
}

// Sends says whether customers are told of a kind by mail.
func (s *TrackingSettings) Sends(kind string) bool { return slices.Contains(s.Mails, kind) }

// TrackingSettings loads a merchant's settings, or those that count without any.
func (db *DB) TrackingSettings(ctx context.Context, merchantID string) (TrackingSettings, error) {
	return trackingSettings(db.q(ctx), merchantID)
}

// TrackingSettings is DB.TrackingSettings inside a transaction.
func (tx *Tx) TrackingSettings(merchantID string) (TrackingSettings, error) {
	return trackingSettings(tx.q(), merchantID)
}

func trackingSettings(q *gorm.DB, merchantID string) (TrackingSettings, error) {
	row, err := first[TrackingSettings](q.Where("merchant_id = ?", merchantID))
	if errors.Is(err, ErrNotFound) {
		return defaultTracking(merchantID), nil
	}
	if err != nil {
		return TrackingSettings{}, err
	}
	return *row, nil
}

// Bounds of the settings' texts.
const (
	maxSenderName = 100
	maxSupport    = 300
)

// PutTrackingSettings checks and stores a merchant's settings.
func (tx *Tx) PutTrackingSettings(s TrackingSettings) error {
	if err := s.check(); err != nil {
		return err
	}
	s.UpdatedAt = tx.now
	err := tx.q().Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "merchant_id"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"page", "mails", "sender_name", "reply_to", "support_address", "language", "updated_by", "updated_at",
		}),
	}).Create(&s).Error
	if err != nil {
		return fmt.Errorf("tracking settings of %s: %w", s.MerchantID, err)
	}
	return nil
}

func (s *TrackingSettings) check() error {
	for _, kind := range s.Mails {
		if !slices.Contains(MailKinds, kind) {
			return Invalid("mails", "unknown_mail")
		}
	}
	if s.Mails == nil {
		s.Mails = []string{}
	}
	if utf8.RuneCountInString(s.SenderName) > maxSenderName {
		return Invalid("sender_name", "too_long")
	}
	if strings.ContainsFunc(s.SenderName, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return Invalid("sender_name", "bad_text")
	}
	if s.ReplyTo != "" && !IsMailAddress(s.ReplyTo) {
		return Invalid("reply_to", "bad_email")
	}
	if s.SupportAddress != "" && !IsMailAddress(s.SupportAddress) && !isWebPage(s.SupportAddress) {
		return Invalid("support_address", "bad_support_address")
	}
	return nil
}

// IsMailAddress says whether a text is one plain address, as name@host, to
// which a mail can be sent.
func IsMailAddress(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Address == text && len(text) <= 254 && !strings.ContainsAny(text, " \r\n\t<>\"")
}

func isWebPage(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && len(text) <= maxSupport
}
