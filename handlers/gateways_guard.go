package handlers

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/payments"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// gatewayHealth is how a payment account's provider is protected now.
func (s *server) gatewayHealth(a *models.GatewayAccount) *views.GatewayHealth {
	p := s.Payments.Protection(a)
	return &views.GatewayHealth{
		Open: p.Breaker == payments.BreakerOpen, Probing: p.Breaker == payments.BreakerProbing, OpenUntil: p.OpenUntil,
		Failures: p.Failures, Trips: p.Trips, Busy: p.Busy, Places: p.Places, Used: p.Used, Limit: p.Limit,
	}
}

// resetBreaker lets an account's calls through again.
func (p accountPages) resetBreaker(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	err := p.DB.Write(c.UserContext(), func(tx *models.Tx) error { return p.Payments.ResetBreaker(tx, v.Scope, id, v.actor(c)) })
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return p.redirect(c, p.path+"/"+id)
	}
	return p.healthChanged(c, v, ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("accounts.reset_done")})
}

// setRateLimit changes how many requests a second an account may make.
func (p accountPages) setRateLimit(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	text := field(c, "rate_limit")
	limit, err := strconv.Atoi(text)
	if err != nil {
		err = models.Invalid("rate_limit", "bad_number")
	} else {
		err = p.DB.Write(c.UserContext(), func(tx *models.Tx) error {
			return p.Payments.SetRateLimit(tx, v.Scope, id, limit, v.actor(c))
		})
	}
	errs := fieldErrors(v, err)
	switch {
	case errs != nil && isHTMX(c):
		view, err := p.account(c, v)
		if err != nil {
			return err
		}
		view.Gateway.LimitText, view.Gateway.LimitError = text, errs["rate_limit"]
		c.Set(hxReswap, "none")
		return p.render(c, fiber.StatusUnprocessableEntity, views.Renewed("#account-health", views.AccountHealth(view)))
	case err != nil:
		return err
	case !isHTMX(c):
		return p.redirect(c, p.path+"/"+id)
	}
	return p.healthChanged(c, v, ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("accounts.limit_done")})
}
