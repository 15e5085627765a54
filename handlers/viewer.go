package handlers

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// Cookies of choices that do not need a session.
const (
	languageCookie = "tillpost_language"
	themeCookie    = "tillpost_theme"
)

// viewer is who looks: made for each request by the session middleware, and by
// nothing else. Somebody who is not signed in has no User, no Role, and a Scope
// that sees nothing.
type viewer struct {
	User     *models.User
	Role     string
	Scope    models.Scope
	Merchant *models.Merchant // of a merchant's user; nil for staff
	Texts    *locales.Localizer
	Zone     *time.Location
	Theme    string // light, dark, or empty: as the device

	session *session
	csrf    string // the token that the viewer's forms carry
}

// viewer makes the viewer of the request and gives the views' context the
// language and the time zone.
func (s *server) viewer(c *fiber.Ctx) (*viewer, error) {
	sess := sessionOf(c)
	v := &viewer{session: sess, Zone: time.UTC, Theme: themeOf(c.Cookies(themeCookie))}
	if sess.user != nil {
		v.User, v.Role, v.Scope = sess.user, sess.user.Role, sess.user.Scope()
		if id := v.Scope.Merchant(); id != "" {
			m, err := s.DB.Merchant(c.UserContext(), v.Scope, id)
			if err != nil {
				return nil, err
			}
			v.Merchant, v.Zone = m, m.Location()
		}
		if zone, err := time.LoadLocation(v.User.Timezone); err == nil && v.User.Timezone != "" {
			v.Zone = zone
		}
	}
	v.Texts = locales.Match(c.Get(fiber.HeaderAcceptLanguage), c.Cookies(languageCookie), v.language())
	v.csrf = s.formToken(c, sess)
	c.Locals(localViewer, v)
	c.SetUserContext(views.WithViewer(locales.NewContext(c.UserContext(), v.Texts), v.Zone, s.DB.Now))
	return v, nil
}

func (v *viewer) language() string {
	if v.User == nil {
		return ""
	}
	return v.User.Language
}

// actor is the viewer as the audit log names them.
func (v *viewer) actor(c *fiber.Ctx) models.Actor {
	return models.Actor{Kind: "user", ID: v.User.ID, Name: v.User.Email, IP: c.IP(), RequestID: requestID(c)}
}

// shell is the frame of the viewer's pages.
func (s *server) shell(c *fiber.Ctx, v *viewer, title string) views.Shell {
	shell := views.Shell{
		Title: title, Path: c.Path(), Query: string(c.Request().URI().QueryString()),
		Role: v.Role, CSRF: v.csrf, Theme: v.Theme, Demo: s.Demo,
		LivePaused:   c.Cookies(views.LiveCookie) == views.LivePaused,
		ShortcutsOff: c.Cookies(views.ShortcutsCookie) == views.ShortcutsOff,
	}
	if v.User != nil {
		shell.UserName, shell.UserEmail = v.User.Email, v.User.Email
	}
	if v.Merchant != nil {
		shell.MerchantName = v.Merchant.Name
	}
	return shell
}

// themeOf is a theme that exists, or empty.
func themeOf(name string) string {
	if name == views.ThemeLight || name == views.ThemeDark {
		return name
	}
	return ""
}
