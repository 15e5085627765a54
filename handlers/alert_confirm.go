package handlers

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// askHolder asks the holder of a channel's address for agreement, when that is
// needed. What comes of it is shown on the channel's page, and asking too often
// is no reason to refuse what was entered.
func (s *server) askHolder(c *fiber.Ctx, v *viewer, id string) error {
	stored, err := s.DB.AlertChannel(c.UserContext(), v.Scope, id)
	if err != nil || !stored.Unconfirmed() {
		return err
	}
	_, _, err = s.Alerts.TestChannel(c.UserContext(), v.Scope, id, v.actor(c))
	if e, ok := errors.AsType[*models.Error](err); ok && e.Kind == models.KindConflict {
		return nil
	}
	return err
}

// showQuestion asks whether a merchant may send incidents to an address. A
// program that only looks at a link agrees to nothing.
func (s *server) showQuestion(c *fiber.Ctx, v *viewer) error {
	channel, address, err := s.Alerts.Question(c.UserContext(), c.Params("id"), c.Params("token"))
	if errors.Is(err, models.ErrNotFound) {
		return s.renderInvalidLink(c, v)
	}
	if err != nil {
		return err
	}
	return s.renderQuestion(c, v, channel, address)
}

// agree notes that the holder of an address agrees. The sealed link is the proof.
func (s *server) agree(c *fiber.Ctx, v *viewer) error {
	channel, address, err := s.Alerts.Question(c.UserContext(), c.Params("id"), c.Params("token"))
	if errors.Is(err, models.ErrNotFound) {
		return s.renderInvalidLink(c, v)
	}
	if err != nil {
		return err
	}
	actor := models.Actor{Kind: "system", Name: address, IP: c.IP(), RequestID: requestID(c)}
	err = s.DB.Write(c.UserContext(), func(tx *models.Tx) (err error) {
		channel, err = tx.ConfirmAlertChannel(channel.ID, address, actor)
		return err
	})
	if errors.Is(err, models.ErrNotFound) {
		return s.renderInvalidLink(c, v)
	}
	if err != nil {
		return err
	}
	return s.renderQuestion(c, v, channel, address)
}

func (s *server) renderQuestion(c *fiber.Ctx, v *viewer, channel *models.AlertChannel, address string) error {
	m, err := s.DB.Merchant(c.UserContext(), models.MerchantScope(*channel.MerchantID), *channel.MerchantID)
	if err != nil {
		return err
	}
	view := views.AgreementView{Action: c.Path(), Merchant: m.Name, Address: address, Done: !channel.Unconfirmed()}
	return s.render(c, fiber.StatusOK, views.AgreementPage(s.shell(c, v, v.Texts.T("incidents.agree_title")), view))
}

// renderInvalidLink tells somebody who has no login what to do about a link that
// is too old, or not whole.
func (s *server) renderInvalidLink(c *fiber.Ctx, v *viewer) error {
	view := views.AgreementView{Invalid: true}
	return s.render(c, fiber.StatusNotFound, views.AgreementPage(s.shell(c, v, v.Texts.T("incidents.link_invalid")), view))
}
