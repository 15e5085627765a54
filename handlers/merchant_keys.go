package handlers

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

func (s *server) newKey(c *fiber.Ctx, v *viewer) error {
	m, err := s.DB.Merchant(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	return s.renderKeyForm(c, v, fiber.StatusOK, views.KeyForm{Merchant: *m, Scopes: models.APIScopes}, nil)
}

func (s *server) renderKeyForm(c *fiber.Ctx, v *viewer, status int, form views.KeyForm, errs map[string]string) error {
	form.Form = s.form(c, v, errs)
	return s.render(c, status, views.KeyFormView(s.shell(c, v, v.Texts.T("merchants.new_key")), form))
}

// createKey makes an API key and shows it. The answer that is kept against a
// second sending of the form does not hold it, so that it is shown once.
func (s *server) createKey(c *fiber.Ctx, v *viewer) error {
	m, err := s.DB.Merchant(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	form := views.KeyForm{Merchant: *m, Name: clip(field(c, "name"), 100), Scopes: checked(c, "scope")}
	if len(form.Scopes) == 0 {
		errs := fieldErrors(v, models.Invalid("scope", "required"))
		return s.renderKeyForm(c, v, fiber.StatusUnprocessableEntity, form, errs)
	}
	text := ""
	_, err = s.once(c, v, m.ID, func(tx *models.Tx) (models.Answer, error) {
		key, made, err := tx.CreateAPIKey(m.ID, form.Name, form.Scopes)
		if err != nil {
			return models.Answer{}, err
		}
		text = made
		return models.Answer{Status: fiber.StatusOK}, tx.Audit(v.actor(c), models.AuditEntry{
			MerchantID: &m.ID, Action: "apikey.create", ObjectID: key.ID,
			Detail: map[string]string{"name": key.Name, "prefix": key.Prefix, "scopes": strings.Join(key.Scopes, " ")},
		})
	})
	if errs := fieldErrors(v, err); errs != nil {
		return s.renderKeyForm(c, v, fiber.StatusUnprocessableEntity, form, errs)
	}
	if err != nil {
		return err
	}
	view := views.KeyView{Form: s.form(c, v, nil), Merchant: *m, Name: form.Name, Text: text}
	return s.render(c, fiber.StatusOK, views.KeyCreatedView(s.shell(c, v, v.Texts.T("merchants.key_created")), view))
}

func (s *server) confirmRevokeKey(c *fiber.Ctx, v *viewer) error {
	m, key, err := s.merchantKey(c, v)
	if err != nil {
		return err
	}
	form := views.ConfirmForm{
		Form:  s.form(c, v, nil),
		Title: v.Texts.T("merchants.revoke_of", "Name", key.Name), Text: v.Texts.T("merchants.revoke_text"),
		Action: "/merchants/" + m.ID + "/keys/" + key.ID + "/revoke",
		Label:  v.Texts.T("merchants.revoke"), Icon: "ban", Danger: true,
		BackHref: "/merchants/" + m.ID, BackLabel: m.Name,
	}
	return s.render(c, fiber.StatusOK, views.ConfirmView(s.shell(c, v, form.Title), form))
}

// revokeKey ends a key; one that has ended already stays so.
func (s *server) revokeKey(c *fiber.Ctx, v *viewer) error {
	m, key, err := s.merchantKey(c, v)
	if err != nil {
		return err
	}
	if key.RevokedAt == nil {
		err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
			if err := tx.RevokeAPIKey(models.MerchantScope(m.ID), key.ID); err != nil {
				return err
			}
			return tx.Audit(v.actor(c), models.AuditEntry{
				MerchantID: &m.ID, Action: "apikey.revoke", ObjectID: key.ID,
				Detail: map[string]string{"name": key.Name, "prefix": key.Prefix},
			})
		})
		if err != nil {
			return err
		}
	}
	return s.redirect(c, "/merchants/"+m.ID)
}

// merchantKey loads the merchant and the key that the address names.
func (s *server) merchantKey(c *fiber.Ctx, v *viewer) (*models.Merchant, *models.APIKey, error) {
	m, err := s.DB.Merchant(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return nil, nil, err
	}
	key, err := s.DB.APIKey(c.UserContext(), models.MerchantScope(m.ID), c.Params("key"))
	return m, key, err
}
