package handlers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
)

// hooksPath is where payment providers and carriers send their webhooks, each to
// its account.
const hooksPath = "/hooks"

// Limits of providers' webhooks.
const (
	maxHook  = 256 << 10
	hookTime = 10 * time.Second // providers wait no longer for an answer
)

// registerHooks adds the addresses for providers and carriers. They need neither a session nor
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

// receiveHook stores what a provider or carrier tells and answers as it expects. Whatever
// keeps it from being stored is a 503, so that the provider repeats it.
func (s *server) receiveHook(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	id := c.Params("account")
	receive := s.receiver(id)
	if receive == nil {
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
	answer, err := receive(ctx, id, hook{
		header: http.Header(c.GetReqHeaders()), query: string(c.Request().URI().QueryString()),
		body: slices.Clone(body), at: s.DB.Now(),
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

// hook is a webhook as it came in.
type hook struct {
	header http.Header
	query  string
	body   []byte
	at     time.Time
}

// receiver stores a webhook of an account and says what its sender wants to hear.
type receiver func(ctx context.Context, accountID string, h hook) (payments.Acknowledgment, error)

// receiver is who takes the webhooks of an account; nil when the id is of none.
func (s *server) receiver(accountID string) receiver {
	switch {
	case models.IsID(models.PrefixGatewayAccount, accountID):
		return func(ctx context.Context, id string, h hook) (payments.Acknowledgment, error) {
			return s.Payments.Receive(ctx, id, payments.Webhook{Header: h.header, Body: h.body, ReceivedAt: h.at})
		}
	case models.IsID(models.PrefixCarrierAccount, accountID):
		return func(ctx context.Context, id string, h hook) (payments.Acknowledgment, error) {
			query, err := url.ParseQuery(h.query)
			if err != nil {
				query = url.Values{} // a token that is not there matches nothing
			}
			answer, err := s.Carriers.Receive(ctx, id, carriers.Webhook{
				Header: h.header, Query: query, Body: h.body, ReceivedAt: h.at,
			})
			return payments.Acknowledgment(answer), err
		}
	default:
		return nil
	}
}

// hookRefusal says why a webhook was not taken.
func (s *server) hookRefusal(c *fiber.Ctx, id string, err error) error {
	kind, forged := forgedKind(err)
	switch {
	case forged:
		s.hooks.note(id, c.IP())
		s.Figures.HookRejected(kind)
		// Why it was rejected is not told: the words could repeat what was sent.
		s.Log.LogAttrs(c.UserContext(), slog.LevelWarn, "webhook rejected", slog.String("account", id),
			slog.String("kind", kind), slog.String("ip", c.IP()))
		return errBadSignature
	case errors.Is(err, models.ErrNotFound), errors.Is(err, payments.ErrNoWebhooks), errors.Is(err, carriers.ErrNoWebhooks):
		s.hooks.note(id, c.IP())
		return models.ErrNotFound
	default:
		// As text: what it wraps must not turn it into another answer.
		return fmt.Errorf("receive webhook of account %s: %w: %s", id, errUnavailable, err.Error())
	}
}

// forgedKind is the kind of the account whose webhook was not its sender's own.
func forgedKind(err error) (string, bool) {
	if rejected, ok := errors.AsType[payments.RejectedWebhookError](err); ok {
		return rejected.Kind, true
	}
	rejected, ok := errors.AsType[carriers.RejectedWebhookError](err)
	return rejected.Kind, ok
}
