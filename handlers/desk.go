package handlers

import (
	"context"
	"errors"
	"net/url"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"github.com/tillpost/tillpost/locales"
	"github.com/tillpost/tillpost/models"
	"github.com/tillpost/tillpost/views"
	"github.com/tillpost/tillpost/views/ui"
)

// deskRoutes are the queue of payments that wait for support.
func (s *server) deskRoutes() []route {
	return []route{
		{fiber.MethodGet, "/desk", staff, s.listDesk},
		{fiber.MethodGet, "/desk/count", staff, s.countDesk},
		{fiber.MethodPost, "/desk/chosen", staff, s.actOnChosen},
		{fiber.MethodGet, "/desk/:id/row", staff, s.showDeskRow},
	}
}

func (s *server) listDesk(c *fiber.Ctx, v *viewer) error {
	ctx := c.UserContext()
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := s.deskFilter(c, v, choice)
	view := views.DeskView{
		Filter: filter, Form: views.Form{CSRF: v.csrf}, Merchants: choice.Options, Currencies: choice.currencies(), After: pageOf(c).Cursor,
		Unread: unreadAmount(c, "min", filter.Min) || unreadAmount(c, "max", filter.Max),
	}
	payments, next, err := s.DB.DeskPayments(ctx, choice.Scope, query, models.Page{Limit: listRows, Cursor: view.After})
	if err != nil {
		return err
	}
	accounts, err := s.DB.GatewayAccounts(ctx, choice.Scope)
	if err != nil {
		return err
	}
	view.Providers = providerOptions(accounts)
	if view.Rows, err = s.deskRows(ctx, v, choice, payments, accounts); err != nil {
		return err
	}
	view.NextHref = nextHref(filter.Address(), next)
	tellAddress(c, filter.Address())
	return s.page(c, v, v.Texts.T("nav.desk"), func(shell views.Shell) templ.Component {
		return views.DeskPage(shell, view)
	}, views.DeskList(view))
}

// deskRows adds to payments what the queue says of them.
func (s *server) deskRows(
	ctx context.Context, v *viewer, choice merchantChoice, payments []models.Payment, accounts []models.GatewayAccount,
) ([]views.DeskRow, error) {
	ids := make([]string, len(payments))
	for i := range payments {
		ids[i] = payments[i].OrderID
	}
	orders, err := s.DB.OrdersByID(ctx, choice.Scope, ids)
	if err != nil {
		return nil, err
	}
	users, err := s.claimants(ctx, payments...)
	if err != nil {
		return nil, err
	}
	names := make(accountNames, len(accounts))
	for i := range accounts {
		names[accounts[i].ID] = accounts[i].Name
	}
	rows := make([]views.DeskRow, len(payments))
	for i := range payments {
		p := &payments[i]
		rows[i] = views.DeskRow{
			Payment: *p, Order: orders[p.OrderID], Merchant: choice.name(p.MerchantID), Provider: names.of(p.GatewayAccountID),
			Claim: claim(users, v, p), Form: views.Form{CSRF: v.csrf},
		}
	}
	return rows, nil
}

// countDesk renews the pill that says how many payments came to the desk meanwhile.
func (s *server) countDesk(c *fiber.Ctx, v *viewer) error {
	choice, err := s.chooseMerchant(c, v)
	if err != nil {
		return err
	}
	filter, query := s.deskFilter(c, v, choice)
	payments, _, err := s.DB.DeskPayments(c.UserContext(), choice.Scope, query, models.Page{Limit: listRows})
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

// showDeskRow renews the row of a payment in an open queue.
func (s *server) showDeskRow(c *fiber.Ctx, v *viewer) error {
	p, err := s.DB.Payment(c.UserContext(), v.Scope, c.Params("id"))
	if err != nil {
		return err
	}
	row, err := s.deskRow(c.UserContext(), v, p)
	if err != nil {
		return err
	}
	return s.render(c, fiber.StatusOK, views.DeskTableRow(row))
}

func (s *server) deskRow(ctx context.Context, v *viewer, p *models.Payment) (views.DeskRow, error) {
	row := views.DeskRow{Payment: *p, Form: views.Form{CSRF: v.csrf}}
	o, err := s.DB.Order(ctx, v.Scope, p.OrderID)
	if err != nil {
		return row, err
	}
	row.Order = *o
	if row.Merchant, err = s.merchantName(ctx, v, p.MerchantID); err != nil {
		return row, err
	}
	accounts, err := s.accountNames(ctx, v.Scope.Narrow(p.MerchantID))
	if err != nil {
		return row, err
	}
	row.Provider = accounts.of(p.GatewayAccountID)
	row.Claim, err = s.claimOf(ctx, v, p)
	return row, err
}

// actOnChosen claims the payments that are chosen, or leads to trying them again.
func (s *server) actOnChosen(c *fiber.Ctx, v *viewer) error {
	chosen := checked(c, "selected")
	chosen = chosen[:min(len(chosen), listRows)] // a page has no more rows
	if field(c, "act") != "retry" {
		return s.claimChosen(c, v, chosen)
	}
	if len(chosen) == 0 {
		return s.redirect(c, localPath(field(c, "return_to"), "/desk"))
	}
	return s.redirect(c, views.BulkPath+"/new?"+url.Values{"payment": chosen}.Encode())
}

// claimChosen claims the payments that are chosen and that nobody else works on.
func (s *server) claimChosen(c *fiber.Ctx, v *viewer, chosen []string) error {
	claimed, others := 0, 0
	err := s.DB.Write(c.UserContext(), func(tx *models.Tx) error {
		claimed, others = 0, 0
		for _, id := range chosen {
			_, err := s.Payments.Claim(tx, v.Scope, id, v.actor(c))
			var refusal *models.Error
			switch {
			case err == nil:
				claimed++
			case errors.As(err, &refusal) && refusal.Kind == models.KindConflict:
				others++
			default:
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !isHTMX(c) {
		return s.redirect(c, localPath(field(c, "return_to"), "/desk"))
	}
	toast := ui.ToastProps{Tone: ui.Success, Text: v.Texts.T("desk.claimed_chosen", locales.Count, claimed)}
	if others > 0 {
		toast.Tone, toast.Text = ui.Warning, toast.Text+" "+v.Texts.T("desk.claimed_by_others", locales.Count, others)
	}
	return s.toast(c, fiber.StatusOK, toast)
}
