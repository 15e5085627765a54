package handlers

import (
	"context"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

func (s *server) shipmentLinkRoutes() []route {
	return []route{
		{fiber.MethodGet, "/shipments/:id/link", signedIn, s.editLink},
		{fiber.MethodPost, "/shipments/:id/link", signedIn, s.updateLink},
	}
}

// shipmentPublic is what the recipient of a parcel sees and was told.
func (s *server) shipmentPublic(ctx context.Context, parcel *models.Shipment) (views.ShipmentPublic, error) {
	settings, err := s.DB.TrackingSettings(ctx, parcel.MerchantID)
	if err != nil {
		return views.ShipmentPublic{}, err
	}
	mails, err := s.DB.CustomerMails(ctx, parcel.ID)
	return views.ShipmentPublic{On: settings.Page, Link: s.publicLink(parcel), Mails: mails}, err
}

// publicLink is the address of a parcel's public page, empty when it was revoked.
func (s *server) publicLink(parcel *models.Shipment) string {
	if parcel.PublicToken == "" {
		return ""
	}
	return s.BaseURL + models.TrackingPath + "/" + parcel.PublicToken
}

// editLink asks what to do about a parcel's public address.
func (s *server) editLink(c *fiber.Ctx, v *viewer) error {
	parcel, err := s.DB.Shipment(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	form := views.LinkForm{Form: s.form(c, v, nil), Parcel: *parcel}
	return s.render(c, fiber.StatusOK, views.LinkFormView(s.shell(c, v, v.Texts.T("tracking.link_change")), form))
}

// The acts of the form.
const (
	actRenew  = "renew"
	actRevoke = "revoke"
)

// updateLink gives a parcel another public address, or takes it away.
func (s *server) updateLink(c *fiber.Ctx, v *viewer) error {
	id, act := c.Params("id"), field(c, "act")
	if _, err := s.DB.Shipment(c.UserContext(), v.Scope, id); err != nil {
		return err
	}
	change, ok := map[string]func(*models.Tx) (*models.Shipment, error){
		actRenew:  func(tx *models.Tx) (*models.Shipment, error) { return tx.RenewPublicToken(v.Scope, id) },
		actRevoke: func(tx *models.Tx) (*models.Shipment, error) { return tx.RevokePublicToken(v.Scope, id) },
	}[act]
	if !ok {
		return fiber.ErrBadRequest
	}
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		parcel, err := change(tx)
		if err != nil {
			return err
		}
		return tx.Audit(v.actor(c), models.AuditEntry{
			MerchantID: &parcel.MerchantID, Action: "shipment.link_" + act, ObjectID: id, OrderID: &parcel.OrderID,
		})
	})
	if err != nil {
		return err
	}
	return s.redirect(c, "/shipments/"+id)
}
