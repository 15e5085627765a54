package handlers

import (
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/secret"
	"github.com/tillpost/tillpost/views"
)

func (s *server) userRoutes() []route {
	return []route{
		{fiber.MethodGet, "/users", admins, s.listUsers},
		{fiber.MethodGet, "/users/new", admins, s.newUser},
		{fiber.MethodPost, "/users", admins, s.createUser},
		{fiber.MethodGet, "/users/:id/password", admins, s.editPassword},
		{fiber.MethodPost, "/users/:id/password", admins, s.updatePassword},
		{fiber.MethodGet, "/users/:id/disable", admins, s.confirmDisableUser},
		{fiber.MethodPost, "/users/:id/disable", admins, s.disableUser},
		{fiber.MethodGet, "/users/:id/enable", admins, s.confirmEnableUser},
		{fiber.MethodPost, "/users/:id/enable", admins, s.enableUser},
	}
}

func (s *server) listUsers(c *fiber.Ctx, v *viewer) error {
	p := pageOf(c)
	users, next, err := s.DB.Users(c.UserContext(), p)
	if err != nil {
		return err
	}
	merchants, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	view := views.UsersView{After: p.Cursor, NextHref: nextHref("/users", next)}
	for _, u := range users {
		row := views.UserRow{User: u, Self: u.ID == v.User.ID}
		if u.MerchantID != nil {
			row.Merchant = merchants.name(*u.MerchantID)
		}
		view.Rows = append(view.Rows, row)
	}
	return s.page(c, v, v.Texts.T("nav.users"), func(shell views.Shell) templ.Component {
		return views.UsersPage(shell, view)
	}, views.UserTable(view))
}

// nextHref is the address of a list's next page; empty at its end.
func nextHref(path, cursor string) string {
	if cursor == "" {
		return ""
	}
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	return path + join + "after=" + url.QueryEscape(cursor)
}

func (s *server) newUser(c *fiber.Ctx, v *viewer) error {
	return s.renderUserForm(c, v, fiber.StatusOK, views.UserForm{Role: models.RoleMerchant})
}

func (s *server) renderUserForm(c *fiber.Ctx, v *viewer, status int, form views.UserForm) error {
	merchants, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	form.Merchants = merchants.Options
	form.Form = s.form(c, v, form.Errors)
	return s.render(c, status, views.UserFormView(s.shell(c, v, v.Texts.T("users.new")), form))
}

func (s *server) createUser(c *fiber.Ctx, v *viewer) error {
	form := views.UserForm{Email: field(c, "email"), Role: field(c, "role"), Merchant: field(c, "merchant")}
	err := s.addUser(c, v, form, secret.NewString(c.FormValue("password")))
	if form.Errors = fieldErrors(v, err); form.Errors != nil {
		return s.renderUserForm(c, v, fiber.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return s.redirect(c, "/users")
}

func (s *server) addUser(c *fiber.Ctx, v *viewer, form views.UserForm, password secret.String) error {
	if err := secret.AcceptPassword(password, form.Email); err != nil {
		return passwordField(err)
	}
	user := models.User{Email: form.Email, Role: form.Role}
	if form.Role == models.RoleMerchant && form.Merchant != "" {
		m, err := s.DB.Merchant(c.UserContext(), v.Scope, form.Merchant)
		if err != nil {
			return err
		}
		user.MerchantID = &m.ID
	}
	hash, err := s.Passwords.Hash(c.UserContext(), password)
	if err != nil {
		return err
	}
	user.PasswordHash = hash
	return s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		u, err := tx.CreateUser(user)
		if err != nil {
			return err
		}
		return tx.Audit(v.actor(c), models.AuditEntry{
			MerchantID: u.MerchantID, Action: "user.create", ObjectID: u.ID,
			Detail: map[string]string{"email": u.Email, "role": u.Role},
		})
	})
}

func (s *server) editPassword(c *fiber.Ctx, v *viewer) error {
	user, err := s.DB.User(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return s.renderPasswordForm(c, v, fiber.StatusOK, *user, nil)
}

func (s *server) renderPasswordForm(c *fiber.Ctx, v *viewer, status int, user models.User, errs map[string]string) error {
	form := views.PasswordForm{Form: s.form(c, v, errs), User: user}
	return s.render(c, status, views.PasswordFormView(s.shell(c, v, v.Texts.T("users.set_password")), form))
}

func (s *server) updatePassword(c *fiber.Ctx, v *viewer) error {
	user, err := s.DB.User(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	password := secret.NewString(c.FormValue("password"))
	if err := secret.AcceptPassword(password, user.Email); err != nil {
		errs := fieldErrors(v, passwordField(err))
		return s.renderPasswordForm(c, v, fiber.StatusUnprocessableEntity, *user, errs)
	}
	hash, err := s.Passwords.Hash(c.UserContext(), password)
	if err != nil {
		return err
	}
	err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		if err := tx.SetPassword(user.ID, hash); err != nil {
			return err
		}
		return tx.Audit(v.actor(c), userEntry(user, "user.set_password"))
	})
	if err != nil {
		return err
	}
	return s.redirect(c, "/users")
}

func (s *server) confirmDisableUser(c *fiber.Ctx, v *viewer) error {
	return s.confirmUser(c, v, "disable", views.ConfirmForm{
		Title: v.Texts.T("users.disable"), Label: v.Texts.T("common.disable"), Icon: "ban", Danger: true,
	})
}

func (s *server) confirmEnableUser(c *fiber.Ctx, v *viewer) error {
	return s.confirmUser(c, v, "enable", views.ConfirmForm{
		Title: v.Texts.T("users.enable"), Label: v.Texts.T("common.enable"), Icon: "undo-2",
	})
}

func (s *server) confirmUser(c *fiber.Ctx, v *viewer, act string, form views.ConfirmForm) error {
	user, err := s.DB.User(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	form.Form, form.Action = s.form(c, v, nil), "/users/"+user.ID+"/"+act
	form.Text = v.Texts.T("users.disable_text", "Email", user.Email)
	if act == "enable" {
		form.Text = v.Texts.T("users.enable_text", "Email", user.Email)
	}
	form.BackHref, form.BackLabel = "/users", v.Texts.T("nav.users")
	return s.render(c, fiber.StatusOK, views.ConfirmView(s.shell(c, v, form.Title), form))
}

func (s *server) disableUser(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	if id == v.User.ID {
		return models.Conflict("own_user", "")
	}
	return s.changeUser(c, v, "user.disable", func(tx *models.Tx) error { return tx.DisableUser(id) })
}

func (s *server) enableUser(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	return s.changeUser(c, v, "user.enable", func(tx *models.Tx) error { return tx.EnableUser(id) })
}

// changeUser makes a change and its entry in the audit log.
func (s *server) changeUser(c *fiber.Ctx, v *viewer, action string, change func(tx *models.Tx) error) error {
	user, err := s.DB.User(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	err = s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return tx.Audit(v.actor(c), userEntry(user, action))
	})
	if err != nil {
		return err
	}
	return s.redirect(c, "/users")
}

func userEntry(u *models.User, action string) models.AuditEntry {
	return models.AuditEntry{
		MerchantID: u.MerchantID, Action: action, ObjectID: u.ID, Detail: map[string]string{"email": u.Email},
	}
}
