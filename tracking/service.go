// Package tracking speaks to the recipients of parcels: it knows who may see a
// parcel's public page and what is shown there, and mails them the news.
package tracking

import (
	"log/slog"
	"time"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
)

// Options is what the service depends on.
type Options struct {
	// Sender is the mail server; nil when there is none.
	Sender *mail.Sender
	// CarrierName names a carrier by its code.
	CarrierName func(code string) string
	// Day writes a date in a language.
	Day func(texts *locales.Localizer, day time.Time) string
}

// Service knows recipients and writes to them.
type Service struct {
	db      *models.DB
	keys    *secret.Keys
	opts    Options
	log     *slog.Logger
	sending chan struct{} // places of mails that are sent at once
}

// NewService wires the service.
func NewService(db *models.DB, keys *secret.Keys, opts Options, log *slog.Logger) *Service {
	return &Service{db: db, keys: keys, opts: opts, log: log, sending: make(chan struct{}, atOnce)}
}

// Mails says whether this node can send mails.
func (s *Service) Mails() bool { return s.opts.Sender != nil }
