package handlers

import (
	"context"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

func (s *server) paymentRoutes() []route {
	return append([]route{
		{fiber.MethodGet, "/payments", signedIn, s.listPayments},
		{fiber.MethodGet, "/payments/count", signedIn, s.countPayments},
		{fiber.MethodGet, "/payments/:id", signedIn, s.showPayment},
		{fiber.MethodGet, "/payments/:id/row", signedIn, s.showPaymentRow},
	}, s.deedRoutes()...)
}

func (s *server) listPayments(c *fiber.Ctx, v *viewer) error {
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := paymentsFilter(c, v, choice)
	view := views.PaymentsView{Filter: filter, Merchants: choice.Options, Staff: choice.Staff, After: pageOf(c).Cursor}
	page := models.Page{Limit: listRows, Cursor: view.After}
	payments, next, err := s.DB.Payments(c.UserContext(), choice.Scope, query, page)
	if err != nil {
		return err
	}
	accounts, err := s.DB.GatewayAccounts(c.UserContext(), choice.Scope)
	if err != nil {
		return err
	}
	if view.Rows, err = s.paymentRows(c.UserContext(), choice, payments); err != nil {
		return err
	}
	view.Accounts = accountOptions(accounts, choice)
	view.NextHref = nextHref(filter.Address(), next)
	tellAddress(c, filter.Address())
	return s.page(c, v, v.Texts.T("nav.payments"), func(shell views.Shell) templ.Component {
		return views.PaymentsPage(shell, view)
	}, views.PaymentList(view))
}

// paymentsFilter reads the filter from the address; what does not exist is no filter.
func paymentsFilter(c *fiber.Ctx, v *viewer, choice merchantChoice) (views.PaymentsFilter, models.PaymentFilter) {
	from, to, span := chosenDays(c, v)
	f := views.PaymentsFilter{
		Search: clip(strings.TrimSpace(c.Query("q")), maxQuestion), Status: statuses(c),
		Merchant: choice.Ref, From: from, To: to,
	}
	if id := c.Query("gateway"); models.IsID(models.PrefixGatewayAccount, id) {
		f.Gateway = id
	}
	return f, models.PaymentFilter{Statuses: f.Statuses(), Gateway: f.Gateway, Search: f.Search, Created: span}
}

// statuses are those that the address names, by ?status=failed,unknown or by
// several of the name, in the order of a payment's life.
func statuses(c *fiber.Ctx) string {
	var named []string
	for _, value := range c.Context().QueryArgs().PeekMulti("status") {
		named = append(named, strings.Split(string(value), ",")...)
	}
	var found []string
	for _, status := range models.PaymentStatuses {
		if slices.Contains(named, string(status)) {
			found = append(found, string(status))
		}
	}
	return strings.Join(found, ",")
}

// paymentRows adds to payments what the list says of them.
func (s *server) paymentRows(
	ctx context.Context, choice merchantChoice, payments []models.Payment,
) ([]views.PaymentRow, error) {
	ids := make([]string, len(payments))
	for i := range payments {
		ids[i] = payments[i].OrderID
	}
	orders, err := s.DB.OrdersByID(ctx, choice.Scope, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]views.PaymentRow, len(payments))
	for i := range payments {
		rows[i] = views.PaymentRow{
			Payment: payments[i], Order: orders[payments[i].OrderID], Merchant: choice.name(payments[i].MerchantID),
			Staff: choice.Staff,
		}
	}
	return rows, nil
}

// accountOptions are the accounts to choose from, with whose they are.
func accountOptions(accounts []models.GatewayAccount, choice merchantChoice) []ui.Option {
	options := make([]ui.Option, len(accounts))
	for i := range accounts {
		options[i] = accountOption(&accounts[i].Account, choice)
	}
	return options
}

func accountOption(a *models.Account, choice merchantChoice) ui.Option {
	label := a.Name
	if name := choice.name(a.MerchantID); name != "" && choice.Ref == "" {
		label += " · " + name
	}
	return ui.Option{Value: a.ID, Label: label}
}

// countPayments renews the pill that says how many payments came in meanwhile.
func (s *server) countPayments(c *fiber.Ctx, v *viewer) error {
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := paymentsFilter(c, v, choice)
	payments, _, err := s.DB.Payments(c.UserContext(), choice.Scope, query, models.Page{Limit: listRows})
	if err != nil {
		return err
	}
	ids := make([]string, len(payments))
	for i := range payments {
		ids[i] = payments[i].ID
	}
	var n views.NewRows
	n.Count, n.More = countUnseen(c, ids)
	return s.render(c, fiber.StatusOK, views.NewRowsPill(filter.Unseen(shown(c), n)))
}

// showPaymentRow renews the row of a payment in an open list.
func (s *server) showPaymentRow(c *fiber.Ctx, v *viewer) error {
	p, err := s.DB.Payment(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	row, err := s.paymentRow(c.UserContext(), v, p)
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.PaymentTableRow(row))
}

func (s *server) paymentRow(ctx context.Context, v *viewer, p *models.Payment) (views.PaymentRow, error) {
	row := views.PaymentRow{Payment: *p, Staff: v.Merchant == nil}
	o, err := s.DB.Order(ctx, v.Scope, p.OrderID)
	if err != nil {
		return row, err
	}
	row.Order = *o
	row.Merchant, err = s.merchantName(ctx, v, p.MerchantID)
	return row, err
}
