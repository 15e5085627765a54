package handlers

import (
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/tracking"
	"github.com/tillpost/tillpost/views"
)

// editTracking shows what a merchant's customers see and are told.
func (s *server) editTracking(c *fiber.Ctx, v *viewer) error {
	m, err := s.DB.Merchant(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	form, err := s.trackingForm(c, m)
	if err != nil {
		return err
	}
	return s.renderTrackingForm(c, v, fiber.StatusOK, form, nil)
}

// trackingForm holds a merchant's settings as they stand.
func (s *server) trackingForm(c *fiber.Ctx, m *models.Merchant) (views.TrackingForm, error) {
	settings, err := s.DB.TrackingSettings(c.UserContext(), m.ID)
	return views.TrackingForm{Merchant: *m, Settings: settings, NoServer: !s.Tracking.Mails()}, err
}

func (s *server) renderTrackingForm(
	c *fiber.Ctx, v *viewer, status int, form views.TrackingForm, errs map[string]string,
) error {
	form.Form = s.form(c, v, errs)
	return s.render(c, status, views.TrackingFormView(s.shell(c, v, v.Texts.T("tracking.title")), form))
}

func (s *server) updateTracking(c *fiber.Ctx, v *viewer) error {
	m, err := s.DB.Merchant(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	form, err := s.trackingForm(c, m)
	if err != nil {
		return err
	}
	form.Settings = models.TrackingSettings{
		MerchantID: m.ID, Page: field(c, "page") != "", Mails: chosenMails(c),
		SenderName: clip(field(c, "sender_name"), 400), ReplyTo: clip(field(c, "reply_to"), 300),
		SupportAddress: clip(field(c, "support_address"), 300), Language: languageOf(field(c, "language")), UpdatedBy: v.User.Email,
	}
	err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		if err := tx.PutTrackingSettings(form.Settings); err != nil {
			return err
		}
		page := "off"
		if form.Settings.Page {
			page = "on"
		}
		return tx.Audit(v.actor(c), models.AuditEntry{
			MerchantID: &m.ID, Action: "tracking.update", ObjectID: m.ID,
			Detail: map[string]string{"page": page, "mails": strings.Join(form.Settings.Mails, ", ")},
		})
	})
	if errs := fieldErrors(v, err); errs != nil {
		return s.renderTrackingForm(c, v, fiber.StatusUnprocessableEntity, form, errs)
	}
	if err != nil {
		return err
	}
	return s.redirect(c, "/merchants/"+m.ID)
}

// chosenMails are the kinds of mails that the form switches on.
func chosenMails(c *fiber.Ctx) []string {
	chosen := checked(c, "mails")
	mails := []string{}
	for _, kind := range models.MailKinds {
		if slices.Contains(chosen, kind) {
			mails = append(mails, kind)
		}
	}
	return mails
}

// languageOf is the language if there is one of that name, else English.
func languageOf(name string) string {
	if slices.Contains(locales.Languages(), locales.Language(name)) {
		return name
	}
	return string(locales.English)
}

// previewMails shows what mails would say, of a parcel that is made up.
func (s *server) previewMails(c *fiber.Ctx, v *viewer) error {
	m, err := s.DB.Merchant(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	settings, err := s.DB.TrackingSettings(c.UserContext(), m.ID)
	if err != nil {
		return err
	}
	if language := c.Query("language"); language != "" {
		settings.Language = languageOf(language)
	}
	sample := sampleParcel(m, settings, s.DB.Now())
	view := views.MailPreview{Merchant: *m, Language: settings.Language}
	for _, kind := range models.MailKinds {
		letter := s.Tracking.Letter(sample, kind)
		letter.Unsubscribe = s.BaseURL + models.TrackingPath + "/stop/…"
		if settings.Page {
			letter.Page = s.BaseURL + models.TrackingPath + "/…"
		}
		written, err := tracking.Render(letter)
		if err != nil {
			return err
		}
		view.Mails = append(view.Mails, views.PreviewedMail{
			Kind: kind, Subject: written.Subject, Text: written.Text, On: settings.Sends(kind),
		})
	}
	return s.render(c, fiber.StatusOK, views.MailPreviewPage(s.shell(c, v, v.Texts.T("tracking.preview")), view))
}

// sampleParcel is a parcel of nobody.
func sampleParcel(m *models.Merchant, settings models.TrackingSettings, now time.Time) *models.PublicParcel {
	tomorrow := now.Add(24 * time.Hour)
	return &models.PublicParcel{
		Merchant: *m, Settings: settings, Order: models.Order{Number: "1001"},
		Shipment: models.Shipment{Carrier: "dhl", TrackingNumber: "00340434161094042557", ETA: &tomorrow, StatusReason: "customs_documents"},
	}
}
