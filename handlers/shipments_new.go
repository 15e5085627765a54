package handlers

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/carriers"
	"github.com/tillpost/tillpost/carriers/detect"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

// newShipment shows the form of one parcel, of the order that the address names.
func (s *server) newShipment(c *fiber.Ctx, v *viewer) error {
	form := views.ParcelForm{
		OrderNumber: clip(c.Query("order"), 64), Direction: oneOf(c.Query("direction"), models.DirectionReturn),
		ReturnOf: clip(c.Query("return_of"), 64), Merchant: clip(c.Query("merchant"), 80), Quantities: map[string]string{},
	}
	if id := form.OrderNumber; models.IsID(models.PrefixOrder, id) {
		order, err := s.DB.Order(c.UserContext(), v.Scope, id)
		if err != nil {
			return err
		}
		form.OrderNumber = order.Number
		if v.Merchant == nil {
			form.Merchant = order.MerchantID
		}
	}
	return s.renderParcelForm(c, v, fiber.StatusOK, form)
}

// renderParcelForm adds what can be chosen: merchants, and of the order, once
// it is known, its items and its parcels.
func (s *server) renderParcelForm(c *fiber.Ctx, v *viewer, status int, form views.ParcelForm) error {
	ctx := c.UserContext()
	merchant, options, err := s.formMerchant(ctx, v, form.Merchant)
	if err != nil {
		return err
	}
	form.Merchants, form.Carriers = options, carrierCodes(form.Carrier)
	if merchant != nil {
		form.Merchant = merchant.Ref
		if err := s.parcelOrder(ctx, merchant.ID, &form); err != nil {
			return err
		}
	}
	form.Form = s.form(c, v, form.Errors)
	return s.render(c, status, views.ParcelFormView(s.shell(c, v, v.Texts.T("shipments.new")), form))
}

// formMerchant is whose parcel a form makes: a merchant's user's own, or the one
// that staff chose, nil while they did not.
func (s *server) formMerchant(ctx context.Context, v *viewer, ref string) (*models.Merchant, []views.MerchantOption, error) {
	if v.Merchant != nil {
		return v.Merchant, nil, nil
	}
	all, err := s.DB.Merchants(ctx, v.Scope)
	if err != nil {
		return nil, nil, err
	}
	var (
		chosen  *models.Merchant
		options = make([]views.MerchantOption, len(all))
	)
	for i := range all {
		options[i] = views.MerchantOption{Ref: all[i].Ref, Name: all[i].Name}
		if ref != "" && (all[i].Ref == ref || all[i].ID == ref) {
			chosen = &all[i]
		}
	}
	return chosen, options, nil
}

func (s *server) parcelOrder(ctx context.Context, merchantID string, form *views.ParcelForm) error {
	scope := models.MerchantScope(merchantID)
	if form.OrderNumber == "" {
		return nil
	}
	found, err := s.DB.OrdersByNumber(ctx, scope, []string{form.OrderNumber})
	if err != nil {
		return err
	}
	order, known := found[form.OrderNumber]
	if !known {
		return nil
	}
	form.Order = &order
	if form.Items, err = s.DB.OrderItems(ctx, order.ID); err != nil {
		return err
	}
	form.Parcels, _, err = s.DB.Shipments(ctx, scope, models.ShipmentFilter{OrderID: order.ID}, models.Page{Limit: relatedRows})
	return err
}

// createShipment adds a parcel; the same form sent twice adds one.
func (s *server) createShipment(c *fiber.Ctx, v *viewer) error {
	form := views.ParcelForm{
		Merchant: field(c, "merchant"), OrderNumber: field(c, "order_number"), Number: field(c, "tracking_number"), Carrier: field(c, "carrier"),
		Direction: oneOf(field(c, "direction"), models.DirectionOutbound, models.DirectionReturn), ReturnOf: field(c, "return_of"),
		Promised: field(c, "promised"), Phone: field(c, "recipient_phone_last4"), Quantities: map[string]string{},
	}
	for name, value := range c.Request().PostArgs().All() {
		if sku, ok := views.QuantitySKU(string(name)); ok {
			form.Quantities[sku] = string(value)
		}
	}
	needed := map[string]string{"order_number": form.OrderNumber, "tracking_number": form.Number}
	if v.Merchant == nil {
		needed["merchant"] = form.Merchant
	}
	if form.Errors = missing(v, needed); form.Errors != nil {
		return s.renderParcelForm(c, v, fiber.StatusUnprocessableEntity, form)
	}
	done, err := s.addShipment(c, v, &form)
	switch {
	case err == nil:
		return s.redirect(c, done.Location)
	case refusalOf(err) != nil && refusalOf(err).Code == "idempotency_key_in_use": // the same form's first sending is being worked on
		return s.redirect(c, "/shipments")
	}
	if form.Errors = fieldErrors(v, err); form.Errors == nil {
		if refusalOf(err) == nil {
			return err
		}
		form.Errors = map[string]string{"": errorText(v.Texts, refusalOf(err))}
	}
	return s.renderParcelForm(c, v, fiber.StatusUnprocessableEntity, form)
}

func (s *server) addShipment(c *fiber.Ctx, v *viewer, form *views.ParcelForm) (models.Answer, error) {
	merchant, _, err := s.formMerchant(c.UserContext(), v, form.Merchant)
	if err != nil {
		return models.Answer{}, err
	}
	if merchant == nil {
		return models.Answer{}, models.Invalid("merchant", "required")
	}
	in := carriers.New{
		OrderNumber: form.OrderNumber, Carrier: cmp.Or(form.Carrier, carriers.Auto), TrackingNumber: form.Number, Direction: form.Direction,
		RecipientPhoneLast4: form.Phone,
	}
	if form.Direction == models.DirectionReturn {
		in.ReturnOf = form.ReturnOf
	}
	if err := s.parcelOrder(c.UserContext(), merchant.ID, form); err != nil {
		return models.Answer{}, err
	}
	if form.Promised != "" {
		end, err := carriers.PromisedBy(form.Promised, promisedTo(form), merchant.Location())
		if err != nil {
			return models.Answer{}, err
		}
		in.PromisedAt = &end
	}
	if in.Items, err = chosenItems(form); err != nil {
		return models.Answer{}, err
	}
	answer, err := s.once(c, v, merchant.ID, func(tx *models.Tx) (models.Answer, error) {
		sh, err := s.Carriers.Add(tx, merchant.ID, in)
		if err != nil {
			return models.Answer{}, err
		}
		return models.Answer{Status: fiber.StatusSeeOther, Location: "/shipments/" + sh.ID}, tx.Audit(v.actor(c), models.AuditEntry{
			MerchantID: &merchant.ID, Action: "shipment.create", ObjectID: sh.ID, OrderID: &sh.OrderID,
		})
	})
	if err != nil { // detection reads by itself: not while the transaction is open
		return answer, s.orChoose(c.UserContext(), merchant.ID, form, err)
	}
	return answer, nil
}

// promisedTo is where the parcel of a form goes, as far as that is known; a
// return goes to the merchant.
func promisedTo(form *views.ParcelForm) models.Address {
	if form.Order == nil || form.Direction == models.DirectionReturn {
		return models.Address{}
	}
	return form.Order.ShippingAddress
}

// orChoose puts the carriers that a number may be of into the form when the
// number alone does not tell. Other refusals stay what they are.
func (s *server) orChoose(ctx context.Context, merchantID string, form *views.ParcelForm, err error) error {
	refusal := refusalOf(err)
	if refusal != nil && strings.HasPrefix(refusal.Field, "items[") { // the form has one text for all of them
		return models.Invalid("items", "bad_items")
	}
	if refusal == nil || refusal.Field != "carrier" || form.Carrier != "" {
		return err
	}
	form.Candidates = nil
	country := ""
	if form.Order != nil {
		country = form.Order.ShippingAddress.Country
	}
	found, detectErr := s.Carriers.Detect(ctx, models.MerchantScope(merchantID), form.Number, country)
	if detectErr != nil {
		return errors.Join(err, detectErr)
	}
	form.Candidates = candidateCodes(found)
	return carriers.Unclear(form.Number)
}

func candidateCodes(found []detect.Candidate) []string {
	codes := make([]string, len(found))
	for i := range found {
		codes[i] = found[i].Carrier
	}
	return codes
}

// chosenItems are the order's items that the form puts into the parcel; none
// stand for the whole order.
func chosenItems(form *views.ParcelForm) ([]models.ShipmentItem, error) {
	var items []models.ShipmentItem
	whole := true
	for i := range form.Items {
		item := &form.Items[i]
		text := form.Quantities[item.SKU]
		n, err := strconv.ParseInt(cmp.Or(text, "0"), 10, 64)
		if err != nil || n < 0 || item.SKU == "" {
			if item.SKU == "" && text == "" {
				continue
			}
			return nil, models.Invalid("items", "bad_items")
		}
		whole = whole && n == item.Quantity
		if n > 0 {
			items = append(items, models.ShipmentItem{SKU: item.SKU, Quantity: n})
		}
	}
	if whole {
		return nil, nil
	}
	return items, nil
}
