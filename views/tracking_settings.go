package views

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views/ui"
)

// TrackingForm is what a merchant's customers see and are told.
type TrackingForm struct {
	Form

	Merchant models.Merchant
	Settings models.TrackingSettings
	NoServer bool // this node has no mail server
}

func (f TrackingForm) back() string { return "/merchants/" + f.Merchant.ID }

func (f TrackingForm) action() string { return f.back() + "/tracking" }

func (f TrackingForm) preview() string { return f.back() + "/mails" }

// mails says in words which mails are on.
func (f TrackingForm) mails(ctx context.Context) string {
	var on []string
	for _, kind := range models.MailKinds {
		if f.Settings.Sends(kind) {
			on = append(on, mailKind(ctx, kind))
		}
	}
	return strings.Join(on, " · ")
}

func mailKind(ctx context.Context, kind string) string {
	return locales.Name(ctx, locales.MailKind, kind)
}

func languageOptions() []ui.Option {
	var options []ui.Option
	for _, l := range locales.Languages() {
		options = append(options, ui.Option{Value: string(l), Label: l.Name()})
	}
	return options
}

func languageName(tag string) string {
	if l := locales.Language(tag); slices.Contains(locales.Languages(), l) {
		return l.Name()
	}
	return locales.English.Name()
}

// MailPreview is what mails would say.
type MailPreview struct {
	Merchant models.Merchant
	Language string
	Mails    []PreviewedMail
}

// PreviewedMail is one of them.
type PreviewedMail struct {
	Kind, Subject, Text string
	On                  bool
}

func (v MailPreview) back() string { return "/merchants/" + v.Merchant.ID }

// ShipmentPublic is what the recipient of a parcel sees and was told.
type ShipmentPublic struct {
	On    bool   // the merchant has the page on
	Link  string // of the page; empty: it was revoked
	Mails []models.CustomerMail
}

// LinkForm changes a parcel's public address.
type LinkForm struct {
	Form

	Parcel models.Shipment
}

func (f LinkForm) back() string { return "/shipments/" + f.Parcel.ID }

func (f LinkForm) action() string { return f.back() + "/link" }

// maskedAddress is an address of which one sees that it is there: "g…@example.com".
func maskedAddress(address string) string {
	name, host, found := strings.Cut(address, "@")
	if !found || name == "" {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(name)
	return string(first) + "…@" + host
}

var mailLooks = map[string]look{
	models.MailQueued:     {ui.Neutral, "clock"},
	models.MailSending:    {ui.Info, "send"},
	models.MailSent:       {ui.Success, "circle-check"},
	models.MailFailed:     {ui.Danger, "circle-x"},
	models.MailSuppressed: {ui.Neutral, "circle-minus"},
}

// mailReason says why a mail was not sent: a name, and the mail server's number
// when there is one.
func mailReason(ctx context.Context, reason string) string {
	if reason == "" {
		return ""
	}
	name, code, numbered := strings.Cut(reason, " ")
	text := locales.Name(ctx, locales.MailReason, name)
	if numbered {
		text += " (" + code + ")"
	}
	return text
}
