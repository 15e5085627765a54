package handlers

import (
	"context"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
)

func (s *server) orderRoutes() []route {
	return []route{
		{fiber.MethodGet, "/orders", signedIn, s.listOrders},
		{fiber.MethodGet, "/orders/count", signedIn, s.countOrders},
		{fiber.MethodGet, "/orders/:id", signedIn, s.showOrder},
		{fiber.MethodGet, "/orders/:id/row", signedIn, s.showOrderRow},
	}
}

// listRows is how many rows a list shows on one page.
const listRows = 50

func (s *server) listOrders(c *fiber.Ctx, v *viewer) error {
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := ordersFilter(c, v, choice)
	view := views.OrdersView{Filter: filter, Merchants: choice.Options, Staff: choice.Staff, After: pageOf(c).Cursor}
	page := models.Page{Limit: listRows, Cursor: view.After}
	orders, next, err := s.DB.Orders(c.UserContext(), choice.Scope, query, page)
	if err != nil {
		return err
	}
	for i := range orders {
		view.Rows = append(view.Rows, views.OrderRow{
			Order: orders[i], Merchant: choice.name(orders[i].MerchantID), Staff: choice.Staff,
		})
	}
	view.NextHref = nextHref(filter.Address(), next)
	tellAddress(c, filter.Address())
	return s.page(c, v, v.Texts.T("nav.orders"), func(shell views.Shell) templ.Component {
		return views.OrdersPage(shell, view)
	}, views.OrderList(view))
}

// ordersFilter reads the filter from the address; what does not exist is no filter.
func ordersFilter(c *fiber.Ctx, v *viewer, choice merchantChoice) (views.OrdersFilter, models.OrderFilter) {
	from, to, span := chosenDays(c, v)
	f := views.OrdersFilter{
		Search:        clip(strings.TrimSpace(c.Query("q")), maxQuestion),
		Status:        oneOf(c.Query("status"), models.OrderOpen, models.OrderCompleted, models.OrderCanceled),
		PaymentState:  oneOf(c.Query("payment_state"), models.PaymentStates...),
		ShippingState: oneOf(c.Query("shipping_state"), models.ShippingStates...),
		Merchant:      choice.Ref, From: from, To: to,
	}
	return f, models.OrderFilter{
		Status: f.Status, PaymentState: f.PaymentState, ShippingState: f.ShippingState, Search: f.Search, Created: span,
	}
}

// oneOf is the value if it is one of those that exist.
func oneOf(value string, values ...string) string {
	for _, known := range values {
		if value == known {
			return known
		}
	}
	return ""
}

// tellAddress makes the browser show a filter's own address instead of the one
// that a form makes, which names empty fields too.
func tellAddress(c *fiber.Ctx, address string) {
	if wantsFragment(c) && c.Query("after") == "" && c.OriginalURL() != address {
		c.Set(hxPushURL, address)
	}
}

// countOrders renews the pill that says how many orders came in meanwhile.
func (s *server) countOrders(c *fiber.Ctx, v *viewer) error {
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := ordersFilter(c, v, choice)
	orders, _, err := s.DB.Orders(c.UserContext(), choice.Scope, query, models.Page{Limit: listRows})
	if err != nil {
		return err
	}
	ids := make([]string, len(orders))
	for i := range orders {
		ids[i] = orders[i].ID
	}
	var n views.NewRows
	n.Count, n.More = countUnseen(c, ids)
	return s.render(c, fiber.StatusOK, views.NewRowsPill(filter.Unseen(shown(c), n)))
}

// shown is what the list shows that asks for its count.
func shown(c *fiber.Ctx) views.Shown {
	return views.Shown{Seen: clip(c.Query("seen"), listRows*16), Last: clip(c.Query("last"), 64)}
}

// showOrderRow renews the row of an order in an open list.
func (s *server) showOrderRow(c *fiber.Ctx, v *viewer) error {
	o, err := s.DB.Order(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	row := views.OrderRow{Order: *o, Staff: v.Merchant == nil}
	if row.Merchant, err = s.merchantName(c.UserContext(), v, o.MerchantID); err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.OrderTableRow(row))
}

// merchantName is whose row it is, for staff; merchants know.
func (s *server) merchantName(ctx context.Context, v *viewer, id string) (string, error) {
	if v.Merchant != nil {
		return "", nil
	}
	m, err := s.DB.Merchant(ctx, v.Scope, id)
	if err != nil {
		return "", err
	}
	return m.Name, nil
}

func (s *server) showOrder(c *fiber.Ctx, v *viewer) error {
	view, err := s.order(c, v, c.Params("id"))
	if err != nil {
		return err
	}
	return s.page(c, v, view.Order.Number, func(shell views.Shell) templ.Component {
		return views.OrderPage(shell, view)
	}, views.OrderDetail(view))
}

// relatedRows is how many payments and parcels an order's page shows.
const relatedRows = 50

// order collects an order with all that belongs to it.
func (s *server) order(c *fiber.Ctx, v *viewer, id string) (views.OrderView, error) {
	ctx := c.UserContext()
	o, err := s.DB.Order(ctx, v.Scope, id)
	if err != nil {
		return views.OrderView{}, err
	}
	view := views.OrderView{Order: *o, Staff: v.Merchant == nil}
	if view.Merchant, err = s.merchantName(ctx, v, o.MerchantID); err != nil {
		return view, err
	}
	if view.Items, err = s.DB.OrderItems(ctx, o.ID); err != nil {
		return view, err
	}
	limit := models.Page{Limit: relatedRows}
	payments, _, err := s.DB.Payments(ctx, v.Scope, models.PaymentFilter{OrderID: o.ID}, limit)
	if err != nil {
		return view, err
	}
	if view.Parcels, _, err = s.DB.Shipments(ctx, v.Scope, models.ShipmentFilter{OrderID: o.ID}, limit); err != nil {
		return view, err
	}
	accounts, err := s.accountNames(ctx, v.Scope.Narrow(o.MerchantID))
	if err != nil {
		return view, err
	}
	for i := range payments {
		view.Payments = append(view.Payments, views.OrderPayment{
			Payment: payments[i], Account: accounts.of(payments[i].GatewayAccountID),
		})
	}
	view.Timeline, err = s.orderTimeline(c, v, o.ID, payments, view.Parcels, accounts)
	return view, err
}

// accountNames are the names of payment accounts, by id.
type accountNames map[string]string

func (n accountNames) of(id *string) string {
	if id == nil {
		return ""
	}
	return n[*id]
}

func (s *server) accountNames(ctx context.Context, scope models.Scope) (accountNames, error) {
	accounts, err := s.DB.GatewayAccounts(ctx, scope)
	if err != nil {
		return nil, err
	}
	names := make(accountNames, len(accounts))
	for i := range accounts {
		names[accounts[i].ID] = accounts[i].Name
	}
	return names, nil
}
