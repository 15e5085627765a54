package handlers

import (
	"context"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/carriers/detect"
	"github.com/tillpost/tillpost/credentials"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

func (s *server) shipmentRoutes() []route {
	return slices.Concat(s.attentionRoutes(), s.pasteRoutes(), s.correctionRoutes(), []route{
		{fiber.MethodGet, "/shipments", signedIn, s.listShipments},
		{fiber.MethodGet, "/shipments/count", signedIn, s.countShipments},
		{fiber.MethodGet, "/shipments/export", signedIn, s.exportShipments},
		{fiber.MethodGet, views.PerformancePath, signedIn, s.showPerformance},
		{fiber.MethodGet, "/shipments/:id", signedIn, s.showShipment},
		{fiber.MethodGet, "/shipments/:id/row", signedIn, s.showShipmentRow},
		{fiber.MethodPost, "/shipments/:id/sync", staff, s.syncShipment},
	})
}

func (s *server) listShipments(c *fiber.Ctx, v *viewer) error {
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := shipmentsFilter(c, v, choice)
	view := views.ShipmentsView{
		Filter: filter, Merchants: choice.Options, Staff: choice.Staff,
		After: pageOf(c).Cursor,
	}
	if view.Accounts, err = s.carrierAccountOptions(c.UserContext(), choice); err != nil {
		return err
	}
	parcels, next, err := s.DB.Shipments(c.UserContext(), choice.Scope, query, models.Page{Limit: listRows, Cursor: view.After})
	if err != nil {
		return err
	}
	ids, codes := make([]string, len(parcels)), []string{filter.Carrier}
	for i := range parcels {
		ids[i], codes = parcels[i].OrderID, append(codes, parcels[i].Carrier)
	}
	view.Carriers = carrierCodes(codes...)
	orders, err := s.DB.OrdersByID(c.UserContext(), choice.Scope, ids)
	if err != nil {
		return err
	}
	for i := range parcels {
		view.Rows = append(view.Rows, views.ShipmentRow{
			Parcel: parcels[i], Order: orders[parcels[i].OrderID], Merchant: choice.name(parcels[i].MerchantID), Staff: choice.Staff,
		})
	}
	view.NextHref = nextHref(filter.Address(), next)
	tellAddress(c, filter.Address())
	return s.page(c, v, v.Texts.T("nav.parcels"), func(shell views.Shell) templ.Component {
		return views.ShipmentsPage(shell, view)
	}, views.ShipmentList(view))
}

// shipmentsFilter reads the filter from the address; what does not exist is no filter.
func shipmentsFilter(c *fiber.Ctx, v *viewer, choice merchantChoice) (views.ShipmentsFilter, models.ShipmentFilter) {
	from, to, span := chosenDays(c, v)
	f := views.ShipmentsFilter{
		Search:  clip(strings.TrimSpace(c.Query("q")), maxQuestion),
		Carrier: clip(c.Query("carrier"), 64),
		Status:  oneOf(c.Query("status"), append([]string{views.StatusAttention}, models.ShipmentStatuses...)...),
		Late:    oneOf(c.Query("late"), views.LateYes, views.LateNo),
		Account: clip(c.Query("account"), 64), Direction: oneOf(c.Query("direction"), models.DirectionOutbound, models.DirectionReturn),
		Merchant: choice.Ref, From: from, To: to,
	}
	if !choice.Staff || !models.IsID(models.PrefixCarrierAccount, f.Account) { // merchants are not told of accounts
		f.Account = ""
	}
	query := models.ShipmentFilter{
		Carrier: f.Carrier, AccountID: f.Account, Direction: f.Direction, Search: f.Search, Created: span,
	}
	switch f.Status {
	case "":
	case views.StatusAttention:
		query.Statuses = []string{models.ShipmentException, models.ShipmentDeliveryFailed}
	default:
		query.Statuses = []string{f.Status}
	}
	if f.Late != "" {
		late := f.Late == views.LateYes
		query.Late = &late
	}
	return f, query
}

// carrierCodes are the carriers to choose from, and those that are chosen or
// shown, which a number told or an import brought. Aggregators carry nothing.
func carrierCodes(more ...string) []string {
	aggregators := credentials.Aggregators()
	codes := slices.DeleteFunc(detect.Codes(), func(code string) bool { return slices.Contains(aggregators, code) })
	for _, code := range more {
		if code != "" && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// carrierAccountOptions are the accounts that staff may choose parcels by.
func (s *server) carrierAccountOptions(ctx context.Context, choice merchantChoice) ([]ui.Option, error) {
	if !choice.Staff {
		return nil, nil
	}
	accounts, err := s.DB.CarrierAccounts(ctx, choice.Scope)
	if err != nil {
		return nil, err
	}
	options := make([]ui.Option, len(accounts))
	for i := range accounts {
		options[i] = ui.Option{Value: accounts[i].ID, Label: choice.name(accounts[i].MerchantID) + " · " + accounts[i].Name}
	}
	slices.SortFunc(options, func(a, b ui.Option) int { return strings.Compare(a.Label, b.Label) })
	return options, nil
}

// countShipments renews the pill that says how many parcels came in meanwhile.
func (s *server) countShipments(c *fiber.Ctx, v *viewer) error {
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := shipmentsFilter(c, v, choice)
	parcels, _, err := s.DB.Shipments(c.UserContext(), choice.Scope, query, models.Page{Limit: listRows})
	if err != nil {
		return err
	}
	ids := make([]string, len(parcels))
	for i := range parcels {
		ids[i] = parcels[i].ID
	}
	var n views.NewRows
	n.Count, n.More = countUnseen(c, ids)
	return s.render(c, fiber.StatusOK, views.NewRowsPill(filter.Unseen(shown(c), n)))
}

// showShipmentRow renews the row of a parcel in an open list.
func (s *server) showShipmentRow(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	parcel, err := s.DB.Shipment(ctx, v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	order, err := s.DB.Order(ctx, v.Scope, parcel.OrderID)
	if err != nil {
		return err
	}
	row := views.ShipmentRow{Parcel: *parcel, Order: *order, Staff: v.Merchant == nil}
	if row.Merchant, err = s.merchantName(ctx, v, parcel.MerchantID); err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.ShipmentTableRow(row))
}

// syncShipment asks the carrier about a parcel now.
func (s *server) syncShipment(c *fiber.Ctx, v *viewer) error {
	id := c.Params("id")
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		_, err := s.Carriers.Sync(tx, v.Scope, id, v.actor(c))
		return err
	})
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, localPath(field(c, "return_to"), "/shipments/"+id))
	}
	asked := ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("shipments.sync_asked")}
	if currentPath(c) == views.AttentionPath { // its row renews itself
		return s.toast(c, fiber.StatusOK, asked)
	}
	view, err := s.shipment(c, v, id)
	if err != nil {
		return err
	}
	return s.toast(c, fiber.StatusOK, asked, views.Renewed("#shipment-detail", views.ShipmentDetail(view)))
}
