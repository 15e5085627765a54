package handlers

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
	"github.com/tillpost/tillpost/views"
)

func (s *server) loginRoutes() []route {
	return []route{
		{fiber.MethodGet, "/login", everyone, s.showLogin},
		{fiber.MethodPost, "/login", everyone, s.login},
		{fiber.MethodPost, "/logout", everyone, s.logout},
	}
}

func (s *server) showLogin(c *fiber.Ctx, v *viewer) error {
	next := localPath(c.Query("next"), "/")
	if v.User != nil {
		return s.redirect(c, next)
	}
	return s.renderLogin(c, v, fiber.StatusOK, views.LoginView{Next: next})
}

func (s *server) renderLogin(c *fiber.Ctx, v *viewer, status int, view views.LoginView) error {
	return s.render(c, status, views.LoginPage(s.shell(c, v, v.Texts.T("auth.title")), view))
}

// login begins a session. Whatever is wrong, the answer is the same and takes
// as long, so that it does not tell which accounts exist.
func (s *server) login(c *fiber.Ctx, v *viewer) error {
	view := views.LoginView{Email: clip(field(c, "email"), 254), Next: localPath(c.FormValue("next"), "/")}
	if wait, ok := s.logins.allow(c.IP()); !ok {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(int(wait/time.Second)+1))
		view.Error = v.Texts.T("auth.too_many")
		return s.renderLogin(c, v, fiber.StatusTooManyRequests, view)
	}
	user, err := s.authenticate(c.UserContext(), view.Email, secret.NewString(c.FormValue("password")))
	if err != nil {
		return err
	}
	if user == nil {
		s.Figures.Login(false)
		s.Log.WarnContext(c.UserContext(), "login refused", "ip", c.IP())
		view.Error = v.Texts.T("auth.wrong")
		return s.renderLogin(c, v, fiber.StatusUnprocessableEntity, view)
	}
	s.Figures.Login(true)
	s.logins.forgive(c.IP())
	err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		if err := tx.NoteLogin(user.ID); err != nil {
			return err
		}
		actor := models.Actor{Kind: "user", ID: user.ID, Name: user.Email, IP: c.IP(), RequestID: requestID(c)}
		return tx.Audit(actor, models.AuditEntry{MerchantID: user.MerchantID, Action: "user.sign_in", ObjectID: user.ID})
	})
	if err != nil {
		return err
	}
	if err := s.signIn(c, v.session, user); err != nil {
		return err
	}
	return s.redirect(c, view.Next)
}

// authenticate finds the user whose e-mail address and password these are; nil
// when there is none, when the user is disabled, or must wait after failures.
func (s *server) authenticate(ctx context.Context, email string, password secret.String) (*models.User, error) {
	user, err := s.DB.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return nil, err
	}
	hash := "" // costs as much to check, and never fits
	if user != nil {
		err := s.DB.Write(ctx, func(tx *models.Tx) error {
			may, err := tx.ClaimLogin(user.ID)
			if may {
				hash = user.PasswordHash
			} else {
				hash = ""
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	ok, outdated, err := s.Passwords.Check(ctx, password, hash)
	if err != nil || !ok || user == nil || user.DisabledAt != nil {
		return nil, err
	}
	if outdated {
		if err := s.rehash(ctx, user.ID, password); err != nil {
			return nil, err
		}
	}
	return user, nil
}

func (s *server) rehash(ctx context.Context, userID string, password secret.String) error {
	hash, err := s.Passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *models.Tx) error { return tx.ReplacePasswordHash(userID, hash) })
}

func (s *server) logout(c *fiber.Ctx, v *viewer) error {
	if err := s.signOut(c, v.session); err != nil {
		return err
	}
	if v.session.row != nil {
		s.streams.end([]string{v.session.row.IDHash}, nil)
	}
	c.Set("Clear-Site-Data", `"cache"`)
	return s.redirect(c, "/login")
}

// passwordField tells a refused new password to its form.
func passwordField(err error) error {
	for refused, code := range map[error]string{
		secret.ErrPasswordShort: "password_short", secret.ErrPasswordLong: "password_long",
		secret.ErrPasswordCommon: "password_common",
	} {
		if errors.Is(err, refused) {
			return models.Invalid("password", code)
		}
	}
	return err
}
