package handlers

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
	"github.com/tillpost/tillpost/views"
)

func (s *server) showPreferences(c *fiber.Ctx, v *viewer) error {
	return s.renderPreferences(c, v, fiber.StatusOK, nil)
}

// renderPreferences shows the page, with what was refused.
func (s *server) renderPreferences(c *fiber.Ctx, v *viewer, status int, refused error) error {
	sessions, err := s.DB.UserSessions(c.UserContext(), v.User.ID)
	if err != nil {
		return err
	}
	view := views.PreferencesView{Form: s.form(c, v, fieldErrors(v, refused)), Timezone: v.User.Timezone, Default: time.UTC.String()}
	if status != fiber.StatusOK {
		if zone := field(c, "timezone"); zone != "" {
			view.Timezone = zone
		}
	}
	subscription, err := s.DB.AlertSubscription(c.UserContext(), v.User)
	if err != nil {
		return err
	}
	view.Alerts, view.Wish, view.NoServer = subscription.Enabled, wishForm(v, subscription.AlertWish), !s.Alerts.Mails()
	if v.Merchant != nil {
		view.Default = v.Merchant.Timezone
	}
	for _, row := range sessions {
		view.Sessions = append(view.Sessions, views.SessionRow{Session: row, Current: row.IDHash == v.session.row.IDHash})
	}
	return s.render(c, status, views.PreferencesPage(s.shell(c, v, v.Texts.T("preferences.title")), view))
}

// errWrongPassword refuses a change of password.
var errWrongPassword = models.Invalid("current", "wrong_password")

// changePassword sets the user's own password and begins a new session, all
// others having ended.
func (s *server) changePassword(c *fiber.Ctx, v *viewer) error {
	hash, err := s.newPassword(c, v)
	if refused := passwordField(err); fieldErrors(v, refused) != nil {
		return s.renderPreferences(c, v, fiber.StatusUnprocessableEntity, refused)
	}
	if err != nil {
		return err
	}
	err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		if err := tx.SetPassword(v.User.ID, hash); err != nil {
			return err
		}
		return tx.Audit(v.actor(c), userEntry(v.User, "user.set_password"))
	})
	if err != nil {
		return err
	}
	if err := s.signIn(c, v.session, v.User); err != nil {
		return err
	}
	return s.redirect(c, "/preferences")
}

// newPassword hashes the new password, if the old one is right.
func (s *server) newPassword(c *fiber.Ctx, v *viewer) (hash string, err error) {
	password := secret.NewString(c.FormValue("password"))
	if err := secret.AcceptPassword(password, v.User.Email); err != nil {
		return "", err
	}
	user, err := s.authenticate(c.UserContext(), v.User.Email, secret.NewString(c.FormValue("current")))
	if err != nil {
		return "", err
	}
	if user == nil {
		return "", errWrongPassword
	}
	return s.Passwords.Hash(c.UserContext(), password)
}

// endOtherSessions signs the user out everywhere else.
func (s *server) endOtherSessions(c *fiber.Ctx, v *viewer) error {
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		if err := tx.EndSessions(v.User.ID, v.session.row.IDHash); err != nil {
			return err
		}
		return tx.Audit(v.actor(c), userEntry(v.User, "user.end_sessions"))
	})
	if err != nil {
		return err
	}
	return s.redirect(c, "/preferences")
}
