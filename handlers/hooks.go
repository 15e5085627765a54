package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
)

// hooksPath is where payment providers send their webhooks, each to its account.
const hooksPath = "/hooks"

// Limits of providers' webhooks.
const (
	maxHook  = 256 << 10
	hookTime = 10 * time.Second // providers wait no longer for an answer
)

// registerHooks adds the addresses for providers. They need neither a session nor
// a key: what proves a webhook is the provider's signature.
func registerHooks(app *fiber.App, s *server) {
	app.Post(hooksPath+"/:account", s.receiveHook)
	app.Use(hooksPath, func(c *fiber.Ctx) error {
		if c.Method() == fiber.MethodPost {
			return fiber.ErrNotFound
		}
		c.Set(fiber.HeaderAllow, fiber.MethodPost)
		return fiber.ErrMethodNotAllowed
	})
}

// receiveHook stores what a provider tells and answers as it expects. Whatever
// keeps it from being stored is a 503, so that the provider repeats it.
func (s *server) receiveHook(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	id := c.Params("account")
	if !models.IsID(models.PrefixGatewayAccount, id) {
		return models.ErrNotFound
	}
	body := c.Request().Body() // as it was sent: c.Body would unpack it, and break its signature
	if len(body) > maxHook {
		return fiber.ErrRequestEntityTooLarge
	}
	if wait := s.hooks.blocked(id, c.IP()); wait > 0 {
		return tooMany(wait)
	}
	ctx, cancel := context.WithTimeout(c.UserContext(), hookTime)
	defer cancel()
	answer, err := s.Payments.Receive(ctx, id, payments.Webhook{
		Header: http.Header(c.GetReqHeaders()), Body: slices.Clone(body), ReceivedAt: s.DB.Now(),
	})
	if err != nil {
		return s.hookRefusal(c, id, err)
	}
	if answer.ContentType != "" {
		c.Set(fiber.HeaderContentType, answer.ContentType)
	}
	if answer.Status != 0 {
		c.Status(answer.Status)
	}
	return c.SendString(answer.Body)
}

// hookRefusal says why a webhook was not taken.
func (s *server) hookRefusal(c *fiber.Ctx, id string, err error) error {
	rejected, forged := errors.AsType[payments.RejectedWebhookError](err)
	switch {
	case forged:
		s.hooks.note(id, c.IP())
		metrics.hooks.WithLabelValues(rejected.Kind).Inc()
		// Why it was rejected is not told: the words could repeat what was sent.
		s.Log.LogAttrs(c.UserContext(), slog.LevelWarn, "webhook rejected", slog.String("account", id),
			slog.String("kind", rejected.Kind), slog.String("ip", c.IP()), slog.String("request_id", requestID(c)))
		return errBadSignature
	case errors.Is(err, models.ErrNotFound), errors.Is(err, payments.ErrNoWebhooks):
		s.hooks.note(id, c.IP())
		return models.ErrNotFound
	default:
		// As text: what it wraps must not turn it into another answer.
		return fmt.Errorf("receive webhook of account %s: %w: %s", id, errUnavailable, err.Error())
	}
}
