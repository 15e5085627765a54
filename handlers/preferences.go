package handlers

import (
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
)

func (s *server) preferenceRoutes() []route {
	return []route{
		{fiber.MethodGet, "/preferences", signedIn, s.showPreferences},
		{fiber.MethodPost, "/preferences/password", signedIn, s.changePassword},
		{fiber.MethodPost, "/preferences/sessions/end", signedIn, s.endOtherSessions},
		{fiber.MethodPost, "/preferences/language", everyone, s.chooseLanguage},
		{fiber.MethodPost, "/preferences/theme", everyone, s.chooseTheme},
		{fiber.MethodPost, "/preferences/timezone", signedIn, s.chooseTimezone},
		{fiber.MethodPost, "/preferences/alerts", signedIn, s.chooseAlerts},
	}
}

// year is how long a browser keeps a choice.
const year = 365 * 24 * time.Hour

// chooseLanguage keeps the choice in a cookie, for the login page, and with the user.
func (s *server) chooseLanguage(c *fiber.Ctx, v *viewer) error {
	language := locales.Language(field(c, "language"))
	if !slices.Contains(locales.Languages(), language) {
		return models.Invalid("language", "unknown_language")
	}
	s.remember(c, languageCookie, string(language))
	if v.User != nil {
		err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
			return tx.SetPreferences(v.User.ID, string(language), v.User.Timezone)
		})
		if err != nil {
			return err
		}
	}
	return s.redirect(c, localPath(c.FormValue("return_to"), "/"))
}

// chooseTheme keeps the choice with the browser: devices differ.
func (s *server) chooseTheme(c *fiber.Ctx, _ *viewer) error {
	s.remember(c, themeCookie, themeOf(field(c, "theme")))
	return s.redirect(c, localPath(c.FormValue("return_to"), "/"))
}

// chooseTimezone sets the zone that times are shown in; empty is the merchant's.
func (s *server) chooseTimezone(c *fiber.Ctx, v *viewer) error {
	zone := field(c, "timezone")
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return s.renderPreferences(c, v, fiber.StatusUnprocessableEntity, models.Invalid("timezone", "unknown_timezone"))
	}
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		return tx.SetPreferences(v.User.ID, v.User.Language, zone)
	})
	if err != nil {
		return err
	}
	return s.redirect(c, localPath(c.FormValue("return_to"), "/"))
}

// remember sets a cookie of a choice, or takes it back when the value is empty.
func (s *server) remember(c *fiber.Ctx, name, value string) {
	cookie := &fiber.Cookie{
		Name: name, Value: value, Path: "/", Secure: s.SecureCookies, HTTPOnly: true,
		SameSite: fiber.CookieSameSiteLaxMode, MaxAge: int(year / time.Second),
	}
	if value == "" {
		cookie.MaxAge, cookie.Expires = -1, time.Unix(1, 0)
	}
	c.Cookie(cookie)
}
