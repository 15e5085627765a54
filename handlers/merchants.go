package handlers

import (
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

func (s *server) merchantRoutes() []route {
	return []route{
		{fiber.MethodGet, "/merchants", admins, s.listMerchants},
		{fiber.MethodGet, "/merchants/new", admins, s.newMerchant},
		{fiber.MethodPost, "/merchants", admins, s.createMerchant},
		{fiber.MethodGet, "/merchants/:id", admins, s.showMerchant},
		{fiber.MethodGet, "/merchants/:id/rules", admins, s.editRules},
		{fiber.MethodPost, "/merchants/:id/rules", admins, s.updateRules},
		{fiber.MethodGet, "/merchants/:id/tracking", admins, s.editTracking},
		{fiber.MethodPost, "/merchants/:id/tracking", admins, s.updateTracking},
		{fiber.MethodGet, "/merchants/:id/mails", admins, s.previewMails},
		{fiber.MethodGet, "/merchants/:id/keys/new", admins, s.newKey},
		{fiber.MethodPost, "/merchants/:id/keys", admins, s.createKey},
		{fiber.MethodGet, "/merchants/:id/keys/:key/revoke", admins, s.confirmRevokeKey},
		{fiber.MethodPost, "/merchants/:id/keys/:key/revoke", admins, s.revokeKey},
	}
}

func (s *server) listMerchants(c *fiber.Ctx, v *viewer) error {
	merchants, err := s.DB.Merchants(c.UserContext(), v.Scope)
	if err != nil {
		return err
	}
	shell := s.shell(c, v, v.Texts.T("nav.merchants"))
	return s.render(c, fiber.StatusOK, views.MerchantsPage(shell, views.MerchantsView{Rows: merchants}))
}

func (s *server) showMerchant(c *fiber.Ctx, v *viewer) error {
	m, err := s.DB.Merchant(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	p := pageOf(c)
	keys, next, err := s.DB.APIKeys(c.UserContext(), models.MerchantScope(m.ID), p)
	if err != nil {
		return err
	}
	view := views.MerchantView{Merchant: *m, Keys: keys, After: p.Cursor, NextHref: nextHref("/merchants/"+m.ID, next)}
	if view.Rules, err = s.rulesForm(c.UserContext(), m); err != nil {
		return err
	}
	if view.Tracking, err = s.trackingForm(c, m); err != nil {
		return err
	}
	return s.page(c, v, m.Name, func(shell views.Shell) templ.Component {
		return views.MerchantPage(shell, view)
	}, views.KeyTable(view))
}

func (s *server) newMerchant(c *fiber.Ctx, v *viewer) error {
	return s.renderMerchantForm(c, v, fiber.StatusOK, views.MerchantForm{}, nil)
}

func (s *server) renderMerchantForm(
	c *fiber.Ctx, v *viewer, status int, form views.MerchantForm, errs map[string]string,
) error {
	form.Form = s.form(c, v, errs)
	return s.render(c, status, views.MerchantFormView(s.shell(c, v, v.Texts.T("merchants.new")), form))
}

func (s *server) createMerchant(c *fiber.Ctx, v *viewer) error {
	form := views.MerchantForm{
		Name: clip(field(c, "name"), 100), Ref: clip(field(c, "ref"), 60),
		Currency: strings.ToUpper(field(c, "currency")), Timezone: field(c, "timezone"),
	}
	var m *models.Merchant
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) (err error) {
		m, err = tx.CreateMerchant(models.Merchant{
			Name: form.Name, Ref: form.Ref, Currency: form.Currency, Timezone: form.Timezone,
		})
		if err != nil {
			return err
		}
		return tx.Audit(v.actor(c), models.AuditEntry{
			MerchantID: &m.ID, Action: "merchant.create", ObjectID: m.ID,
			Detail: map[string]string{"name": m.Name, "ref": m.Ref, "currency": m.Currency, "timezone": m.Timezone},
		})
	})
	if errs := fieldErrors(v, err); errs != nil {
		return s.renderMerchantForm(c, v, fiber.StatusUnprocessableEntity, form, errs)
	}
	if err != nil {
		return err
	}
	return s.redirect(c, "/merchants/"+m.ID)
}
