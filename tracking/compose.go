package tracking

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/models"
)

// Letter is what a mail says, before it is addressed.
type Letter struct {
	Kind        string
	Language    locales.Language
	Merchant    string
	OrderNumber string
	Carrier     string
	Number      string // the carrier's
	Day         string // when it is expected, empty when nobody knows
	Reason      string // why somebody must act, in words
	Page        string // the public page, or the carrier's; empty: none
	Support     string // an address or a page; empty: none
	Unsubscribe string // empty in a preview
}

// saying are the keys of what each kind says: its subject, its heading, its sentence.
var saying = map[string][3]string{
	models.MailShipped: {
		locales.Mark("mails.shipped.subject"), locales.Mark("mails.shipped.title"), locales.Mark("mails.shipped.text"),
	},
	models.MailOutForDelivery: {
		locales.Mark("mails.out_for_delivery.subject"), locales.Mark("mails.out_for_delivery.title"), locales.Mark("mails.out_for_delivery.text"),
	},
	models.MailAvailableForPickup: {
		locales.Mark("mails.available_for_pickup.subject"), locales.Mark("mails.available_for_pickup.title"),
		locales.Mark("mails.available_for_pickup.text"),
	},
	models.MailDeliveryFailed: {
		locales.Mark("mails.delivery_failed.subject"), locales.Mark("mails.delivery_failed.title"), locales.Mark("mails.delivery_failed.text"),
	},
	models.MailException: {
		locales.Mark("mails.exception.subject"), locales.Mark("mails.exception.title"), locales.Mark("mails.exception.text"),
	},
	models.MailDelivered: {
		locales.Mark("mails.delivered.subject"), locales.Mark("mails.delivered.title"), locales.Mark("mails.delivered.text"),
	},
	models.MailReturned: {
		locales.Mark("mails.returned.subject"), locales.Mark("mails.returned.title"), locales.Mark("mails.returned.text"),
	},
}

// Render writes a letter out in its language.
func Render(l Letter) (mail.Rendered, error) {
	texts := locales.For(l.Language)
	keys, ok := saying[l.Kind]
	if !ok {
		return mail.Rendered{}, fmt.Errorf("no mail tells of %q", l.Kind)
	}
	page := mail.Page{
		Language: string(texts.Language()), Brand: l.Merchant,
		Subject:    texts.T(keys[0], "Merchant", l.Merchant, "Number", l.OrderNumber),
		Title:      texts.T(keys[1]),
		Paragraphs: []string{texts.T(keys[2], "Merchant", l.Merchant, "Carrier", l.Carrier)},
		Facts: []mail.Fact{
			{Label: texts.T("mails.order"), Value: l.OrderNumber}, {Label: texts.T("mails.carrier"), Value: l.Carrier},
			{Label: texts.T("mails.number"), Value: l.Number},
		},
		Button: mail.Link{Label: texts.T("mails.track"), URL: l.Page},
		Why:    texts.T("mails.why", "Merchant", l.Merchant),
		Stop:   mail.Link{Label: texts.T("mails.stop"), URL: l.Unsubscribe},
	}
	if l.Day != "" {
		page.Facts = append(page.Facts, mail.Fact{Label: texts.T("mails.expected"), Value: l.Day})
	}
	if l.Reason != "" {
		page.Facts = append(page.Facts, mail.Fact{Label: texts.T("mails.reason"), Value: l.Reason})
	}
	if l.Support != "" {
		page.Contact = mail.Link{Label: texts.T("mails.questions", "Merchant", l.Merchant), Text: l.Support, URL: supportHref(l.Support)}
	}
	return page.Render()
}

// supportHref leads to where customers ask, which is an address or a page.
func supportHref(support string) string {
	if models.IsMailAddress(support) {
		return "mailto:" + support
	}
	return support
}

// compose addresses the mail that a row stands for.
func (s *Service) compose(ctx context.Context, m *models.CustomerMail) (mail.Message, error) {
	scope := models.MerchantScope(m.MerchantID)
	parcel, err := s.db.Shipment(ctx, scope, m.ShipmentID)
	if err != nil {
		return mail.Message{}, err
	}
	order, err := s.db.Order(ctx, scope, parcel.OrderID)
	if err != nil {
		return mail.Message{}, err
	}
	merchant, err := s.db.Merchant(ctx, scope, m.MerchantID)
	if err != nil {
		return mail.Message{}, err
	}
	settings, err := s.db.TrackingSettings(ctx, m.MerchantID)
	if err != nil {
		return mail.Message{}, err
	}
	letter := s.Letter(&models.PublicParcel{Shipment: *parcel, Order: *order, Merchant: *merchant, Settings: settings}, m.Status)
	letter.Language = locales.Match(settings.Language, "", m.Language).Language()
	s.detail(&letter, parcel, order, merchant)
	if letter.Unsubscribe, err = s.optOutLink(m); err != nil {
		return mail.Message{}, err
	}
	written, err := Render(letter)
	if err != nil {
		return mail.Message{}, err
	}
	return mail.Message{
		ID: s.messageID(m), FromName: cmp.Or(settings.SenderName, merchant.Name), To: m.Recipient, ReplyTo: settings.ReplyTo,
		Subject: written.Subject, Text: written.Text, HTML: written.HTML, Language: string(letter.Language), Unsubscribe: letter.Unsubscribe,
	}, nil
}

// Letter is what a mail of the kind would say of a parcel, in the merchant's
// own language; for previews too.
func (s *Service) Letter(p *models.PublicParcel, kind string) Letter {
	l := Letter{
		Kind: kind, Language: locales.Match(p.Settings.Language, "", "").Language(),
		Merchant: cmp.Or(p.Settings.SenderName, p.Merchant.Name), OrderNumber: p.Order.Number,
		Carrier: s.opts.CarrierName(p.Shipment.Carrier), Number: p.Shipment.TrackingNumber, Support: p.Settings.SupportAddress,
	}
	if p.Settings.Page {
		l.Page = s.db.PublicAddress(&p.Shipment)
	}
	if l.Page == "" {
		l.Page = WebPage(p.Shipment.TrackingURL)
	}
	s.detail(&l, &p.Shipment, &p.Order, &p.Merchant)
	return l
}

// detail fills in what depends on the language.
func (s *Service) detail(l *Letter, parcel *models.Shipment, order *models.Order, merchant *models.Merchant) {
	texts := locales.For(l.Language)
	l.Day, l.Reason = "", ""
	switch l.Kind {
	case models.MailShipped, models.MailOutForDelivery:
		if day := Expected(parcel, order, merchant); day != nil {
			l.Day = s.opts.Day(texts, *day)
		}
	case models.MailException:
		if parcel.StatusReason != "" {
			l.Reason = locales.Name(locales.NewContext(context.Background(), texts), locales.ShipmentReason, parcel.StatusReason)
		}
	}
}

// Expected is the day on which a parcel is expected where it goes: by
// the carrier's word, else by the shop's. It is nil when nobody said.
func Expected(parcel *models.Shipment, order *models.Order, merchant *models.Merchant) *time.Time {
	at := parcel.ETA
	if at == nil {
		at = parcel.PromisedAt
	}
	if at == nil {
		return nil
	}
	day := at.In(zoneOf(order, merchant))
	return &day
}

// zoneOf is the time zone that an order goes to, or else the merchant's.
func zoneOf(order *models.Order, merchant *models.Merchant) *time.Location {
	to := order.ShippingAddress
	if zone := carriers.ZoneAt(to.Country, to.Region, to.PostalCode); zone != nil {
		return zone
	}
	return merchant.Location()
}

// WebPage is the address when it is one of the web; carriers' texts are not
// trusted to be.
func WebPage(address string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return ""
	}
	return u.String()
}

func (s *Service) optOutLink(m *models.CustomerMail) (string, error) {
	if s.db.PublicURL == "" {
		return "", nil
	}
	token, err := s.OptOutToken(m.MerchantID, m.Recipient)
	if err != nil {
		return "", err
	}
	return s.db.PublicURL + models.TrackingPath + "/stop/" + token, nil
}

// messageID is the same whenever the mail is sent, so that a recipient's server
// can tell a mail that came twice.
func (s *Service) messageID(m *models.CustomerMail) string {
	_, host, _ := strings.Cut(s.opts.Sender.From(), "@")
	return m.ID + "@" + host
}
