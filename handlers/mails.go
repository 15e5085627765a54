package handlers

import (
	"context"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/alerts"
	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/mail"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/tracking"
	"github.com/tillpost/tillpost/views"
)

// mailRoutes show administrators every mail before anybody gets it.
func (s *server) mailRoutes() []route {
	return []route{
		{fiber.MethodGet, views.MailsPath, admins, s.listMails},
		{fiber.MethodGet, views.MailsPath + "/:mail", admins, s.showMail},
	}
}

// mailPolicy lets a mail have its own styles, and nothing else: it loads and
// runs nothing, and stands in pages of ours only.
const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"

// framesOfOurs lets the list of mails show them in frames.
var framesOfOurs = strings.Replace(contentPolicy, "frame-src 'none'", "frame-src 'self'", 1)

func (s *server) listMails(c *fiber.Ctx, v *viewer) error {
	view := views.MailsView{Language: previewLanguage(c, v)}
	groups, err := s.sampleMails(c.UserContext(), v, view.Language)
	if err != nil {
		return err
	}
	for _, g := range groups {
		group := views.MailGroup{Title: g.title}
		for _, m := range g.mails {
			group.Mails = append(group.Mails, views.SampleMail{Name: m.name, Title: m.title, Subject: m.written.Subject, Text: m.written.Text})
		}
		view.Groups = append(view.Groups, group)
	}
	c.Set(fiber.HeaderContentSecurityPolicy, framesOfOurs)
	return s.render(c, fiber.StatusOK, views.MailsPage(s.shell(c, v, v.Texts.T("nav.mails")), view))
}

// showMail answers with a mail's HTML as it would be sent.
func (s *server) showMail(c *fiber.Ctx, v *viewer) error {
	groups, err := s.sampleMails(c.UserContext(), v, previewLanguage(c, v))
	if err != nil {
		return err
	}
	for _, g := range groups {
		named := func(m sampleMail) bool { return m.name == c.Params("mail") }
		if i := slices.IndexFunc(g.mails, named); i >= 0 {
			return answerMail(c, g.mails[i].written.HTML)
		}
	}
	return models.ErrNotFound
}

func answerMail(c *fiber.Ctx, html string) error {
	c.Set(fiber.HeaderContentSecurityPolicy, mailPolicy)
	c.Set(fiber.HeaderXFrameOptions, "SAMEORIGIN")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return c.SendString(html)
}

// previewLanguage is the language that the address names, else the viewer's.
func previewLanguage(c *fiber.Ctx, v *viewer) locales.Language {
	if name := c.Query("language"); name != "" {
		return locales.Language(languageOf(name))
	}
	return v.Texts.Language()
}

// sampleMail is a mail with made-up data.
type sampleMail struct {
	name, title string
	written     mail.Rendered
}

type mailSamples struct {
	title string
	mails []sampleMail
}

// sampleMails writes every mail that there is in a language.
func (s *server) sampleMails(ctx context.Context, v *viewer, l locales.Language) ([]mailSamples, error) {
	people := mailSamples{title: v.Texts.T("mails.to_people")}
	for _, sample := range alerts.Samples(l, s.BaseURL, s.DB.Now()) {
		written, err := sample.Message.Mail().Render()
		if err != nil {
			return nil, err
		}
		people.mails = append(people.mails, sampleMail{sample.Name, sampleTitle(ctx, v, sample), written})
	}
	customers := mailSamples{title: v.Texts.T("mails.to_customers")}
	settings := models.TrackingSettings{Page: true, Language: string(l), SupportAddress: "help@shop.example"}
	parcel := sampleParcel(&models.Merchant{Name: "Shop", Timezone: "UTC"}, settings, s.DB.Now())
	for _, kind := range models.MailKinds {
		letter := s.Tracking.Letter(parcel, kind)
		letter.Unsubscribe, letter.Page = s.BaseURL+models.TrackingPath+"/stop/…", s.BaseURL+models.TrackingPath+"/…"
		written, err := tracking.Render(letter)
		if err != nil {
			return nil, err
		}
		customers.mails = append(customers.mails, sampleMail{"parcel-" + kind, locales.Name(ctx, locales.MailKind, kind), written})
	}
	return []mailSamples{people, customers}, nil
}

// sampleTitle says what a mail about an incident is for.
func sampleTitle(ctx context.Context, v *viewer, s alerts.Sample) string {
	switch {
	case s.Title != "":
		return locales.Name(ctx, locales.AlertMessage, s.Title)
	case s.Message.Event == alerts.EventTest:
		return v.Texts.T("mails.test")
	case s.Message.Event == alerts.EventConfirm:
		return v.Texts.T("mails.confirm")
	default:
		return locales.Name(ctx, locales.AlertRule, alerts.EndpointDisabled)
	}
}
