package handlers

import (
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
)

// chooseAlerts keeps which mails about incidents the user wants.
func (s *server) chooseAlerts(c *fiber.Ctx, v *viewer) error {
	wish, err := readWish(c, v)
	if err == nil {
		subscription := models.AlertSubscription{AlertWish: wish, UserID: v.User.ID, Enabled: field(c, "enabled") != ""}
		err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error { return tx.PutAlertSubscription(subscription) })
	}
	if fieldErrors(v, err) != nil {
		return s.renderPreferences(c, v, fiber.StatusUnprocessableEntity, err)
	}
	if err != nil {
		return err
	}
	return s.redirect(c, "/preferences#alerts")
}
