package handlers

import (
	"crypto/subtle"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// csrfField is the form field, csrfHeader the header in which forms prove that
// they are ours.
const (
	csrfField  = "_csrf"
	csrfHeader = "X-CSRF-Token"
)

// formToken is the token that the viewer's forms carry: that of the session, or
// for somebody who is not signed in, a random one that a cookie repeats.
func (s *server) formToken(c *fiber.Ctx, sess *session) string {
	if token, ok := sess.Values[valueCSRF].(string); ok && sess.user != nil {
		return token
	}
	name := cookieName("tillpost_form", s.SecureCookies)
	if token := c.Cookies(name); len(token) == len(randomToken()) {
		return token
	}
	token := randomToken()
	c.Cookie(&fiber.Cookie{
		Name: name, Value: token, Path: "/", HTTPOnly: true, Secure: s.SecureCookies,
		SameSite: fiber.CookieSameSiteLaxMode, SessionOnly: true,
	})
	return token
}

// checkForm refuses a request that changes something unless it comes from one
// of our pages: by the browser's word where it gives it, and by the token.
func (s *server) checkForm(c *fiber.Ctx, v *viewer) error {
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return nil
	}
	if !s.sameOrigin(c) {
		return errForgedForm
	}
	token := c.Get(csrfHeader)
	if token == "" {
		token = c.FormValue(csrfField)
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(v.csrf)) != 1 {
		return errForgedForm
	}
	return nil
}

// sameOrigin is the rule of net/http's CrossOriginProtection.
func (s *server) sameOrigin(c *fiber.Ctx) bool {
	switch c.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
		origin := c.Get(fiber.HeaderOrigin)
		if origin == "" {
			return true
		}
		u, err := url.Parse(origin)
		return err == nil && u.Host != "" && (u.Host == c.Get(fiber.HeaderHost) || strings.EqualFold(origin, s.BaseURL))
	default:
		return false
	}
}
